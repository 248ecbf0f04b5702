"""Writes rules/burn_rates.yml: shares of failed and slow predictions in the windows of one table of burn rates."""
# ruff: noqa: INP001 - a script, not a package

from pathlib import Path

import yaml

# Of a budget of 30 days, 14.4 times its rate uses up 2 % in an hour, 6 times 5 % in six hours, 3 times 10 % in a day.
# The short window ends the alert soon after the cause. Source: The Site Reliability Workbook, chapter 5.
TABLE = {
    "critical": ((14.4, "1h", "5m"), (6, "6h", "30m")),
    "warning": ((3, "1d", "2h"), (1, "3d", "6h")),
}
FOR = {"critical": "2m", "warning": "15m"}
WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
OBJECTIVES = {"failures": 0.01, "slow": 0.05}
SLOW_SECONDS = 1
MODEL = "by (job, model, version)"
FEWEST = 10  # of a few predictions, one failure is a large share
TARGET = Path(__file__).parent / "rules/burn_rates.yml"
RUNBOOKS = "https://github.com/prediction-exporter/prediction-exporter/blob/main/docs/runbooks.md"
DASHBOARD = (
    "/d/prediction-exporter-model?var-model={{ $labels.model | urlquery }}&var-version={{ $labels.version | urlquery }}"
)
KINDS = {
    "failures": (
        "ModelPredictionFailures",
        "Predictions of a model fail faster than its error budget allows.",
        "failed",
        "that share of the predictions of 30 days may fail",
    ),
    "slow": (
        "ModelLatencyHigh",
        "Predictions of a model are slow more often than its latency budget allows.",
        f"took longer than {SLOW_SECONDS} s",
        "that share of the predictions of 30 days may be slow",
    ),
}


def share(kind: str, window: str) -> str:
    """Return the name of the share of a kind in a window."""
    return f"job_model:model_predictions:{kind}_ratio_increase{window}"


def expression(kind: str, window: str) -> str:
    """Return what a share is computed by; slow predictions from classic histograms, or else from native ones."""
    total = f"(sum {MODEL} (increase(model_predictions_total[{window}])) > 0)"
    if kind == "failures":
        return f"sum {MODEL} (increase(model_prediction_failures_total[{window}])) / {total}"
    name = "model_prediction_latency_seconds"
    within = f'sum {MODEL} (increase({name}_bucket{{le="{float(SLOW_SECONDS)}"}}[{window}]))'
    of_all = f"(sum {MODEL} (increase({name}_count[{window}])) > 0)"
    native = f"histogram_fraction(0, {SLOW_SECONDS}, sum {MODEL} (increase({name}[{window}])))"
    return f"clamp_min(1 - {within} / {of_all}, 0) or clamp_min(1 - {native}, 0)"


def condition(kind: str, severity: str) -> str:
    """Return the condition of an alert: both windows of a row over its rate, and by more than a failure or two."""

    def over(window: str, rate: float) -> str:
        return f"{share(kind, window)} > on (job, model, version) ({rate:g} * {objective(kind)})"

    return " or ".join(
        f"({over(long, rate)} and {over(short, rate)} and {share(kind, long)}"
        f" * on (job, model, version) sum {MODEL} (increase(model_predictions_total[{long}])) >= {FEWEST})"
        for rate, long, short in TABLE[severity]
    )


def objective(kind: str) -> str:
    """Return the name of the share that is accepted."""
    return f"job_model:model_predictions:{kind}_objective_ratio"


def alert(kind: str, severity: str) -> dict[str, object]:
    """Return an alert of a kind."""
    name, summary, what, budget = KINDS[kind]
    long, short = TABLE[severity][0][1], TABLE[severity][-1][1]
    series = "{{ $series := printf `job=%q,model=%q,version=%q` $labels.job $labels.model $labels.version -}}"
    ratio = "{{ with query (printf `%s{%%s}` $series) }}{{ . | first | value | humanizePercentage }}{{ end }}"
    count = f"{{{{ with query (printf `sum(increase(model_predictions_total{{%s}}[{long}]))` $series) }}}}"
    count += '{{ . | first | value | printf "%.0f" }}{{ end }}'
    description = (
        f"{series} {ratio % share(kind, long)} of {count} predictions of model {{{{ $labels.model }}}} "
        f"{{{{ $labels.version }}}} in the last {long} {what}, in the last {short} {ratio % share(kind, short)}. "
        f"The objective is {ratio % objective(kind)}: {budget}."
    )
    return {
        "alert": name,
        "expr": condition(kind, severity),
        "for": FOR[severity],
        "keep_firing_for": "5m",
        "labels": {"severity": severity},
        "annotations": {
            "summary": summary,
            "description": description,
            "runbook_url": f"{RUNBOOKS}#{name.lower()}",
            "dashboard_url": DASHBOARD,
        },
    }


def rendered() -> str:
    """Return the text of the file."""
    records = [
        {"record": share(kind, window), "expr": expression(kind, window)} for kind in KINDS for window in WINDOWS
    ]
    objectives = [
        {
            "record": objective(kind),
            "expr": f"0 * sum {MODEL} (model_predictions_total) + {value}",
        }
        for kind, value in OBJECTIVES.items()
    ]
    alerts = [alert(kind, severity) for kind in KINDS for severity in TABLE]
    # Shares over days move slowly, and reading days of counters costs. In one group, alerts follow what they use.
    groups = [{"name": "burn_rates", "interval": "1m", "rules": objectives + records + alerts}]
    head = "# Written by burn_rates.py from its objectives and its table of burn rates; `make docs` writes it again.\n"
    return head + yaml.safe_dump({"groups": groups}, sort_keys=False, width=120, allow_unicode=True)


if __name__ == "__main__":
    TARGET.write_text(rendered(), encoding="utf-8")
