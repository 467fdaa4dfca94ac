"""What ``deploy/k8s`` takes from the chart: ``python -m ci.manifests.generated --write``.

The base is the chart with its default values. A component's folder ``chart`` holds what the chart has
beyond that with the component's values, and patches for what it has no longer or has otherwise.
"""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

from alphaline.errors import LineError
from ci.charts.places import CHART
from ci.manifests.chart import Document, documents
from ci.manifests.combinations import COMPONENTS_OF_CHART, STANDS_ON, merged, values_of
from ci.manifests.patches import MERGED_BY_NAME, merge, operations
from ci.manifests.places import BASE, COMPONENTS, DASHBOARDS

# The release's namespace while the base is made; overlays set their own.
NAMESPACE = "alphaline"
HEADER = (
    "# From the chart {words}. Rewritten by `make manifest-files`; change the chart, or patch.\n"
)
# Files before those of the flow, then the flow; anything else follows.
ORDER = (
    *("service-account", "scheduling", "network", "kafka"),
    *("market-data", "feature-streaming", "lake-sink", "feature-sink", "model-serving"),
    *("signal-generation", "risk-management", "paper-trading", "gateway"),
)
# ConfigMaps that pods read once, at start: made by a generator, so that a change makes new pods.
CONFIGURATION = {
    "alphaline-limits": "risk-management",
    "alphaline-strategies": "signal-generation",
}  # Components whose patches have to reach objects of other components, too.
CHANGED_BY_HAND = ("two-workers", "delivery", "monitoring")
# A worker's number, and the Job of a delivery, which is named by its version or as a canary.
SEVERAL = re.compile(r"^(\S+-(?:feature-streaming|signal-generation))-[0-9]+$")
ONCE = re.compile(r"^alphaline-delivery-1$")
ONCES = r"alphaline-(delivery|canary)-.+"
# Whose model the canary is, and the line of its file that says the lane.
STRATEGY = "spy_intraday_v1"
LANE = re.compile(r"^(  lane: )\w+", re.MULTILINE)

Files = dict[Path, str]


def files() -> Files:
    """Return every generated file and what it has to be."""
    default = documents({}, NAMESPACE)
    return _base(default) | _dashboards() | _components(default) | _canary()


def _base(default: Sequence[Document]) -> Files:
    kept = [one for one in default if one.key not in _configured()]
    found = {
        BASE / f"{folder}.yaml": _joined(f"with its default values, templates/{folder}", group)
        for folder, group in _by_folder(kept)
    }
    configuration = {
        BASE / "configuration" / name: text
        for one in default
        if one.key in _configured()
        for name, text in one.manifest["data"].items()
    }
    listing = {BASE / "kustomization.yaml": _base_listing(list(found), default)}
    return found | configuration | listing


def _configured() -> set[tuple[str, str]]:
    return {("ConfigMap", name) for name in CONFIGURATION}


def _by_folder(found: Sequence[Document]) -> Iterator[tuple[str, list[Document]]]:
    for folder, group in groupby(sorted(found, key=_place), key=lambda one: one.folder):
        yield folder, list(group)


def _place(one: Document) -> tuple[int, str]:
    return ORDER.index(one.folder) if one.folder in ORDER else len(ORDER), one.folder


def _joined(words: str, found: Sequence[Document]) -> str:
    texts = "---\n".join(one.text for one in found)
    return HEADER.format(words=words) + texts.replace(f"\n  namespace: {NAMESPACE}\n", "\n")


def _base_listing(paths: Sequence[Path], default: Sequence[Document]) -> str:
    return HEADER.format(words="with its default values") + _dumped(
        {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": ["namespace.yaml", *(path.name for path in paths)],
            "configMapGenerator": [
                {
                    "name": one.key[1],
                    "files": [f"configuration/{name}" for name in one.manifest["data"]],
                    "options": {"labels": one.manifest["metadata"]["labels"]},
                }
                for one in default
                if one.key in _configured()
            ],
        }
    )


class _Dumper(yaml.SafeDumper):
    """Writes a text of several lines as such."""

    def represent_str(self, data: str) -> yaml.ScalarNode:
        style = "|" if "\n" in data else None
        return self.represent_scalar("tag:yaml.org,2002:str", data, style=style)


_Dumper.add_representer(str, _Dumper.represent_str)


def _dumped(content: Mapping[str, Any]) -> str:
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, width=100)


def _dashboards() -> Files:
    # Beside the files that it reads: kustomize takes folders from elsewhere, and no files.
    found = [
        one.manifest
        for one in documents({"monitoring": {"dashboards": True}}, NAMESPACE)
        if one.manifest["metadata"].get("labels", {}).get("grafana_dashboard")
    ]
    generators = [
        {
            "name": one["metadata"]["name"],
            "files": [f"dashboards/{name}" for name in one["data"]],
            "options": {"labels": one["metadata"]["labels"], "disableNameSuffixHash": True},
        }
        for one in found
    ]
    content = {
        "apiVersion": "kustomize.config.k8s.io/v1alpha1",
        "kind": "Component",
        "configMapGenerator": generators,
    }
    words = "with monitoring.dashboards, as a component of deploy/k8s/components/monitoring"
    return {DASHBOARDS / "kustomization.yaml": HEADER.format(words=words) + _dumped(content)}


def _components(default: Sequence[Document]) -> Files:
    found: Files = {}
    for name, values in COMPONENTS_OF_CHART.items():
        found |= _component(name, values, default)
    return found


def _component(name: str, values: Mapping[str, Any], default: Sequence[Document]) -> Files:
    """Return a component's folder ``chart``: what it adds, removes and changes."""
    folder = COMPONENTS / name / "chart"
    words = f"with {yaml.safe_dump(values, default_flow_style=True, width=1000).strip()}"
    context = values_of(STANDS_ON.get(name, ()))
    before = {one.key: one for one in documents(context, NAMESPACE)}
    after = {one.key: one for one in documents(merged(context, values), NAMESPACE)}
    added = [one for key, one in after.items() if key not in before and not _is_dashboard(one)]
    removed = [one.manifest for one in default if one.key not in after]
    changed = [(before[key], after[key]) for key in before if key in after]
    found = {folder / f"{part}.yaml": _joined(words, group) for part, group in _by_folder(added)}
    listing: dict[str, Any] = {
        "apiVersion": "kustomize.config.k8s.io/v1alpha1",
        "kind": "Component",
        "resources": [path.name for path in found],
        "patches": [],
    }
    listing["patches"] += [{"patch": _removal(one)} for one in removed]
    if name not in CHANGED_BY_HAND:
        patches = dict(_patches(changed))
        found |= {
            folder / path: HEADER.format(words=words) + one[1] for path, one in patches.items()
        }
        listing["patches"] += [{"target": one[0], "path": path} for path, one in patches.items()]
    kept = {key: one for key, one in listing.items() if one}
    return found | {folder / "kustomization.yaml": HEADER.format(words=words) + _dumped(kept)}


def _is_dashboard(one: Document) -> bool:
    return "grafana_dashboard" in one.manifest["metadata"].get("labels", {})


def _removal(manifest: Mapping[str, Any]) -> str:
    # Each a patch of its own: kustomize 5.6, which kubectl 1.33 has in it, ends at a second one of a file.
    return _dumped(
        {
            "$patch": "delete",
            "apiVersion": manifest["apiVersion"],
            "kind": manifest["kind"],
            "metadata": {"name": manifest["metadata"]["name"]},
        }
    )


def _patches(
    changed: Sequence[tuple[Document, Document]],
) -> Iterator[tuple[str, tuple[dict[str, str], str]]]:
    for before, after in changed:
        kind, name = before.key
        if before.manifest == after.manifest:
            continue
        target = {"kind": kind, "name": SEVERAL.sub(r"\1-[0-9]+", ONCE.sub(ONCES, name))}
        short = ONCE.sub("delivery", SEVERAL.sub(r"\1", name)).removeprefix("alphaline-")
        path = f"{short}.{kind.lower()}.yaml"
        if kind in MERGED_BY_NAME:
            head = {key: before.manifest[key] for key in ("apiVersion", "kind")}
            patch = merge(before.manifest, after.manifest)
            text = _dumped({**head, "metadata": {"name": name}, **patch})
        else:
            text = yaml.safe_dump([*operations(before.manifest, after.manifest)], sort_keys=False)
        yield path, (target, text)


def _canary() -> Files:
    name = f"{STRATEGY}.yaml"
    text, count = LANE.subn(r"\1canary", (CHART / "files/strategies" / name).read_text())
    if count != 1:
        raise LineError(f"{name}: expected one lane, saw {count}")
    words = f"with strategy {STRATEGY} in the lane canary"
    return {COMPONENTS / "canary" / name: HEADER.format(words=words) + text}


def stale() -> list[str]:
    """Return the generated files that are not what the chart gives, or are given by nothing."""
    expected = files()
    held = {
        path for path in _held() if path.read_text().startswith(HEADER.split("{", maxsplit=1)[0])
    }
    differing = [p for p, text in expected.items() if not p.exists() or p.read_text() != text]
    root = CHART.parents[2]
    return [str(path.relative_to(root)) for path in sorted({*differing, *held - expected.keys()})]


def _held() -> Iterator[Path]:
    for folder in (BASE, COMPONENTS, DASHBOARDS):
        yield from folder.rglob("*.yaml")


def write() -> None:
    """Make the generated files what they have to be."""
    expected = files()
    for name in stale():
        path = CHART.parents[2] / name
        if path in expected:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(expected[path])
        else:
            path.unlink()


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        write()
    found = stale()
    sys.stdout.writelines(f"stale: {name}; run `make manifest-files`\n" for name in found)
    sys.exit(1 if found else 0)
