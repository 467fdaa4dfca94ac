"""Mistakes that research makes, planted in recorded data, each beside the same thing done properly."""
