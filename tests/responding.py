"""Alerts and notifications as Alertmanager sends them, and a responder in the test's own process."""

import json
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from exporter.responder import Responder, load

STARTS = "2026-01-02T03:04:05.678Z"


def alert(name="ModelComponentDrifted", status="firing", starts_at=STARTS, **labels):
    labels = {"alertname": name, "severity": "critical", "model": "digits", "version": "3.0.0", **labels}
    return {
        "status": status,
        "labels": labels,
        "annotations": {"summary": "It has left its reference.", "description": "PSI is 0.62."},
        "startsAt": starts_at,
        "endsAt": "2026-01-02T04:04:05Z" if status == "resolved" else "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus:9090/graph",
        "fingerprint": f"{hash(tuple(sorted(labels.items()))) & (2**64 - 1):016x}",
    }


def notification(*alerts):
    """The body of Alertmanager's webhook, version 4, with a field that no version has."""
    return {
        "version": "4",
        "groupKey": '{}:{model="digits"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "responder",
        "groupLabels": {"model": "digits"},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager:9093",
        "notification_reason": "of a later version",
        "alerts": list(alerts),
    }


def http(address, **options):
    """The text of an HTTP action."""
    return {"http": {"url": f"http://{address}/jobs", **options}}


def response(action, **options):
    return {"name": "retrain", "matchers": ['severity = "critical"'], "action": action} | options


def document(address, *responses, **options):
    """The text of a file of responses; it is JSON, which is YAML."""
    hosts = {"private_hosts": [address]} if address else {}
    return json.dumps({"state": "state.db", "audit": "audit.jsonl", **hosts, "responses": list(responses), **options})


@dataclass
class Site:
    """A directory with the file of responses, and responders that run there."""

    directory: Path

    def write(self, text):
        (self.directory / "responses.yml").write_text(text)
        return str(self.directory / "responses.yml")

    def audit(self, event=None):
        lines = map(json.loads, (self.directory / "audit.jsonl").read_text().splitlines())
        return [line for line in lines if event in (None, line["event"])]

    @contextmanager
    def running(self, text=None):
        """Run a responder; gives a function that posts alerts and returns the status, with `metrics` and `address`."""
        if text:
            self.write(text)
        responder = Responder(load(str(self.directory / "responses.yml")), "127.0.0.1:0")
        responder.start()
        try:
            yield Client(responder.address)
        finally:
            responder.stop()


@dataclass
class Client:
    """What Alertmanager and Prometheus are to a responder."""

    address: str

    def post(self, *alerts, **headers):
        answer = requests.post(f"http://{self.address}/alerts", json=notification(*alerts), headers=headers, timeout=10)
        return answer.status_code

    def metrics(self):
        text = requests.get(f"http://{self.address}/metrics", timeout=10).text
        return dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))

    def count(self, name, **labels):
        inside = ",".join(f'{key}="{value}"' for key, value in labels.items())
        return int(self.metrics()[f"prediction_exporter_responder_{name}{{{inside}}}"])
