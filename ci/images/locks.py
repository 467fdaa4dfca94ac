"""Prints, for every lock of an image, its name and what it resolves, as arguments of uv."""

import sys

from ci.images.catalog import IMAGES, OWN_LOCKS, SHARED_LOCKS


def locks() -> dict[str, tuple[str, ...]]:
    """Return the extras of each lock in ``requirements/images``; those without have a ``.in``."""
    named = {image.lock: image.extras for image in IMAGES if image.lock not in {"", *OWN_LOCKS}}
    return {**dict.fromkeys(SHARED_LOCKS, ()), **named}


def sources(lock: str, extras: tuple[str, ...]) -> list[str]:
    """Return what uv resolves to ``lock``, and what it leaves out of it."""
    left_out = [name for image in IMAGES if image.lock == lock for name in image.left_out]
    options = [f"--no-emit-package={name}" for name in left_out]
    if not extras:
        return [*options, f"requirements/images/{lock}.in"]
    return [*(f"--extra={extra}" for extra in extras), *options, "pyproject.toml"]


if __name__ == "__main__":
    for lock, extras in locks().items():
        sys.stdout.write(f"{' '.join([lock, *sources(lock, extras)])}\n")
