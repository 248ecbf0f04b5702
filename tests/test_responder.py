"""Answering alerts: which, once, what is asked for, and what is remembered."""

import base64
import contextlib
import hashlib
import hmac
import json
import random
import re
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest
import requests
from bundle import alerts
from pipeline import pipeline
from prometheus_client.parser import text_string_to_metric_families as parse_text
from responding import Client, Site, alert, document, http, notification, response
from stack import ROOT, eventually, free_addresses

from exporter.catalog import METRICS
from exporter.cli import main
from exporter.config import ConfigError
from exporter.responder import Responder, StoreError, load
from exporter.responder.action import Allowed
from exporter.responder.matcher import parse
from exporter.responder.network import NotAllowedError, connected, is_allowed
from exporter.responder.notification import decode
from exporter.responder.worker import backoff

LATER = "2026-01-02T05:00:00Z"


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


@pytest.fixture
def line():
    with pipeline() as line:
        yield line


def settled(client):
    """Wait until nothing is left to do."""
    name = "prediction_exporter_responder_unfinished_actions"
    return eventually(
        "all actions are over",
        lambda: all(value == "0" for key, value in client.metrics().items() if key.startswith(name)),
    )


# Which alerts are answered, and how often


def test_an_alert_is_answered_once_however_often_it_is_repeated(site, line):
    with site.running(document(line.address, response(http(line.address)))) as client:
        for _ in range(3):
            assert client.post(alert()) == 200
        ((path, headers, body),) = line.asked(1)
        settled(client)
        assert client.count("alerts_total", response="retrain", decision="queued") == 1
        assert client.count("alerts_total", response="retrain", decision="repeated") == 2
        assert client.count("actions_total", response="retrain", outcome="succeeded") == 1
    assert path == "/jobs"
    content = json.loads(body)
    assert content["alert"]["labels"]["model"] == "digits"
    assert content["incident"] == headers["Idempotency-Key"]
    assert len(line.requests) == 1


def test_what_was_answered_is_remembered_over_a_restart(site, line):
    text = document(line.address, response(http(line.address)))
    for _ in range(2):
        with site.running(text) as client:
            client.post(alert())
            settled(client)
    assert len(line.requests) == 1


def test_an_alert_that_fires_again_is_answered_again_after_the_cooldown(site, line):
    soon = response(http(line.address), name="soon", cooldown="10ms")
    late = response({"http": {"url": f"http://{line.address}/late"}}, name="late", cooldown="1h")
    with site.running(document(line.address, soon, late)) as client:
        client.post(alert())
        settled(client)
        time.sleep(0.02)
        client.post(alert(starts_at=LATER))
        settled(client)
        assert client.count("alerts_total", response="late", decision="cooldown") == 1
        client.post(alert(starts_at=LATER))
        assert client.count("alerts_total", response="late", decision="repeated") == 1
    assert sorted(path for path, _, _ in line.requests) == ["/jobs", "/jobs", "/late"]


def test_alerts_that_share_labels_are_one_incident(site, line):
    with site.running(document(line.address, response(http(line.address), per=["model", "version"]))) as client:
        client.post(*(alert(component=f"c{i}") for i in range(12)), alert(version="4.0.0"))
        settled(client)
        assert client.count("alerts_total", response="retrain", decision="cooldown") == 11
    assert len(line.requests) == 2


def test_an_action_that_has_failed_does_not_hold_back_the_next(site, line):
    line.answers = [400]
    with site.running(document(line.address, response(http(line.address), per=["model"]))) as client:
        client.post(alert(component="a"))
        eventually("it fails", lambda: client.count("actions_total", response="retrain", outcome="failed"))
        client.post(alert(component="b"))
        settled(client)
    assert len(line.requests) == 2


def test_what_the_limit_holds_back_gets_its_turn_when_the_alert_is_repeated(site, line):
    limited = response(http(line.address), limit={"times": 2, "within": "300ms"})
    alerts = [alert(component=f"c{i}") for i in range(5)]
    with site.running(document(line.address, limited)) as client:
        client.post(*alerts)
        settled(client)
        assert len(line.requests) == 2
        time.sleep(0.3)
        client.post(*alerts)
        settled(client)
        assert len(line.requests) == 4
        assert client.count("alerts_total", response="retrain", decision="limited") == 4


def test_a_dry_run_decides_all_and_does_nothing(site, line):
    with site.running(document(line.address, response(http(line.address)), dry_run=True)) as client:
        client.post(alert())
        client.post(alert(starts_at=LATER))
        assert client.count("alerts_total", response="retrain", decision="dry_run") == 1
        assert client.count("alerts_total", response="retrain", decision="cooldown") == 1
    assert not line.requests
    assert [entry["decision"] for entry in site.audit("decided")] == ["dry_run", "cooldown"]


def test_the_end_of_an_alert_is_an_occasion_of_its_own(site, line):
    end = response(http(line.address, body={"from": "${starts_at_milliseconds}", "to": "${ends_at}"}), when="resolved")
    with site.running(document(line.address, end)) as client:
        client.post(alert())
        client.post(alert(status="resolved"))
        client.post(alert(status="resolved"))
        settled(client)
    ((_, _, body),) = line.requests
    assert json.loads(body) == {"from": 1767323045678, "to": "2026-01-02T04:04:05+00:00"}


@pytest.mark.parametrize(
    ("text", "labels", "expected"),
    [
        ('severity = "critical"', {"severity": "critical"}, True),
        ("severity=critical", {"severity": "critical"}, True),
        ('severity = "a.c"', {"severity": "abc"}, False),
        ('model != "digits"', {}, True),
        ('model =~ "dig|its"', {"model": "digits"}, False),
        ('model =~ "dig.*"', {"model": "digits"}, True),
        ('model !~ "dig.*"', {"model": "digits"}, False),
        ('model =~ ".+"', {}, False),
        ('model = ""', {}, True),
    ],
)
def test_a_matcher_means_what_it_means_in_alertmanager(text, labels, expected):
    assert parse(text).matches(labels) is expected


def test_alertmanagers_numbers_of_failure_lead_to_what_it_should_do(site, line):
    with site.running(document(line.address, response(http(line.address)))) as client:
        url = f"http://{client.address}"
        for body in (b"", b"{", b"[]", b'{"version":"3","alerts":[]}', b"\xff", json.dumps(notification({})).encode()):
            assert requests.post(f"{url}/alerts", data=body, timeout=5).status_code == 400
        assert requests.post(f"{url}/alert", data=b"{}", timeout=5).status_code == 404
        assert requests.post(f"{url}/alerts", data=iter([b"x"]), timeout=5).status_code == 411
        assert requests.post(f"{url}/alerts", data=b" " * 4_200_000, timeout=5).status_code == 413
        assert requests.get(f"{url}/-/healthy", timeout=5).ok
        assert requests.get(f"{url}/", timeout=5).status_code == 404
    assert not line.requests


def test_what_cannot_be_kept_is_refused_so_that_it_comes_again(site, line, monkeypatch):
    with site.running(document(line.address, response(http(line.address)))) as client:

        def full(*_):
            raise sqlite3.OperationalError("disk is full")

        with monkeypatch.context() as patch:
            patch.setattr("exporter.responder.store.Store.add", full)
            assert client.post(alert()) == 503
        assert client.post(alert()) == 200
        settled(client)
    assert len(line.requests) == 1


def test_only_who_has_the_token_is_believed(site, line):
    (site.directory / "token").write_text("secret\n")
    with site.running(document(line.address, response(http(line.address)), token_file="token")) as client:
        assert client.post(alert()) == 401
        assert client.post(alert(), Authorization="Bearer wrong") == 401
        assert client.post(alert(), Authorization="Bearer sécret".encode()) == 401
        assert client.post(alert(), Authorization="Bearer secret") == 200
        settled(client)
    assert len(line.requests) == 1


def test_fields_of_later_versions_are_ignored_and_a_naive_time_is_none():
    assert decode(json.dumps(notification(alert() | {"new": 1})).encode()).alerts[0].starts_at.year == 2026
    with pytest.raises(msgspec.ValidationError):
        decode(json.dumps(notification(alert(starts_at="2026-01-02T03:04:05"))).encode())


# Attempts


def test_an_attempt_that_fails_for_now_is_made_again_with_the_same_key(site, line, monkeypatch):
    monkeypatch.setattr("exporter.responder.worker.backoff", lambda attempts: 0.01 * attempts)
    line.answers = [500, 503, 429, lambda handler: handler.connection.close()]
    with site.running(document(line.address, response(http(line.address)))) as client:
        client.post(alert())
        settled(client)
        assert client.count("attempts_total", response="retrain") == 5
        assert client.count("actions_total", response="retrain", outcome="succeeded") == 1
    assert len({headers["Idempotency-Key"] for _, headers, _ in line.requests}) == 1
    assert len({body for _, _, body in line.requests}) == 1
    assert [entry["event"] for entry in site.audit()] == [
        "started",
        "decided",
        *["attempt", "postponed"] * 4,
        "attempt",
        "finished",
        "stopped",
    ]


@pytest.mark.parametrize("status", [302, 400, 401, 404, 422])
def test_what_would_fail_again_is_not_tried_again_and_redirects_are_not_followed(site, line, status):
    line.answers = [status]
    with site.running(document(line.address, response(http(line.address)))) as client:
        client.post(alert())
        settled(client)
        assert client.count("actions_total", response="retrain", outcome="failed") == 1
    assert [path for path, _, _ in line.requests] == ["/jobs"]
    (finished,) = site.audit("finished")
    assert finished["detail"].startswith(str(status))


def test_a_conflict_at_a_repeated_attempt_means_that_one_before_has_arrived(site, line, monkeypatch):
    monkeypatch.setattr("exporter.responder.worker.backoff", lambda _: 0.01)
    line.answers = [lambda handler: handler.connection.close(), 409]
    with site.running(document(line.address, response(http(line.address)))) as client:
        client.post(alert())
        settled(client)
        assert client.count("actions_total", response="retrain", outcome="succeeded") == 1
    assert len(line.requests) == 2


def test_an_action_is_given_up_when_its_time_is_over(site, line):
    line.answers = [500] * 10
    with site.running(document(line.address, response(http(line.address), give_up="200ms"))) as client:
        client.post(alert())
        settled(client)
        assert client.count("actions_total", response="retrain", outcome="given_up") == 1
    assert len(line.requests) == 1


def test_a_server_that_trickles_is_cut_off_at_the_timeout(site, line):
    def trickle(handler):
        for character in b"HTTP/1.1 200 A reason that takes its time":
            with contextlib.suppress(OSError):
                handler.wfile.write(bytes([character]))
            time.sleep(0.05)

    line.answers = [trickle]
    slow = response(http(line.address, timeout="200ms"), give_up="200ms")
    with site.running(document(line.address, slow)) as client:
        client.post(alert())
        start = time.monotonic()
        settled(client)
        assert time.monotonic() - start < 3
        assert client.count("actions_total", response="retrain", outcome="given_up") == 1


def test_the_wait_between_attempts_doubles_up_to_five_minutes():
    for attempts, longest in ((1, 1), (2, 2), (5, 16), (30, 300), (2000, 300)):
        assert all(longest / 2 <= backoff(attempts) <= longest for _ in range(20))


def test_a_slow_response_does_not_keep_another_waiting(site, line):
    line.answers = [lambda handler: time.sleep(0.6) or handler.connection.close()]
    slow = response(http(line.address), name="slow", matchers=["component=slow"], give_up="100ms")
    quick = response(http(line.address), name="quick", matchers=["component=quick"])
    with site.running(document(line.address, slow, quick)) as client:
        client.post(alert(component="slow"))
        line.asked(1)
        client.post(alert(component="quick"))
        line.asked(2, seconds=0.5)


def test_what_is_asked_for_is_filled_in_and_stays_json(site, line):
    body = {"job": "${labels.model}@${labels.version}", "why": ["${annotations.summary}", 3], "none": "${labels.x}"}
    action = {"http": {"url": f"http://{line.address}/dags/${{labels.model}}/run?v=${{labels.version}}", "body": body}}
    with site.running(document(line.address, response(action))) as client:
        client.post(alert(model='../a b"}/\n?&$'))
        settled(client)
    ((path, headers, content),) = line.requests
    assert path == "/dags/..%2Fa%20b%22%7D%2F%0A%3F%26%24/run?v=3.0.0"
    assert json.loads(content) == {
        "job": '../a b"}/\n?&$@3.0.0',
        "why": ["It has left its reference.", 3],
        "none": "",
    }
    assert headers["Content-Type"] == "application/json"


def test_a_label_cannot_lead_to_another_path(site, line):
    action = {"http": {"url": f"http://{line.address}/dags/${{labels.model}}/run"}}
    with site.running(document(line.address, response(action))) as client:
        client.post(alert(model=".."))
        settled(client)
        assert client.count("actions_total", response="retrain", outcome="failed") == 1
    assert not line.requests


def test_a_request_carries_credentials_and_a_signature_from_files_that_may_change(site, line):
    (site.directory / "token").write_text("first\n")
    (site.directory / "signing").write_text("whsec_" + base64.b64encode(b"key").decode())
    action = http(line.address, token_file="token", signing_secret_file="signing", headers={"X-Team": "ml"})
    with site.running(document(line.address, response(action))) as client:
        client.post(alert(component="a"))
        line.asked(1)
        (site.directory / "token").write_text("second")
        client.post(alert(component="b"))
        settled(client)
    first, second = (headers for _, headers, _ in line.requests)
    assert (first["Authorization"], second["Authorization"]) == ("Bearer first", "Bearer second")
    assert first["X-Team"] == "ml"
    body = line.requests[0][2]
    signed = f"{first['webhook-id']}.{first['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(b"key", signed, hashlib.sha256).digest()).decode()
    assert first["webhook-signature"] == f"v1,{expected}"
    assert abs(time.time() - int(first["webhook-timestamp"])) < 60
    assert "second" not in (site.directory / "audit.jsonl").read_text()


def test_an_annotation_marks_the_incident_in_grafana(site, line):
    (site.directory / "token").write_text("glsa")
    action = {"grafana": {"url": f"http://{line.address}/grafana/", "token_file": "token", "dashboard": "abc"}}
    both = [response(action, name=when, when=when) for when in ("firing", "resolved")]
    with site.running(document(line.address, *both)) as client:
        client.post(alert(cost="5$"))
        settled(client)
        client.post(alert(status="resolved"))
        settled(client)
    (path, headers, begin), (_, _, end) = line.requests
    assert path == "/grafana/api/annotations"
    assert headers["Authorization"] == "Bearer glsa"
    assert json.loads(begin) == {
        "time": 1767323045678,
        "text": "ModelComponentDrifted: PSI is 0.62.",
        "tags": ["ModelComponentDrifted", "critical", "digits"],
        "dashboardUID": "abc",
    }
    assert json.loads(end)["timeEnd"] == 1767326645000


# Commands


def program(directory, text):
    path = directory / "program"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def command(site, text, **options):
    path = program(site.directory, text)
    return document("", response({"command": {"program": path, **options}}), commands=[path])


def test_a_command_gets_its_arguments_as_they_are_and_the_alert_as_input(site):
    script = f'cd "{site.directory}"; printf "%s\\n" "$#" "$1" "$2"; cat >input'
    text = command(site, script, arguments=["${labels.model}", "--x=${labels.x}"])
    evil = "a b; touch hacked `touch hacked` $(touch hacked)"
    with site.running(text) as client:
        client.post(alert(model=evil))
        settled(client)
    (finished,) = site.audit("finished")
    assert finished["outcome"] == "succeeded"
    assert finished["detail"] == f"exit code 0: 2\n{evil}\n--x=\n"
    assert json.loads((site.directory / "input").read_bytes())["alert"]["labels"]["model"] == evil
    assert not [path for path in (site.directory, Path.cwd()) if (path / "hacked").exists()]


@pytest.mark.parametrize(
    ("text", "options", "detail"),
    [
        ("echo no; exit 3", {}, "exit code 3: no"),
        ("sleep 60 & sleep 60", {"timeout": "200ms"}, "killed after 0.2 s"),
        ("true", {"arguments": ["${labels.model}"]}, "the argument ${labels.model} would be '--force'"),
        ("yes | head -c 1000000; kill -9 $$", {}, "exit code -9: "),
    ],
)
def test_a_command_that_fails_is_not_run_again(site, text, options, detail):
    with site.running(command(site, text, **options)) as client:
        client.post(alert(model="--force"))
        settled(client)
    (finished,) = site.audit("finished")
    assert finished["outcome"] == "failed"
    assert finished["detail"].startswith(detail)
    assert len(finished["detail"]) < 600


# Hosts


@pytest.mark.parametrize(
    ("addresses", "private"),
    [
        (["127.0.0.1"], False),
        (["10.0.0.7"], False),
        (["93.184.216.34", "192.168.0.1"], False),
        (["::ffff:127.0.0.1"], False),
        (["64:ff9b::7f00:1"], False),
        (["2002:7f00:1::"], False),
        (["100.64.0.1"], False),
        (["0.0.0.0"], True),
        (["169.254.169.254"], True),
        (["::ffff:169.254.169.254"], True),
        (["fe80::1%eth0"], True),
    ],
)
def test_a_name_that_leads_where_it_must_not_is_not_followed(monkeypatch, addresses, private):
    found = [(None, None, None, "", (address, 80)) for address in addresses]
    monkeypatch.setattr("exporter.responder.network.socket.getaddrinfo", lambda *_, **__: found)
    names = frozenset({"pipeline.example"})
    allowed = Allowed(private_hosts=names) if private else Allowed(hosts=names)
    with pytest.raises(NotAllowedError), connected(urlsplit("http://pipeline.example/"), allowed, 1, None):
        pass


def test_a_host_is_allowed_by_its_name_or_with_its_port():
    allowed = Allowed(frozenset({"a.example", "b.example:8080"}), frozenset({"[::1]:81"}))
    for url in ("https://a.example/x", "http://A.EXAMPLE:99/", "http://b.example:8080/"):
        assert is_allowed(urlsplit(url), allowed)
    for url in ("http://b.example/", "http://a.example.evil/", "http://xa.example/", "http://127.0.0.1/"):
        assert not is_allowed(urlsplit(url), allowed)


# Configuration


def problems(site, text):
    with pytest.raises(ConfigError) as caught:
        load(site.write(text))
    return [str(problem).removeprefix(f"{site.directory}/") for problem in caught.value.problems]


FAULTY = """\
state: state.db
hosts: [API.example.com]
responses:
  - name: Retrain
    matchers: [severity]
    action: {http: {url: "http://${labels.host}/x"}}
  - name: b
    matchers: []
    cooldown: 5
    action: {http: {url: "http://evil.example/x", body: {a: ["${lables.x}"]}}}
  - name: c
    matchers: [a = b]
    when: always
    action: {shell: rm}
  - name: d
    matchers: [a =~ "("]
    action: {http: {url: "ftp://x", headers: {Authorization: x}}}
"""


def test_every_mistake_is_told_with_file_line_and_key(site):
    expected = [
        "2: hosts: 'API.example.com' is no host; write it in lower case as host or host:port",
        "4: responses[0].name: 'Retrain' is no name; it has lower-case letters, digits, - and _",
        "5: responses[0].matchers[0]: 'severity' is no matcher; write one such as severity = \"critical\"",
        "6: responses[0].action.http.url: the host of a URL is written out, without placeholders",
        "8: responses[1].matchers: is empty",
        "9: responses[1].cooldown: '5' is not a duration",
        "10: responses[1].action.http.body: ${lables.x} is unknown; known: response, incident, status, ",
        "13: responses[2].when: 'always' is unknown; known: firing, resolved",
        "14: responses[2].action: no action is called 'shell'; known: http, command, grafana",
        "16: responses[3].matchers[0]: '(' is not a regular expression: missing )",
        "17: responses[3].action.http.headers: Authorization is set by the responder; credentials have options",
        "17: responses[3].action.http.url: 'ftp://x' is no URL; write one that begins with https:// or http://",
    ]
    found = problems(site, FAULTY)
    assert len(found) == len(expected)
    for message, beginning in zip(found, expected, strict=True):
        assert message.startswith(f"responses.yml:{beginning}")


def test_what_is_not_allowed_or_not_there_is_told_before_it_is_needed(site):
    actions = [
        {"http": {"url": "http://evil.example/", "token_file": "missing"}},
        {"command": {"program": "/bin/sh"}},
        {"command": {"program": "missing"}},
    ]
    text = document("", *(response(action, name="same") for action in actions), commands=["missing"])
    found = "\n".join(problems(site, text))
    for words in (
        "responses[0].action.http.url: evil.example is neither in hosts nor in private_hosts",
        "responses[0].action.http.token_file:",
        "responses[1].name: 'same' is already the name of responses[0]",
        "responses[1].action.command.program: /bin/sh is not in commands",
        "missing is no program that can be run",
    ):
        assert words in found


def test_the_command_says_what_is_wrong_and_ends_with_1(site, capsys):
    assert main(["respond", "--config.file", site.write("responses: []\nstate: s.db\n")]) == 1
    assert "responses.yml:1: responses: is empty" in capsys.readouterr().err


@pytest.mark.parametrize("path", ["alerting/responses.yml", "alerting/examples/responses.yml"])
def test_our_files_of_responses_are_sound(site, path):
    text = (ROOT / path).read_text().replace("/run/secrets/", f"{site.directory}/")
    for name in re.findall(rf"{site.directory}/(\w+)", text):
        (site.directory / name).write_text("secret")
    responses = load(site.write(text))
    known = {rule["alert"] for rule in alerts()}
    for one in responses.responses:
        assert any(
            matcher.label == "alertname" and any(map(matcher.pattern.fullmatch, known)) for matcher in one.matchers
        )


# State


def test_one_file_is_for_one_responder_alone(site, line):
    text = document(line.address, response(http(line.address)))
    with site.running(text), pytest.raises(StoreError, match="locked"):
        Responder(load(site.write(text)), "127.0.0.1:0")


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to be looked at" * 40, None])
def test_a_file_of_another_program_is_left_alone(site, line, content):
    path = site.directory / "state.db"
    if content:
        path.write_bytes(content)
    else:
        with contextlib.closing(sqlite3.connect(path)) as other:
            other.execute("CREATE TABLE x (y)")
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"state\.db"):
        Responder(load(site.write(document(line.address, response(http(line.address))))), "127.0.0.1:0")
    assert path.read_bytes() == before


def test_the_responder_exposes_what_the_catalogue_says_of_it_and_no_more(site, line):
    with site.running(document(line.address, response(http(line.address)))) as client:
        text = requests.get(f"http://{client.address}/metrics", timeout=5).text
    declared = {metric.name: metric for metric in METRICS if metric.name.startswith("prediction_exporter_responder_")}
    found = {sample.name: set(sample.labels) for family in parse_text(text) for sample in family.samples}
    assert found == {name: set(metric.labels) for name, metric in declared.items()}


def test_an_action_that_was_cut_short_is_repeated_if_it_can_be_and_else_told(site, line):
    path = program(site.directory, "true")
    actions = [response(http(line.address)), response({"command": {"program": path}}, name="run", limit={"times": 99})]
    text = document(line.address, *actions, commands=[path])
    with site.running(text) as client:
        client.post(alert())
        settled(client)
    with contextlib.closing(sqlite3.connect(site.directory / "state.db")) as state:
        state.execute("UPDATE action SET state = 'running'")
        state.commit()
    with site.running() as client:
        settled(client)
        assert client.count("actions_total", response="run", outcome="interrupted") == 1
    assert len(line.requests) == 2
    assert line.requests[0][1]["Idempotency-Key"] == line.requests[1][1]["Idempotency-Key"]


@pytest.mark.slow
def test_killing_the_responder_at_any_moment_loses_nothing_and_repeats_nothing(site, line):
    """Alerts come while it is killed again and again; a notification without an answer is sent again."""
    site.write(document(line.address, response(http(line.address), limit={"times": 10_000})))
    (address,) = free_addresses(1)
    command = [sys.executable, "-m", "exporter", "respond", "--web.listen-address", address, "--log.level", "error"]
    rng, client, kills = random.Random(7), Client(address), 0
    wanted = [alert(component=f"c{i}") for i in range(60)]
    left = [wanted[i : i + 4] for i in range(0, 60, 4)]
    while left:
        with subprocess.Popen(command, cwd=site.directory) as process:
            eventually("it answers", lambda: answers(address))
            end = time.monotonic() + rng.uniform(0.01, 0.1)
            while left and time.monotonic() < end:
                with contextlib.suppress(requests.RequestException):
                    left = left[client.post(*left[0]) == 200 :]
            process.kill()
            kills += 1
    with site.running() as client:
        settled(client)
    assert kills > 2
    keys = Counter(headers["Idempotency-Key"] for _, headers, _ in line.requests)
    assert len(keys) == len(wanted)
    # Whether a request under way at a kill has arrived nobody can know: that one comes again, with the same key.
    assert sum(keys.values()) - len(keys) <= kills


def answers(address):
    with contextlib.suppress(requests.RequestException):
        return requests.get(f"http://{address}/-/ready", timeout=1).ok
    return False
