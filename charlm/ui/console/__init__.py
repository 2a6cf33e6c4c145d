"""What the console shows of a conversation."""
