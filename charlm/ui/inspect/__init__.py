"""What an inspection of a model found, on the screen and as a page."""
