"""What ``alphaline backtest`` works with: daily strategies, and strategies on minutes."""
