"""The board Compare: this version and that one, this slice and the others, now and before."""

from collections.abc import Callable

from board import Placed, board, choice, options, row
from grafana_foundation_sdk.models.dashboard import Panel
from palette import LIVE, OTHER
from panels import Line, lines
from promql import (
    COMPONENT,
    IN_WINDOW,
    INTERVAL,
    MODEL,
    RANGE,
    WINDOW,
    bin_order,
    distribution,
    effect_over_threshold,
    most,
    quantile,
    rate,
    share,
)
from tables import Column, bars, matrix, rows

from boards.scores import UNSCORED
from boards.shared import UNCUT, component_choice, one_model, segment, window

PREDICTIONS, FAILURES = "model_predictions_total", "model_prediction_failures_total"
LATENCY = "model_prediction_latency_seconds"
BASELINE = 'model=~"$model",version=~"$baseline"'
SEGMENT = f'{MODEL},segment="$segment"'
ONE, OTHERS = f'{SEGMENT},value=~"$value"', f'{SEGMENT},value=~"$against"'
BEFORE = " offset $before"
NONE = "No predictions in this time range."

# Of a selection and a range.
Measure = Callable[[str, str], str]


def made() -> str:
    """Return the JSON."""
    values = f"model_segment_predictions_total{{{SEGMENT}}}"
    return board(
        "compare",
        "Compare",
        "Two versions of a model, two slices of its traffic, or now and before, side by side.",
        [
            *one_model(),
            choice("baseline", "against version", 'model_profile_info{model=~"$model"}', of="version"),
            *component_choice(),
            window(),
            *segment(),
            choice("against", "against value", values, of="value", many=True),
            options("before", "against", "1d", "1w", "6h", "1h"),
        ],
        row("Version $version (solid) against $baseline (dashed)", 8, *((panel, 8) for panel in _versions())),
        row("Slice $segment = $value (solid) against $against (dashed)", 8, *_slices()),
        row("Now (solid) against $before before (dashed)", 8, *_times()),
    )


def _both(measure: Measure, one: tuple[str, str, str], other: tuple[str, str, str]) -> list[Line]:
    """Return a measure of two selections over two ranges, told apart by colour and dash."""
    return [
        Line(measure(one[0], one[1]), one[2], LIVE),
        Line(measure(other[0], other[1]), other[2], OTHER, dashed=True),
    ]


def _traffic(one: tuple[str, str, str], other: tuple[str, str, str]) -> list[Panel]:
    def predictions(selection: str, over: str) -> str:
        return rate(PREDICTIONS, selection, "model", over)

    def failures(selection: str, over: str) -> str:
        return share(FAILURES, PREDICTIONS, selection, "model", over)

    def latency(selection: str, over: str) -> str:
        return quantile(0.95, LATENCY, selection, "model", over)

    what = f"Solid is {one[2]}, dashed {other[2]}."
    return [
        lines(
            f"Predictions: {one[2]}, {other[2]}",
            f"Predictions a second. {what} A comparison is fair where both have traffic of the same kind.",
            *_both(predictions, one, other),
            unit="reqps",
            empty=NONE,
        ),
        lines(
            f"Failed: {one[2]}, {other[2]}",
            f"Share of failed predictions. {what} More failures of the solid line are a reason to go back.",
            *_both(failures, one, other),
            unit="percentunit",
            empty=NONE,
        ),
        lines(
            f"95 % within: {one[2]}, {other[2]}",
            f"95 % of the predictions took at most this long. {what} Higher solid: slower, or asked for more.",
            *_both(latency, one, other),
            unit="s",
            empty="The log carries no latency_seconds.",
        ),
    ]


def _score_table(one: str, other: str, names: tuple[str, str]) -> Panel:
    better = f"({one} - {other}) * on (score) {most('model_score_preference', MODEL, 'score')}"
    return rows(
        f"Scores: {names[0]} (first), {names[1]} (second)",
        "Each score of the chosen window on both sides. Better by is above 0 where the first is better, whichever way "
        "is better for that score; differences smaller than the intervals in Quality are no differences.",
        Column("Better by", better, decimals=3, ascending=True),
        Column("Score", label="score"),
        Column("First", one, decimals=3),
        Column("Second", other, decimals=3),
        empty=UNSCORED,
    )


def _bars(other: str, names: tuple[str, str], order: str) -> Panel:
    return bars(
        f"$role $component: {names[0]} (first), {names[1]} (second)",
        "Share of the values of the whole time range in each bucket, named by its upper edge, or of each category. "
        "Where the two differ, so does what the model is asked.",
        Column("Values", label="bin"),
        order,
        (Column("First", distribution(COMPONENT)), LIVE),
        (Column("Second", other), OTHER),
        empty="No values on one of the sides, or no component is chosen.",
    )


def _versions() -> list[Panel]:
    one, other = (MODEL, INTERVAL, "$version"), (BASELINE, INTERVAL, "$baseline")
    of_baseline = f'{BASELINE},component="$component",role="$role"'
    names = one[2], other[2]
    scores = (most("model_score", f"{selection},{IN_WINDOW}", "score") for selection in (MODEL, BASELINE))
    return [
        *_traffic(one, other),
        _score_table(*scores, names),
        _bars(distribution(of_baseline), names, f"{bin_order(COMPONENT)} or {bin_order(of_baseline)}"),
        _drift(),
    ]


def _drift() -> Panel:
    by = "role, component"
    return rows(
        "Drift: $version (first), $baseline (second)",
        "PSI beyond noise over its threshold of each component, critical from 100 %, on both sides. Drift of both: the "
        "world has moved, and going back will not help.",
        Column("First", effect_over_threshold(MODEL, by), unit="percentunit", decimals=0, bar_to=1, sort=True),
        Column("Second", effect_over_threshold(BASELINE, by), unit="percentunit", decimals=0, bar_to=1),
        Column("Component", label="component"),
        Column("Role", label="role"),
        empty="No window has a sample yet.",
    )


def _slices() -> list[Placed]:
    predictions, failures = "model_segment_predictions_total", "model_segment_prediction_failures_total"
    seconds, answered = (f"model_segment_prediction_latency_seconds_{part}" for part in ("sum", "count"))
    one, other = (ONE, INTERVAL, "$value"), (OTHERS, INTERVAL, "$against")

    def slice_share(part: str, whole: str) -> Measure:
        return lambda selection, over: share(part, whole, selection, "segment", over)

    graphs = [
        lines(
            "Predictions: $value, $against",
            "Predictions a second of the chosen values of the segment, solid, and of those they are held against, "
            "dashed.",
            *_both(lambda selection, over: rate(predictions, selection, "segment", over), one, other),
            unit="reqps",
            empty=UNCUT,
        ),
        lines(
            "Failed: $value, $against",
            "Share of failed predictions on both sides. More of the solid line: something about these requests, not "
            "the model.",
            *_both(slice_share(failures, predictions), one, other),
            unit="percentunit",
            empty=UNCUT,
        ),
        lines(
            "Mean latency: $value, $against",
            "Mean time of a prediction on both sides. Slower solid: larger inputs, or a further way.",
            *_both(slice_share(seconds, answered), one, other),
            unit="s",
            empty=UNCUT,
        ),
    ]
    return [*((graph, 8) for graph in graphs), (_by_value(), 24)]


def _by_value() -> Panel:
    return matrix(
        "Scores of every value",
        "Every score of the chosen window in every value of the segment. Quality says which differences are no "
        "accident.",
        most("model_segment_score", f'{WINDOW},segment="$segment"', "value, score"),
        row="value",
        column="score",
        unit="none",
        empty=UNCUT,
    )


def _times() -> list[Placed]:
    names = "now", "$before before"
    one, other = (MODEL, INTERVAL, names[0]), (MODEL, INTERVAL + BEFORE, names[1])
    scores = (most("model_score", WINDOW, "score", ago) for ago in ("", BEFORE))
    return [
        *((panel, 8) for panel in _traffic(one, other)),
        (_score_table(*scores, names), 12),
        (_bars(distribution(COMPONENT, RANGE + BEFORE), names, bin_order(COMPONENT)), 12),
    ]
