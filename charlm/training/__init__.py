"""Training: `train`, the run loop, the update, tasks, plans and progress."""
