"""The tables of all boards, and the bars that Grafana draws from a table, one call each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from grafana_foundation_sdk.models import barchart, common, dashboard, table
from palette import CLEAR, LIMIT, LIVE, QUIET
from parts import Word, config_of, legend_of, letters, mappings, now, override, panel_of, tooltip_of

WITHOUT = "-"  # what an empty cell shows
AS_WRITTEN = {"unit": "string"}  # of labels: the version 1.10 is not 1.1, and the class 1 not 100 %


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: a label of its rows (`expr` is empty), or the present value of a query."""

    title: str
    expr: str = ""
    label: str = ""
    unit: str = "none"
    decimals: int | None = None
    link: str = ""
    words: Mapping[str, Word] = field(default_factory=dict)  # value: word and colour
    bar_to: float | None = None  # draws a bar from 0 to here
    sort: bool = False  # largest first
    ascending: bool = False  # smallest first
    shown: bool = True
    width: int | None = None


def rows(title: str, about: str, *columns: Column, empty: str) -> dashboard.Panel:
    """Return a table of the present: one row for each set of labels, one column for each label or query."""
    config = config_of("none", empty)
    config.color = _plain()
    config.custom = table.FieldConfig(filterable=True)
    queries = [column for column in columns if column.expr]
    panel = panel_of("table", title, about, config, [now(query.expr) for query in queries])
    panel.options = table.Options(show_header=True, cell_height=common.TableCellHeight.SM)
    names = _fields(columns)
    panel.transformations = [_step("merge"), *_order(columns, names), *_shown(columns, names)]
    _empty_cells(panel)
    for column in columns:
        override(panel, "byName", column.title, **_cell(column))
    return panel


def bars(title: str, about: str, name: Column, order: str, *columns: tuple[Column, str], empty: str) -> dashboard.Panel:
    """Return bars side by side for each value of a label, in ascending order of a query; each column has its colour."""
    config = config_of("percentunit", empty, 0)
    config.color = dashboard.FieldColor(mode="fixed", fixed_color=LIVE)
    config.custom = barchart.FieldConfig(line_width=1, fill_opacity=80)
    all_columns = [name, Column("Order", order, ascending=True, shown=False), *(column for column, _ in columns)]
    panel = panel_of("barchart", title, about, config, [now(column.expr) for column in all_columns if column.expr])
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
        legend=legend_of(values=False),
        tooltip=tooltip_of("none"),
    )
    override(panel, "byName", name.title, **AS_WRITTEN)
    for column, color in columns:
        override(panel, "byName", column.title, color={"mode": "fixed", "fixedColor": color})
    return panel


def matrix(title: str, about: str, expr: str, *, row: str, column: str, unit: str, empty: str) -> dashboard.Panel:
    """Return a table with a row for each value of a label, a column for each of another, and a query's values in it.

    Shares are shaded: they mean the same in every column.
    """
    shares = unit == "percentunit"
    config = config_of(unit, empty, 0 if shares else None, 1 if shares else None)
    config.decimals = 0 if shares else 3
    config.color = dashboard.FieldColor(mode="continuous-blues") if shares else _plain()
    cells = {"type": "color-background", "mode": "basic"} if shares else {"type": "auto"}
    config.custom = table.FieldConfig(cell_options=cells, align="center")
    panel = panel_of("table", title, about, config, [now(expr)])
    panel.options = table.Options(show_header=True, cell_height=common.TableCellHeight.SM)
    shape = {"rowField": row, "columnField": column, "valueField": "Value", "emptyValue": "null"}
    panel.transformations = [_step("groupingToMatrix", **shape)]
    _empty_cells(panel)
    override(panel, "byName", f"{row}\\{column}", **AS_WRITTEN, **{"custom.cellOptions": {"type": "auto"}})
    return panel


def _empty_cells(panel: dashboard.Panel) -> None:
    # What an empty panel says would else stand in each empty cell.
    for kind in ("number", "string"):
        override(panel, "byType", kind, noValue=WITHOUT)


def _plain() -> dashboard.FieldColor:
    return dashboard.FieldColor(mode="fixed", fixed_color=QUIET)


def _cell(column: Column) -> dict[str, object]:
    properties: dict[str, object] = dict(AS_WRITTEN) if column.label else {}
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
            "mappings": mappings(column.words),
            "custom.cellOptions": {"type": "color-background", "mode": "basic"},
            "color": {"mode": "fixed", "fixedColor": CLEAR},
        }
    if column.bar_to is not None:
        properties |= {"min": 0, "max": column.bar_to, "custom.cellOptions": {"type": "gauge", "mode": "basic"}}
        properties |= {"color": {"mode": "thresholds"}, "thresholds": _bar_thresholds(column.bar_to)}
    return properties


def _bar_thresholds(end: float) -> dashboard.ThresholdsConfig:
    steps = [dashboard.Threshold(color=LIVE), dashboard.Threshold(end, LIMIT)]
    return dashboard.ThresholdsConfig(mode=dashboard.ThresholdsMode.ABSOLUTE, steps=steps)


def _step(name: str, **options: object) -> dashboard.DataTransformerConfig:
    return dashboard.DataTransformerConfig(id_val=name, options=options)


def _fields(columns: Sequence[Column]) -> dict[str, str]:
    """Return what Grafana calls the field of each column, by title: a query alone has no letter."""
    queries = [column.title for column in columns if column.expr]
    lettered = {title: f"Value #{letter}" for letter, title in zip(letters(queries), queries, strict=True)}
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
