"""The triple barrier a second way: plain Python over dictionaries, by what the rules say in words.

Nothing here calls the labels package. Each bar is looked at from the outside: what would a person
with a stop order, a target order and a calendar have got?
"""

import math


def reference_label(bars, decision, rule, side, latency_ns):
    """Return (code name, realised, entry start, end of the last bar), or None without a label.

    ``bars`` are dictionaries of start, end, o, h, l, c in order; ``decision`` one of known_at,
    flat_at and sigma; ``rule`` one of the keys of an exit rule.
    """
    distance_stop, distance_target = distances(rule, decision["sigma"])
    if distance_stop is None:
        return None
    reachable = [bar for bar in bars if bar["start"] >= decision["known_at"] + latency_ns]
    if not reachable or reachable[0]["start"] >= decision["flat_at"]:
        return None
    entry = reachable[0]
    must_end = decision["flat_at"]
    if rule.get("horizon_bars"):
        must_end = min(must_end, entry["start"] + rule["horizon_bars"] * rule["bar_ns"])
    stop_at = entry["o"] * (1.0 - side * distance_stop)
    target_at = entry["o"] * (1.0 + side * distance_target)
    for bar in reachable:
        what, price = outcome(bar, side, stop_at, target_at, must_end)
        if what:
            return what, side * (price / entry["o"] - 1.0), entry["start"], bar["end"]
    return None


def distances(rule, sigma):
    if rule.get("barrier_sigma") is None:
        return rule["stop_loss"], rule["profit_target"]
    if sigma is None or math.isnan(sigma) or math.isinf(sigma) or sigma <= 0:
        return None, None
    horizon = rule.get("horizon_bars") or rule.get("horizon_sessions")
    distance = sigma * (rule["barrier_sigma"] * math.sqrt(horizon))
    return distance, distance


def outcome(bar, side, stop_at, target_at, must_end):  # noqa: PLR0911 - one for each way to end
    is_long = side > 0

    def is_stopped(price):
        return price <= stop_at if is_long else price >= stop_at

    def has_arrived(price):
        return price >= target_at if is_long else price <= target_at

    if bar["start"] >= must_end:
        return "HORIZON", bar["o"]
    if is_stopped(bar["o"]):
        return "STOP", bar["o"]
    if has_arrived(bar["o"]):
        return "TARGET", bar["o"]
    if is_stopped(bar["l"] if is_long else bar["h"]):
        return "STOP", stop_at
    if has_arrived(bar["h"] if is_long else bar["l"]):
        return "TARGET", target_at
    if bar["end"] >= must_end:
        return "HORIZON", bar["c"]
    return None, None
