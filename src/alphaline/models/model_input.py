"""What a model sees: float32 before training and before every prediction, in every environment."""

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.float32]

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
