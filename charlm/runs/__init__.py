"""The record of a run: events, files, history, and a verdict on it. It takes plain values; nothing trains here."""
