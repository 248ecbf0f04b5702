"""The panels of all boards, one call each, with the house's defaults: the query and its style belong together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from grafana_foundation_sdk.models import barchart, common, dashboard, heatmap, stat, table, text, timeseries
from grafana_foundation_sdk.models.prometheus import Dataquery
from palette import BY_VALUE, GOOD, LIMIT, LIVE

DATASOURCE = common.DataSourceRef(type_val="prometheus", uid="${datasource}")
WITHOUT = "-"  # what an empty cell shows
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


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: a label of its rows (`expr` is empty), or the present value of a query."""

    title: str
    expr: str = ""
    label: str = ""
    unit: str = "none"
    decimals: int | None = None
    link: str = ""
    words: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # value: word and colour
    bar_to: float | None = None  # draws a bar from 0 to here
    sort: bool = False  # largest first
    ascending: bool = False  # smallest first
    shown: bool = True
    width: int | None = None


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
) -> dashboard.Panel:
    """Return lines over time: gaps stay gaps, the axis begins at `least`, a dashed line is at `limit`.

    `values` lists the series with their last and largest value, for panels of many.
    """
    config = _config(unit, empty, least, most)
    config.color = _by_value()
    config.custom = timeseries.FieldConfig(
        draw_style=common.GraphDrawStyle.LINE,
        line_width=WIDTH,
        fill_opacity=0,
        show_points=common.VisibilityMode.AUTO,
        span_nulls=False,
        thresholds_style=common.GraphThresholdsStyleConfig(mode="off" if limit is None else "dashed"),
    )
    config.thresholds = _thresholds(limit)
    panel = _panel("timeseries", title, about, config, [_over_time(query) for query in queries])
    panel.options = timeseries.Options(legend=_legend(values), tooltip=_tooltip("desc"))
    for letter, query in zip(_letters(queries), queries, strict=True):
        _override(panel, "byFrameRefID", letter, **_look(query))
    return panel


def rows(title: str, about: str, *columns: Column, empty: str) -> dashboard.Panel:
    """Return a table of the present: one row for each set of labels, one column for each label or query."""
    config = _config("none", empty)
    config.color = dashboard.FieldColor(mode="fixed", fixed_color="text")
    config.custom = table.FieldConfig(filterable=True)
    queries = [column for column in columns if column.expr]
    panel = _panel("table", title, about, config, [_now(query.expr) for query in queries])
    panel.options = table.Options(show_header=True, cell_height=common.TableCellHeight.SM)
    names = _fields(columns)
    panel.transformations = [_step("merge"), *_order(columns, names), *_shown(columns, names)]
    _override(panel, "byType", "number", noValue=WITHOUT)
    for column in columns:
        _override(panel, "byName", column.title, **_cell(column))
    return panel


def tiles(
    title: str,
    about: str,
    *queries: Line,
    unit: str,
    empty: str,
    words: Mapping[str, tuple[str, str]] | None = None,
    limit: float | None = None,
    decimals: int | None = None,
) -> dashboard.Panel:
    """Return one large number or word for each series; it is coloured where it has a `limit` or `words`."""
    config = _config(unit, empty)
    config.decimals = decimals
    config.mappings = _words(words or {})
    judged = limit is not None or bool(words)
    config.color = dashboard.FieldColor(
        mode="thresholds" if judged else "fixed", fixed_color=None if judged else "text"
    )
    config.thresholds = _thresholds(limit)
    panel = _panel("stat", title, about, config, [_over_time(query) for query in queries])
    panel.options = stat.Options(
        color_mode=common.BigValueColorMode.BACKGROUND if words else common.BigValueColorMode.VALUE,
        graph_mode=common.BigValueGraphMode.NONE,
        text_mode=common.BigValueTextMode.VALUE if len(queries) == 1 and not queries[0].legend else None,
        reduce_options=common.ReduceDataOptions(calcs=["lastNotNull"], fields="", values=False),
    )
    return panel


def bars(title: str, about: str, name: Column, order: str, *columns: tuple[Column, str], empty: str) -> dashboard.Panel:
    """Return bars side by side for each value of a label, in ascending order of a query; each column has its colour."""
    config = _config("percentunit", empty, 0)
    config.color = dashboard.FieldColor(mode="fixed", fixed_color=LIVE)
    config.custom = barchart.FieldConfig(line_width=1, fill_opacity=80)
    all_columns = [name, Column("Order", order, ascending=True, shown=False), *(column for column, _ in columns)]
    panel = _panel("barchart", title, about, config, [_now(column.expr) for column in all_columns if column.expr])
    names = _fields(all_columns)
    panel.transformations = [_step("merge"), *_order(all_columns, names), *_shown(all_columns, names)]
    panel.options = barchart.Options(
        x_field=name.title,
        orientation=common.VizOrientation.AUTO,
        show_value=common.VisibilityMode.NEVER,
        stacking=common.StackingMode.NONE,
        group_width=0.8,
        bar_width=0.95,
        x_tick_label_rotation=-45,
        legend=_legend(values=False),
        tooltip=_tooltip("none"),
    )
    for column, color in columns:
        _override(panel, "byName", column.title, color={"mode": "fixed", "fixedColor": color})
    return panel


def buckets(title: str, about: str, expr: str, unit: str, empty: str) -> dashboard.Panel:
    """Return a heatmap over time of the increase of a histogram's buckets."""
    query = Dataquery(expr=expr, legend_format="{{le}}", format_val="heatmap", range_val=True, exemplar=True)
    config = _config("short", empty)
    config.custom = heatmap.FieldConfig(scale_distribution=common.ScaleDistributionConfig(type_val="linear"))
    panel = _panel("heatmap", title, about, config, [query])
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


def matrix(title: str, about: str, expr: str, *, row: str, column: str, unit: str, empty: str) -> dashboard.Panel:
    """Return a table with a row for each value of a label, a column for each of another, and a query's values in it."""
    config = _config(unit, empty, 0, 1)
    config.decimals = 0 if unit == "percentunit" else 3
    config.color = dashboard.FieldColor(mode="continuous-blues")
    config.custom = table.FieldConfig(cell_options={"type": "color-background", "mode": "basic"}, align="center")
    panel = _panel("table", title, about, config, [_now(expr)])
    panel.options = table.Options(show_header=True, cell_height=common.TableCellHeight.SM)
    shape = {"rowField": row, "columnField": column, "valueField": "Value", "emptyValue": "null"}
    panel.transformations = [_step("groupingToMatrix", **shape)]
    _override(panel, "byType", "number", noValue=WITHOUT)
    return panel


def words(title: str, content: str) -> dashboard.Panel:
    """Return a text in Markdown."""
    return dashboard.Panel(
        type_val="text", title=title, options=text.Options(mode=text.TextMode.MARKDOWN, content=content)
    )


def _panel(
    kind: str, title: str, about: str, config: dashboard.FieldConfig, queries: Sequence[Dataquery]
) -> dashboard.Panel:
    for letter, query in zip(_letters(queries), queries, strict=True):
        query.ref_id, query.datasource = letter, DATASOURCE
    return dashboard.Panel(
        type_val=kind,
        title=title,
        description=about,
        datasource=DATASOURCE,
        targets=list(queries),
        field_config=dashboard.FieldConfigSource(defaults=config, overrides=[]),
    )


def _letters(queries: Sequence[object]) -> list[str]:
    return [chr(ord("A") + place) for place in range(len(queries))]


def _over_time(line: Line) -> Dataquery:
    return Dataquery(
        expr=line.expr, legend_format=line.legend or "__auto", range_val=True, instant=False, exemplar=False
    )


def _now(expr: str) -> Dataquery:
    return Dataquery(expr=expr, format_val="table", range_val=False, instant=True, exemplar=False)


def _config(unit: str, empty: str, least: float | None = None, most: float | None = None) -> dashboard.FieldConfig:
    return dashboard.FieldConfig(unit=unit, no_value=empty, min_val=least, max_val=most)


def _by_value() -> dashboard.FieldColor:
    return dashboard.FieldColor(mode=BY_VALUE, series_by=dashboard.FieldColorSeriesByMode.MAX)


def _thresholds(limit: float | None) -> dashboard.ThresholdsConfig:
    steps = [dashboard.Threshold(color=GOOD), *([] if limit is None else [dashboard.Threshold(limit, LIMIT)])]
    return dashboard.ThresholdsConfig(mode=dashboard.ThresholdsMode.ABSOLUTE, steps=steps)


def _words(words: Mapping[str, tuple[str, str]]) -> list[dashboard.ValueMapping]:
    options = {
        value: dashboard.ValueMappingResult(text=word, color=color, index=place)
        for place, (value, (word, color)) in enumerate(words.items())
    }
    return [dashboard.ValueMap(options=options)] if options else []


def _legend(values: bool) -> common.VizLegendOptions:
    return common.VizLegendOptions(
        display_mode=common.LegendDisplayMode.TABLE if values else common.LegendDisplayMode.LIST,
        placement=common.LegendPlacement.RIGHT if values else common.LegendPlacement.BOTTOM,
        show_legend=True,
        calcs=["lastNotNull", "max"] if values else [],
        sort_by="Max" if values else None,
        sort_desc=True if values else None,
    )


def _tooltip(sort: str) -> common.VizTooltipOptions:
    return common.VizTooltipOptions(mode=common.TooltipDisplayMode.MULTI, sort=common.SortOrder(sort))


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


def _cell(column: Column) -> dict[str, object]:
    properties: dict[str, object] = {}
    if column.unit != "none":
        properties["unit"] = column.unit
    if column.decimals is not None:
        properties["decimals"] = column.decimals
    if column.width is not None:
        properties["custom.width"] = column.width
    if column.link:
        properties["links"] = [{"title": f"Open this {column.title.lower()}", "url": column.link}]
    if column.words:
        properties |= {
            "mappings": _words(column.words),
            "custom.cellOptions": {"type": "color-background", "mode": "basic"},
        }
    if column.bar_to is not None:
        properties |= {"min": 0, "max": column.bar_to, "custom.cellOptions": {"type": "gauge", "mode": "basic"}}
        properties |= {"color": {"mode": "thresholds"}, "thresholds": _bar_thresholds(column.bar_to)}
    return properties


def _bar_thresholds(end: float) -> dashboard.ThresholdsConfig:
    steps = [dashboard.Threshold(color=LIVE), dashboard.Threshold(end, LIMIT)]
    return dashboard.ThresholdsConfig(mode=dashboard.ThresholdsMode.ABSOLUTE, steps=steps)


def _override(panel: dashboard.Panel, matcher: str, of: str, **properties: object) -> None:
    if properties:
        values = [dashboard.DynamicConfigValue(name, value) for name, value in properties.items()]
        which = dashboard.MatcherConfig(id_val=matcher, options=of)
        panel.field_config.overrides.append(
            dashboard.DashboardFieldConfigSourceOverrides(matcher=which, properties=values)
        )


def _step(name: str, **options: object) -> dashboard.DataTransformerConfig:
    return dashboard.DataTransformerConfig(id_val=name, options=options)


def _fields(columns: Sequence[Column]) -> dict[str, str]:
    """Return what Grafana calls the field of each column, by title: a query alone has no letter."""
    queries = [column.title for column in columns if column.expr]
    lettered = {title: f"Value #{letter}" for letter, title in zip(_letters(queries), queries, strict=True)}
    values = lettered if len(queries) > 1 else dict.fromkeys(queries, "Value")
    return {column.title: column.label or values[column.title] for column in columns}


def _order(columns: Iterable[Column], names: Mapping[str, str]) -> list[dashboard.DataTransformerConfig]:
    by = [{"field": names[column.title], "desc": column.sort} for column in columns if column.sort or column.ascending]
    return [_step("sortBy", fields={}, sort=by)] if by else []


def _shown(columns: Iterable[Column], names: Mapping[str, str]) -> list[dashboard.DataTransformerConfig]:
    titles = {names[column.title]: column.title for column in columns if column.shown}
    order = {name: place for place, name in enumerate(titles)}
    return [
        _step("filterFieldsByName", include={"names": list(titles)}),
        _step("organize", excludeByName={}, indexByName=order, renameByName=titles),
    ]
