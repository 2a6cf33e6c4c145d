"""Keep pytest from importing the script that needs PyTorch."""

collect_ignore = ["reference"]
