"""What a model sees: float32 before training and before every prediction, in every environment."""

import numpy as np
import numpy.typing as npt

from alphaline.errors import ModelError

Rows = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int8]
Weights = npt.NDArray[np.float64]

# LightGBM counts anything this close to zero as zero when it bins, so a split never divides it.
ZERO_WIDTH = np.float32(1e-35)


def as_model_input(rows: npt.NDArray[np.floating]) -> Rows:
    """Return ``rows`` (n, F) as contiguous float32 with every |x| <= 1e-35 set to 0.

    NaN stands for null and passes, infinities too. Values beyond float32 become infinities.
    """
    with np.errstate(over="ignore"):
        narrow = np.array(rows, dtype=np.float32, order="C")
    narrow[np.abs(narrow) <= ZERO_WIDTH] = 0.0
    return narrow


def require_trainable(rows: npt.NDArray[np.floating], labels: Labels, weights: Weights) -> None:
    """Refuse what no model can be learned from.

    Raises
    ------
    ModelError
        If shapes disagree, a label is not 0 or 1, only one class is there, or a weight is not usable.
    """
    if rows.ndim != 2 or not len(rows) == len(labels) == len(weights):
        raise ModelError(
            f"expected rows (n, F) with n labels and weights, saw {rows.shape}, {labels.shape}, "
            f"{weights.shape}"
        )
    if not np.array_equal(np.unique(labels), [0, 1]):
        raise ModelError(f"expected labels 0 and 1, both present, saw {np.unique(labels)[:5]}")
    if not np.isfinite(weights).all() or (weights < 0).any() or weights.sum() <= 0:
        raise ModelError("expected finite weights >= 0 that do not all vanish")
