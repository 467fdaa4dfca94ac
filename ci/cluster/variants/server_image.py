"""The image of the database servers: built, and brought to the nodes, under the name of the others."""

import os
from pathlib import Path

from ci.charts.places import ROOT
from ci.cluster import images, programs
from ci.cluster.settings import Settings
from ci.images import building, engines, own_base
from ci.images.engines import Build
from ci.images.places import RESULTS

NAME = "test-servers"
DOCKERFILE = Path(__file__).with_name("servers.Dockerfile")


def brought(settings: Settings, folder: Path) -> str:
    """Build the image, bring it, and return its name; nothing is done where nodes pull: it is in the registry."""
    name = images.image(settings, NAME)
    if not settings.import_command:
        return name
    engine, archive = engines.engine(), folder / f"{NAME}.tar"
    arguments = {"BASE_IMAGE": own_base.chosen(engine, "")}
    secrets = building.build_secrets(RESULTS / "secrets", os.environ)
    order = Build(DOCKERFILE, ROOT, "servers", name, arguments, secrets)
    engines.run(engines.build_command(engine, order))
    engines.run(engines.save_command(engine, name, archive))
    programs.output(images.filled(settings.import_command, archive=str(archive)))
    archive.unlink()
    return name
