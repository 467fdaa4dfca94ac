"""Which cluster is used, and what it needs that a chart cannot know."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from ci.charts.places import PROGRAMS, ROOT


class Settings(BaseSettings):
    """Read from the environment; which cluster is meant says KUBECONFIG, as for kubectl."""

    model_config = SettingsConfigDict(env_prefix="CLUSTER_", frozen=True, extra="ignore")

    kubectl: str = Field("kubectl", description="program that speaks to the cluster")
    helm: str = Field(str(PROGRAMS / "helm"), description="program that installs the chart")
    namespace: str = Field(
        "alphaline-test", description="made for the run and deleted after it, claims included"
    )
    registry: str = Field("localhost", description="what stands before the images' names")
    tag: str = Field("", description="tag of the images; empty: the chart's appVersion")
    archives: Path = Field(
        ROOT / "var/images", description="folder of image archives, <component>.tar"
    )
    import_command: str = Field(
        "",
        validation_alias="CLUSTER_IMPORT",
        description="brings {archive} to the nodes of a cluster without a registry; empty: they "
        "pull for themselves",
    )
    images_present: bool = Field(
        False, description="the images are on the nodes already: no archive is brought"
    )
    tag_command: str = Field(
        "",
        validation_alias="CLUSTER_TAG_COMMAND",
        description="names image {source} {target} as well; empty: {target} is in the registry",
    )
    values: Path | None = Field(
        None, description="values of this cluster: where names are resolved, storage classes"
    )
    keep: bool = Field(False, description="leave the namespace for people to look into")
