"""Self-contained files, SVG and HTML, of what a screen shows."""
