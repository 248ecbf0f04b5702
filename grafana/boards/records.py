"""What is wrong with records as a whole, on the board Data: their fields, what is expected of them, and outliers."""

from grafana_foundation_sdk.models.dashboard import Panel
from palette import FURTHER, LIMIT, OTHER, REFERENCE
from panels import Line, lines
from promql import EACH_MODEL, MODEL, most, quantile, rate, share
from tables import Column, rows

UNDETECTED = "The profile has no outlier detector: it needs numeric inputs and 100 rows; build it again."
DETECTOR = f"{EACH_MODEL}, detector"


def schema() -> tuple[Panel, Panel]:
    """Return when fields of predictions changed, and which."""
    changes = f"sum by (change) (increase(model_schema_changes_total{{{MODEL}}}[$__rate_interval]))"
    changed = f"model_schema_field_changes_total{{{MODEL}}}"
    # The first change of a field is a new series, which has no increase yet.
    fields = (
        f"sum by (field, change) (increase({changed}[$__range]) > 0 or ({changed} unless {changed} offset $__range))"
    )
    over_time = lines(
        "Schema changes",
        "Fields of predictions that appeared, disappeared or changed their type. A burst is a new version of a caller: "
        "see beside which fields.",
        Line(f"{changes} > 0", "{{change}}", None),
        unit="none",
        empty="No field has changed.",
        rare=True,
    )
    by_field = rows(
        "Fields that changed",
        "Fields that appeared, disappeared or changed their type in the time range, the most frequent on top.",
        Column("Times", fields, decimals=0, sort=True),
        Column("Field", label="field"),
        Column("Change", label="change"),
        empty="No field has changed.",
    )
    return over_time, by_field


def sent() -> tuple[Panel, Panel]:
    """Return what does not hold of what is expected, and records that come twice, too early or out of order."""
    failures, checks = "model_expectation_failures_total", "model_expectation_checks_total"
    expected = lines(
        "Expectations that do not hold",
        "Share of the predictions on which something does not hold that you expect. Its name is from exporter.yml.",
        Line(share(failures, checks, MODEL, "expectation"), "{{expectation}}", None),
        unit="percentunit",
        empty="Nothing is expected: name `expect` of the model in exporter.yml.",
    )
    repeated = lines(
        "Repeated, early and disordered records",
        "Predictions a second whose inputs came a moment ago too (a cache, or a record sent twice), and times ahead of "
        "the clock or before the record before.",
        Line(rate("model_duplicate_inputs_total", MODEL), "inputs repeated"),
        Line(rate("model_records_future_total", MODEL), "in the future", LIMIT),
        Line(rate("model_records_out_of_order_total", MODEL), "out of order", OTHER, dashed=True),
        unit="ops",
        empty="No predictions yet.",
    )
    return expected, repeated


def outliers() -> Panel:
    """Return how many predictions are outliers, beside what sound data have."""
    expected = most("model_outlier_expected_ratio", MODEL, DETECTOR)
    return lines(
        "Outliers",
        "Share of the predictions whose input as a whole is more unusual than the threshold, by detector; dashed is "
        "what sound data have. Far above it while no component has drifted: values that do not go together. Which ones "
        "is at /api/v1/flagged.",
        Line(share("model_outliers_total", "model_outlier_score_count", MODEL, DETECTOR), "{{detector}}", None),
        Line(expected, "of sound data", REFERENCE, dashed=True),
        unit="percentunit",
        empty=UNDETECTED,
    )


def outlier_scores() -> Panel:
    """Return how unusual predictions are, up to where they are outliers."""
    threshold = most("model_outlier_threshold", MODEL, DETECTOR)

    def level(share_below: float) -> str:
        return f"{quantile(share_below, 'model_outlier_score', MODEL, DETECTOR)} / on ({DETECTOR}) {threshold}"

    return lines(
        "How unusual predictions are",
        "The score that half and 95 % of the predictions stay below, as a share of the threshold, from where on they "
        "are outliers. Half of them rising: all data has moved. The 95 % alone: some of it.",
        Line(level(0.5), "half, {{detector}}", FURTHER[0]),
        Line(level(0.95), "95 %, {{detector}}", None),
        unit="percentunit",
        empty=UNDETECTED,
        limit=1,
    )
