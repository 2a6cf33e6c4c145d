"""Renderables as files, SVG and HTML, that load nothing from elsewhere."""
