"""The parts of a dashboard as plain dictionaries of Grafana's classic schema, with the house's defaults."""
# ruff: noqa: INP001 - a folder of scripts, not a package

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Json = dict[str, Any]
Row = tuple[Json, list[tuple[Json, int, int]]]

# Okabe and Ito's colours, told apart with any colour vision. Their meaning is the same on every panel.
LIVE = "#0072B2"
REFERENCE = "#E69F00"
LIMIT = "#D55E00"
GOOD = "#009E73"
FURTHER = ("#56B4E9", "#CC79A7", "#F0E442")

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
WIDTH = 24
DASHED = {"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [10, 10]}}
LEGEND = {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}


def query(expr: str, legend: str, color: str | None = None, *, dashed: bool = False) -> Json:
    """Return a query over time; its series are drawn in shades of the colour."""
    return {"expr": expr, "legendFormat": legend, "range": True, "instant": False, "style": (color, dashed)}


def now(expr: str) -> Json:
    """Return a query of the present, whose answer is the rows of a table."""
    return {"expr": expr, "format": "table", "range": False, "instant": True, "style": (None, False)}


def _panel(kind: str, title: str, about: str, queries: Sequence[Json], empty: str) -> Json:
    lettered = [(chr(ord("A") + i), dict(q)) for i, q in enumerate(queries)]
    styles = [(letter, q.pop("style")) for letter, q in lettered]
    return {
        "type": kind,
        "title": title,
        "description": about,
        "datasource": DATASOURCE,
        "targets": [{"refId": letter, "datasource": DATASOURCE, **q} for letter, q in lettered],
        "fieldConfig": {
            "defaults": {"noValue": empty},
            "overrides": [_style(letter, *style) for letter, style in styles if style[0]],
        },
    }


def _style(letter: str, color: str, dashed: bool) -> Json:
    properties = [in_color(color, fixed=dashed), *([DASHED] if dashed else [])]
    return {"matcher": {"id": "byFrameRefID", "options": letter}, "properties": properties}


def in_color(color: str, *, fixed: bool = True) -> Json:
    """Return the property that draws a field in the colour, or in shades of it."""
    return {"id": "color", "value": {"mode": "fixed" if fixed else "shades", "fixedColor": color}}


def override(field: str, *properties: Json, **named: object) -> Json:
    """Return what is different about the field of this name."""
    more = [{"id": key, "value": value} for key, value in named.items()]
    return {"matcher": {"id": "byName", "options": field}, "properties": [*properties, *more]}


def _limits(value: float | None) -> Json:
    steps: list[Json] = [{"color": GOOD, "value": None}]
    return {"mode": "absolute", "steps": steps if value is None else [*steps, {"color": LIMIT, "value": value}]}


def series(
    title: str,
    about: str,
    *queries: Json,
    unit: str,
    empty: str,
    limit: float | None = None,
    least: float | None = 0,
    most: float | None = None,
) -> Json:
    """Return lines over time: gaps stay gaps, the axis begins at `least`, a dashed line is drawn at `limit`."""
    panel = _panel("timeseries", title, about, queries, empty)
    panel["fieldConfig"]["defaults"] |= {
        "unit": unit,
        "min": least,
        "max": most,
        "color": {"mode": "shades", "fixedColor": LIVE},
        "custom": {
            "drawStyle": "line",
            "lineWidth": 2,
            "fillOpacity": 0,
            "showPoints": "auto",
            "spanNulls": False,
            "thresholdsStyle": {"mode": "off" if limit is None else "dashed"},
        },
        "thresholds": _limits(limit),
    }
    panel["options"] = {"legend": LEGEND, "tooltip": {"mode": "multi", "sort": "desc"}}
    return panel


def table(
    title: str, about: str, *queries: Json, columns: Mapping[str, str], overrides: Iterable[Json] = (), empty: str
) -> Json:
    """Return a table of the present: `columns` names, in their order, the fields to show and their titles."""
    panel = _panel("table", title, about, queries, empty)
    panel["fieldConfig"]["defaults"] |= {"unit": "none", "color": {"mode": "fixed", "fixedColor": "text"}}
    panel["fieldConfig"]["overrides"] += list(overrides)
    panel["options"] = {"showHeader": True, "cellHeight": "sm"}
    panel["transformations"] = [{"id": "merge", "options": {}}, *_shown(columns)]
    return panel


def _shown(columns: Mapping[str, str]) -> list[Json]:
    order = {name: i for i, name in enumerate(columns)}
    return [
        {"id": "filterFieldsByName", "options": {"include": {"names": list(columns)}}},
        {"id": "organize", "options": {"excludeByName": {}, "indexByName": order, "renameByName": dict(columns)}},
    ]


def state(title: str, about: str, *queries: Json, bad: str, good: str, empty: str) -> Json:
    """Return a tile for each series: what 0 and 1 mean at present, in words."""
    panel = _panel("stat", title, about, queries, empty)
    options = {"0": {"text": bad, "color": LIMIT, "index": 0}, "1": {"text": good, "color": GOOD, "index": 1}}
    panel["fieldConfig"]["defaults"] |= {
        "unit": "none",
        "mappings": [{"type": "value", "options": options}],
        "color": {"mode": "thresholds"},
        "thresholds": {"mode": "absolute", "steps": [{"color": LIMIT, "value": None}, {"color": GOOD, "value": 1}]},
    }
    panel["options"] = {
        "colorMode": "background",
        "graphMode": "none",
        "textMode": "value_and_name",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    }
    return panel


def bars(
    title: str,
    about: str,
    *queries: Json,
    order: str,
    columns: Mapping[str, str],
    colors: Mapping[str, str],
    empty: str,
) -> Json:
    """Return bars side by side for each row of the merged queries, sorted by a field and named by the first column."""
    panel = _panel("barchart", title, about, queries, empty)
    panel["fieldConfig"]["defaults"] |= {
        "unit": "percentunit",
        "min": 0,
        "color": {"mode": "fixed", "fixedColor": LIVE},
        "custom": {"lineWidth": 1, "fillOpacity": 80},
    }
    panel["fieldConfig"]["overrides"] += [override(field, in_color(color)) for field, color in colors.items()]
    panel["options"] = {
        "xField": next(iter(columns.values())),
        "orientation": "auto",
        "showValue": "never",
        "stacking": "none",
        "groupWidth": 0.8,
        "barWidth": 0.95,
        "xTickLabelRotation": -45,
        "legend": LEGEND,
        "tooltip": {"mode": "multi", "sort": "none"},
    }
    by_field = {"id": "sortBy", "options": {"fields": {}, "sort": [{"field": order, "desc": False}]}}
    panel["transformations"] = [{"id": "merge", "options": {}}, by_field, *_shown(columns)]
    return panel


def row(title: str, height: int, *panels: tuple[Json, int]) -> Row:
    """Return a titled row of panels with their widths; what does not fit goes to the next line."""
    header = {"type": "row", "title": title, "collapsed": False, "panels": []}
    return header, [(panel, width, height) for panel, width in panels]


def placed(rows: Iterable[Row]) -> list[Json]:
    """Return the panels of all rows with ids and places, from the top left."""
    result: list[Json] = []
    y = 0
    for header, panels in rows:
        result.append({**header, "id": len(result) + 1, "gridPos": {"x": 0, "y": y, "w": WIDTH, "h": 1}})
        x, y = 0, y + 1
        for panel, width, height in panels:
            if x + width > WIDTH:
                x, y = 0, y + height
            result.append({**panel, "id": len(result) + 1, "gridPos": {"x": x, "y": y, "w": width, "h": height}})
            x += width
        y += panels[-1][2]
    return result


def variable(name: str, label: str, metric: str, *, many: bool, sort: int = 1) -> Json:
    """Return a variable with the values of the label of its own name; of `many` any number, or all, may be chosen."""
    definition = f"label_values({metric}, {name})"
    choice = {"allValue": ".+", "current": {"text": ["All"], "value": ["$__all"]}} if many else {}
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": DATASOURCE,
        "definition": definition,
        "query": {"query": definition, "refId": "StandardVariableQuery"},
        "refresh": 2,
        "sort": sort,
        "multi": many,
        "includeAll": many,
        **choice,
    }
