"""What can be done about an incident, by name; other packages join by the entry point `prediction_exporter.actions`."""

from collections.abc import Mapping
from typing import Any

from exporter.registry import Plugins, struct_with
from exporter.responder.actions.command import Command
from exporter.responder.actions.grafana_annotation import GrafanaAnnotation
from exporter.responder.actions.http_call import HttpCall

BUILTIN: Mapping[str, Any] = {
    "http": HttpCall,
    "command": Command,
    "grafana": GrafanaAnnotation,
}
PLUGINS: Plugins[Any] = Plugins("prediction_exporter.actions", BUILTIN, struct_with("repeatable", "problems", "run"))
