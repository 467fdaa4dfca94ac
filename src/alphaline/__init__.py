"""Alphaline: market data in, risk-checked paper trades out, every one explained and re-executable.

``import alphaline`` is all that research needs: the parts below and the modules in them are there by
name, and each is imported when it is first used.

=============  ==================================================================================
`market`       instruments, sessions, bars, corporate actions, and when each value was known
`features`     feature sets and the one engine that computes them for stream and history
`labels`       triple-barrier labels, meta-labels and sample weights; the one exit rule
`validation`   walk-forward folds, deflated Sharpe ratio, CSCV and the gate
`metrics`      financial, prediction and risk measures as pure functions
`models`       models by configuration, and their conversion
`trading`      strategy, risk rules, fills, ledger and backtest; the line runs the same code
`selection`    which features earn their place
`research`     studies that read data, count every trial and write reports
`errors`       every fault that is raised on purpose
=============  ==================================================================================
"""

from alphaline.on_demand import named

__version__ = "0.1.0"

_PARTS = (
    "market",
    "features",
    "labels",
    "validation",
    "metrics",
    "models",
    "trading",
    "selection",
    "research",
    "errors",
)

__getattr__, __dir__ = named(__name__, _PARTS)
