"""Takes out of a virtual environment what packages carry and no service reads: slim.py SITE_PACKAGES.

What goes is listed here and nowhere else. Libraries lose the names that only debuggers read. Each file that goes
also leaves its distribution's RECORD and each that changes has its new digest there, so that what is recorded is
what is there; METADATA and licences stay. Then modules without byte code get it, found by content and not by
time, which an image does not keep to the fraction of a second.
"""

import base64
import compileall
import csv
import hashlib
import shutil
import struct
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
    "onnx/**/*.cc",
    "onnx/**/*.h",
    "pyarrow/include",
    "pyarrow/src",
    "pyarrow/_flight.*",
    "pyarrow/_pyarrow_cpp_tests.*",
    "pyarrow/libarrow_flight.so*",
    "pyarrow/libarrow_python_flight.so*",
    "pyarrow/libarrow_python.so",
    "pyarrow/libarrow_python.so.*.*.*",
    "securesystemslib/_vendor/ed25519/test_data",
)
# A library of 64 bits, little endian, whose end is worth cutting off.
ELF = b"\x7fELF\x02\x01"
WORTH_BYTES = 100_000


def main(packages: Path) -> None:
    """Take out what is listed, correct the records, compile what has no byte code."""
    gone = {path for pattern in (*EVERYWHERE, *OF_ONE) for path in packages.glob(pattern)}
    for path in gone:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    cut = {path for path in packages.glob("**/*.so*") if _lost_its_symbols(path)}
    for record in packages.glob("*.dist-info/RECORD"):
        _correct(record, packages, cut)
    for source in _without_byte_code(packages):
        compileall.compile_file(
            source, quiet=2, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH
        )


def _lost_its_symbols(library: Path) -> bool:
    """Cut off what follows the last segment that a loader maps: symbol tables and debug information."""
    if library.is_symlink() or not library.is_file():
        return False
    content = library.read_bytes()
    if not content.startswith(ELF):
        return False
    end = _end_of_segments(content)
    if len(content) - end < WORTH_BYTES:
        return False
    kept = bytearray(content[:end])
    # The table of sections went with them: its place, its length, and which of them holds the names.
    struct.pack_into("<Q", kept, 40, 0)
    struct.pack_into("<HH", kept, 60, 0, 0)
    library.write_bytes(kept)
    return True


def _end_of_segments(content: bytes) -> int:
    (table,) = struct.unpack_from("<Q", content, 32)
    width, count = struct.unpack_from("<HH", content, 54)
    ends: list[int] = [table + width * count]
    for number in range(count):
        # Type and flags, place in the file, two addresses, length in the file.
        _, place, _, _, length = struct.unpack_from("<QQQQQ", content, table + width * number)
        ends.append(place + length)
    return max(ends)


def _correct(record: Path, packages: Path, changed: set[Path]) -> None:
    with record.open(newline="") as file:
        rows = list(csv.reader(file))
    kept = [
        [row[0], *_digest(packages / row[0])] if packages / row[0] in changed else row
        for row in rows
        if (packages / row[0]).exists()
    ]
    if kept != rows:
        with record.open("w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(kept)


def _digest(path: Path) -> tuple[str, str]:
    content = path.read_bytes()
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"sha256={digest}", str(len(content))


def _without_byte_code(packages: Path) -> Iterator[Path]:
    name = f"{{}}.{sys.implementation.cache_tag}.pyc"
    for source in sorted(packages.rglob("*.py")):
        if not (source.parent / "__pycache__" / name.format(source.stem)).exists():
            yield source


if __name__ == "__main__":
    main(Path(sys.argv[1]))
