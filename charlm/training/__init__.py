"""Training: data, plan, team of workers, loop, presets, run folder."""
