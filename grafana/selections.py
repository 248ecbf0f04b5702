"""What the variables of a dashboard select, and the names of its series."""
# ruff: noqa: INP001 - a folder of scripts, not a package

from panels import Json, variable

MODEL = 'model=~"$model",version=~"$version"'
WINDOW = f'{MODEL},window=~"$window"'
SCORE = f'{MODEL},score=~"$score"'
COMPONENT = f'{MODEL},component="$component",role="$role"'
# Alerts about an exporter have no model.
ALERTS = 'alertstate="firing",severity!="none",model=~"$model|",version=~"$version|"'
NAME = "{{model}} {{version}}"


def per_second(metric: str, selection: str, by: str = "model, version") -> str:
    """Return the summed rate of a counter."""
    return f"sum by ({by}) (rate({metric}{{{selection}}}[$__rate_interval]))"


def most(metric: str, selection: str, by: str = "model, version") -> str:
    """Return the largest value of a gauge."""
    return f"max by ({by}) ({metric}{{{selection}}})"


def variables() -> list[Json]:
    """Return the choices at the top of a dashboard; each narrows the ones behind it."""
    return [
        {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "refresh": 1},
        variable("model", "Model", "model_profile_info", many=True),
        variable("version", "Version", 'model_profile_info{model=~"$model"}', many=True, sort=2),
        variable("window", "Window", f"model_window_samples{{{MODEL}}}", many=True),
        variable("score", "Score", f"model_score_preference{{{MODEL}}}", many=True),
        variable("component", "Component", f"model_reference_samples{{{MODEL}}}", many=False),
        variable("role", "Role", f'model_reference_samples{{{MODEL},component="$component"}}', many=False),
    ]
