"""What several boards have: the variables that choose a model, the state of a model in words, and links of a table."""

from board import choice, link
from grafana_foundation_sdk.models.dashboard import VariableModel
from palette import CLEAR, FURTHER, GOOD, LIMIT, LIVE, OTHER, REFERENCE, WARNING
from promql import CRITICAL, EACH_MODEL, MODEL, WARNINGS, age, firing, most
from tables import Column

SILENT_SECONDS = 900
GLOBAL_DRIFT = 0.25  # of all inputs, from where it is worth getting up for
STATES = {
    "3": ("critical", LIMIT),
    "2": ("warning", WARNING),
    "1": ("silent", OTHER),
    "0": ("healthy", GOOD),
}
SEVERITIES = {"critical": ("critical", LIMIT), "warning": ("warning", WARNING)}
STATE_MEANS = (
    "Critical and warning: an alert of this severity fires. Silent: no alert, and no prediction for 15 minutes."
)
# Why a value is invalid.
REASONS = {
    "missing": LIVE,
    "type": LIMIT,
    "below": FURTHER[0],
    "above": OTHER,
    "unseen": FURTHER[3],
    "extractor": REFERENCE,
}
UNCUT = "No segments: name some in exporter.yml."
YES = {"1": ("yes", LIMIT), "0": ("no", GOOD)}
# In a table, where a column full of colour would hide the cell that matters.
ONLY_YES = {"1": ("yes", LIMIT), "0": ("no", CLEAR)}
LEFT = {"1": ("left its reference", LIMIT)}


def one_model() -> list[VariableModel]:
    """Return the choice of one version of one model."""
    return [
        choice("model", "Model", "model_profile_info"),
        choice("version", "Version", 'model_profile_info{model=~"$model"}', newest=True),
    ]


def window() -> VariableModel:
    """Return the choice of a window."""
    return choice("window", "Window", f"model_window_samples{{{MODEL}}}")


def component_choice() -> list[VariableModel]:
    """Return the choice of a component, and of its role where a name has several."""
    return [
        choice("component", "Component", f"model_reference_samples{{{MODEL}}}"),
        choice("role", "Role", f'model_reference_samples{{{MODEL},component="$component"}}'),
    ]


def segment() -> list[VariableModel]:
    """Return the choice of a tag, and of some of its values."""
    return [
        choice("segment", "Segment", f"model_segment_predictions_total{{{MODEL}}}"),
        choice("value", "Value", f'model_segment_predictions_total{{{MODEL},segment="$segment"}}', many=True),
    ]


def state() -> str:
    """Return the state of models as one of the numbers of STATES."""
    return f"{trouble()} or 0 * {most('model_profile_info', MODEL)}"


def trouble() -> str:
    """Return the same of the models that are not healthy alone."""
    alerts = (
        f"{number} * group by ({EACH_MODEL}) ({firing(MODEL, severity)})"
        for number, severity in ((3, CRITICAL), (2, WARNINGS))
    )
    silent = f"group by ({EACH_MODEL}) ({age('model_last_prediction_timestamp_seconds', MODEL)} > {SILENT_SECONDS})"
    return " or ".join([*alerts, silent])


def model_columns() -> tuple[Column, Column]:
    """Return the columns that name a model and its version, and open its board."""
    there = link("model", model="Model", version="Version")
    return Column("Model", label="model", link=there), Column("Version", label="version", link=there)


def component_columns() -> tuple[Column, Column]:
    """Return the columns that name a component of the chosen model, and open its board."""
    there = link("component", "model", "version", "window", component="Component", role="Role")
    return Column("Component", label="component", link=there), Column("Role", label="role")
