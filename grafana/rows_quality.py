"""The rows about data and quality: drift, scores, invalid values, live against reference."""
# ruff: noqa: INP001 - a folder of scripts, not a package

from panels import (
    FURTHER,
    GOOD,
    LIMIT,
    LIVE,
    REFERENCE,
    Json,
    Row,
    bars,
    in_color,
    now,
    override,
    query,
    row,
    series,
    table,
)
from selections import COMPONENT, MODEL, NAME, SCORE, WINDOW, most, per_second

REASONS = {
    "missing": LIVE,
    "type": LIMIT,
    "below": FURTHER[0],
    "above": FURTHER[1],
    "unseen": GOOD,
    "extractor": FURTHER[2],
}
EACH = "model, version, component, role"
PSI = 'statistic="psi"'


def drift() -> Row:
    """Return how far components are from their reference, and how surely."""
    return row("Drift", 9, (_components(), 24), (_evidence(), 8), (_chosen_drift(), 8), (_drifted_share(), 8))


def _components() -> Json:
    psi = most("model_drift_score", f"{WINDOW},{PSI}", f"{EACH}, window")
    noise = most("model_drift_noise_floor", f"{WINDOW},{PSI}", f"{EACH}, window")
    threshold = most("model_drift_threshold", f"{MODEL},{PSI}", EACH)
    evidence = most("model_drift_evidence", MODEL, EACH)
    return table(
        "Components by drift",
        "Evidence says whether a component has left its reference: above 0 it has, and by chance that happens at most "
        "once in the false-alarm budget. The effect says how far: the population stability index (PSI) of the window "
        "less what noise makes of so few values; over its threshold it is critical. No PSI: the sample is too small.",
        now(f"sort_desc(clamp_min({psi} - {noise}, 0))"),
        now(f"0 * {psi} + on ({EACH}) group_left () {threshold}"),
        now(most("model_window_samples", WINDOW, f"{EACH}, window")),
        now(f"0 * {psi} + on ({EACH}) group_left () {evidence}"),
        columns={
            "model": "Model",
            "version": "Version",
            "role": "Role",
            "component": "Component",
            "window": "Window",
            "Value #D": "Evidence",
            "Value #A": "PSI beyond noise",
            "Value #B": "Threshold",
            "Value #C": "Values",
        },
        overrides=[
            override("Evidence", decimals=1),
            override("PSI beyond noise", decimals=3),
            override("Threshold", decimals=3),
            override("Values", unit="locale", decimals=0),
        ],
        empty="No window has a sample yet.",
    )


def _evidence() -> Json:
    return series(
        "Evidence against $role $component",
        "log10 of the evidence that the component has left its reference, over the alarm line: above 0 it has. It adds "
        "up over all records, so a small drift needs more of them than a large one.",
        query(most("model_drift_evidence", COMPONENT, "model, version"), NAME, LIVE),
        query(f"0 * {most('model_drift_evidence', COMPONENT)}", "alarm line", LIMIT, dashed=True),
        unit="none",
        empty="No component is chosen, or it has had fewer than 100 values.",
        least=None,
    )


def _chosen_drift() -> Json:
    window = most("model_drift_score", f'{COMPONENT},window=~"$window",{PSI}', "model, version, window")
    fleet = most("job_model_component:model_drift_score:psi_increase1h", COMPONENT)
    replicas = f"count by (model, version) (model_reference_samples{{{COMPONENT}}})"
    threshold = most("model_drift_threshold", f"{COMPONENT},{PSI}")
    return series(
        "Drift of $role $component",
        "PSI of the chosen component by window; with several replicas also of all together in the last hour. Over the "
        "dashed threshold it has left its reference: further down is how its values differ.",
        query(window, f"{NAME}, window {{{{window}}}}", LIVE),
        query(f"{fleet} and {replicas} > 1", f"{NAME}, all replicas, 1h", FURTHER[1]),
        query(threshold, f"{NAME}, threshold", LIMIT, dashed=True),
        unit="none",
        empty="No PSI: no component is chosen, or its sample is too small.",
    )


def _drifted_share() -> Json:
    return series(
        "Share of drifted components",
        "Of the components with a large enough sample, how many are over their threshold. One component is a fault of "
        "that input; many at once are another population, or another pipeline.",
        query(
            most("model_drifted_components_ratio", WINDOW, "model, version, window"),
            f"{NAME}, window {{{{window}}}}",
            LIVE,
        ),
        unit="percentunit",
        empty="No component has a large enough sample yet.",
        most=1,
    )


def scores() -> Row:
    """Return how good the models are, and how many actuals tell so."""
    return row("Scores", 8, (_score(), 24), (_records(), 8), (_actuals(), 8), (_pending(), 8))


def _score() -> Json:
    value = most("model_score", f'{SCORE},window=~"$window"', "model, version, window")
    panel = series(
        "$score",
        "Quality by window, from predictions whose actual is known, beside the score on the reference. Past the dashed "
        "threshold the model is no longer acceptable.",
        query(value, f"{NAME}, window {{{{window}}}}", LIVE),
        query(most("model_score_reference", SCORE), f"{NAME}, reference", REFERENCE),
        query(most("model_score_threshold", SCORE), f"{NAME}, threshold", LIMIT, dashed=True),
        unit="none",
        empty="No actuals have been joined yet.",
        least=None,
    )
    return panel | {"repeat": "score", "repeatDirection": "h", "maxPerRow": 3}


def _records() -> Json:
    samples = f'sum by (model, version, score, window) (model_score_samples{{{SCORE},window=~"$window"}})'
    return series(
        "Records behind the scores",
        "A score from fewer than 30 records raises no alert: chance alone moves it too much.",
        query(samples, f"{NAME}, {{{{score}}}}, window {{{{window}}}}", LIVE),
        unit="locale",
        empty="No actuals have been joined yet.",
    )


def _actuals() -> Json:
    return series(
        "Actuals",
        "Actuals per second, and those that found no prediction or came twice. Without a prediction: another id, "
        "or too short a wait.",
        query(per_second("model_actuals_total", MODEL), f"{NAME}, all", LIVE),
        query(per_second("model_actuals_unmatched_total", MODEL), f"{NAME}, without a prediction", LIMIT),
        query(per_second("model_actuals_duplicate_total", MODEL), f"{NAME}, duplicate", FURTHER[1]),
        unit="ops",
        empty="The log carries no actuals.",
    )


def _pending() -> Json:
    return series(
        "Predictions that wait for their actual",
        "Predictions kept until their actual comes. If they only grow, actuals have stopped or carry other ids.",
        query(f"sum by (model, version) (model_predictions_pending{{{MODEL}}})", NAME, LIVE),
        unit="locale",
        empty="No prediction waits.",
    )


def data_quality() -> Row:
    """Return values that cannot be right."""
    return row("Data quality", 8, (_invalid(), 12), (_chosen_invalid(), 12))


def _invalid() -> Json:
    invalid = per_second("model_component_invalid_total", MODEL, EACH)
    observed = per_second("model_component_observations_total", MODEL, EACH)
    return series(
        "Invalid values of all components",
        "Share of invalid values, where there are any. A step is a change in what is logged: look there first.",
        query(f"{invalid} / ({observed} > 0) > 0", f"{NAME}, {{{{role}}}} {{{{component}}}}", LIVE),
        unit="percentunit",
        empty="No invalid values.",
    )


def _chosen_invalid() -> Json:
    invalid = per_second("model_component_invalid_total", COMPONENT, "reason")
    observed = f"sum(rate(model_component_observations_total{{{COMPONENT}}}[$__rate_interval]))"
    panel = series(
        "Invalid values of $role $component by reason",
        "Share of the chosen component's values that are missing, of the wrong type, below or above the domain, of an "
        "unseen category, or whose extractor failed. Dashed is what the reference has of all of them.",
        query(f"{invalid} / scalar({observed} > 0)", "{{reason}}"),
        query(f"max(model_reference_invalid_ratio{{{COMPONENT}}})", "reference, all reasons", REFERENCE, dashed=True),
        unit="percentunit",
        empty="No values of this component.",
    )
    panel["fieldConfig"]["overrides"] += [override(reason, in_color(color)) for reason, color in REASONS.items()]
    return panel


def comparison() -> Row:
    """Return one component's live values against its reference."""
    return row("Live against reference", 10, (_distribution(), 14), (_quantiles(), 10))


def _distribution() -> Json:
    bucket, category = "job_model_component_bucket:model_reference_bucket_ratio:max", "model_reference_category_ratio"
    reference = f"job_model_component_bin:model_reference_samples:product{{{COMPONENT}}}"
    live = f"job_model_component_bin:model_component_samples:increase1h{{{COMPONENT}}}"
    # Buckets in the order of their edges, in which their cumulative shares grow; the open one, perhaps empty, comes
    # last. Categories by their share.
    order = (
        _as_bins(bucket, 'le!="+Inf"', "le"),
        "2 * " + _as_bins(bucket, 'le="+Inf"', "le"),
        "1 - " + _as_bins(category, "", "category"),
    )
    return bars(
        "$role $component: live against reference",
        "Share of values in each bucket, named by its upper edge, or of each category. Live is the last hour of "
        "all replicas. Choose one model and one version.",
        now(" or ".join(order)),
        now(f"sum by (bin) ({reference}) / scalar(sum({reference}))"),
        now(f"sum by (bin) ({live}) / scalar(sum({live}) > 0)"),
        order="Value #A",
        columns={"bin": "Up to", "Value #B": "Reference", "Value #C": "Live"},
        colors={"Reference": REFERENCE, "Live": LIVE},
        empty="No values in the last hour, or no component is chosen.",
    )


def _as_bins(metric: str, which: str, label: str) -> str:
    return f'max by (bin) (label_replace({metric}{{{COMPONENT},{which}}}, "bin", "$1", "{label}", "(.+)"))'


def _quantiles() -> Json:
    quantile = most("model_component_quantile", f'{COMPONENT},window=~"$window"', "model, version, level, window")
    return series(
        "Quantiles of $role $component",
        "How the values of the chosen component move. All quantiles at once: a shift. Only the outer ones: outliers.",
        query(quantile, f"{NAME}, {{{{level}}}}, window {{{{window}}}}", LIVE),
        unit="none",
        empty="No values, or a category.",
        least=None,
    )
