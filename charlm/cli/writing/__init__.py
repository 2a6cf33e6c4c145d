"""What a command writes: generated text, transductions, files."""
