"""The images of the line on the nodes of a cluster."""

import shlex
from collections.abc import Iterator

from alphaline.errors import LineError
from ci.cluster import programs
from ci.cluster.settings import Settings
from ci.images.building import version
from ci.images.catalog import IMAGES

# Every image that `make images` builds, in the order in which data flows.
COMPONENTS = tuple(image.name for image in IMAGES)
# Of them, what a running line has a pod of. A model server may be of either image.
SERVICES = tuple(
    name
    for name in COMPONENTS
    if name not in ("model-serving-seldon", "training", "delivery", "broker")
)


def tag(settings: Settings) -> str:
    """Return the tag that the run installs."""
    return settings.tag or version()


def image(settings: Settings, component: str) -> str:
    """Return the whole name of a component's image."""
    return f"{settings.registry}/alphaline/{component}:{tag(settings)}".removeprefix("/")


def bring(settings: Settings) -> list[str]:
    """Bring every archive to the nodes; return the images that were brought.

    Raises
    ------
    LineError
        If an archive is missing: `make images` builds them.
    """
    if settings.images_present or not settings.import_command:
        return []
    archives = {name: settings.archives / f"{name}.tar" for name in COMPONENTS}
    missing = [str(path) for path in archives.values() if not path.is_file()]
    if missing:
        raise LineError(
            f"expected the archives of {len(COMPONENTS)} images, saw no {', '.join(missing)}; build "
            "them with `make images`, or leave CLUSTER_IMPORT empty where nodes pull from a registry"
        )
    for path in archives.values():
        programs.output(filled(settings.import_command, archive=str(path)))
    return [image(settings, name) for name in archives]


def name_again(settings: Settings, other: str) -> Iterator[str]:
    """Give every image a second tag, and yield the new names; nothing without a command for it."""
    if not settings.tag_command:
        return
    for component in COMPONENTS:
        source = image(settings, component)
        target = f"{source.rpartition(':')[0]}:{other}"
        programs.output(filled(settings.tag_command, source=source, target=target))
        yield target


def filled(template: str, **words: str) -> list[str]:
    """Return a command line whose ``{name}`` are replaced; quoting is that of a shell."""
    return [word.format(**words) for word in shlex.split(template)]
