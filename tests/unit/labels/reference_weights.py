"""Weights of labels a second way: loops over every pair of label and bar."""

import math


def alive_in(bar, lives):
    return sum(1 for start, end in lives if start <= bar < end)


def reference_uniqueness(lives, bars):
    """Return the mean over each label's bars of 1 over the number of labels alive there."""
    weights = []
    for start, end in lives:
        own = [bar for bar in bars if start <= bar < end]
        weights.append(math.fsum(1.0 / alive_in(bar, lives) for bar in own) / len(own))
    return weights


def reference_attribution(lives, bars, opens, closes):
    """Return each label's share of the returns it saw, in absolute value, scaled to a mean of 1.

    Less than a trillionth of what the bars moved is rounding.
    """
    own, moved = [], 1.0
    for start, end in lives:
        seen = [row for row, bar in enumerate(bars) if start <= bar < end]
        total = 0.0
        for row in seen:
            before = opens[row] if row == seen[0] else closes[row - 1]
            total += (math.log(closes[row]) - math.log(before)) / alive_in(bars[row], lives)
        own.append(abs(total))
    for row in range(1, len(bars)):
        alive = alive_in(bars[row], lives)
        moved += abs(math.log(closes[row] / closes[row - 1])) / alive if alive else 0.0
    own = [one if one > 1e-12 * moved else 0.0 for one in own]
    whole = math.fsum(own)
    return [one * len(own) / whole for one in own] if whole else [1.0] * len(own)


def reference_decay(uniqueness, oldest):
    """Return the line through (0, oldest) and (all uniqueness, 1), or through (-oldest, 0) below 0."""
    whole = math.fsum(uniqueness)
    factors, seen = [], 0.0
    for one in uniqueness:
        seen += one
        x = seen / whole
        if oldest >= 0:
            factors.append(oldest + (1.0 - oldest) * x)
        else:
            factors.append(max(0.0, (x + oldest) / (1.0 + oldest)))
    return factors
