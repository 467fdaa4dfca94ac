"""The thresholds of a selection."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectionRule:
    """What a feature must show to be kept.

    Parameters
    ----------
    least_available
        Share of rows in which a column must have a value.
    substitutes_from
        abs(rho) of Spearman from which on all columns of a cluster count as substitutes.
    per_cluster
        Columns that a cluster keeps at most.
    significance
        One-sided level at which a cluster's mean importance over folds must lie above zero, by
        Student's t with folds - 1 degrees of freedom. The folds' training spans overlap, so the
        level is approximate; of clusters that say nothing, about this share passes by chance.
    least_stable
        Share of folds in which a cluster's importance must be above zero.
    repeats
        Permutations for each group and fold.
    explained_rows
        Test rows, spread evenly, whose predictions are attributed to columns.

    Raises
    ------
    ValueError
        If a number is outside of its range.
    """

    least_available: float = 0.5
    substitutes_from: float = 0.7
    per_cluster: int = 1
    significance: float = 0.05
    least_stable: float = 0.6
    repeats: int = 5
    explained_rows: int = 1000

    def __post_init__(self) -> None:
        for name in ("least_available", "least_stable"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"selection rule: expected 0 <= {name} <= 1, saw {self}")
        for name in ("substitutes_from", "significance"):
            if not 0.0 < getattr(self, name) < 1.0:
                raise ValueError(f"selection rule: expected 0 < {name} < 1, saw {self}")
        if self.per_cluster < 1 or self.repeats < 1 or self.explained_rows < 0:
            raise ValueError(
                "selection rule: expected per_cluster and repeats >= 1 and explained_rows >= 0, "
                f"saw {self}"
            )
