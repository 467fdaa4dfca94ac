"""Takes out of a virtual environment what packages carry and no service reads: slim.py SITE_PACKAGES.

What goes is listed here and nowhere else. Each file that goes also leaves its distribution's RECORD, so that
what is recorded is what is there; METADATA and licences stay. Then modules without byte code get it, found
by content and not by time, which an image does not keep to the fraction of a second.
"""

import compileall
import csv
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from py_compile import PycInvalidationMode

# Below site-packages. Types and sources for checkers and compilers; static libraries; tests and headers.
EVERYWHERE = ("**/*.pyi", "**/*.pxd", "**/*.pyx", "**/*.pxi", "**/*.a", "**/tests")
# What no module of ours imports, nor what they import in turn: numpy for builds (f2py stays: scipy loads it); Arrow's RPC,
# which nothing else links, and libraries that stand there again under another name.
OF_ONE = (
    "numpy/distutils",
    "numpy/_core/include",
    "numpy/random/_examples",
    "onnx/backend/test",
    "pyarrow/include",
    "pyarrow/src",
    "pyarrow/_flight.*",
    "pyarrow/_pyarrow_cpp_tests.*",
    "pyarrow/libarrow_flight.so*",
    "pyarrow/libarrow_python_flight.so*",
    "pyarrow/libarrow_python.so",
    "pyarrow/libarrow_python.so.*.*.*",
)


def main(packages: Path) -> None:
    """Take out what is listed, correct the records, compile what has no byte code."""
    gone = {path for pattern in (*EVERYWHERE, *OF_ONE) for path in packages.glob(pattern)}
    for path in gone:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    for record in packages.glob("*.dist-info/RECORD"):
        _correct(record, packages)
    for source in _without_byte_code(packages):
        compileall.compile_file(
            source, quiet=2, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH
        )


def _correct(record: Path, packages: Path) -> None:
    with record.open(newline="") as file:
        rows = list(csv.reader(file))
    kept = [row for row in rows if (packages / row[0]).exists()]
    if kept != rows:
        with record.open("w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(kept)


def _without_byte_code(packages: Path) -> Iterator[Path]:
    name = f"{{}}.{sys.implementation.cache_tag}.pyc"
    for source in sorted(packages.rglob("*.py")):
        if not (source.parent / "__pycache__" / name.format(source.stem)).exists():
            yield source


if __name__ == "__main__":
    main(Path(sys.argv[1]))
