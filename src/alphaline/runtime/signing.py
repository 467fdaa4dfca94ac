"""Signs a model's folder and verifies it: any change to any file is a refusal.

The signature stands beside the folder, never in it, so that the folder is signed whole.
"""

from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from model_signing import hashing, signing, verifying

from alphaline.errors import SignatureError


def make_key(private_key: Path, public_key: Path) -> None:
    """Create an elliptic-curve key pair, the private half readable by its owner alone.

    An existing private key is kept, so models that were signed with it stay valid; its public half
    is written if it is missing.
    """
    if not private_key.exists():
        private_key.parent.mkdir(parents=True, exist_ok=True)
        private_key.touch(mode=0o600)
        private_key.write_bytes(_private_pem(ec.generate_private_key(ec.SECP256R1())))
    if not public_key.exists():
        key = serialization.load_pem_private_key(private_key.read_bytes(), password=None)
        public_key.parent.mkdir(parents=True, exist_ok=True)
        public_key.write_bytes(_public_pem(key.public_key()))


def demand_pair(private_key: Path, public_key: Path) -> None:
    """Return if both halves belong together: what is signed with one is trusted by the other.

    Raises
    ------
    SignatureError
        If they do not, or cannot be read.
    """
    try:
        own = serialization.load_pem_private_key(private_key.read_bytes(), password=None)
        trusted = serialization.load_pem_public_key(public_key.read_bytes())
    except (OSError, ValueError, TypeError) as error:
        raise SignatureError(f"keys {private_key}, {public_key} cannot be read: {error}") from error
    if _public_pem(own.public_key()) != _public_pem(trusted):
        raise SignatureError(
            f"expected the private key of {public_key} in {private_key}, saw another one: what it "
            "signs would be refused wherever that public key is trusted. Sign with the key that "
            "belongs to it"
        )


def _public_pem(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def sign_directory(directory: Path, signature: Path, private_key: Path) -> None:
    """Write ``signature`` over every file of ``directory``.

    Raises
    ------
    SignatureError
        If the key cannot be read or the folder cannot be hashed.
    """
    try:
        config = signing.Config().use_elliptic_key_signer(private_key=private_key)
        config.set_hashing_config(_hashing()).sign(directory, signature)
    except Exception as error:
        raise SignatureError(
            f"could not sign {directory} with {private_key}: {error}; make a key with make_key"
        ) from error


def verify_directory(directory: Path, signature: Path, public_key: Path) -> None:
    """Return only if ``signature`` covers exactly the files of ``directory``, unchanged.

    Raises
    ------
    SignatureError
        On every other outcome: no signature, another key, a file changed, added or missing.
    """
    # Every exception of the library, whatever it is, means that nothing was proven.
    try:
        config = verifying.Config().use_elliptic_key_verifier(public_key=public_key)
        config.set_hashing_config(_hashing()).verify(directory, signature)
    except Exception as error:
        raise SignatureError(
            f"expected {directory} to be signed in {signature.name} with the key of {public_key}; "
            f"verification said: {type(error).__name__}: {error}. Deliver the model again"
        ) from error


def _hashing() -> hashing.Config:
    # The library would otherwise skip what looks like Git's files, and so leave them unsigned.
    config = hashing.Config().use_file_serialization(hashing_algorithm="sha256", max_workers=1)
    return config.set_ignored_paths(paths=[], ignore_git_paths=False)
