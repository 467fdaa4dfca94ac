"""Studies: from recorded data to a verdict that counts every trial."""
