"""The board Data: what comes in, and whether it is what the model was made for."""

from board import board, row
from grafana_foundation_sdk.models.dashboard import Panel
from panels import Line, lines, tiles
from promql import (
    EACH_COMPONENT,
    MODEL,
    PSI,
    RANGE,
    WHOLE_RANGE,
    WINDOW,
    age,
    effect,
    effect_over_threshold,
    highest,
    most,
    rate,
    share,
    total,
)
from tables import Column, rows

from boards.records import DETECTOR, outlier_scores, outliers, schema, sent
from boards.shared import GLOBAL_DRIFT, ONLY_YES, REASONS, UNCUT, component_columns, one_model, segment, window

INVALID, OBSERVED = "model_component_invalid_total", "model_component_observations_total"
COMPONENT = "{{role}} {{component}}"
SEGMENT = f'{MODEL},segment="$segment",value=~"$value"'
SLICE = "value"


def made() -> str:
    """Return the JSON."""
    return board(
        "data",
        "Data",
        "What comes into one version of a model: drift, invalid values and traffic by component and by segment.",
        [*one_model(), window(), *segment()],
        row("Is it what $model $version was made for?", 4, *((tile, 3) for tile in _verdict())),
        row("Components", 12, (_components(), 24)),
        row("Data quality", 9, (_reasons(), 12), (_invalid(), 6), (_by_reason(), 6)),
        row("What is sent, and what you expect of it", 8, *((panel, 6) for panel in (*schema(), *sent()))),
        row("Outliers", 8, (outliers(), 12), (outlier_scores(), 12)),
        row("Segments", 8, *((panel, 6) for panel in _segments()), (_segment_drift(), 24)),
    )


def _verdict() -> list[Panel]:
    seen = share(INVALID, OBSERVED, MODEL, EACH_COMPONENT, RANGE)
    return [
        tiles(
            "Left their reference",
            "Components whose evidence says so. One is a fault of that input; many at once are other traffic, or "
            "another pipeline.",
            Line(f"sum({most('model_drift_alarm', MODEL, EACH_COMPONENT)})", ""),
            unit="none",
            limit=1,
            empty="Too few values.",
        ),
        tiles(
            "Moved together",
            "Components among those that have left their reference when all are looked at together: where many have, "
            "each needs less evidence.",
            Line(f"sum({most('model_drift_discovered', MODEL, EACH_COMPONENT)})", ""),
            unit="none",
            limit=1,
            empty="Too few values.",
        ),
        tiles(
            "Over threshold",
            "Share of the components over their drift threshold in the chosen window.",
            Line(most("model_drifted_components_ratio", WINDOW), ""),
            unit="percentunit",
            decimals=0,
            empty="Too few values.",
        ),
        tiles(
            "Drift of all inputs",
            "Mean PSI of the inputs beyond noise, weighted by importance. 0.1 is worth a look, 0.25 worth getting up "
            "for.",
            Line(most("model_global_drift_score", WINDOW), ""),
            unit="none",
            decimals=3,
            limit=GLOBAL_DRIFT,
            empty="Too few values.",
        ),
        tiles(
            "Most invalid",
            "Share of invalid values of the component that has most, in the whole time range.",
            Line(f"max({seen})", ""),
            unit="percentunit",
            decimals=1,
            empty="No values.",
        ),
        tiles(
            "Unusual",
            "Share of outliers among the predictions of the time range. What sound data have, and when there were "
            "more, is in the panel Outliers.",
            Line(f"max({share('model_outliers_total', 'model_outlier_score_count', MODEL, DETECTOR, RANGE)})", ""),
            unit="percentunit",
            decimals=1,
            empty="No detector.",
        ),
        tiles(
            "Came late",
            "Records of the whole time range that the chosen window is without: they came when their time had left it.",
            Line(f"sum(increase(model_records_late_total{{{WINDOW}}}{RANGE}))", ""),
            unit="locale",
            decimals=0,
            empty="Not a window by time.",
        ),
        tiles(
            "Age of the profile",
            "Time since the profile was built. What the world was like then is what all drift is measured from.",
            Line(age("model_profile_built_timestamp_seconds", MODEL), ""),
            unit="dtdurations",
            decimals=0,
            empty="Unknown model.",
        ),
    ]


def _components() -> Panel:
    other_unit = most("model_component_scale_slip", MODEL, EACH_COMPONENT)
    return rows(
        "Components by drift over threshold",
        "Of threshold: how far, as PSI beyond noise over its threshold, critical from 100 %. Evidence: whether at all; "
        "above 0 the component has left its reference. Stuck: a sensor repeats one value. Other unit: all values are "
        "the reference's times 10, 1000 or the like. A click on a component shows what has changed.",
        Column("Of threshold", effect_over_threshold(), unit="percentunit", decimals=0, bar_to=1, sort=True),
        *component_columns(),
        Column("Left reference", most("model_drift_alarm", MODEL, EACH_COMPONENT), words=ONLY_YES),
        Column("Evidence", most("model_drift_evidence", MODEL, EACH_COMPONENT), decimals=1),
        Column("Stuck", most("model_component_stuck", MODEL, EACH_COMPONENT), words=ONLY_YES),
        Column("Other unit", other_unit, words=ONLY_YES),
        Column("PSI beyond noise", effect(WINDOW), decimals=3),
        Column("Threshold", most("model_drift_threshold", f"{MODEL},{PSI}", EACH_COMPONENT), decimals=2),
        Column("Values", total("model_window_samples", WINDOW, EACH_COMPONENT), unit="locale"),
        Column("Invalid", share(INVALID, OBSERVED, MODEL, EACH_COMPONENT, RANGE), unit="percentunit", decimals=1),
        Column(
            "Invalid in reference",
            most("model_reference_invalid_ratio", MODEL, EACH_COMPONENT),
            unit="percentunit",
            decimals=1,
        ),
        empty="The model has no components yet.",
    )


def _reasons() -> Panel:
    def reason(name: str) -> Column:
        only = share(INVALID, OBSERVED, MODEL, EACH_COMPONENT, RANGE, only=f'reason="{name}"')
        return Column(name.capitalize(), f"{only} > 0", unit="percentunit", decimals=1)

    return rows(
        "Why values are invalid",
        "Share of the values of the whole time range by reason, where there are any. Missing: a field is no longer "
        "sent. Type: a number became text. Below, above: another unit. Unseen: a new category. Extractor: what it "
        "reads is not there.",
        *component_columns(),
        Column(
            "All",
            f"{share(INVALID, OBSERVED, MODEL, EACH_COMPONENT, RANGE)} > 0",
            unit="percentunit",
            decimals=1,
            sort=True,
        ),
        *map(reason, REASONS),
        empty="No invalid values.",
    )


def _invalid() -> Panel:
    of_each = f"({share(INVALID, OBSERVED, MODEL, EACH_COMPONENT)})"
    rank = f"{rate(INVALID, MODEL, EACH_COMPONENT, WHOLE_RANGE)} > 0"
    return lines(
        "Invalid values over time",
        "Share of invalid values of the ten components with most. A step is a change in what is logged: look there "
        "first.",
        Line(highest(of_each, EACH_COMPONENT, rank), COMPONENT, None),
        unit="percentunit",
        empty="No invalid values.",
    )


def _by_reason() -> Panel:
    reasons = (Line(f"{rate(INVALID, _because(reason))} > 0", reason, color) for reason, color in REASONS.items())
    return lines(
        "Invalid values a second by reason",
        "Of all components together, where there are any. Unseen categories that begin are a new spelling or a new "
        "source.",
        *reasons,
        unit="ops",
        empty="No invalid values.",
    )


def _because(reason: str) -> str:
    return f'{MODEL},reason="{reason}"'


def _segments() -> list[Panel]:
    predictions, failures = "model_segment_predictions_total", "model_segment_prediction_failures_total"
    rank = rate(predictions, SEGMENT, SLICE, WHOLE_RANGE)
    seconds, answered = (f"model_segment_prediction_latency_seconds_{part}" for part in ("sum", "count"))
    observed, invalid = "model_segment_observations_total", "model_segment_invalid_total"
    return [
        lines(
            "Traffic by $segment",
            "Predictions a second of the ten busiest values of the segment. Where one ends and another begins, a "
            "source was renamed.",
            Line(highest(rate(predictions, SEGMENT, SLICE), SLICE, rank), "{{value}}", None),
            unit="reqps",
            empty=UNCUT,
        ),
        lines(
            "Failures by $segment",
            "Share of failed predictions, of the ten busiest values. One that stands out is where to look.",
            Line(highest(f"({share(failures, predictions, SEGMENT, SLICE)})", SLICE, rank), "{{value}}", None),
            unit="percentunit",
            empty=UNCUT,
        ),
        lines(
            "Invalid values by $segment",
            "Share of invalid values of all components, of the ten busiest values. One that stands out has a sensor, a "
            "form or a version of its own.",
            Line(highest(f"({share(invalid, observed, SEGMENT, SLICE)})", SLICE, rank), "{{value}}", None),
            unit="percentunit",
            empty=UNCUT,
        ),
        lines(
            "Mean latency by $segment",
            "Mean time of a prediction, of the ten busiest values. One that stands out sends larger inputs.",
            Line(highest(f"({share(seconds, answered, SEGMENT, SLICE)})", SLICE, rank), "{{value}}", None),
            unit="s",
            empty=UNCUT,
        ),
    ]


def _segment_drift() -> Panel:
    by = f"{EACH_COMPONENT}, value"
    return rows(
        "Drift by $segment",
        "PSI of each component in each value of the segment to the reference, the largest on top. Drift in one value "
        "alone is a fault there; in all, of the model's world.",
        Column(
            "PSI",
            most("model_segment_drift_score", f'{WINDOW},segment="$segment",value=~"$value",{PSI}', by),
            decimals=3,
            bar_to=0.25,
            sort=True,
        ),
        Column("Value", label="value"),
        *component_columns(),
        empty=UNCUT,
    )
