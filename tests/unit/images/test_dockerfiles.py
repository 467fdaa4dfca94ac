"""The Dockerfiles say what the catalogue says, and every image is built alike."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from alphaline.runtime import determinism
from alphaline.runtime.shipped_cache import ShippedCacheLocator
from ci.cluster.variants.server_image import DOCKERFILE as SERVERS
from ci.images.catalog import IMAGES, OWN_LOCKS, SHARED_LOCKS, Image
from ci.images.compiled import CALLS
from ci.images.places import CHART, DOCKERFILES, ROOT

STAGE = re.compile(r"^FROM (\S+) AS (\S+)$", re.MULTILINE)
USER = re.compile(r"runAsUser: (\d+)")


def stages(image: Image) -> Mapping[str, str]:
    """Return the text of each stage of an image's Dockerfile, by name."""
    _, *parts = STAGE.split((DOCKERFILES / image.dockerfile).read_text())
    return {parts[i + 1]: f"FROM {parts[i]}\n{parts[i + 2]}" for i in range(0, len(parts), 3)}


@pytest.fixture(params=IMAGES, ids=lambda image: image.name)
def image(request: pytest.FixtureRequest) -> Image:
    found: Image = request.param
    return found


def test_the_last_stage_runs_the_module_as_process_1_and_not_as_root(image: Image) -> None:
    stage = stages(image)[image.name]
    command = json.loads(stage.rpartition("CMD ")[2].partition("\n")[0])
    user = USER.search((CHART.parent / "values.yaml").read_text())
    assert command[:3] == ["python", "-m", image.module] or image.name == "broker"
    assert user
    assert f"\nUSER {user[1]}:{user[1]}\n" in stage
    assert "org.opencontainers.image.revision" in stage


def test_its_packages_come_from_the_lock_that_the_catalogue_names(image: Image) -> None:
    everything = stages(image)
    lock = f"/opt/locks/{image.lock}.txt"
    if image.name == "broker":
        assert "install.sh" not in "".join(everything.values())
    else:
        shared = {"parquet": "parquet", "model_serving": "serving"}
        stage = everything[shared.get(image.lock, image.name)]
        folder = "requirements" if image.lock in OWN_LOCKS else "requirements/images"
        assert f"COPY {folder}/{image.lock}.txt" in stage
        assert f" {lock}" in stage


@pytest.mark.parametrize(
    "file", [DOCKERFILES / "Dockerfile", SERVERS], ids=lambda file: str(file.name)
)
def test_what_the_installation_calls_is_brought_with_it(file: Path) -> None:
    called = re.findall(r"\$tools/([\w.]+)", (DOCKERFILES / "install.sh").read_text())
    (brought,) = re.findall(r"^COPY (.+) /opt/tools/$", file.read_text(), re.MULTILINE)
    assert {Path(path).name for path in brought.split()} == {"install.sh", *called}


def test_only_locks_that_leave_something_out_are_installed_without_resolving_them() -> None:
    installs = re.findall(
        r"install\.sh \S+ (\S+)([^\n\\]*)", (DOCKERFILES / "Dockerfile").read_text()
    )
    options = {Path(lock).stem: option.split() for lock, option in installs}
    without_caps = {path.stem for path in (ROOT / "requirements").glob("*.overrides")}
    without_some = {image.lock for image in IMAGES if image.left_out}
    expected = {lock: ["--no-deps"] for lock in without_caps | without_some}
    assert {lock: option for lock, option in options.items() if option} == expected


def test_what_a_service_compiles_at_start_is_compiled_by_its_build(image: Image) -> None:
    stage = stages(image)[image.name]
    compiles = f"RUN python -m ci.images.compiled {image.module}\n" in stage
    assert compiles or image.module not in CALLS


def test_numba_compiles_in_a_build_as_it_looks_in_a_start() -> None:
    environment = stages(IMAGES[0])["line"]
    for name, value in determinism.NUMBA.items():
        assert f"    {name}={value} \\\n" in environment
    locator = f"{ShippedCacheLocator.__module__}.{ShippedCacheLocator.__name__}"
    assert f"NUMBA_CACHE_LOCATOR_CLASSES={locator}\n" in environment


def test_every_stage_that_ships_stands_on_the_base_argument() -> None:
    for one in (IMAGES[0], IMAGES[-1]):
        text = (DOCKERFILES / one.dockerfile).read_text()
        assert re.search(r"^ARG BASE_IMAGE=\S+:3\.11-slim-bookworm$", text, re.MULTILINE)
        parents = {parent for parent, _ in STAGE.findall(text)}
        assert parents <= {"${BASE_IMAGE}", *SHARED_LOCKS, "serving"}
