"""Curves: what is drawn, and on what: terminal, SVG, PNG."""
