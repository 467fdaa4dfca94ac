"""Whether the images compute with the engine of this machine: only then are bytes promised to be equal."""

from typing import Any

from alphaline.cli.verification.candidate import SAMPLE
from alphaline.features import Engine, feature_set
from alphaline.runtime import determinism
from alphaline.runtime.reference import ReferenceData
from ci.cluster.line import FEATURE_SET, ClusterLine


def same_engine(line: ClusterLine) -> dict[str, Any]:
    """Return what the two engines' fingerprints are made of where they differ."""
    version = Engine(feature_set(FEATURE_SET), ReferenceData(SAMPLE).sessions).operator_version
    here, there = determinism.engine(version), line.reader.engine()
    differing = {
        name: {"this machine": here.get(name), "images": there.get(name)}
        for name in sorted(here.keys() | there.keys())
        if here.get(name) != there.get(name)
    }
    return {"holds": not differing, "differs": differing}
