"""Models: the language model, and the protocol by which any other learner is trained, saved and resumed."""
