"""Alertmanager: where alerts go, what mutes them, and what people read, told by the real amtool and Alertmanager."""

import email
import json
import re
import shutil
import threading
from datetime import UTC, datetime
from email.policy import default as policy

import pytest
import requests
import stack
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from bundle import ROOT, alerts, load, run
from pipeline import pipeline
from responding import alert as told
from responding import document, http, response

DEFAULT, EXAMPLE = "alerting/alertmanager.yml", "alerting/examples/receivers.yml"
DEMO = load("docker-compose.yml")


def copied(tmp_path, path, text=None):
    """One of our configurations with its templates beside it; its name."""
    shutil.copytree(ROOT / "alerting/templates", tmp_path / "templates")
    (tmp_path / "alertmanager.yml").write_text(text or (ROOT / path).read_text())
    return tmp_path / "alertmanager.yml"


@pytest.mark.slow
@pytest.mark.parametrize("path", [DEFAULT, EXAMPLE])
def test_amtool_finds_no_fault(tmp_path, path):
    assert "1 templates" in run("amtool", "check-config", "--enable-feature=utf8-strict-mode", copied(tmp_path, path))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "labels", "receivers"),
    [
        (DEFAULT, "alertname=Watchdog severity=none", "dead-mans-switch"),
        (DEFAULT, "alertname=ModelScoreWorse severity=critical model=digits team=models", "responder,visible"),
        (DEFAULT, "alertname=ModelComponentDrifted severity=warning model=digits", "responder,visible"),
        (DEFAULT, "alertname=ModelReferenceOld severity=info model=digits", "visible"),
        (DEFAULT, "alertname=OfYourOwn", "visible"),
        (EXAMPLE, "alertname=Watchdog severity=none team=platform", "dead-mans-switch"),
        (EXAMPLE, "alertname=A severity=critical team=models", "responder,pagerduty-models,slack-models"),
        (EXAMPLE, "alertname=A severity=warning team=models", "responder,slack-models"),
        (EXAMPLE, "alertname=A severity=info team=models", "email-models"),
        (EXAMPLE, "alertname=A severity=critical team=platform", "responder,pagerduty-platform"),
        (EXAMPLE, "alertname=A severity=warning team=platform", "responder,email-platform"),
        (EXAMPLE, "alertname=A severity=info team=platform", "email-platform"),
        (EXAMPLE, "alertname=OfYourOwn", "email-models"),
    ],
)
def test_an_alert_goes_to_the_receivers_of_its_severity_and_team(path, labels, receivers):
    test = ("config", "routes", "test", f"--config.file={path}", f"--verify.receivers={receivers}")
    run("amtool", *test, *labels.split())


def test_the_example_mutes_what_the_default_mutes():
    assert load(EXAMPLE)["inhibit_rules"] == load(DEFAULT)["inhibit_rules"]


def test_inhibitions_name_alerts_and_severities_that_exist():
    names = {rule["alert"] for rule in alerts()}
    severities = {rule["labels"]["severity"] for rule in alerts()}
    for rule in load(DEFAULT)["inhibit_rules"]:
        for matcher in rule["source_matchers"] + rule["target_matchers"]:
            label, pattern = re.fullmatch(r'(\w+) !?=~? "(.*)"', matcher).groups()
            for part in pattern.split("|") if label in ("alertname", "severity") else ():
                assert any(re.fullmatch(part, known) for known in names | severities), matcher


def test_no_secret_stands_in_a_file():
    for path in (DEFAULT, EXAMPLE, "alerting/responses.yml", "alerting/examples/responses.yml"):
        text = (ROOT / path).read_text()
        assert not re.search(r"(?m)^\s*\w*(password|token|secret|routing_key|api_url|credentials): ", text)


EXPORTER = {"job": "prediction-exporter", "instance": "a:8770"}
DIGITS = {"job": "prediction-exporter", "model": "digits", "version": "3.0.0"}


def alert(name, severity, labels, **more):
    return {"alertname": name, "severity": severity, **labels, **more}


# Alerts that are there first, one that comes, whether it is muted.
MUTED = [
    ("down", alert("PredictionExporterSourceDown", "warning", EXPORTER, source="x"), True),
    ("down", alert("PredictionExporterSourceDown", "warning", EXPORTER | {"instance": "b:8770"}, source="x"), False),
    ("down", alert("ModelProcessDown", "critical", EXPORTER | DIGITS), True),
    ("down", alert("ModelComponentDrifted", "warning", DIGITS | {"version": "4"}, component="x"), False),
    ("down", alert("PredictionExporterDown", "critical", EXPORTER | {"instance": "c:8770"}), False),
    ("absent", alert("ModelComponentDrifted", "warning", DIGITS, component="x"), True),
    ("absent", alert("ModelComponentDrifted", "warning", DIGITS | {"job": "another"}, component="x"), False),
    ("process", alert("ModelPredictionsStopped", "critical", DIGITS), True),
    ("process", alert("ModelScoreWorse", "critical", DIGITS, score="accuracy"), True),
    ("process", alert("ModelScoreWorse", "critical", DIGITS | {"version": "4"}, score="accuracy"), False),
    ("stopped", alert("ModelLatencyHigh", "warning", DIGITS), True),
    ("stopped", alert("ModelScoreWorse", "critical", DIGITS, score="accuracy"), False),
    ("failing", alert("ModelPredictionFailures", "warning", DIGITS), True),
    ("failing", alert("ModelComponentDrifted", "warning", DIGITS, component="x"), False),
    ("score", alert("ModelComponentDrifted", "warning", DIGITS, component="x"), False),
    ("score", alert("ModelEstimatedScoreWorse", "warning", DIGITS, score="accuracy"), True),
    ("score", alert("ModelEstimatedScoreWorse", "warning", DIGITS, score="recall"), False),
    ("far", alert("ModelComponentDrifted", "warning", DIGITS, component="x", role="input"), True),
    ("far", alert("ModelComponentDrifted", "warning", DIGITS, component="y", role="input"), False),
    ("far", alert("ModelComponentDrifted", "warning", DIGITS, component="x", role="output"), False),
    ("unit", alert("ModelComponentDrifted", "critical", DIGITS, component="x", role="input"), True),
    ("unit", alert("ModelComponentInvalid", "warning", DIGITS, component="x", role="input"), True),
    ("unit", alert("ModelComponentDrifted", "critical", DIGITS, component="y", role="input"), False),
    ("unit", alert("ModelScoreWorse", "critical", DIGITS, score="accuracy"), True),
    ("stuck", alert("ModelComponentDrifted", "warning", DIGITS, component="x", role="input"), True),
    ("stuck", alert("ModelComponentDrifted", "critical", DIGITS, component="x", role="input"), False),
    ("stuck", alert("ModelScoreWorse", "critical", DIGITS, score="accuracy"), False),
]
FIRST = {
    "down": alert("PredictionExporterDown", "critical", EXPORTER),
    "absent": alert("PredictionExporterDown", "critical", {"job": "prediction-exporter"}),
    "process": alert("ModelProcessDown", "critical", EXPORTER | DIGITS),
    "stopped": alert("ModelPredictionsStopped", "critical", DIGITS),
    "failing": alert("ModelPredictionFailures", "critical", DIGITS),
    "score": alert("ModelScoreWorse", "critical", DIGITS, score="accuracy"),
    "far": alert("ModelComponentDrifted", "critical", DIGITS, component="x", role="input"),
    "unit": alert("ModelComponentUnitSlipped", "critical", DIGITS, component="x", role="input", slip="x1000"),
    "stuck": alert("ModelComponentStuck", "warning", DIGITS, component="x", role="input"),
}


@pytest.mark.slow
@pytest.mark.parametrize("first", FIRST)
def test_an_alert_mutes_what_it_makes_pointless_and_nothing_else(first, tmp_path):
    expected = {json.dumps(labels, sort_keys=True): muted for cause, labels, muted in MUTED if cause == first}
    assert expected
    with running(tmp_path, (ROOT / DEFAULT).read_text()) as manager:
        now = datetime.now(UTC).isoformat()
        posted = [FIRST[first], *(labels for cause, labels, _ in MUTED if cause == first)]
        fire(manager, *({"labels": labels, "startsAt": now} for labels in posted))

        def states():
            found = manager.get("/api/v2/alerts").json()
            # The status is that of the last notification; until then it is unprocessed.
            told = {each["status"]["state"] for each in found} <= {"active", "suppressed"}
            muted = {json.dumps(each["labels"], sort_keys=True): bool(each["status"]["inhibitedBy"]) for each in found}
            return told and muted == expected | {json.dumps(FIRST[first], sort_keys=True): False}

        stack.eventually("what is pointless is muted, and nothing else", states, 40)


def test_labels_that_mute_by_equality_are_demanded_so_that_their_absence_is_not_equal():
    for rule in load("alerting/alertmanager.yml")["inhibit_rules"]:
        for side in ("source_matchers", "target_matchers"):
            demanded = {re.match(r"(\w+)", matcher)[1] for matcher in rule[side] if not matcher.endswith('""')}
            assert set(rule["equal"]) - {"job", "version"} <= demanded | {"alertname"}


def test_the_receiver_is_where_alertmanager_sends_its_alerts():
    urls = {each["name"]: each["webhook_configs"][0]["url"] for each in load(DEFAULT)["receivers"]}
    service = DEMO["services"]["receiver"]
    place = f"http://receiver{service['command'][1]}"
    assert urls["visible"] == f"{place}/alerts"
    assert urls["dead-mans-switch"] == f"{place}/watchdog"
    assert urls["responder"] == "http://responder:8771/alerts"
    assert service["entrypoint"] == ["python", "-m", "exporter.demo.receiver"]


def running(directory, text):
    """A real Alertmanager with a configuration's text and our templates."""
    copied(directory, DEFAULT, text)
    (address,) = stack.free_addresses(1)
    return stack.alertmanager(address, directory, text)


def fire(manager, *alerts):
    requests.post(f"http://{manager.address}/api/v2/alerts", json=alerts, timeout=10).raise_for_status()


# Notifications

DRIFT = {
    "labels": {"alertname": "ModelComponentDrifted", "severity": "critical", "component": "sharpness"},
    "annotations": {
        "summary": "A component of a model is far from its reference.",
        "description": "The PSI <beyond noise> is 0.60, its threshold 0.25, from 1200 values.",
        "runbook_url": "https://example.com/runbooks.md#modelcomponentdrifted",
        "dashboard_url": "/d/model?var-model=digits&var-component=a%22b",
    },
}


def rendered(tmp_path, name, *alerts, kind="text", **more):
    """What our template makes of a group of alerts."""
    content = {
        "receiver": "x",
        "status": "firing" if any(each["status"] == "firing" for each in alerts) else "resolved",
        "alerts": alerts,
        "groupLabels": {"model": "digits", "version": "3.0.0"},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager:9093",
    } | more
    (tmp_path / "data.json").write_text(json.dumps(content))
    return run(
        "amtool",
        "template",
        "render",
        "--template.glob=alerting/templates/*.tmpl",
        f'--template.text={{{{ template "prediction_exporter.{name}" . }}}}',
        f"--template.data={tmp_path / 'data.json'}",
        f"--template.type={kind}",
    ).strip()


def one(status="firing", **more):
    ends = "2026-01-02T04:04:05Z" if status == "resolved" else "0001-01-01T00:00:00Z"
    times = {"startsAt": "2026-01-02T03:04:05Z", "endsAt": ends}
    return DRIFT | {"status": status, "generatorURL": "http://prometheus:9090/graph", "fingerprint": "a"} | times | more


@pytest.mark.slow
def test_a_notification_says_first_what_is_wrong_then_since_when_how_much_and_what_to_do(tmp_path):
    assert rendered(tmp_path, "text", one()).splitlines() == [
        "CRITICAL: A component of a model is far from its reference.",
        "Since 2026-01-02 03:04 UTC.",
        "The PSI <beyond noise> is 0.60, its threshold 0.25, from 1200 values.",
        "What to do: https://example.com/runbooks.md#modelcomponentdrifted",
        "Dashboard: http://127.0.0.1:3000/d/model?var-model=digits&var-component=a%22b",
        "Query: http://prometheus:9090/graph",
    ]
    summary = DRIFT["annotations"]["summary"]
    common = {"commonAnnotations": {"summary": summary}}
    assert rendered(tmp_path, "subject", one(), one(), **common) == f"[FIRING 2] digits 3.0.0: {summary}"
    assert rendered(tmp_path, "subject", one("resolved")) == f"[RESOLVED] digits 3.0.0: {summary}"
    assert rendered(tmp_path, "subject", one(), one("resolved")) == "[FIRING 1] digits 3.0.0: 2 alerts"


@pytest.mark.slow
def test_what_is_over_is_told_in_one_line(tmp_path):
    assert rendered(tmp_path, "text", one("resolved")) == (
        "RESOLVED: A component of a model is far from its reference. It lasted from 2026-01-02 03:04 to "
        "2026-01-02 04:04 UTC. Component sharpness."
    )


@pytest.mark.slow
@pytest.mark.parametrize(("name", "kind"), [("text", "text"), ("html", "html"), ("slack", "text")])
def test_of_a_hundred_alerts_ten_are_told_in_full_and_the_rest_by_their_number(tmp_path, name, kind):
    text = rendered(tmp_path, name, *[one() for _ in range(100)], kind=kind)
    assert text.count("its threshold 0.25") == 10
    assert "These are 10 of 100" in text
    assert "http://alertmanager:9093" in text


@pytest.mark.slow
@pytest.mark.parametrize(("name", "kind"), [("subject", "text"), ("text", "text"), ("html", "html"), ("slack", "text")])
def test_an_alert_without_annotations_or_labels_is_told_by_its_name_or_as_one_without(tmp_path, name, kind):
    labelled = rendered(tmp_path, name, one(annotations={}), kind=kind, groupLabels={})
    bare = rendered(tmp_path, name, one(annotations={}, labels={}, generatorURL=""), kind=kind, groupLabels={})
    assert "ModelComponentDrifted" in labelled
    assert "An alert without a name." in bare
    assert "no value" not in labelled + bare
    assert "http://127.0.0.1:3000" not in bare


@pytest.mark.slow
def test_nothing_that_a_log_says_becomes_markup_or_a_mention(tmp_path):
    evil = one(annotations={"summary": "<!channel> <script>", "description": "</p><script>alert(1)</script>"})
    assert "<script>" not in rendered(tmp_path, "html", evil, kind="html")
    text = rendered(tmp_path, "slack", evil)
    assert "<!" not in text
    assert "<script" not in text
    page = rendered(tmp_path, "html", one(), kind="html")
    assert 'href="http://127.0.0.1:3000/d/model?var-model=digits&amp;var-component=a%22b"' in page


class Mailbox:
    """Keeps the mails that a real SMTP server takes."""

    def __init__(self):
        self.mails = []

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - aiosmtpd's name
        self.mails.append((envelope.rcpt_tos, email.message_from_bytes(envelope.content, policy=policy)))
        return "250 OK"


def authenticated(_server, _session, _envelope, _mechanism, data):
    return AuthResult(success=data.login == b"alertmanager@example.com" and data.password == b"secret")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # on the loopback interface
def test_the_real_alertmanager_sends_mail_slack_pagerduty_and_webhooks_with_secrets_from_files(tmp_path):
    box = Mailbox()
    smtp, responder = stack.free_addresses(2)
    host, port = smtp.split(":")
    options = {"auth_required": True, "auth_require_tls": False, "auth_exclude_mechanism": ["LOGIN"]}
    controller = Controller(box, host, int(port), authenticator=authenticated, **options)
    controller.start()
    try:
        with pipeline() as line:
            deliver(tmp_path, line, smtp, responder, box)
    finally:
        controller.stop()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("aiosmtpd")]


def deliver(tmp_path, line, smtp, responder, box):
    for name, secret in {
        "smtp_password": "secret",
        "slack_webhook_url": f"http://{line.address}/slack",
        "pagerduty_routing_key": "routing",
        "pagerduty_platform_routing_key": "platform",
        "responder_token": "token",
        "dead_mans_switch_url": f"http://{line.address}/watchdog",
    }.items():
        (tmp_path / name).write_text(secret)
    text = (ROOT / EXAMPLE).read_text().replace("/run/secrets", str(tmp_path)).replace("smtp.example.com:587", smtp)
    text = stack.hastened(text.replace("responder:8771", responder), 60).replace(
        "global:\n", f"global:\n  smtp_require_tls: false\n  pagerduty_url: http://{line.address}/pagerduty\n"
    )
    answers = document(line.address, response(http(line.address)), token_file="responder_token")
    with stack.responder(responder, tmp_path, answers), running(tmp_path, text) as manager:
        now = datetime.now(UTC).isoformat()
        of_models = told(team="models") | {"startsAt": now, "endsAt": None}
        of_exporter = told("PredictionExporterSourceDown", team="platform", severity="warning") | {"startsAt": now}
        watchdog = told("Watchdog", severity="none") | {"startsAt": now}
        keys = ("labels", "annotations", "startsAt", "generatorURL")
        fire(manager, *({key: each[key] for key in keys} for each in (of_models, of_exporter, watchdog)))

        def bodies(path):
            return [json.loads(body) for found, _, body in list(line.requests) if found == path]

        stack.eventually("mail arrives", lambda: box.mails)
        for path in ("/slack", "/pagerduty", "/watchdog", "/jobs"):
            stack.eventually(f"{path} is called", lambda path=path: bodies(path))
    (recipients, mail) = box.mails[0]
    assert recipients == ["platform-team@example.com"]
    assert mail["Subject"] == "[FIRING 1] digits 3.0.0: It has left its reference."
    assert mail.get_body(("plain",)).get_content().startswith("WARNING: It has left its reference.")
    assert "<h2" in mail.get_body(("html",)).get_content()
    (attachment,) = bodies("/slack")[0]["attachments"]
    assert attachment["title"] == "[FIRING 1] digits 3.0.0: It has left its reference."
    assert attachment["text"].startswith("*CRITICAL: It has left its reference.*")
    assert bodies("/pagerduty")[0]["routing_key"] == "routing"
    assert len(bodies("/jobs")) == 1
