"""The digest of a dataset: what it says and how it is declared, whatever file holds it."""

import json
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from alphaline.market.datasets import DatasetDeclaration
from alphaline.messages.identity import digest


def dataset_digest(declaration: DatasetDeclaration, columns: Mapping[str, NDArray[Any]]) -> str:
    """Return the digest of the declaration and every value; 32 hexadecimal characters.

    It depends on neither the order of the columns nor the file's encoding, and changes with a value, a
    type, a row's place, the knowledge-time rule or any other word of the declaration.
    """
    parts = [digest(msgspec.json.encode(declaration))]
    parts += [f"{name}\x1f{_column_digest(columns[name])}" for name in sorted(columns)]
    return digest("\x1f".join(parts).encode())


def _column_digest(column: NDArray[Any]) -> str:
    kind = f"{column.dtype.str}\x1f{len(column)}\x1f"
    if column.dtype.kind in "OU":
        return digest((kind + json.dumps(column.tolist())).encode())
    return digest(kind.encode() + np.ascontiguousarray(column).tobytes())
