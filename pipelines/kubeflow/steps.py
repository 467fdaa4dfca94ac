"""What the pods of the steps are on a cluster, as a file says it."""

import re
from pathlib import Path

import msgspec
import yaml

from alphaline.errors import ContractError

QUANTITY = r"^[0-9]+(\.[0-9]+)?(k|M|G|T|Ki|Mi|Gi|Ti)?$"
CPU = r"^[0-9]+(\.[0-9]+)?m?$"


class Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A claim of the runs' namespace, and where the steps find it."""

    name: str
    path: str


class SecretVariable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A variable that an item of a Secret of the runs' namespace gives."""

    name: str
    secret: str
    item: str


class Resources(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a step asks for and what it may take; Kubeflow knows no other resources than these."""

    cpu_request: str = msgspec.field(name="cpuRequest", default="")
    cpu_limit: str = msgspec.field(name="cpuLimit", default="")
    memory_request: str = msgspec.field(name="memoryRequest", default="")
    memory_limit: str = msgspec.field(name="memoryLimit", default="")

    def __post_init__(self) -> None:
        for name, given in msgspec.structs.asdict(self).items():
            pattern = CPU if name.startswith("cpu") else QUANTITY
            if given and not re.match(pattern, given):
                raise ValueError(f"{name}: expected a quantity such as 250m or 1Gi, saw {given}")


class Steps(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What all steps of the pipeline have in common on a cluster.

    Parameters
    ----------
    image
        Image of the training, with a tag or a digest.
    claims
        Claims of the runs' namespace: one at the data root, which the steps share.
    environment, secrets
        Variables, and those that Secrets of the runs' namespace give.
    labels
        Of the pods, for policies that let them through.
    """

    image: str
    claims: tuple[Claim, ...]
    pull_policy: str = msgspec.field(name="pullPolicy", default="")
    pull_secrets: tuple[str, ...] = msgspec.field(name="pullSecrets", default=())
    environment: dict[str, str] = msgspec.field(default_factory=dict)
    secrets: tuple[SecretVariable, ...] = ()
    labels: dict[str, str] = msgspec.field(default_factory=dict)
    resources: Resources = msgspec.field(default_factory=Resources)

    def __post_init__(self) -> None:
        if not self.image.rpartition("/")[2].rpartition(":")[0]:
            raise ValueError(f"image: expected one with a tag or a digest, saw {self.image!r}")


def read_steps(file: Path) -> Steps:
    """Return what a YAML file says of the steps.

    Raises
    ------
    ContractError
        If the file is not there or says something else; the message names file and key.
    """
    try:
        text = file.read_bytes()
    except OSError as error:
        raise ContractError(f"{file}: expected what the steps' pods are, saw {error}") from error
    return steps_of(text, str(file))


def steps_of(text: bytes, name: str) -> Steps:
    """Return what YAML says of the steps; ContractError with ``name`` and key if it says something else."""
    try:
        return msgspec.yaml.decode(text, type=Steps)
    except (msgspec.DecodeError, yaml.YAMLError) as error:
        raise ContractError(f"{name}: {error}") from error
