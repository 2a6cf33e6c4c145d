"""Training: `train`, the run loop, one update, what a run learns from, its plan and its progress."""
