"""What all boards share: their places on the grid, variables, annotations, and the links between them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common, dashboard
from palette import FURTHER, LIMIT, LIVE
from parts import DATASOURCE
from promql import firing

FOLDER = Path(__file__).parent / "dashboards"
PREFIX = "prediction-exporter"
BOARDS = ("models", "model", "data", "component", "quality", "compare", "exporter")
FLEET = ("models", "exporter")  # about all models: what is chosen elsewhere does not narrow them
# The schema of Grafana 9.5. Newer ones bring it up to theirs on loading; an older one refuses a newer schema.
SCHEMA = 38
WIDTH = 24

Placed = tuple[dashboard.Panel, int]


@dataclass(frozen=True, slots=True)
class Row:
    """A titled row of panels with their widths; what does not fit goes to the next line."""

    title: str
    height: int
    panels: tuple[Placed, ...]
    repeat: str = ""


def row(title: str, height: int, *panels: Placed) -> Row:
    """Return a row of panels with their widths."""
    return Row(title, height, panels)


def uid(name: str) -> str:
    """Return the fixed identity of a board."""
    return f"{PREFIX}-{name}"


def link(name: str, *kept: str, **fields: str) -> str:
    """Return the URL of a board with the range and the variables `kept`, others set to fields of a table's row."""
    same = "".join(f"&${{{variable}:queryparam}}" for variable in kept)
    chosen = "".join(f"&var-{variable}=${{__data.fields.{field}:percentencode}}" for variable, field in fields.items())
    return f"/d/{uid(name)}?${{datasource:queryparam}}{same}{chosen}&${{__url_time_range}}"


def board(name: str, title: str, about: str, variables: Sequence[dashboard.VariableModel], *rows: Row) -> str:
    """Return the JSON of a board."""
    made = dashboard.Dashboard(
        uid=uid(name),
        title=title,
        description=about,
        tags=[PREFIX],
        schema_version=SCHEMA,
        editable=False,
        graph_tooltip=dashboard.DashboardCursorSync.CROSSHAIR,
        refresh="30s",
        time=dashboard.DashboardDashboardTime(from_val="now-3h", to="now"),
        annotations=dashboard.AnnotationContainer(list_val=[] if name in FLEET else _annotations()),
        templating=dashboard.DashboardDashboardTemplating(list_val=[datasource(), *variables]),
        links=[_link(name, other) for other in BOARDS if other != name],
        panels=_placed(rows),
    )
    return json.dumps(made, cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def datasource() -> dashboard.VariableModel:
    """Return the choice of a Prometheus."""
    return dashboard.VariableModel(
        type_val=dashboard.VariableType.DATASOURCE,
        name="datasource",
        label="Data source",
        query="prometheus",
        refresh=dashboard.VariableRefresh.ON_DASHBOARD_LOAD,
    )


def choice(
    name: str, label: str, metric: str, *, of: str = "", many: bool = False, newest: bool = False
) -> dashboard.VariableModel:
    """Return a variable with the values of a metric's label, by default the one of its own name.

    Of `many` any number may be chosen, or all; `newest` puts the highest number first, which is chosen at first.
    """
    query = f"label_values({metric}, {of or name})"
    every = dashboard.VariableOption(text=["All"], value=["$__all"])
    return dashboard.VariableModel(
        type_val=dashboard.VariableType.QUERY,
        name=name,
        label=label,
        datasource=DATASOURCE,
        definition=query,
        query={"query": query, "refId": "StandardVariableQuery"},
        refresh=dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED,
        sort=dashboard.VariableSort.NUMERICAL_DESC if newest else dashboard.VariableSort.ALPHABETICAL_ASC,
        multi=many,
        include_all=many,
        all_value=".+" if many else None,
        current=every if many else None,
    )


def options(name: str, label: str, *values: str) -> dashboard.VariableModel:
    """Return a choice of fixed values, the first of them at first."""
    made = [dashboard.VariableOption(selected=value == values[0], text=value, value=value) for value in values]
    return dashboard.VariableModel(
        type_val=dashboard.VariableType.CUSTOM,
        name=name,
        label=label,
        query=",".join(values),
        options=made,
        current=made[0],
    )


def _placed(rows: Sequence[Row]) -> list[dashboard.Panel | dashboard.RowPanel]:
    placed: list[dashboard.Panel | dashboard.RowPanel] = []
    y = 0
    for each in rows:
        grid = dashboard.GridPos(h=1, w=WIDTH, x=0, y=y)
        header = dashboard.RowPanel(title=each.title, panels=[], grid_pos=grid, id_val=len(placed) + 1)
        header.repeat = each.repeat or None
        placed.append(header)
        x, y = 0, y + 1
        for panel, width in each.panels:
            if x + width > WIDTH:
                x, y = 0, y + each.height
            panel.id_val, panel.grid_pos = len(placed) + 1, dashboard.GridPos(h=each.height, w=width, x=x, y=y)
            placed.append(panel)
            x += width
        y += each.height
    return placed


def _link(here: str, there: str) -> dashboard.DashboardLink:
    narrowed = not {here, there} & set(FLEET)
    return dashboard.DashboardLink(
        title=there.capitalize(),
        type_val=dashboard.DashboardLinkType.LINK,
        icon="dashboard",
        url=f"/d/{uid(there)}" + ("" if narrowed else "?${datasource:queryparam}"),
        include_vars=narrowed,
        keep_time=True,
    )


def _annotations() -> list[dashboard.AnnotationQuery]:
    """Return the events of the chosen model; of all models there would be too many."""
    alerts = firing('model=~"$model|",version=~"$version|"')
    known = 'max_over_time(model_profile_info{model=~"$model"}[1d] offset 1m)'
    versions = (
        f'group by (model, version) (model_profile_info{{model=~"$model"}}) unless group by (model, version) ({known})'
    )
    profiles = (
        f'group by (model, version, profile, sha256) (model_profile_info{{model=~"$model"}}) '
        f"unless group by (model, version, profile, sha256) ({known}) and on (model, version) group by (model, "
        f"version) ({known})"
    )
    started = 'model_process_start_time_seconds{model=~"$model",version=~"$version"} * 1000'
    return [
        _responses(),
        _event("Firing alerts", LIMIT, alerts, "{{alertname}}", "{{severity}} {{model}} {{version}} {{component}}"),
        _event("New versions", LIVE, versions, "{{model}} {{version}}", "first seen"),
        _event("New profiles", FURTHER[1], profiles, "{{model}} {{version}}", "profile {{profile}}, {{sha256}}"),
        _event("Server starts", FURTHER[0], started, "{{model}} {{version}}", "model server started", at_value=True),
    ]


def _event(
    name: str, color: str, expr: str, title: str, text: str, *, at_value: bool = False
) -> dashboard.AnnotationQuery:
    return dashboard.AnnotationQuery(
        name=name,
        datasource=DATASOURCE,
        icon_color=color,
        expr=expr,
        step="60s",
        title_format=title,
        text_format=text,
        use_value_for_time=at_value or None,
    )


def _responses() -> dashboard.AnnotationQuery:
    """Return what `prediction-exporter respond` has written into Grafana about the model."""
    return dashboard.AnnotationQuery(
        name="Responses",
        datasource=common.DataSourceRef(type_val="grafana", uid="-- Grafana --"),
        icon_color=FURTHER[3],
        target=dashboard.AnnotationTarget(limit=100, match_any=False, tags=["$model"], type_val="tags"),
        type_val="tags",
    )
