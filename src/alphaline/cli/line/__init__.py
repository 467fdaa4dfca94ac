"""Commands that run a line on this machine."""
