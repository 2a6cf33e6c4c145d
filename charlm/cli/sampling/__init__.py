"""What `sample` and the console share: checks of settings before a model is loaded, samples, their novelty."""
