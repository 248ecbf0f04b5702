"""The board Component: what has changed about one input, output, actual or eval."""

from board import Placed, board, row
from grafana_foundation_sdk.models.dashboard import Panel
from palette import FURTHER, LIMIT, LIVE, OTHER, REFERENCE
from panels import Line, buckets, lines, tiles
from promql import (
    COMPONENT,
    EACH_MODEL,
    PSI,
    RANGE,
    WHOLE_RANGE,
    bin_order,
    distribution,
    effect,
    highest,
    most,
    rate,
    reference_distribution,
    share,
    total,
)
from tables import Column, bars, rows

from boards.shared import REASONS, YES, component_choice, one_model, window

WINDOW = f'{COMPONENT},window="$window"'
INVALID, OBSERVED = "model_component_invalid_total", "model_component_observations_total"
CATEGORY = "model_component_category_total"


def made() -> str:
    """Return the JSON."""
    return board(
        "component",
        "Component",
        "What has changed about one component: live against reference, over time, and drift by every statistic.",
        [*one_model(), *component_choice(), window()],
        row("$role $component of $model $version", 4, *((tile, 4) for tile in _verdict())),
        row("What has changed", 11, (_distribution(), 15), (_changes(), 9)),
        row("When it changed", 8, (_quantiles(), 12), (_values(), 12), *_turns()),
        row("How far, and from how many values", 8, *((panel, 8) for panel in _drift())),
    )


def _verdict() -> list[Panel]:
    threshold = most("model_drift_threshold", f"{COMPONENT},{PSI}")
    return [
        tiles(
            "Has left its reference",
            "Whether the evidence says so: by chance that happens at most once in the false-alarm budget of the model.",
            Line(most("model_drift_alarm", COMPONENT), ""),
            unit="none",
            words=YES,
            empty="Fewer than 100 values.",
        ),
        tiles(
            "Evidence",
            "log10 of the evidence that the component has left its reference, over the alarm line: above 0 it has.",
            Line(most("model_drift_evidence", COMPONENT), ""),
            unit="none",
            decimals=1,
            limit=0,
            empty="Fewer than 100 values.",
        ),
        tiles(
            "Of the threshold",
            "How far: the PSI beyond noise as a share of its threshold. From 100 % the drift is critical.",
            Line(f"{effect(WINDOW, EACH_MODEL)} / {threshold}", ""),
            unit="percentunit",
            decimals=0,
            limit=1,
            empty="Too few values.",
        ),
        tiles(
            "Invalid",
            "Share of invalid values in the whole time range. Which reason: in the panel below.",
            Line(share(INVALID, OBSERVED, COMPONENT, over=RANGE), ""),
            unit="percentunit",
            decimals=1,
            empty="No values.",
        ),
        tiles(
            "In the window",
            "Values in the chosen window. Below 100, or 20 for each bucket, no drift is computed: choose a longer "
            "window.",
            Line(total("model_window_samples", WINDOW), ""),
            unit="locale",
            empty="No values.",
        ),
        tiles(
            "In the reference",
            "Values of the component in the reference. A small reference cannot tell a small drift from chance.",
            Line(most("model_reference_samples", COMPONENT), ""),
            unit="locale",
            empty="Not in the profile.",
        ),
    ]


def _distribution() -> Panel:
    return bars(
        "Live against reference",
        "Share of the values in each bucket, named by its upper edge, or of each category. Live is the whole time "
        "range of the board, all replicas together: choose the time of the drift, and a time before it.",
        Column("Values", label="bin"),
        bin_order(COMPONENT),
        (Column("Reference", reference_distribution(COMPONENT)), REFERENCE),
        (Column("Live", distribution(COMPONENT)), LIVE),
        empty="No values in this time range, or no component is chosen.",
    )


def _changes() -> Panel:
    live, reference = distribution(COMPONENT), reference_distribution(COMPONENT)
    change = f"({live}) - ({reference})"
    return rows(
        "What moved most",
        "Buckets (by their upper edge) or categories whose share differs most from the reference, the largest change "
        "on top. What has grown there came from where it has shrunk.",
        Column("Size", f"abs({change})", sort=True, shown=False),
        Column("Values", label="bin"),
        Column("Reference", reference, unit="percentunit", decimals=1),
        Column("Live", live, unit="percentunit", decimals=1),
        Column("Change", change, unit="percentunit", decimals=1),
        empty="No values in this time range.",
    )


def _quantiles() -> Panel:
    def live(level: str) -> str:
        return most("model_component_quantile", f'{WINDOW},level="{level}"')

    def reference(level: str) -> str:
        edges = f'label_replace(model_reference_bucket_ratio{{{COMPONENT}}}, "le", "$1", "upper", "(.+)")'
        return f"histogram_quantile({level}, max by ({EACH_MODEL}, le) ({edges}))"

    return lines(
        "Quantiles over time",
        "How the values of the chosen window move: median, the middle half and the middle 90 %, beside the "
        "reference's. All at once: a shift. Only the outer ones: outliers.",
        Line(live("0.95"), "95 %", FURTHER[0], width=0, down_to="5 %", listed=False),
        Line(live("0.05"), "5 %", FURTHER[0], width=0, listed=False),
        Line(live("0.75"), "75 %", width=0, down_to="25 %", listed=False),
        Line(live("0.25"), "25 %", width=0, listed=False),
        Line(live("0.5"), "median"),
        Line(reference("0.5"), "reference: median", REFERENCE),
        Line(reference("0.05"), "reference: 5 %", REFERENCE, dashed=True, width=1),
        Line(reference("0.95"), "reference: 95 %", REFERENCE, dashed=True, width=1),
        unit="none",
        empty="A category, or no values: see Categories over time.",
        least=None,
    )


def _values() -> Panel:
    every = f"sum({rate('model_component_value_count', COMPONENT)})"
    return buckets(
        "Values over time",
        "Share of the values that fall into each bucket of the reference. A band that ends, moves or splits is the "
        "time to compare with deployments upstream.",
        f"{rate('model_component_value_bucket', COMPONENT, 'le')} / scalar({every} > 0)",
        unit="short",
        cells="percentunit",
        empty="A category, or no values: see Categories over time.",
    )


def _turns() -> list[Placed]:
    return [(_evidence(), 7), (_invalid(), 7), (_categories(), 10)]


def _evidence() -> Panel:
    return lines(
        "Evidence over time",
        "log10 of the evidence that the component has left its reference, over the alarm line. It adds up over all "
        "records, so a small drift needs more of them than a large one.",
        Line(most("model_drift_evidence", COMPONENT), "evidence"),
        unit="none",
        empty="No component is chosen, or it has had fewer than 100 values.",
        least=None,
        limit=0,
    )


def _categories() -> Panel:
    each = f"{rate(CATEGORY, COMPONENT, 'category')} / scalar(sum({rate(CATEGORY, COMPONENT, 'category')}) > 0)"
    return lines(
        "Categories over time",
        "Share of the ten most frequent categories; __other__ are those that the reference does not list. One that "
        "appears or ends is often a new spelling.",
        Line(
            highest(f"({each})", "category", rate(CATEGORY, COMPONENT, "category", WHOLE_RANGE)), "{{category}}", None
        ),
        unit="percentunit",
        empty="A number, or no values: see Values over time.",
    )


def _invalid() -> Panel:
    reasons = (
        Line(share(INVALID, OBSERVED, COMPONENT, only=f'reason="{reason}"'), reason, color)
        for reason, color in REASONS.items()
    )
    return lines(
        "Invalid values by reason",
        "Share of the values that are missing, of the wrong type, below or above the domain, of an unseen category, or "
        "whose extractor failed. Dashed is what the reference has of all of them.",
        *reasons,
        Line(most("model_reference_invalid_ratio", COMPONENT), "reference, all reasons", REFERENCE, dashed=True),
        unit="percentunit",
        empty="No values of this component.",
    )


def _drift() -> list[Panel]:
    score, threshold = (
        f"max by (statistic) ({metric}{{{selection}}})"
        for metric, selection in (("model_drift_score", WINDOW), ("model_drift_threshold", COMPONENT))
    )
    psi = f"{WINDOW},{PSI}"
    return [
        lines(
            "Population stability index",
            "PSI of the window, beside what noise alone makes of so few values, and the threshold from the profile. "
            "What the PSI has more than the noise is effect.",
            Line(most("model_drift_score", psi), "PSI"),
            Line(most("model_drift_noise_floor", psi), "noise", OTHER),
            Line(most("model_drift_threshold", f"{COMPONENT},{PSI}"), "threshold", LIMIT, dashed=True),
            unit="none",
            empty="No PSI: the sample is too small.",
        ),
        lines(
            "Every statistic over its threshold",
            "Each statistic of the profile as a share of its threshold, so that they can be compared: from the dashed "
            "line on it is over. When they disagree, look at the shape of the change.",
            Line(f"{score} / on (statistic) {threshold}", "{{statistic}}", None),
            unit="percentunit",
            empty="No statistic: the sample is too small.",
            limit=1,
        ),
        lines(
            "Values in the window",
            "From how many values the statistics are. Where they fall, the noise rises.",
            Line(total("model_window_samples", WINDOW), "values"),
            unit="locale",
            empty="No values.",
        ),
    ]
