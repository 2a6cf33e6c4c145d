"""Output of commands: generated text, transductions, files."""
