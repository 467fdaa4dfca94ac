"""``make manifests``: every check of the kustomizations, a line each, and one JSON object at the end."""

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import NamedTuple

from alphaline.errors import LineError
from ci.charts.commands import misspelt
from ci.charts.conformance import refused
from ci.charts.hardening import weaknesses
from ci.charts.rendering import Rendered
from ci.charts.report import Finding, each, report
from ci.charts.schemas import VERSIONS
from ci.charts.settings import disagreements
from ci.manifests import argocd, building, generated, reach
from ci.manifests.combinations import OVERLAYS, REFUSED, combinations, values_of
from ci.manifests.equality import differences
from ci.manifests.places import ARGOCD
from ci.manifests.places import OVERLAYS as FOLDER
from ci.manifests.score import criticised

# kustomize works in a process of its own: as many at once as the smallest machine has cores.
AT_ONCE = 2
ENVIRONMENTS = ARGOCD / "environments"


class Built(NamedTuple):
    """Every rendering: base with components, and overlays."""

    combined: Sequence[Rendered]
    overlays: Sequence[Rendered]
    environments: Sequence[Rendered]
    argocd: Sequence[Rendered]

    @property
    def lines(self) -> list[Rendered]:
        """Combinations and overlays."""
        return [*self.combined, *self.overlays]


def build_all() -> Built:
    """Render every combination and every overlay; LineError where kustomize refuses one."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        combined = list(pool.map(building.combined, combinations()))
        overlays = list(pool.map(lambda name: building.build(name, FOLDER / name), OVERLAYS))
        told = list(pool.map(lambda name: building.build(name, ENVIRONMENTS / name), OVERLAYS))
    objects = [building.build(folder.name, folder) for folder in (ARGOCD, ARGOCD / "applications")]
    return Built(combined, overlays, told, objects)


def drift(built: Built) -> Finding:
    """Compare every rendering with the chart's for the same wishes."""
    problems = [
        problem
        for components, one in zip(combinations(), built.combined, strict=True)
        for problem in differences(one, values_of(components), building.NAMESPACE)
    ]
    for one in built.overlays:
        namespace, values = OVERLAYS[one.name]
        problems += differences(one, values, namespace)
    return Finding(len(built.lines), problems)


def refusals() -> Finding:
    """Ask for what contradicts itself; the refusal has to name it."""
    said = {components: building.refusal(components) for components in REFUSED}
    problems = [
        f"{' + '.join(components)}: expected a refusal with {word!r}, saw: {said[components]!r}"
        for components, word in REFUSED.items()
        if word not in said[components]
    ]
    return Finding(len(said), problems)


def conformance(rendered: Sequence[Rendered]) -> Finding:
    """Validate every object that differs against every version of Kubernetes and the CRDs in use."""
    texts = dict.fromkeys(chain(*(one.text.split("\n---\n") for one in rendered)))
    once = [Rendered("every object", "\n---\n".join(texts), ())]
    answers = [refused(once, version) for version in VERSIONS]
    return Finding(sum(valid for valid, _ in answers), [*chain(*(found for _, found in answers))])


def argo_cd(built: Built) -> Finding:
    """Compare what Argo CD is told with what the overlays say."""
    objects = [one for rendered in built.argocd for one in rendered.manifests]
    named = {(one["kind"], one["metadata"]["name"]): one for one in objects}
    problems = list(argocd.of_repository(objects))
    for overlay, environment in zip(built.overlays, built.environments, strict=True):
        name = f"alphaline-{overlay.name}"
        told = argocd.Project(environment, named["Application", name], named["AppProject", name])
        problems += argocd.of_environment(overlay.name, overlay, told)
    return Finding(len(objects) + len(built.environments), problems)


def main() -> int:
    """Run every check; exit code 1 where one does not hold."""
    try:
        built = build_all()
        stale = generated.stale()
    except LineError as error:
        sys.exit(str(error))
    checks: dict[str, Callable[[], Finding]] = {
        "generated files": lambda: Finding(len(generated.files()), stale),
        "same as the chart": lambda: drift(built),
        "refusals": refusals,
        "manifests against schemas": lambda: conformance(
            [*built.lines, *built.environments, *built.argocd]
        ),
        "settings of the services": lambda: each(disagreements, built.lines),
        "hardening": lambda: each(weaknesses, built.lines),
        "network policies": lambda: each(reach.disagreements, built.lines),
        "commands of jobs": lambda: each(misspelt, built.lines),
        "Argo CD": lambda: argo_cd(built),
        # What `monitoring` adds, kube-score has no opinion of.
        "kube-score": lambda: each(
            criticised, [one for one in built.lines if "monitor" not in one.name]
        ),
    }
    overlays = [one.name for one in built.overlays]
    return report(checks, {"combinations": len(built.combined), "overlays": overlays})


if __name__ == "__main__":
    sys.exit(main())
