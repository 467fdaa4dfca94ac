"""Where numba finds machine code that an image ships, and keeps what it compiles beside it.

numba itself takes a cache folder only where it can write: on a read-only file system it compiles
everything again at each start, or refuses ``cache=True`` where no folder can be written at all.
"""

import os
import tempfile
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Self

from numba.core.caching import InTreeCacheLocator

# Index and data files of numba's cache.
SUFFIXES = (".nbi", ".nbc")


class ShippedCacheLocator(InTreeCacheLocator):
    """Finds a function's compiled code beside its source, writable or not.

    Named by ``NUMBA_CACHE_LOCATOR_CLASSES``. Where the source's ``__pycache__`` can be written, it
    is numba's own. Else a folder under the temporary one holds a link to every shipped file: a hit
    is read from the image, and what the image lacks is compiled and kept next to the links. Where
    nothing can be written, the shipped files still count.
    """

    def __init__(self, py_func: FunctionType, py_file: str) -> None:
        super().__init__(py_func, py_file)  # type: ignore[no-untyped-call] # numba carries no types
        self._cache_path = str(cache_folder(Path(py_file).parent / "__pycache__"))

    @classmethod
    def from_function(cls, py_func: FunctionType, py_file: str) -> Self | None:
        """Return the locator of a function, None for one that has no source file."""
        return cls(py_func, py_file) if Path(py_file).exists() else None


@cache
def cache_folder(shipped: Path, temporary: Path | None = None) -> Path:
    """Return the folder that serves a cache which lies in ``shipped``, filled with links where that is read-only.

    Parameters
    ----------
    shipped
        ``__pycache__`` of a source folder.
    temporary
        Where folders of links are made; None takes the system's, by user.
    """
    if _is_writable(shipped):
        return shipped
    root = temporary or Path(tempfile.gettempdir()) / f"alphaline-numba-{os.getuid()}"
    linked = root / shipped.as_posix().strip("/").replace("/", "_")
    try:
        linked.mkdir(mode=0o700, parents=True, exist_ok=True)
        _link(shipped, linked)
    except OSError:
        return shipped
    return linked


def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def _link(shipped: Path, linked: Path) -> None:
    for file in shipped.iterdir() if shipped.is_dir() else ():
        place = linked / file.name
        if file.suffix in SUFFIXES and not place.exists():
            place.symlink_to(file)
