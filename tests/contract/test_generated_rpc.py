"""The checked-in RPC code is what the contracts generate."""

from pathlib import Path

from ci.generate_rpc import PACKAGE, ROOT, generate


def test_checked_in_rpc_code_equals_a_fresh_generation(tmp_path: Path) -> None:
    fresh = generate(tmp_path)
    checked_in = ROOT / "src" / PACKAGE
    names = {path.name for path in fresh.iterdir()}
    assert names == {path.name for path in checked_in.glob("*_pb2*")}
    stale = [
        name for name in names if (fresh / name).read_text() != (checked_in / name).read_text()
    ]
    assert not stale, f"run `python -m ci.generate_rpc`: {sorted(stale)}"
