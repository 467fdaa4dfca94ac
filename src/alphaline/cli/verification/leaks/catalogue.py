"""All planted leaks."""

from alphaline.cli.verification.leaks.corporate_actions import CORPORATE_ACTIONS
from alphaline.cli.verification.leaks.cross_asset import CROSS_ASSET
from alphaline.cli.verification.leaks.declarations import DECLARATIONS
from alphaline.cli.verification.leaks.encodings import ENCODINGS
from alphaline.cli.verification.leaks.fits import FITS
from alphaline.cli.verification.leaks.folds import FOLDS
from alphaline.cli.verification.leaks.minutes import MINUTES
from alphaline.cli.verification.leaks.prices import PRICES
from alphaline.cli.verification.leaks.published import PUBLISHED
from alphaline.cli.verification.leaks.record import Leak
from alphaline.cli.verification.leaks.scaling import SCALING
from alphaline.cli.verification.leaks.target_models import TARGET_MODELS
from alphaline.cli.verification.leaks.targets import TARGETS
from alphaline.cli.verification.leaks.timeframes import TIMEFRAMES
from alphaline.cli.verification.leaks.windows import WINDOWS

LEAKS: tuple[Leak, ...] = (
    *PRICES,
    *SCALING,
    *ENCODINGS,
    *WINDOWS,
    *TIMEFRAMES,
    *CORPORATE_ACTIONS,
    *PUBLISHED,
    *TARGETS,
    *TARGET_MODELS,
    *CROSS_ASSET,
    *MINUTES,
    *FOLDS,
    *FITS,
    *DECLARATIONS,
)
