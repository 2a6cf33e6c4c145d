"""The record of a run: events, files, history and verdict."""
