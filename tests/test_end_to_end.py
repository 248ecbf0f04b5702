"""The main job with real programs: a log, the exporter, Prometheus with our rules, Alertmanager with our routes.

Everything happens 15 times as fast as in production: each duration in our files is divided by that, so Prometheus
scrapes every second and `for: 1m` is four seconds. The addresses of the Compose stack are replaced by the test's.
"""

import json
import re
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pytest
import stack
from pipeline import Pipeline, pipeline

SPEED = 15
PENDING = 60 / SPEED  # `for: 1m`
WINDOW = 400
SPEC = """
name: digits
version: 3.0.0
components:
  - {name: sharpness, element: input.sharpness, dtype: float, domain: [0, 20]}
  - {name: brightness, element: input.brightness, dtype: float}
  - {name: machine, element: input.machine, dtype: category}
  - {name: label, element: output.label, dtype: category}
  - {name: label, element: actual.label, dtype: category}
  - {name: correct, role: eval, extractor: {correct: {output: label, actual: label}}, dtype: category}
scores:
  - {name: accuracy, score: accuracy, input: correct}
"""
COMPONENTS = 6
CONFIG = f"""
evaluation_interval: 250ms
models:
  - profile: profiles/digits@3.0.0.json
    windows: [{WINDOW} rows]
sources:
  - file: {{path: "logs/*.jsonl"}}
"""
LABELS = {"job": "prediction-exporter", "model": "digits", "version": "3.0.0"}
DRIFTED = LABELS | {"alertname": "ModelComponentDrifted", "component": "sharpness", "role": "input", "team": "models"}
DESCRIPTION = re.compile(
    r"The input sharpness of model digits 3\.0\.0 has left its reference by far: the population stability index "
    r"\(PSI\) beyond noise is (?P<effect>\d+\.\d\d), its threshold 0\.25\. Evidence at (?P<instance>127\.0\.0\.1:\d+): "
    r"10\^\d+\.\d times the alarm line\. Window 400 rows at (?P=instance): "
    r"PSI (?P<psi>\d+\.\d\d), without drift (?P<noise>0\.\d{3}), from 400 values\."
)


def records(rng, count, sharpness=10.0, brightness=0.0):
    """Predictions with their actuals; 97 % are right."""
    rows = zip(
        rng.normal(sharpness, 1.5, count).clip(0, 20).tolist(),
        rng.normal(brightness, 3, count).tolist(),
        rng.choice(["1", "2", "3", "4"], count).tolist(),
        rng.integers(0, 10, count).tolist(),
        (rng.random(count) < 0.03).tolist(),
        strict=True,
    )
    return [
        {
            "id": rng.bytes(8).hex(),
            "time": time.time(),
            "input": {"sharpness": sharp, "brightness": bright, "machine": machine},
            "output": {"label": label},
            "actual": {"label": (label + wrong) % 10},
            "latency_seconds": 0.004,
        }
        for sharp, bright, machine, label, wrong in rows
    ]


def replaced(name, **addresses):
    """One of our configuration files, hastened, with each address of the Compose stack replaced."""
    text = stack.hastened((stack.ROOT / name).read_text(), SPEED)
    for service, address in addresses.items():
        text, found = re.subn(rf"\b{service}:\d+", address, text)
        assert found, f"{name} does not name {service}"
    return text


def responses(pipeline):
    """The demo's responses, with the test's pipeline."""
    text = (stack.ROOT / "alerting/responses.yml").read_text()
    return text.replace("/data/", "").replace("receiver:9095", pipeline)


def moment(text):
    """Unix seconds of an alert's time."""
    return datetime.fromisoformat(text).timestamp()


@dataclass
class Site:
    """The running stack; `hook` is the people's, `log` logs more predictions."""

    hook: stack.Webhook
    pipeline: Pipeline
    exporter: stack.Running
    responder: stack.Running
    alertmanager: stack.Running
    prometheus: stack.Prometheus
    log: Callable[..., None]

    def answered(self, decision):
        """How many alerts the responder has met with a decision."""
        series = f'prediction_exporter_responder_alerts_total{{response="retrain",decision="{decision}"}} '
        return float(self.responder.get("/metrics").text.partition(series)[2].partition("\n")[0])


@pytest.fixture
def running(tmp_path):
    """Run the whole stack on healthy predictions."""
    rng = np.random.default_rng(20)
    stack.built_profile(tmp_path, SPEC, records(rng, 4000))
    (tmp_path / "exporter.yml").write_text(CONFIG)
    (tmp_path / "logs").mkdir()

    def log(count, **means):
        stack.write(tmp_path / "logs" / "predictions.jsonl", records(rng, count, **means))

    log(2 * WINDOW)
    rules = sorted((stack.ROOT / "prometheus" / "rules").glob("*.yml"))
    assert rules
    exporter, responder, prometheus, alertmanager = stack.free_addresses(4)
    with (
        stack.webhook() as hook,
        pipeline() as line,
        stack.exporter(exporter, tmp_path) as exporting,
        stack.responder(responder, tmp_path, responses(line.address)) as responding,
        stack.alertmanager(
            alertmanager,
            tmp_path,
            replaced("alerting/alertmanager.yml", receiver=hook.address, responder=responder),
        ) as alerting,
        stack.prometheus(
            prometheus,
            tmp_path,
            replaced(
                "prometheus/prometheus.yml",
                exporter=exporter,
                responder=responder,
                alertmanager=alertmanager,
                localhost=prometheus,
            ),
            rules,
            SPEED,
        ) as scraping,
    ):
        yield Site(hook, line, exporting, responding, alerting, scraping, log)


def healthy(prometheus):
    """See all is well for longer than an alert would be pending."""
    query = 'model_drift_score{statistic="psi"}'
    stack.eventually("every component has a drift score", lambda: len(prometheus.values(query)) == COMPONENTS)
    time.sleep(2 * PENDING)
    assert all(value < 0.25 for _, value in prometheus.values(query))
    assert prometheus.value('up{job="prediction-exporter"}') == 1
    assert prometheus.value('ALERTS{alertname="Watchdog"}') == 1  # rules are evaluated


def received(hook, alert, status, **labels):
    """Wait for an alert."""
    return stack.eventually(f"{alert} arrives, {status}", lambda: hook.find(alertname=alert, status=status, **labels))


@pytest.mark.slow
def test_a_drift_in_the_log_pages_starts_the_pipeline_once_and_is_resolved_after_recovery(running):
    hook, prometheus, log = running.hook, running.prometheus, running.log
    healthy(prometheus)
    assert not hook.alerts

    running.responder.kill()
    running.pipeline.answers = [503]
    fault = time.time()
    log(WINDOW, sharpness=4.0, brightness=9.0)
    page = {"severity": "critical", "component": "sharpness"}
    alert = received(hook, "ModelComponentDrifted", "firing", **page)[0]
    tells_all(alert, running, fault)
    stack.eventually(
        "both components are told in one notification", lambda: grouped(hook) == {"sharpness", "brightness"}
    )

    # The responder was down, the pipeline is at first, and Alertmanager forgets what it has told.
    running.responder.again()
    running.pipeline.asked(2)
    running.alertmanager.kill()
    running.alertmanager.again()
    stack.eventually("it is told again", lambda: running.answered("repeated") > 0)
    running.responder.kill()
    running.responder.again()

    for count in range(1, 5):
        log(2 * WINDOW)
        query, total = "model_predictions_total", (3 + 2 * count) * WINDOW
        stack.eventually("they are counted", lambda query=query, total=total: prometheus.value(query) == total)
    resolved = received(hook, "ModelComponentDrifted", "resolved", **page)[0]
    assert moment(resolved["endsAt"]) > moment(alert["startsAt"])
    stack.eventually("the alarm is over", lambda: prometheus.value('model_drift_alarm{component="sharpness"}') == 0)
    names = {"PredictionExporterResponderDown"} | {DRIFTED["alertname"]}
    assert {each["labels"]["alertname"] for each in hook.alerts} <= names  # and no other
    starts_the_pipeline_once(running.pipeline)

    exporting = running.exporter
    exporting.process.send_signal(signal.SIGTERM)
    assert exporting.process.wait(10) == 0
    (down,) = received(hook, "PredictionExporterDown", "firing")
    expected = {"job": "prediction-exporter", "instance": exporting.address, "severity": "critical", "team": "platform"}
    assert down["labels"] == expected | {"alertname": "PredictionExporterDown"}
    assert down["annotations"]["description"] == (
        f"The exporter at {exporting.address} does not answer: its models are not monitored."
    )


def tells_all(alert, running, fault):
    """See that the alert says what is wrong, since when, how much, and where to go on."""
    assert alert["labels"] == DRIFTED | {"severity": "critical"}
    assert moment(alert["startsAt"]) >= fault
    assert alert["annotations"]["summary"] == "A component of a model is far from its reference."
    description = DESCRIPTION.fullmatch(alert["annotations"]["description"])
    assert description, alert["annotations"]["description"]
    assert description["instance"] == running.exporter.address
    score = running.prometheus.value('model_drift_score{statistic="psi",component="sharpness"}')
    assert description["psi"] == f"{score:.2f}"
    assert float(description["effect"]) == pytest.approx(score - float(description["noise"]), abs=0.01)
    assert score > 1
    assert alert["annotations"]["runbook_url"].endswith("/docs/runbooks.md#modelcomponentdrifted")
    assert alert["annotations"]["dashboard_url"].endswith("&var-component=sharpness&var-role=input")


def grouped(hook):
    """The components in the last notification of drift; all are grouped by team and model."""
    told = [
        each
        for each in hook.notifications
        if {"alertname": DRIFTED["alertname"]}.items() <= each["commonLabels"].items()
    ]
    assert all(each["groupLabels"] == {name: DRIFTED[name] for name in ("team", "model", "version")} for each in told)
    return {alert["labels"]["component"] for alert in told[-1]["alerts"]}


def starts_the_pipeline_once(pipeline):
    """See one order, that came a second time only because it was refused the first time."""
    (path, headers, body), (_, again, _) = pipeline.requests
    assert path == "/pipeline"
    assert headers["Idempotency-Key"] == again["Idempotency-Key"] == json.loads(body)["id"]
    assert {"order": "retrain", "model": "digits", "version": "3.0.0"}.items() <= json.loads(body).items()
