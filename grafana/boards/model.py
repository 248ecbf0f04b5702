"""The board Model: whether one version of a model is healthy, as a service and in what it says."""

from board import board, row
from grafana_foundation_sdk.models.dashboard import Panel
from palette import FURTHER, LIVE, OTHER
from panels import Line, buckets, lines, states, tiles
from promql import (
    EACH_COMPONENT,
    EACH_MODEL,
    MODEL,
    RANGE,
    WINDOW,
    age,
    effect_over_threshold,
    highest,
    most,
    peak,
    quantile,
    rate,
    share,
    total,
    way_to_threshold,
)
from tables import Column, rows

from boards.scores import score, score_over_time
from boards.shared import GLOBAL_DRIFT, LEFT, STATE_MEANS, STATES, component_columns, one_model, state, window

# The objectives in prometheus/burn_rates.py.
FAILURES = 0.01
LATENCY_SECONDS = 1.0

RANKED = 0.9  # NDCG below which features are no longer ranked as in the reference
PREDICTIONS = "model_predictions_total"
LATENCY = "model_prediction_latency_seconds"
UNEXPLAINED = "Too few predictions carry attributions: see docs/quality.md."
UNWATCHED = "No process is watched: set `process` of the model in exporter.yml."


def made() -> str:
    """Return the JSON."""
    return board(
        "model",
        "Model",
        "Whether one version of a model is healthy: traffic, errors, latency, its server, its scores and drift.",
        [*one_model(), window(), score()],
        row("Is $model $version healthy?", 4, *((tile, 3) for tile in _health())),
        row("Traffic, errors and latency", 8, *((panel, 8) for panel in _service())),
        row("Scores", 8, (score_over_time(), 24)),
        row("Drift", 9, (_components(), 9), (_left(), 10), (_drift(), 5)),
        row("What predictions are put down to", 8, (_features(), 12), (_ranking(), 12)),
        row("Model server", 8, (_latencies(), 9), *((panel, 5) for panel in _server())),
    )


def _health() -> list[Panel]:
    failed = share("model_prediction_failures_total", PREDICTIONS, MODEL, over=RANGE)
    started = age("model_process_start_time_seconds", MODEL)
    return [
        tiles(
            "State",
            f"{STATE_MEANS} The marks in the panels below say which alert fired when.",
            Line(state(), ""),
            unit="none",
            words=STATES,
            empty="Unknown model.",
        ),
        tiles(
            "Traffic",
            "Predictions a second in the whole time range, failed ones included.",
            Line(rate(PREDICTIONS, MODEL, over=RANGE), ""),
            unit="reqps",
            empty="No predictions.",
        ),
        tiles(
            "Failed",
            "Share of failed predictions in the whole time range. The prediction log says what failed.",
            Line(failed, ""),
            unit="percentunit",
            decimals=2,
            limit=FAILURES,
            empty="No predictions.",
        ),
        tiles(
            "95 % within",
            "95 % of the predictions in the whole time range took at most this long.",
            Line(quantile(0.95, LATENCY, MODEL, over=RANGE), ""),
            unit="s",
            limit=LATENCY_SECONDS,
            empty="No latency logged.",
        ),
        tiles(
            "Last prediction",
            "Age of the newest prediction in the log. More than your traffic explains: the model, or its log, has "
            "stopped.",
            Line(age("model_last_prediction_timestamp_seconds", MODEL), ""),
            unit="dtdurations",
            decimals=0,
            empty="None yet.",
        ),
        tiles(
            "Server up for",
            "Time since the watched process of the model server started. Short without a deployment: it crashed.",
            Line(f"{started} and {most('model_process_up', MODEL)} == 1", ""),
            unit="dtdurations",
            decimals=0,
            empty="Not watched, or down.",
        ),
        tiles(
            "Drifted components",
            "Share of components over their drift threshold in the chosen window. The table of drift says which.",
            Line(most("model_drifted_components_ratio", WINDOW), ""),
            unit="percentunit",
            decimals=0,
            empty="Too few values.",
        ),
        tiles(
            "Worst score",
            "How far the worst score has gone from the reference (0 %) to its threshold (100 %). From there on, act.",
            Line(way_to_threshold(WINDOW, EACH_MODEL), ""),
            unit="percentunit",
            decimals=0,
            limit=1,
            empty="No labels yet.",
        ),
    ]


def _service() -> list[Panel]:
    levels = ((0.5, "half", FURTHER[0]), (0.95, "95 %", LIVE), (0.99, "99 %", OTHER))
    week = rate(PREDICTIONS, MODEL, over="[$__rate_interval] offset 1w")
    return [
        lines(
            "Predictions",
            "Predictions a second, failed ones included, beside the same time a week before. A sudden end is a model, "
            "or its log, that has stopped.",
            Line(rate(PREDICTIONS, MODEL), "now"),
            Line(week, "a week before", OTHER, dashed=True),
            unit="reqps",
            empty="No predictions in the log yet.",
        ),
        lines(
            "Failed predictions",
            "Share of the predictions that the model server logged with an error. The alert begins at the dashed line; "
            "the log says what failed.",
            Line(share("model_prediction_failures_total", PREDICTIONS, MODEL), "failed"),
            unit="percentunit",
            empty="No predictions, so none that could fail.",
            limit=FAILURES,
        ),
        lines(
            "Latency",
            "Half, 95 % and 99 % of the predictions took at most this long. The alert begins where the 95 % are over "
            "the dashed line: look at the model server below.",
            *(Line(quantile(level, LATENCY, MODEL), name, color) for level, name, color in levels),
            unit="s",
            empty="The log carries no latency_seconds.",
            limit=LATENCY_SECONDS,
        ),
    ]


def _components() -> Panel:
    return rows(
        "Components by drift",
        "Evidence says whether a component has left its reference: above 0 it has, and by chance that happens at most "
        "once in the false-alarm budget. Of threshold says how far: the PSI beyond noise as a share of its threshold, "
        "critical from 100 %. A click on a component shows what has changed.",
        Column("Of threshold", effect_over_threshold(), unit="percentunit", decimals=0, bar_to=1, sort=True),
        *component_columns(),
        Column("Evidence", most("model_drift_evidence", MODEL, EACH_COMPONENT), decimals=1),
        empty="No window has a sample yet.",
    )


def _left() -> Panel:
    alarm = most("model_drift_alarm", MODEL, EACH_COMPONENT)
    return states(
        "Since when",
        "When each component had left its reference, of the ten with most evidence. What began first is nearer to the "
        "cause; a click on it in the table shows what has changed.",
        Line(
            highest(f"({alarm} == 1)", EACH_COMPONENT, peak("model_drift_evidence", MODEL, EACH_COMPONENT)),
            "{{role}} {{component}}",
        ),
        LEFT,
        "No component has left its reference in this time range.",
    )


def _drift() -> Panel:
    return lines(
        "Drift of all inputs",
        "Mean PSI of the inputs beyond noise, weighted by importance. One component is a fault of that input; many at "
        "once are another population, or another pipeline.",
        Line(most("model_global_drift_score", WINDOW), "PSI of the inputs"),
        unit="none",
        empty="No component has a large enough sample yet.",
        limit=GLOBAL_DRIFT,
    )


def _features() -> Panel:
    def part(metric: str, selection: str) -> str:
        return f"{most(metric, selection, 'feature')} / scalar(sum({most(metric, selection, 'feature')}) > 0)"

    live, reference = part("model_attribution_mean_absolute", WINDOW), part("model_attribution_reference", MODEL)
    change = f"{live} - {reference}"
    return rows(
        "Features by change of their part",
        "What each feature contributes to predictions, as a part of what all do, in the chosen window and in the "
        "reference; the largest change on top. One that contributes no longer may be constant, or not sent any more.",
        Column("Size", f"abs({change})", sort=True, shown=False),
        Column("Feature", label="feature"),
        Column("Live", live, unit="percentunit", decimals=1),
        Column("Reference", reference, unit="percentunit", decimals=1),
        Column("Change", change, unit="percentunit", decimals=1),
        empty=UNEXPLAINED,
    )


def _ranking() -> Panel:
    ndcg = "model_attribution_ndcg"
    return lines(
        "Features ranked as in the reference",
        "1 is the same order of features by what they contribute (NDCG). Its whole interval below the dashed line: the "
        "model now looks at other things, and its scores on the reference say little.",
        Line(most(f"{ndcg}_upper", WINDOW), "at most", FURTHER[0], width=0, down_to="at least", listed=False),
        Line(most(f"{ndcg}_lower", WINDOW), "at least", FURTHER[0], width=0, listed=False),
        Line(most(ndcg, WINDOW), "agreement"),
        unit="none",
        empty=UNEXPLAINED,
        most=1,
        limit=RANKED,
    )


def _latencies() -> Panel:
    return buckets(
        "Latency of all predictions",
        "How many predictions a second took how long: two bands are two kinds of requests, or a cache. Points are "
        "traces, where the exporter is given any.",
        rate(f"{LATENCY}_bucket", MODEL, "le"),
        unit="s",
        cells="reqps",
        empty="The log carries no latency_seconds.",
    )


def _server() -> list[Panel]:
    return [
        lines(
            "Memory",
            "Resident memory of the watched process. Memory that only grows ends in a restart.",
            Line(total("model_process_resident_memory_bytes", MODEL), "resident"),
            unit="bytes",
            empty=UNWATCHED,
        ),
        lines(
            "CPU",
            "CPU cores in use by the watched process. When it has no more of them, latency grows.",
            Line(rate("model_process_cpu_seconds_total", MODEL), "cores"),
            unit="none",
            empty=UNWATCHED,
        ),
        lines(
            "Files and threads",
            "Open file descriptors and threads of the watched process. What only grows is a leak.",
            Line(total("model_process_open_fds", MODEL), "open files"),
            Line(total("model_process_threads", MODEL), "threads", OTHER),
            unit="locale",
            empty=UNWATCHED,
        ),
    ]
