"""Renderables of the console."""
