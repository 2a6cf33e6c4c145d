"""Displays of a run: dashboard, plain progress lines, summary, comparison."""
