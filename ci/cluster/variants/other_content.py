"""An upgrade to images of other content, and back, while bars run through the line."""

from pathlib import Path
from typing import Any

from alphaline.cli.verification.drill import Report
from alphaline.errors import LineError
from ci.cluster import images, programs
from ci.cluster.faults import there_and_back
from ci.cluster.line import ClusterLine
from ci.cluster.settings import Settings
from ci.images import engines
from ci.images.engines import Build

DOCKERFILE = Path(__file__).with_name("other_content.Dockerfile")
# Who computes, decides and books. The others change their tag alone: each archive is half a gigabyte.
REBUILT = ("feature-streaming", "signal-generation", "risk-management", "paper-trading")
REVISION = "of-another-source"
LOOK = "import pathlib;p=pathlib.Path('/app/REVISION');print(p.read_text() if p.exists() else '')"


def brought(settings: Settings, folder: Path, report: Report) -> str:
    """Build images of other content and bring them to the nodes; return the tag that all images then have."""
    other = f"{images.tag(settings)}-other"
    # Whatever is not rebuilt has the other tag, too; what is rebuilt takes the name over.
    list(images.name_again(settings, other))
    for component in REBUILT:
        report(f"  {component} with other content")
        _bring(settings, component, other, folder)
    return other


def upgraded_and_back(line: ClusterLine, settings: Settings, other: str) -> dict[str, Any]:
    """Upgrade to the other content and roll back; ``holds`` where it ran, and ran no more afterwards."""
    seen: dict[str, str] = {}
    found = there_and_back(line, settings, other, lambda: seen.update(_revisions(line)))
    back = _revisions(line)
    return {
        **found,
        "holds": found["holds"] and set(seen.values()) == {REVISION} and set(back.values()) == {""},
        "rebuilt": list(REBUILT),
        "revision_inside_while_upgraded": sorted(set(seen.values())),
        "revision_inside_after_rollback": sorted(set(back.values())),
    }


def _revisions(line: ClusterLine) -> dict[str, str]:
    return {
        name: line.kubectl.inside(line.pod(name), "python", "-c", LOOK).decode().strip()
        for name in REBUILT
    }


def _bring(settings: Settings, component: str, tag: str, folder: Path) -> None:
    source, engine = images.image(settings, component), engines.engine()
    if not engines.has_image(engine, source):
        raise LineError(
            f"expected {source} in the store of {engine}, saw none: `make images` builds it"
        )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "revision").write_text(REVISION)
    target, archive = f"{source.rpartition(':')[0]}:{tag}", folder / f"{component}.tar"
    arguments = {"IMAGE": source, "REVISION": REVISION}
    order = Build(DOCKERFILE, folder, "other", target, arguments, {})
    engines.run(engines.build_command(engine, order))
    engines.run(engines.save_command(engine, target, archive))
    programs.output(images.filled(settings.import_command, archive=str(archive)))
    archive.unlink()
