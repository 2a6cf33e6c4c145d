"""What can learn: the language model, and the protocol by which anything else is trained, saved and resumed."""
