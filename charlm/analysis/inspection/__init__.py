"""Inspection of a trained language model: its units, its gates, its gradients and its memory over a text.

``reading``
    The activations of all units after each character.
``features``, ``search``
    Properties of a text that a unit may track, and the units that track them.
``saturation``
    Gates that are almost always open or closed.
``gradient_flow``, ``connectivity``
    The gradient of a loss against distance; the earlier characters that a prediction depends on.
``health``
    Distributions of activations, weights and gradients.
``neighbours``
    Symbols with similar input vectors.
"""
