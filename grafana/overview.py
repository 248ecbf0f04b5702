#!/usr/bin/env python3
"""Writes dashboards/overview.json: all models, each of them, one component, and the exporters themselves."""

import json
from pathlib import Path

from panels import DATASOURCE, LIMIT, Json, placed
from rows_quality import comparison, data_quality, drift, scores
from rows_service import exporters, fleet, service
from selections import ALERTS, variables

OUTPUT = Path(__file__).parent / "dashboards" / "overview.json"


def dashboard() -> Json:
    """Return the whole dashboard."""
    firing = {
        "name": "Firing alerts",
        "datasource": DATASOURCE,
        "enable": True,
        "expr": f"ALERTS{{{ALERTS}}}",
        "titleFormat": "{{alertname}}",
        "textFormat": "{{model}} {{version}} {{component}}",
        "iconColor": LIMIT,
        "step": "60s",
    }
    return {
        "uid": "model-overview",
        "title": "Models",
        "description": "Traffic, drift, scores and data quality of models, and the health of their exporters.",
        "tags": ["prediction-exporter"],
        "schemaVersion": 38,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "annotations": {"list": [firing]},
        "templating": {"list": variables()},
        "panels": placed([fleet(), service(), drift(), scores(), data_quality(), comparison(), exporters()]),
    }


def rendered() -> str:
    """Return the text of the committed file."""
    return json.dumps(dashboard(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    OUTPUT.write_text(rendered(), encoding="utf-8")
