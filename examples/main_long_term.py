"""Hold AAPL and IBM for up to thirty sessions, on what is known before the open.

    .venv/bin/python examples/main_long_term.py           # in full: minutes
    .venv/bin/python examples/main_long_term.py --help    # other data, models, trials, spans

A position is opened at a session's open, long only, and ended by a move of 1.5 standard deviations or at
the thirtieth close (strategies/daily_long_term_v1.yaml). A plain XGBoost on seven columns of returns is
the baseline. Thirty-eight columns of momentum, trend, volatility, liquidity, weeks, months and macro
data, five models and a search try to beat it; one model is then walked over two years that none of this
has seen. Started again, it goes on where it was stopped. Every fit is a trial that the gate counts.

What it found on the sample (daily bars of 2000-03 to 2013-03; 2,142 sessions out of sample, after costs):
two stocks that rose, and no skill. The one chosen, of 28 trials in all, has a Sharpe ratio of 0.88 and
0.99 (rolling, expanding), 0.19 below and 0.15 above the baseline; in the 504 sessions from 2010-09-08 on
it has 1.24 and 1.40, the baseline 1.38 and 1.32. Chance alone gives the best of 28 trials 0.70 on
average. One account that follows it comes to 0.84, buying both stocks and holding them to 1.30. With 61
and 50 round trips the gate says INSUFFICIENT_EVIDENCE.
"""

import sys
from collections.abc import Sequence

from alphaline.runtime import determinism

determinism.apply()

from alphaline.cli.experiment_arguments import run_script
from alphaline.cli.experiment_script import run_experiment

STRATEGY = "daily_long_term_v1.yaml"
# Seven plain columns of returns and volatility on one timeframe.
BASELINE = "daily_baseline_v1"
# Of each library; scikit-learn's boosting is left out, which is LightGBM's way and ten times as slow.
MODELS = ("logistic", "random_forest", "lightgbm", "catboost")


def main(argv: Sequence[str] | None = None) -> None:
    """Run the experiment and print what it found."""
    run_experiment(
        "long-term model",
        __doc__,
        strategy=STRATEGY,
        baseline=BASELINE,
        models=MODELS,
        argv=argv,
    )


if __name__ == "__main__":
    sys.exit(run_script(main))
