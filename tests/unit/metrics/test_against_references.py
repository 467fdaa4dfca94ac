"""Every measure of the catalogue equals one written a second time: by loops, exact sums or other libraries."""

import itertools
import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate
from scipy.stats import kurtosis, norm, skew

from alphaline.metrics.catalogue import MEASURES

NAN = math.nan
YEAR = 252


def has_gap(*series):
    return any(math.isnan(x) for one in series for x in one)


def over(a, b):
    return a / b if b > 0 else NAN


def sharpe(r, periods=YEAR):
    if len(r) < 2 or has_gap(r) or len(set(r)) == 1:
        return NAN
    return statistics.mean(r) / statistics.stdev(r) * math.sqrt(periods)


def volatility(r):
    return NAN if len(r) < 2 or has_gap(r) else statistics.stdev(r) * math.sqrt(YEAR)


def sortino(r):
    if not r or has_gap(r) or min(r) >= 0:
        return NAN
    downside = math.sqrt(math.fsum(x * x for x in r if x < 0) / len(r))
    return statistics.fmean(r) / downside * math.sqrt(YEAR)


def grown(r):
    return math.prod(1 + x for x in r) if r and not has_gap(r) else NAN


def growth(r):
    return math.exp(math.log(grown(r)) * YEAR / len(r)) - 1 if r and not has_gap(r) else NAN


def under_water(r):
    values = [1.0, *itertools.accumulate((1 + x for x in r), lambda a, b: a * b)]
    return [1 - values[t] / max(values[: t + 1]) for t in range(1, len(values))]


def deepest(r):
    return max(under_water(r)) if r and not has_gap(r) else NAN


def longest(r):
    if not r or has_gap(r):
        return NAN
    lengths = [
        len(list(run)) for wet, run in itertools.groupby(under_water(r), lambda d: d > 0) if wet
    ]
    return max(lengths, default=0)


def gains_over_losses(r):
    if has_gap(r):
        return NAN
    return over(math.fsum(x for x in r if x > 0), -math.fsum(x for x in r if x < 0))


def regression(r, b):
    if len(r) < 2 or has_gap(r, b) or len(set(b)) == 1:
        return NAN, NAN
    slope, intercept = statistics.linear_regression(b, r)
    return slope, (1 + intercept) ** YEAR - 1 if intercept >= -1 else NAN


def cost_share(gross, costs):
    if has_gap(gross, costs):
        return NAN
    return over(math.fsum(costs), math.fsum(x for x in gross if x > 0))


def ranked(y, p):
    pairs = [(a, b) for a, i in zip(p, y, strict=True) for b, j in zip(p, y, strict=True) if i > j]
    if has_gap(p) or not pairs:
        return NAN
    return statistics.fmean((a > b) + 0.5 * (a == b) for a, b in pairs)


def likelihood(y, p):
    tiny = 2.0**-52
    kept = [min(max(x, tiny), 1 - tiny) for x in p]
    losses = [-math.log(x if i else 1 - x) for x, i in zip(kept, y, strict=True)]
    return statistics.fmean(losses) if p and not has_gap(p) else NAN


def calibration(y, p):
    if not p or has_gap(p):
        return NAN
    bins = [min(int(x * 10), 9) for x in p]
    total = 0.0
    for k in range(10):
        rows = [(x, i) for x, i, b in zip(p, y, bins, strict=True) if b == k]
        if rows:
            said, came = (statistics.fmean(side) for side in zip(*rows, strict=True))
            total += len(rows) / len(p) * abs(said - came)
    return total


def share(flags):
    flags = list(flags)
    return statistics.fmean(flags) if flags else NAN


def rank(values, x):
    return sum(v < x for v in values) + (sum(v == x for v in values) + 1) / 2


def rank_correlation(a, b):
    if len(a) < 2 or has_gap(a, b) or len(set(a)) == 1 or len(set(b)) == 1:
        return NAN
    return statistics.correlation([rank(a, x) for x in a], [rank(b, x) for x in b])


def quantile(r, q):
    ordered, at = sorted(r), q * (len(r) - 1)
    low = math.floor(at)
    high = min(low + 1, len(r) - 1)
    return ordered[low] + (at - low) * (ordered[high] - ordered[low])


def historical(r, level):
    return -quantile(r, 1 - level) if r and not has_gap(r) else NAN


def historical_tail(r, level):
    if not r or has_gap(r):
        return NAN
    # The worst periods up to and with the one at or below the quantile.
    worst = sorted(r)[: int((len(r) - 1) * (1 - level)) + 1]
    return -statistics.fmean(worst)


def expansion(r, level):
    """Return mean, deviation and the polynomial of z, or None where it is no quantile function."""
    if len(r) < 2 or has_gap(r) or len(set(r)) == 1:
        return None
    s, k = skew(r), kurtosis(r)
    q = np.polynomial.Polynomial([-s / 6, 1 - k / 8 + 5 * s**2 / 36, s / 6, k / 24 - s**2 / 18])
    slope = q.deriv()
    low, high = norm.ppf(1e-6), norm.ppf(1 - level)
    turns = [x.real for x in slope.roots() if abs(x.imag) < 1e-12 and low <= x.real <= high]
    if turns or slope(low) <= 0:
        return None
    return statistics.fmean(r), statistics.stdev(r), q


def cornish_fisher(r, level):
    found = expansion(r, level)
    if found is None:
        return NAN
    mean, deviation, q = found
    return -(mean + deviation * q(norm.ppf(1 - level)))


def cornish_fisher_tail(r, level):
    found = expansion(r, level)
    if found is None:
        return NAN
    mean, deviation, q = found
    end = norm.ppf(1 - level)
    inside, _ = integrate.quad(lambda z: q(z) * norm.pdf(z), -14, end, epsabs=1e-12)
    return -(mean + deviation * inside / (1 - level))


def tail_ratio(r):
    if not r or has_gap(r):
        return NAN
    return over(abs(quantile(r, 0.95)), abs(quantile(r, 0.05)))


def at(level):
    percent = round(level * 100)
    var = f"value_at_risk_{percent}"
    return {
        var: lambda returns: historical(returns, level),
        f"conditional_{var}": lambda returns: historical_tail(returns, level),
        f"cornish_fisher_{var}": lambda returns: cornish_fisher(returns, level),
        f"cornish_fisher_conditional_{var}": lambda returns: cornish_fisher_tail(returns, level),
    }


def difference(a, b):
    return [x - y for x, y in zip(a, b, strict=True)]


REFERENCES = {
    "sharpe_ratio": sharpe,
    "sharpe_delta": lambda returns, baseline: sharpe(returns) - sharpe(baseline),
    "sortino_ratio": sortino,
    "calmar_ratio": lambda returns: over(growth(returns), deepest(returns)),
    "omega_ratio": gains_over_losses,
    "information_ratio": lambda returns, benchmark: sharpe(difference(returns, benchmark)),
    "alpha": lambda returns, benchmark: regression(returns, benchmark)[1],
    "beta": lambda returns, benchmark: regression(returns, benchmark)[0],
    "annual_volatility": volatility,
    "compound_annual_growth_rate": growth,
    "total_return": lambda returns: grown(returns) - 1,
    "maximum_drawdown": deepest,
    "profit_factor": gains_over_losses,
    "hit_rate": lambda trades: NAN if has_gap(trades) else share(x > 0 for x in trades),
    "turnover": lambda traded: statistics.fmean(traded) * YEAR if traded else NAN,
    "exposure": over,
    "cost_share": cost_share,
    "round_trips": len,
    "rows": len,
    "positive_share": lambda y: share(one == 1 for one in y),
    "auc": ranked,
    "log_loss": likelihood,
    "brier_score": lambda y, p: share((x - i) ** 2 for x, i in zip(p, y, strict=True)),
    "calibration_error": calibration,
    "precision": lambda y, p, threshold: (
        NAN if has_gap(p) else share(i for x, i in zip(p, y, strict=True) if x >= threshold)
    ),
    "recall": lambda y, p, threshold: (
        NAN if has_gap(p) else share(x >= threshold for x, i in zip(p, y, strict=True) if i)
    ),
    "information_coefficient": rank_correlation,
    "tail_ratio": tail_ratio,
    "average_drawdown": lambda returns: (
        statistics.fmean(under_water(returns)) if returns and not has_gap(returns) else NAN
    ),
    "longest_drawdown_sessions": longest,
    **at(0.95),
    **at(0.99),
}
# A grid, so that a series varies by more than rounding or not at all.
RETURN = st.integers(-2000, 2000).map(lambda x: x / 10_000)


SERIES = st.one_of(
    st.lists(RETURN, max_size=40),
    st.lists(st.one_of(RETURN, st.just(NAN)), min_size=1, max_size=20),
    st.lists(RETURN.map(lambda x: -abs(x) - 1e-4), min_size=1, max_size=20),
    st.builds(lambda x, n: [x] * n, RETURN, st.integers(1, 20)),
)
PROBABILITY = st.one_of(st.integers(0, 16).map(lambda x: x / 16), st.floats(0, 1))


@st.composite
def inputs(draw):
    returns = draw(SERIES)
    n = len(returns)
    other = draw(st.one_of(st.just([0.001] * n), st.permutations(returns), st.just(returns)))
    p = draw(st.lists(PROBABILITY, min_size=n, max_size=n))
    if n and draw(st.integers(0, 9)) == 0:
        p[0] = NAN
    return {
        **dict.fromkeys(("returns", "trades", "gross", "realised"), returns),
        **dict.fromkeys(("benchmark", "baseline"), other),
        **{key: [abs(x) for x in other] for key in ("traded", "costs")},
        "y": draw(st.lists(st.integers(0, 1), min_size=n, max_size=n)),
        "p": p,
        "threshold": draw(PROBABILITY),
        "held_ns": draw(st.integers(0, 10)),
        "open_ns": draw(st.integers(0, 10)),
    }


def as_arrays(given_inputs):
    kinds = {"y": np.int8}
    return {
        name: np.array(x, dtype=kinds.get(name, np.float64)) if isinstance(x, list) else x
        for name, x in given_inputs.items()
    }


def test_every_measure_has_a_reference():
    # The rolling coverage has references of its own, over series longer than its window.
    of_coverage = {n for n in MEASURES if n.endswith(("_violation_share", "_p_value"))}
    assert REFERENCES.keys() == MEASURES.keys() - of_coverage
    assert len(of_coverage) == 8


@given(inputs())
def test_every_measure_equals_its_reference(given_inputs):
    arrays = as_arrays(given_inputs)
    for name, reference in REFERENCES.items():
        one = MEASURES[name]
        expected = reference(*[given_inputs[key] for key in one.inputs])
        assert one.of(arrays) == pytest.approx(expected, rel=1e-8, abs=1e-9, nan_ok=True), name
