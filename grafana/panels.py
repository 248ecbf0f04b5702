"""The panels of all boards, one call each, with the house's defaults: the query and its style belong together."""

from collections.abc import Mapping
from dataclasses import dataclass

from grafana_foundation_sdk.models import common, dashboard, heatmap, stat, statetimeline, text, timeseries
from grafana_foundation_sdk.models.prometheus import Dataquery
from palette import LIMIT, LIVE, QUIET
from parts import (
    Word,
    by_value,
    config_of,
    legend_of,
    letters,
    mappings,
    now,
    over_time,
    override,
    panel_of,
    steps,
    tooltip_of,
)

WIDTH = 2  # of a line


@dataclass(frozen=True, slots=True)
class Line:
    """A query over time and how its series look; without a colour, theirs goes by their largest value."""

    expr: str
    legend: str
    color: str | None = LIVE
    dashed: bool = False
    width: int = WIDTH
    down_to: str = ""  # the legend of the line down to which the area is filled
    listed: bool = True  # in the legend


def lines(
    title: str,
    about: str,
    *queries: Line,
    unit: str,
    empty: str,
    least: float | None = 0,
    most: float | None = None,
    limit: float | None = None,
    values: bool = False,
    rare: bool = False,
) -> dashboard.Panel:
    """Return lines over time: gaps stay gaps, the axis begins at `least`, a dashed line is at `limit`.

    `values` lists the series with their last and largest value, for panels of many; what is `rare` is drawn as bars,
    for a line of a single point cannot be seen.
    """
    config = config_of(unit, empty, least, most)
    config.color = by_value()
    config.custom = timeseries.FieldConfig(
        draw_style=common.GraphDrawStyle.BARS if rare else common.GraphDrawStyle.LINE,
        line_width=WIDTH,
        fill_opacity=80 if rare else 0,
        show_points=common.VisibilityMode.AUTO,
        span_nulls=False,
        thresholds_style=common.GraphThresholdsStyleConfig(mode="off" if limit is None else "dashed"),
    )
    config.thresholds = steps(limit)
    panel = panel_of("timeseries", title, about, config, [over_time(query.expr, query.legend) for query in queries])
    panel.options = timeseries.Options(legend=legend_of(values), tooltip=tooltip_of("desc"))
    for letter, query in zip(letters(queries), queries, strict=True):
        override(panel, "byFrameRefID", letter, **_look(query))
    return panel


def tiles(
    title: str,
    about: str,
    *queries: Line,
    unit: str,
    empty: str,
    words: Mapping[str, Word] | None = None,
    limit: float | None = None,
    decimals: int | None = None,
) -> dashboard.Panel:
    """Return one large number or word for each series; it is coloured where it has a `limit` or `words`."""
    config = config_of(unit, empty)
    config.decimals = decimals
    config.mappings = mappings(words or {})
    judged = limit is not None or bool(words)
    config.color = dashboard.FieldColor(mode="thresholds" if judged else "fixed", fixed_color=None if judged else QUIET)
    config.thresholds = steps(limit)
    # Over the time range, a share of the whole range would be computed for each of its points.
    panel = panel_of("stat", title, about, config, [now(query.expr, query.legend or "__auto") for query in queries])
    panel.options = stat.Options(
        color_mode=common.BigValueColorMode.BACKGROUND if words else common.BigValueColorMode.VALUE,
        graph_mode=common.BigValueGraphMode.NONE,
        text_mode=common.BigValueTextMode.VALUE if len(queries) == 1 and not queries[0].legend else None,
        reduce_options=common.ReduceDataOptions(calcs=["lastNotNull"], fields="", values=False),
    )
    return panel


def states(title: str, about: str, query: Line, words: Mapping[str, Word], empty: str) -> dashboard.Panel:
    """Return a lane for each series, in which words say from when until when it had a value."""
    config = config_of("none", empty)
    config.mappings = mappings(words)
    config.color = dashboard.FieldColor(mode="fixed", fixed_color=QUIET)
    config.custom = statetimeline.FieldConfig(line_width=0, fill_opacity=80, span_nulls=False)
    panel = panel_of("state-timeline", title, about, config, [over_time(query.expr, query.legend)])
    panel.options = statetimeline.Options(
        show_value=common.VisibilityMode.AUTO,
        row_height=0.85,
        merge_values=True,
        align_value=common.TimelineValueAlignment.LEFT,
        legend=legend_of(values=False),
        tooltip=common.VizTooltipOptions(mode=common.TooltipDisplayMode.SINGLE),
    )
    return panel


def buckets(title: str, about: str, expr: str, *, unit: str, cells: str, empty: str) -> dashboard.Panel:
    """Return a heatmap over time of a histogram's buckets: units of their edges, and of what is in the cells."""
    query = Dataquery(expr=expr, legend_format="{{le}}", format_val="heatmap", range_val=True, exemplar=True)
    config = config_of(cells, empty)
    config.custom = heatmap.FieldConfig(scale_distribution=common.ScaleDistributionConfig(type_val="linear"))
    panel = panel_of("heatmap", title, about, config, [query])
    panel.options = heatmap.Options(
        calculate=False,
        cell_gap=0,
        color=heatmap.HeatmapColorOptions(
            mode="scheme", scheme="Cividis", steps=64, reverse=False, exponent=0.5, fill=LIVE, scale="exponential"
        ),
        exemplars=heatmap.ExemplarConfig(color=LIMIT),
        filter_values=heatmap.FilterValueRange(le=1e-9),
        legend=heatmap.HeatmapLegend(show=True),
        tooltip=heatmap.HeatmapTooltip(mode="single", y_histogram=True),
        y_axis=heatmap.YAxisConfig(unit=unit, axis_placement="left", reverse=False),
    )
    return panel


def words(title: str, content: str) -> dashboard.Panel:
    """Return a text in Markdown."""
    return dashboard.Panel(
        type_val="text", title=title, options=text.Options(mode=text.TextMode.MARKDOWN, content=content)
    )


def _look(line: Line) -> dict[str, object]:
    properties: dict[str, object] = {}
    if line.color:
        properties["color"] = {"mode": "fixed", "fixedColor": line.color}
    if line.dashed:
        properties["custom.lineStyle"] = {"fill": "dash", "dash": [10, 10]}
    if line.width != WIDTH:
        properties["custom.lineWidth"] = line.width
    if line.down_to:
        properties |= {"custom.fillBelowTo": line.down_to, "custom.fillOpacity": 20}
    if not line.listed:
        properties["custom.hideFrom"] = {"legend": True, "tooltip": False, "viz": False}
    return properties
