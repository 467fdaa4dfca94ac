"""Alphaline: market data in, risk-checked paper trades out, every one explained and re-executable."""

__version__ = "0.1.0"
