"""Keys are made once; what they sign is the whole folder."""

from pathlib import Path

import pytest

from alphaline.errors import SignatureError
from alphaline.runtime.signing import demand_pair, make_key, sign_directory, verify_directory


def test_a_key_is_made_once_and_is_its_owners(tmp_path: Path) -> None:
    private_key, public_key = tmp_path / "a/signing.pem", tmp_path / "b/signing.pub"
    make_key(private_key, public_key)
    assert private_key.stat().st_mode & 0o077 == 0
    before = private_key.read_bytes(), public_key.read_bytes()
    public_key.unlink()
    make_key(private_key, public_key)
    assert (private_key.read_bytes(), public_key.read_bytes()) == before


def test_the_whole_folder_is_signed_whatever_its_files_are_called(tmp_path: Path) -> None:
    private_key, public_key = tmp_path / "signing.pem", tmp_path / "signing.pub"
    make_key(private_key, public_key)
    folder, signature = tmp_path / "model", tmp_path / "model.sig"
    (folder / ".git").mkdir(parents=True)
    for name in (".gitattributes", ".git/config", "model.onnx"):
        (folder / name).write_text("signed")
    sign_directory(folder, signature, private_key)
    verify_directory(folder, signature, public_key)
    for name in (".gitattributes", ".git/config", "model.onnx"):
        (folder / name).write_text("changed")
        with pytest.raises(SignatureError, match="Hash mismatch"):
            verify_directory(folder, signature, public_key)
        (folder / name).write_text("signed")


def test_a_link_to_another_file_is_refused(tmp_path: Path) -> None:
    private_key, public_key = tmp_path / "signing.pem", tmp_path / "signing.pub"
    make_key(private_key, public_key)
    folder, signature = tmp_path / "model", tmp_path / "model.sig"
    folder.mkdir()
    (folder / "model.onnx").write_text("signed")
    sign_directory(folder, signature, private_key)
    (tmp_path / "elsewhere").write_text("signed")
    (folder / "model.onnx").unlink()
    (folder / "model.onnx").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SignatureError):
        verify_directory(folder, signature, public_key)


def test_without_a_key_nothing_is_signed(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    with pytest.raises(SignatureError, match="make_key"):
        sign_directory(tmp_path / "model", tmp_path / "model.sig", tmp_path / "missing.pem")


def test_a_key_of_another_pair_is_refused_and_named(tmp_path: Path) -> None:
    own, other = (
        (tmp_path / "own.pem", tmp_path / "own.pub"),
        (tmp_path / "o.pem", tmp_path / "o.pub"),
    )
    make_key(*own)
    make_key(*other)
    demand_pair(*own)
    with pytest.raises(SignatureError, match=r"private key of .*own\.pub in .*o\.pem"):
        demand_pair(other[0], own[1])
    with pytest.raises(SignatureError, match="cannot be read"):
        demand_pair(tmp_path / "absent.pem", own[1])
