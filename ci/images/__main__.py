"""``make images``: build, archive, describe, measure; a table of sizes and one JSON object at the end."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from alphaline.errors import LineError
from ci.images import building, engines, own_base, sbom
from ci.images.archives import files, layers
from ci.images.building import Release
from ci.images.catalog import IMAGES, Image
from ci.images.places import RESULTS
from ci.images.sizes import Size, kept, pulled, table

# Compressed sizes by layer, from one run to the next.
LAYERS = RESULTS / "layers.json"


def main(arguments: Sequence[str] | None = None) -> int:
    """Build what was asked for; exit code 1 where it cannot be built or is larger than its goal."""
    asked = _parser().parse_args(arguments)
    try:
        images = _chosen(asked.images)
        RESULTS.mkdir(parents=True, exist_ok=True)
        return _report(_sizes(images, _release(asked)))
    except LineError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make images", description=__doc__)
    parser.add_argument("--images", default="", help="names, separated by spaces; empty: all")
    parser.add_argument("--base-image", default="", help="image to build on")
    parser.add_argument("--registry", default="localhost", help="registry with path")
    parser.add_argument("--tag", default="", help="tag; empty: the chart's appVersion")
    return parser


def _chosen(names: str) -> list[Image]:
    known = {image.name: image for image in IMAGES}
    unknown = [name for name in names.split() if name not in known]
    if unknown:
        raise LineError(f"no image {', '.join(unknown)}; there are {', '.join(known)}")
    return [known[name] for name in names.split()] or list(IMAGES)


def _release(asked: argparse.Namespace) -> Release:
    name = engines.engine()
    base = own_base.chosen(name, asked.base_image)
    sys.stdout.write(f"{name} builds on {base}\n")
    return Release(
        engine=name,
        base=base,
        registry=asked.registry,
        tag=asked.tag or building.version(),
        revision=building.revision(),
    )


def _sizes(images: Sequence[Image], release: Release) -> list[Size]:
    known: dict[str, int] = json.loads(LAYERS.read_text()) if LAYERS.exists() else {}
    sizes = []
    for image in images:
        sys.stdout.write(f"[{image.name}] ")
        sys.stdout.flush()
        archive = building.build(image, release)
        sizes.append(Size(image, layers(archive, known)))
        _describe(image, release, archive)
        sys.stdout.write(f"{release.name(image)} -> {archive}\n")
        LAYERS.write_text(json.dumps(known))
    return sizes


def _describe(image: Image, release: Release, archive: Path) -> None:
    found = sbom.components(files(archive, sbom.is_evidence))
    document = sbom.document(release.name(image), release.tag, release.revision, found)
    target = RESULTS / f"{image.name}.sbom.json"
    target.write_text(f"{json.dumps(document, indent=1)}\n")


def _report(sizes: Sequence[Size]) -> int:
    over = [size.image.name for size in sizes if not size.is_within_goal]
    answer = {
        "holds": not over,
        "over": over,
        "compressed_mb": {size.image.name: size.compressed_mb for size in sizes},
        "uncompressed_mb": {size.image.name: size.uncompressed_mb for size in sizes},
        "together_mb": {"compressed": pulled(sizes), "uncompressed": kept(sizes)},
    }
    sys.stdout.write(f"\n{table(sizes)}\n{json.dumps(answer)}\n")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
