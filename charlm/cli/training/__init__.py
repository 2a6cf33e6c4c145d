"""Training in `train` and `resume`: flags, the choice of a run, its screen, its ranks."""
