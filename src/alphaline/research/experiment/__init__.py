"""Experiments: all studies of one hypothesis, from a plain baseline to sessions that no choice has seen.

An `Experiment` makes the studies, `held_out` reads what its last walk says of the held-out sessions,
`record` leaves reports and MLflow runs, `conclusion` says in words what was found.
"""

from alphaline.research.experiment.conclusion import conclusion
from alphaline.research.experiment.experiment import Experiment
from alphaline.research.experiment.finding import Finding
from alphaline.research.experiment.held_out import HeldOut, held_out
from alphaline.research.experiment.progress import Progress
from alphaline.research.experiment.record import Recorded, record

__all__ = [
    "Experiment",
    "Finding",
    "HeldOut",
    "Progress",
    "Recorded",
    "conclusion",
    "held_out",
    "record",
]
