"""Prints, for every lock of an image, its name and the extras that it resolves, as options of uv."""

import sys

from ci.images.catalog import IMAGES, OWN_LOCKS


def locks() -> dict[str, tuple[str, ...]]:
    """Return the extras of each lock in ``requirements/images``; ``line`` resolves none."""
    named = {image.lock: image.extras for image in IMAGES if image.lock not in {"", *OWN_LOCKS}}
    return {"line": (), **named}


if __name__ == "__main__":
    for lock, extras in locks().items():
        sys.stdout.write(f"{' '.join([lock, *(f'--extra {extra}' for extra in extras)])}\n")
