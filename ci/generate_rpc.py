"""Generates the Python code of the RPC contracts: ``python -m ci.generate_rpc [FOLDER]``.

A test generates again and compares, so the checked-in code can only be what the contracts say.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "alphaline/runtime/rpc"
CONTRACTS = {
    "risk.proto": ROOT / "contracts/proto/alphaline/risk/v1",
    "open_inference.proto": ROOT / "contracts/proto/open_inference",
    "seldon.proto": ROOT / "contracts/proto/seldon",
}


def generate(source_root: Path) -> Path:
    """Write the code of every contract below ``source_root`` and return its folder.

    Each contract is compiled under the virtual path of our package, so that the generated modules
    import each other by their real names.
    """
    # Here, not above: generation needs the development tools, the paths above do not.
    import grpc_tools  # type: ignore[import-untyped] # noqa: PLC0415
    from grpc_tools import protoc  # noqa: PLC0415

    # Protobuf's own contracts, such as struct.proto.
    well_known = Path(grpc_tools.__file__).parent / "_proto"
    source_root.mkdir(parents=True, exist_ok=True)
    for name, folder in CONTRACTS.items():
        command = [
            "protoc",
            f"--proto_path={PACKAGE}={folder}",
            f"--proto_path={well_known}",
            f"--python_out={source_root}",
            f"--pyi_out={source_root}",
            f"--grpc_python_out={source_root}",
            f"{PACKAGE}/{name}",
        ]
        if protoc.main(command) != 0:
            raise SystemExit(f"protoc refused {folder / name}; its message stands above")
    return source_root / PACKAGE


if __name__ == "__main__":
    generate(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "src")
