"""What a selection may look at: the labelled decisions of a training span."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alphaline.errors import DatasetError

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Sample:
    """Labelled decisions with their features.

    Give the training span and nothing of what the selected features will be judged on: a selection
    that has seen the final test rows has used them up.

    Parameters
    ----------
    names
        Names of the F columns, distinct.
    rows
        float32 or float64 (n, F), NaN for null; what the columns of a feature set say at each
        decision.
    labels
        int8 (n,) of 0 and 1.
    weights
        float64 (n,), finite and not negative, some above zero.

    Raises
    ------
    DatasetError
        If the shapes disagree, two names are equal, a label or a weight is not what is stated above.
    """

    names: tuple[str, ...]
    rows: NDArray[np.floating]
    labels: NDArray[np.int8]
    weights: Floats

    def __post_init__(self) -> None:
        shape, n = self.rows.shape, len(self.labels)
        if shape != (n, len(self.names)) or self.weights.shape != (n,):
            raise DatasetError(
                f"selection: expected rows ({n}, {len(self.names)}) with one label and one weight "
                f"each, saw rows {shape}, {n} labels, weights {self.weights.shape}"
            )
        if repeated := sorted({name for name in self.names if self.names.count(name) > 1}):
            raise DatasetError(
                f"selection: expected distinct column names, saw {repeated} more than once"
            )
        self._require_values()

    def _require_values(self) -> None:
        wrong = np.flatnonzero((self.labels != 0) & (self.labels != 1))
        if wrong.size:
            raise DatasetError(
                f"selection: expected labels 0 and 1, saw {self.labels[wrong[0]]} in row {wrong[0]}; "
                "leave unlabelled decisions out"
            )
        odd = np.flatnonzero(~(np.isfinite(self.weights) & (self.weights >= 0.0)))
        if odd.size or not (self.weights > 0.0).any():
            seen = f"{self.weights[odd[0]]} in row {odd[0]}" if odd.size else "none above 0"
            raise DatasetError(f"selection: expected finite weights >= 0, saw {seen}")

    def in_order_of_names(self) -> "Sample":
        """Return the same sample with its columns sorted by name.

        Every step that could depend on the order of columns (ties, permutations, a model's own
        sampling) starts from here, so that no order that they come in changes an answer.
        """
        order = sorted(range(len(self.names)), key=lambda i: self.names[i])
        return self.only(np.array(order, dtype=np.intp))

    def only(self, columns: NDArray[np.intp]) -> "Sample":
        """Return the sample with these columns, in this order."""
        return Sample(
            names=tuple(self.names[i] for i in columns),
            rows=np.ascontiguousarray(self.rows[:, columns]),
            labels=self.labels,
            weights=self.weights,
        )
