"""The table of sizes: what a node pulls for an image, what it then keeps, and whether goals are met."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ci.images.archives import Layer
from ci.images.catalog import Image

MB = 1_000_000


class Size(NamedTuple):
    """An image with its layers."""

    image: Image
    layers: Sequence[Layer]

    @property
    def compressed_mb(self) -> int:
        """Return what a node pulls that has none of the layers, in MB (10^6 bytes), rounded up."""
        return -(-sum(layer.compressed for layer in self.layers) // MB)

    @property
    def uncompressed_mb(self) -> int:
        """Return what the image's layers take on disk, in MB (10^6 bytes), rounded up."""
        return -(-sum(layer.uncompressed for layer in self.layers) // MB)

    @property
    def is_within_goal(self) -> bool:
        """Return whether the size on disk is within the image's goal, or there is none."""
        return self.image.goal_mb is None or self.uncompressed_mb <= self.image.goal_mb


def table(sizes: Sequence[Size]) -> str:
    """Return the sizes as a table of text, with what all of them take together on one node."""
    rows = [
        f"{size.image.name:<20}{size.compressed_mb:>14}{size.uncompressed_mb:>16}{_goal(size):>10}"
        for size in sizes
    ]
    together = f"{'all, shared once':<20}{pulled(sizes):>14}{kept(sizes):>16}"
    head = f"{'image':<20}{'compressed MB':>14}{'uncompressed MB':>16}{'goal':>10}"
    return "\n".join([head, *rows, together])


def pulled(sizes: Iterable[Size]) -> int:
    """Return what one node pulls for all of them, a shared layer once, in MB."""
    return -(-sum(layer.compressed for layer in _distinct(sizes)) // MB)


def kept(sizes: Iterable[Size]) -> int:
    """Return what one node keeps of all of them, a shared layer once, in MB."""
    return -(-sum(layer.uncompressed for layer in _distinct(sizes)) // MB)


def _distinct(sizes: Iterable[Size]) -> Iterable[Layer]:
    return {layer.digest: layer for size in sizes for layer in size.layers}.values()


def _goal(size: Size) -> str:
    if size.image.goal_mb is None:
        return "-"
    return f"{'' if size.is_within_goal else 'OVER '}{size.image.goal_mb}"
