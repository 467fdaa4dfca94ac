"""A user's own bars: checked, put into the line's own format, published by market data."""
