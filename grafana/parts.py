"""What panels of every kind have: queries, thresholds, words for values, legends, overrides of single fields."""

from collections.abc import Mapping, Sequence

from grafana_foundation_sdk.models import common, dashboard
from grafana_foundation_sdk.models.prometheus import Dataquery
from palette import BY_VALUE, GOOD, LIMIT

POINTS = 600  # of a line: more cannot be told apart in a panel, and each is computed anew at every refresh
Word = tuple[str, str]  # and its colour
DATASOURCE = common.DataSourceRef(type_val="prometheus", uid="${datasource}")


def panel_of(
    kind: str, title: str, about: str, config: dashboard.FieldConfig, queries: Sequence[Dataquery]
) -> dashboard.Panel:
    """Return a panel of a kind with its queries, which get their letters and the chosen data source."""
    for letter, query in zip(letters(queries), queries, strict=True):
        query.ref_id, query.datasource = letter, DATASOURCE
    return dashboard.Panel(
        type_val=kind,
        title=title,
        description=about,
        datasource=DATASOURCE,
        max_data_points=POINTS,
        targets=list(queries),
        field_config=dashboard.FieldConfigSource(defaults=config, overrides=[]),
    )


def letters(queries: Sequence[object]) -> list[str]:
    """Return what Grafana calls the queries of a panel."""
    return [chr(ord("A") + place) for place in range(len(queries))]


def over_time(expr: str, legend: str) -> Dataquery:
    """Return a query over the time range."""
    return Dataquery(expr=expr, legend_format=legend or "__auto", range_val=True, instant=False, exemplar=False)


def now(expr: str, legend: str = "") -> Dataquery:
    """Return a query of the present: series with a legend, or a table without."""
    kind = "time_series" if legend else "table"
    return Dataquery(
        expr=expr, legend_format=legend or None, format_val=kind, range_val=False, instant=True, exemplar=False
    )


def config_of(unit: str, empty: str, least: float | None = None, most: float | None = None) -> dashboard.FieldConfig:
    """Return what all fields of a panel have: unit, what to say where nothing is found, ends of the axis."""
    return dashboard.FieldConfig(unit=unit, no_value=empty, min_val=least, max_val=most)


def by_value() -> dashboard.FieldColor:
    """Return colours by the largest value of a series."""
    return dashboard.FieldColor(mode=BY_VALUE, series_by=dashboard.FieldColorSeriesByMode.MAX)


def steps(limit: float | None) -> dashboard.ThresholdsConfig:
    """Return the colours below and, if there is one, from a limit on."""
    above = [] if limit is None else [dashboard.Threshold(limit, LIMIT)]
    return dashboard.ThresholdsConfig(
        mode=dashboard.ThresholdsMode.ABSOLUTE, steps=[dashboard.Threshold(color=GOOD), *above]
    )


def mappings(words: Mapping[str, Word]) -> list[dashboard.ValueMapping]:
    """Return words and colours for values."""
    options = {
        value: dashboard.ValueMappingResult(text=word, color=color, index=place)
        for place, (value, (word, color)) in enumerate(words.items())
    }
    return [dashboard.ValueMap(options=options)] if options else []


def legend_of(values: bool) -> common.VizLegendOptions:
    """Return a legend below, or one on the right with the last and largest values, the largest on top."""
    return common.VizLegendOptions(
        display_mode=common.LegendDisplayMode.TABLE if values else common.LegendDisplayMode.LIST,
        placement=common.LegendPlacement.RIGHT if values else common.LegendPlacement.BOTTOM,
        show_legend=True,
        calcs=["lastNotNull", "max"] if values else [],
        sort_by="Max" if values else None,
        sort_desc=True if values else None,
    )


def tooltip_of(sort: str) -> common.VizTooltipOptions:
    """Return a tooltip with all series."""
    return common.VizTooltipOptions(mode=common.TooltipDisplayMode.MULTI, sort=common.SortOrder(sort))


def override(panel: dashboard.Panel, matcher: str, of: str, **properties: object) -> None:
    """Set properties of the fields that a matcher finds, if there are any."""
    if properties:
        values = [dashboard.DynamicConfigValue(name, value) for name, value in properties.items()]
        which = dashboard.MatcherConfig(id_val=matcher, options=of)
        panel.field_config.overrides.append(
            dashboard.DashboardFieldConfigSourceOverrides(matcher=which, properties=values)
        )
