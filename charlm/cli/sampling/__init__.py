"""Sampling in `sample` and the console: checks of settings before a model is loaded, samples, their novelty."""
