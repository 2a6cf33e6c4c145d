"""A text that the user and the model write by turns, without a screen."""
