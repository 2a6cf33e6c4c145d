"""Models, texts, prompts and pairs that arguments name."""
