"""A run on the screen while it trains: the dashboard, its plain lines, the summary."""
