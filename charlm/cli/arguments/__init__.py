"""What arguments stand for: models, texts, prompts, pairs."""
