"""What a service imports is in its image's lock, in the platform's version."""

import re
import sys
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import grimp
import pytest

from ci.images.catalog import IMAGES, OWN_LOCKS, Image
from ci.images.locks import locks
from ci.images.places import LOCKS, ROOT

OURS = ("alphaline", "services", "pipelines", "feature_repo", "ci")
PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^ ;\\]+)", re.MULTILINE)

# Commands that the images of Jobs, and every image of the line, are asked for.
COMMANDS = {
    "training": ("alphaline.cli.__main__", "alphaline.cli.train"),
    "delivery": ("alphaline.cli.__main__", "alphaline.cli.deliver"),
    "feature-streaming": (
        "services.feature_streaming.__main__",
        "alphaline.cli.__main__",
        "alphaline.cli.topics",
    ),
    # A module, not a package with an entry of its own.
    "model-serving-seldon": ("services.model_serving.seldon_server",),
}

# Imports inside functions that nothing of an image calls, with the reason.
UNCALLED = {
    "exchange_calendars": "writes the calendar of the sample; services read the table",
    "psutil": "finds free ports on a laptop",
}

# The same for one image: sessions come from JSON, names of columns need no compiled operators.
_NO_PARQUET = {"pyarrow": "reads the calendar where there is no JSON of it"}
_NO_OPERATORS = {"numba": "tells the digest of a feature set, which only who computes it asks for"}
UNCALLED_IN = {
    "feature-streaming": _NO_PARQUET,
    "feature-sink": _NO_OPERATORS,
    "signal-generation": {
        **_NO_PARQUET,
        **_NO_OPERATORS,
        **dict.fromkeys(
            ("cryptography", "model_signing", "onnx", "onnxruntime"),
            "runs a model in this process, which this image refuses in a sentence",
        ),
    },
    "risk-management": _NO_PARQUET,
    "paper-trading": _NO_PARQUET,
}


@cache
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(
        *OURS, include_external_packages=True, exclude_type_checking_imports=True, cache_dir=None
    )


def closure(starts: tuple[str, ...]) -> set[str]:
    """Return the outside packages that modules below ``starts`` import, directly or through ours."""
    found: set[str] = set()
    seen: set[str] = set()
    waiting = [one for one in graph().modules if one.startswith(starts)]
    while waiting:
        module = waiting.pop()
        if module.split(".")[0] not in OURS:
            found.add(module.split(".")[0])
        elif module not in seen:
            seen.add(module)
            parent = module.rpartition(".")[0]
            waiting += [parent] if parent else []
            waiting += (
                graph().find_modules_directly_imported_by(module)
                if module in graph().modules
                else ()
            )
    return found - set(sys.stdlib_module_names)


def pins(path: Path) -> dict[str, str]:
    found = PINNED.findall(path.read_text())
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found}


def lock_of(image: Image) -> Path:
    folder = ROOT / "requirements" if image.lock in OWN_LOCKS else LOCKS
    return folder / f"{image.lock}.txt"


PYTHON_IMAGES = [image for image in IMAGES if image.module]


@pytest.mark.parametrize("image", PYTHON_IMAGES, ids=lambda image: image.name)
def test_every_import_of_an_image_is_in_its_lock(image: Image) -> None:
    locked = pins(lock_of(image))
    if image.lock not in OWN_LOCKS:
        locked |= pins(LOCKS / "line.txt")
    distributions = packages_distributions()
    imported = closure(COMMANDS.get(image.name, (f"{image.module}.__main__",)))
    imported -= {*UNCALLED, *UNCALLED_IN.get(image.name, {})}
    missing = {
        package
        for package in imported
        if not {
            re.sub(r"[-_.]+", "-", name).lower() for name in distributions.get(package, [package])
        }
        & set(locked)
    }
    assert imported
    assert not missing


@pytest.mark.parametrize("lock", list(locks()))
def test_a_lock_holds_versions_of_the_platform_and_a_hash_for_each(lock: str) -> None:
    path = LOCKS / f"{lock}.txt"
    assert pins(path).items() <= pins(ROOT / "requirements/platform.txt").items()
    assert path.read_text().count(" \\\n    --hash=") >= len(pins(path)) > 0


def test_every_lock_is_of_an_image_and_holds_what_all_of_the_line_share() -> None:
    assert {path.stem for path in LOCKS.glob("*.txt")} == set(locks())
    line = pins(LOCKS / "line.txt").items()
    assert all(line <= pins(LOCKS / f"{lock}.txt").items() for lock in locks())
