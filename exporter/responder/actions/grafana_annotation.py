"""`grafana`: marks the incident on Grafana's time axis: where it began, and from there to its end once it is over."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, ClassVar

import msgspec

from exporter.config.kinds import Written
from exporter.responder import template
from exporter.responder.action import Allowed, Incident, Outcome
from exporter.responder.actions.http_call import HttpCall, parse_url
from exporter.responder.template import Template


class GrafanaAnnotation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An annotation of Grafana's HTTP API, seen on every dashboard that shows its tags.

    `url` is Grafana's own, `token_file` holds a service account's token that may write annotations; on one dashboard
    alone with `dashboard`, its uid.
    """

    url: Annotated[Template, Written(parse_url)]
    token_file: Path
    text: Annotated[Template, Written(template.parse)] = Template("${labels.alertname}: ${annotations.description}")
    tags: list[Annotated[Template, Written(template.parse)]] = msgspec.field(
        default_factory=lambda: [Template(f"${{labels.{name}}}") for name in ("alertname", "severity", "model")]
    )
    dashboard: str | None = None
    ca_file: Path | None = None

    repeatable: ClassVar[bool] = True

    def problems(self, allowed: Allowed) -> Iterator[tuple[str, str]]:
        """Yield what is wrong with the request."""
        yield from self._call().problems(allowed)

    def run(self, incident: Incident, allowed: Allowed) -> Outcome:
        """Post the annotation."""
        values = incident.values()
        body: dict[str, Any] = {
            "time": values["starts_at_milliseconds"],
            "text": self.text.fill(values),
            "tags": [tag for tag in (each.fill(values) for each in self.tags) if tag],
        }
        if values["ends_at_milliseconds"]:
            body["timeEnd"] = values["ends_at_milliseconds"]
        if self.dashboard:
            body["dashboardUID"] = self.dashboard
        return self._call().send(incident, allowed, msgspec.json.encode(body))

    def _call(self) -> HttpCall:
        url = Template(f"{self.url.text.rstrip('/')}/api/annotations")
        return HttpCall(url, token_file=self.token_file, ca_file=self.ca_file)
