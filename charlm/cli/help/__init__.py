"""The pages of ``--help``, with examples."""
