"""Renderables and pages of the inspection of a model."""
