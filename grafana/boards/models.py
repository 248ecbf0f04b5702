"""The board Models: which of all models needs somebody, and where to begin."""

from board import board, choice, link, row, uid
from grafana_foundation_sdk.models.dashboard import Panel
from panels import Line, lines, states, tiles, words
from promql import (
    CRITICAL,
    EACH_MODEL,
    MODEL,
    PSI,
    RANGE,
    WARNINGS,
    WHOLE_RANGE,
    age,
    effect,
    estimated_way_to_threshold,
    firing,
    highest,
    most,
    peak,
    quantile,
    rate,
    share,
    since,
    total,
    way_to_threshold,
)
from tables import Column, rows

from boards.shared import SEVERITIES, STATE_MEANS, STATES, model_columns, state, trouble

NAME = "{{model}} {{version}}"
BEGIN = f"""What needs attention is on top of *All models*. A click on a model opens

- [Model](/d/{uid("model")}): is it healthy?
- [Data](/d/{uid("data")}): what comes in? · [Component](/d/{uid("component")}): what has changed?
- [Quality](/d/{uid("quality")}): is it right? · [Compare](/d/{uid("compare")}): is it better than before?
- [Exporter](/d/{uid("exporter")}): can this be trusted?

The links at the top right do the same, and keep the time range."""


def made() -> str:
    """Return the JSON."""
    return board(
        "models",
        "Models",
        "All models at a glance, those that need attention first.",
        [
            choice("model", "Model", "model_profile_info", many=True),
            choice("version", "Version", 'model_profile_info{model=~"$model"}', many=True, newest=True),
        ],
        row("Where to begin", 6, (words("Where to begin", BEGIN), 8), *((tile, 4) for tile in _counts())),
        row("Fleet", 8, (_models(), 24)),
        row("Since when", 7, (_history(), 24)),
        row("What fires", 9, (_alerts(), 24)),
        row("The ten most", 8, *((panel, 12) for panel in _extremes())),
    )


def _counts() -> list[Panel]:
    alerts = 'model=~"$model|",version=~"$version|"'
    return [
        tiles(
            "Models and versions",
            "How many versions of models the exporters watch. Fewer than you run: one is not in an exporter's "
            "configuration.",
            Line(f"count({most('model_profile_info', MODEL)})", ""),
            unit="none",
            empty="No exporter is scraped.",
        ),
        tiles(
            "Critical alerts",
            "Alerts that fire and are critical: somebody should act now. The table below says about what.",
            Line(f"count({firing(alerts, CRITICAL)}) or vector(0)", ""),
            unit="none",
            empty="Prometheus does not answer.",
            limit=1,
        ),
        tiles(
            "Warnings",
            "Alerts that fire and are warnings: somebody should look within a day.",
            Line(f"count({firing(alerts, WARNINGS)}) or vector(0)", ""),
            unit="none",
            empty="Prometheus does not answer.",
            limit=1,
        ),
        tiles(
            "Exporters down",
            "Exporters that Prometheus cannot scrape. What they watch is not in these boards any more.",
            Line('count(up{job="prediction-exporter"} == 0) or vector(0)', ""),
            unit="none",
            empty="Prometheus does not answer.",
            limit=1,
        ),
    ]


def _models() -> Panel:
    component = link("component", model="Model", version="Version", component="Changed")
    return rows(
        "All models",
        f"One row for each version of each model, the worst on top. {STATE_MEANS} Since: the oldest alert that fires. "
        "Changed: the component that has gone furthest of those that have left their reference. Rates are of the whole "
        "time range. Way to threshold: how far the worst score has gone from the reference (0 %) to where it is not "
        "acceptable (100 %); estimated way: the same of scores estimated without actuals.",
        Column("State", state(), words=STATES, sort=True, width=90),
        *model_columns(),
        Column("Alerts", f"count by ({EACH_MODEL}) ({firing(MODEL)})", width=70),
        Column("Since", f"1000 * min by ({EACH_MODEL}) ({since(MODEL)})", unit="dateTimeFromNow", width=120),
        Column("Effect", _most_changed(), shown=False),
        Column("Changed", label="component", link=component),
        Column("Predictions", rate("model_predictions_total", MODEL, over=RANGE), unit="reqps"),
        Column(
            "Failed",
            share("model_prediction_failures_total", "model_predictions_total", MODEL, over=RANGE),
            unit="percentunit",
            decimals=1,
        ),
        Column("95 % within", quantile(0.95, "model_prediction_latency_seconds", MODEL, over=RANGE), unit="s"),
        Column(
            "Last prediction", age("model_last_prediction_timestamp_seconds", MODEL), unit="dtdurations", decimals=0
        ),
        Column("Drifted", most("model_drifted_components_ratio", MODEL), unit="percentunit", decimals=0, bar_to=1),
        Column("Way to threshold", way_to_threshold(MODEL, EACH_MODEL), unit="percentunit", decimals=0, bar_to=1),
        Column(
            "Estimated way",
            estimated_way_to_threshold(MODEL, EACH_MODEL),
            unit="percentunit",
            decimals=0,
            bar_to=1,
        ),
        Column("Without label", total("model_predictions_pending", MODEL), unit="locale"),
        empty="No model is known. The board Exporter says whether Prometheus reaches an exporter.",
    )


def _most_changed() -> str:
    each = f"{EACH_MODEL}, component"
    effects = f"{effect(MODEL, each)} / on ({each}) {most('model_drift_threshold', f'{MODEL},{PSI}', each)}"
    return f"topk by ({EACH_MODEL}) (1, {effects} and on ({each}) {most('model_drift_alarm', MODEL, each)} == 1)"


def _history() -> Panel:
    rank = f'sum by ({EACH_MODEL}) (count_over_time(ALERTS{{alertstate="firing",{MODEL}}}{WHOLE_RANGE}))'
    return states(
        "Trouble by model",
        f"The ten models with most alerts in the time range, and when each was in which state. {STATE_MEANS} Several "
        "that begin together have a cause in common.",
        Line(highest(f"({trouble()})", EACH_MODEL, rank), NAME),
        STATES,
        "No alert has fired in this time range.",
    )


def _alerts() -> Panel:
    selection = 'model=~"$model|",version=~"$version|"'
    by = "severity, alertname, model, version, component, role, score, instance"
    return rows(
        "Firing alerts",
        "What fires now, what is critical first. Each alert has a chapter in docs/runbooks.md: what it means, likely "
        "causes, what to do. A click on a model or component opens its board.",
        Column("Severity", label="severity", words=SEVERITIES, ascending=True, width=90),
        Column("Since", f"1000 * max by ({by}) ({since(selection)})", unit="dateTimeFromNow"),
        Column("Alert", label="alertname"),
        *model_columns(),
        Column(
            "Component",
            label="component",
            link=link("component", model="Model", version="Version", component="Component", role="Role"),
        ),
        Column("Role", label="role"),
        Column("Score", label="score"),
        Column("Exporter", label="instance"),
        empty="No alert fires.",
    )


def _extremes() -> list[Panel]:
    predictions, failures = "model_predictions_total", "model_prediction_failures_total"
    drifted, score = "model_drifted_components_ratio", way_to_threshold(MODEL, EACH_MODEL)
    return [
        lines(
            "Predictions",
            "Predictions a second of the ten busiest models, failed ones included. A sudden end is a model, or its "
            "log, that has stopped.",
            Line(highest(rate(predictions, MODEL), EACH_MODEL, rate(predictions, MODEL, over=WHOLE_RANGE)), NAME, None),
            unit="reqps",
            empty="No predictions in the log yet.",
            values=True,
        ),
        lines(
            "Failed predictions",
            "Share of failed predictions of the ten models with most failures. Open the model to see whether its "
            "server or its inputs are the cause.",
            Line(
                highest(
                    f"({share(failures, predictions, MODEL)})",
                    EACH_MODEL,
                    rate(failures, MODEL, over=WHOLE_RANGE) + " > 0",
                ),
                NAME,
                None,
            ),
            unit="percentunit",
            empty="No prediction has failed.",
            values=True,
        ),
        lines(
            "Drifted components",
            "Share of components over their drift threshold, of the ten models that have most. Several at once are "
            "another population or another pipeline: open Data.",
            Line(highest(most(drifted, MODEL), EACH_MODEL, peak(drifted, MODEL, EACH_MODEL)), NAME, None),
            unit="percentunit",
            empty="No window has a large enough sample yet.",
            most=1,
            values=True,
        ),
        lines(
            "Way of the worst score to its threshold",
            "0 is as good as on the reference, 1 is no longer acceptable. Of each model its worst score; open Quality "
            "to see which.",
            Line(f"topk(10, {score})", NAME, None),
            unit="percentunit",
            empty="No actuals have been joined yet.",
            least=None,
            limit=1,
            values=True,
        ),
    ]
