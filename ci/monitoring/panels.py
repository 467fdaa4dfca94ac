"""From a page of panels, as data, to a dashboard of Grafana."""

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Literal, NamedTuple

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.models.common import (
    BigValueGraphMode,
    LegendDisplayMode,
    LegendPlacement,
    TooltipDisplayMode,
)
from grafana_foundation_sdk.models.dashboard import (
    Dashboard,
    DashboardCursorSync,
    DataSourceRef,
    VariableRefresh,
)

SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
# A line on one machine is scraped without this label, and an empty one matches too.
HERE = 'namespace=~"$namespace"'
_HEIGHT, _STAT_HEIGHT = 8, 4

# Names of Grafana's units.
Unit = Literal["s", "ops", "reqps", "short", "percentunit", "bytes", "none"]


class Query(NamedTuple):
    """An expression, and what its lines are called."""

    expr: str
    legend: str


class Panel(NamedTuple):
    """One picture, or one number (``stat``), of 24 columns ``width`` wide.

    Values of a picture start at 0 unless they ``may_be_negative``.
    """

    title: str
    says: str
    unit: Unit
    queries: Sequence[Query]
    kind: Literal["lines", "stat"] = "lines"
    width: int = 12
    may_be_negative: bool = False


class Row(NamedTuple):
    """Panels under one heading."""

    title: str
    panels: Sequence[Panel]


class Page(NamedTuple):
    """A dashboard; its name is its file's and, with a prefix, its address in Grafana."""

    name: str
    title: str
    says: str
    rows: Sequence[Row]


def rate(metric: str, by: str, where: str = "") -> str:
    """Return the rate of a counter a second, summed by the labels ``by``."""
    return f"sum by ({by}) (rate({metric}{{{_picked(where)}}}[$__rate_interval]))"


def quantile(level: float, histogram: str, by: str = "", where: str = "") -> str:
    """Return a quantile of a histogram, over everything that has the same labels ``by``."""
    labels = ", ".join(filter(None, (by, "le")))
    buckets = rate(f"{histogram}_bucket", labels, where)
    return f"histogram_quantile({level}, {buckets})"


def gauge(metric: str, by: str, where: str = "", fold: Literal["max", "min", "sum"] = "max") -> str:
    """Return a gauge, folded by the labels ``by``."""
    return f"{fold} by ({by}) ({metric}{{{_picked(where)}}})"


def durations(histogram: str, where: str = "", by: str = "", legend: str = "") -> list[Query]:
    """Return median and 99th percentile of a histogram."""
    name = f"{legend} " if legend else ""
    return [
        Query(quantile(0.5, histogram, by, where), f"{name}p50"),
        Query(quantile(0.99, histogram, by, where), f"{name}p99"),
    ]


def build(page: Page) -> Dashboard:
    """Return the dashboard of ``page``: the same one for the same page, to the byte."""
    built = (
        dashboard.Dashboard(page.title)
        .uid(f"alphaline-{page.name}")
        .description(page.says)
        .tags(["alphaline"])
        .timezone("utc")
        .time("now-6h", "now")
        .refresh("30s")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .readonly()
        .with_variable(dashboard.DatasourceVariable("datasource").type("prometheus"))
        .with_variable(_namespaces())
    )
    ids = count(1)
    for row in page.rows:
        built = built.with_row(dashboard.Row(row.title).id(next(ids)))
        for panel in row.panels:
            built = built.with_panel(_panel(panel, next(ids)))
    return built.build()


def _picked(where: str) -> str:
    return ", ".join(filter(None, (HERE, where)))


def _namespaces() -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable("namespace")
        .datasource(SOURCE)
        .query("label_values(line_time_seconds, namespace)")
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .include_all(True)
        .all_value(".*")
        .multi(True)
    )


def _panel(panel: Panel, number: int) -> timeseries.Panel | stat.Panel:
    built = _stat() if panel.kind == "stat" else _lines(panel.may_be_negative)
    built = (
        built.id(number)
        .title(panel.title)
        .description(panel.says)
        .unit(panel.unit)
        .datasource(SOURCE)
        .height(_STAT_HEIGHT if panel.kind == "stat" else _HEIGHT)
        .span(panel.width)
    )
    for target in _targets(panel):
        built = built.with_target(target)
    return built


def _targets(panel: Panel) -> Iterator[prometheus.Dataquery]:
    for letter, query in zip("ABCDEFGH", panel.queries, strict=False):
        target = prometheus.Dataquery().ref_id(letter).expr(query.expr)
        target = target.legend_format(query.legend).datasource(SOURCE)
        yield target.instant() if panel.kind == "stat" else target.range()


def _stat() -> stat.Panel:
    return stat.Panel().graph_mode(BigValueGraphMode.NONE)


def _lines(may_be_negative: bool) -> timeseries.Panel:
    legend = common.VizLegendOptions().display_mode(LegendDisplayMode.LIST)
    legend = legend.placement(LegendPlacement.BOTTOM).show_legend(True)
    tooltip = common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI)
    panel = timeseries.Panel().fill_opacity(10).legend(legend).tooltip(tooltip)
    return panel if may_be_negative else panel.min(0)
