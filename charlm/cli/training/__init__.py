"""What `train` and `resume` share: the choice of a run, its screen, its ranks."""
