"""The terminal: the three streams, progress messages, hidden keys, signals."""
