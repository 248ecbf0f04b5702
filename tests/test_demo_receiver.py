import json
import signal
import subprocess
import sys
from datetime import UTC, datetime
from http.client import HTTPConnection
from threading import Thread

import pytest

from exporter.demo.receiver import BODY_BYTES, Alert, Receiver, line, page, receiver

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ANNOTATIONS = {"summary": "Drifted.", "description": "PSI is 0.62.", "runbook_url": "https://example.com/#drift"}


def notification(*alerts):
    return {
        "version": "4",
        "groupKey": "{}",
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "visible",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager:9093",
        "notification_reason": "of a later version",
        "alerts": [{"startsAt": "2026-01-02T03:04:05Z", "fingerprint": "a1", **alert} for alert in alerts],
    }


def alert(name, status="firing", **annotations):
    return {"status": status, "labels": {"alertname": name, "severity": "warning"}, "annotations": annotations}


@pytest.fixture
def site():
    with receiver("127.0.0.1:0") as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def ask(server: Receiver, method, path, body=None, headers=None):
    connection = HTTPConnection("127.0.0.1", server.server_port, timeout=5)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def post(server, content):
    return ask(server, "POST", "/alerts", json.dumps(content).encode())


def test_each_alert_of_a_notification_is_printed_in_one_line_and_shown(site, capsys):
    assert post(site, notification(alert("Drifted", **ANNOTATIONS), alert("Slow", "resolved", summary="Slow."))) == (
        200,
        "OK\n",
    )
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].endswith("UTC FIRING Drifted (warning): PSI is 0.62. What to do: https://example.com/#drift")
    assert printed[1].endswith("UTC RESOLVED Slow (warning): No longer true: Slow.")
    status, text = ask(site, "GET", "/")
    assert status == 200
    assert text.index("RESOLVED Slow") < text.index("FIRING Drifted")


def test_an_alert_is_told_again_only_when_it_is_over_or_has_begun_anew(site, capsys):
    firing, later = alert("Drifted"), alert("Drifted") | {"startsAt": "2026-01-02T09:00:00Z"}
    for content in (firing, firing, alert("Slow"), firing, alert("Drifted", "resolved"), later, later):
        post(site, notification(content))
    told = [printed.split(" UTC ")[1].split(" (")[0] for printed in capsys.readouterr().out.splitlines()]
    assert told == ["FIRING Drifted", "FIRING Slow", "RESOLVED Drifted", "FIRING Drifted"]


def test_an_alert_without_annotations_is_told_by_its_labels():
    assert line(Alert("firing", {"model": "digits", "alertname": "Odd"}), NOW) == (
        "2026-01-02 03:04:05 UTC FIRING Odd (no severity): alertname=Odd, model=digits"
    )


def test_an_alert_cannot_fake_a_second_line_or_a_tag():
    text = line(Alert("firing", {"alertname": "A\nB\x1b[31m\u2028C"}, {"summary": "<script>alert(1)</script>"}), NOW)
    assert len(text.splitlines()) == 1
    assert "\x1b" not in text
    assert "<script>" not in page([text], None)
    assert "&lt;script&gt;" in page([text], None)


def test_the_page_says_so_when_there_was_no_alert(site):
    assert "None yet." in ask(site, "GET", "/")[1]


def test_the_page_keeps_the_latest_hundred(site):
    post(site, notification(*(alert(f"number-{number}-") for number in range(130))))
    text = ask(site, "GET", "/")[1]
    assert text.count("<li>") == 100
    assert "number-129-" in text
    assert "number-30-" in text
    assert "number-29-" not in text


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"alerts": 3}', b'{"alerts": [{"labels": {"a": 1}}]}', b"\xff"])
def test_what_is_no_notification_is_refused_and_not_shown(site, body):
    assert ask(site, "POST", "/alerts", body)[0] == 400
    assert "None yet." in ask(site, "GET", "/")[1]


def test_a_body_over_the_limit_is_refused_unread(site):
    assert ask(site, "POST", "/alerts", headers={"Content-Length": str(BODY_BYTES + 1)})[0] == 413


def test_a_body_without_a_length_is_refused(site):
    assert ask(site, "POST", "/alerts", iter([b"{}"]), {"Transfer-Encoding": "chunked"})[0] == 411


def test_it_says_that_it_is_healthy_and_knows_no_other_pages(site):
    assert ask(site, "GET", "/-/healthy") == (200, "OK\n")
    assert ask(site, "GET", "/elsewhere")[0] == 404
    assert ask(site, "POST", "/", b"{}")[0] == 404


@pytest.mark.parametrize("address", ["9095", "host", ":http", ""])
def test_an_address_of_another_form_is_refused(address):
    with pytest.raises(ValueError, match="want :port or host:port"):
        receiver(address)


def test_the_program_ends_well_when_told_to():
    command = [sys.executable, "-m", "exporter.demo.receiver", "--listen-address", "127.0.0.1:0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline().startswith("Waiting for alerts at port ")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0


def test_the_page_says_whether_alerts_would_arrive(site):
    assert "The Watchdog has not come yet" in ask(site, "GET", "/")[1]
    assert ask(site, "POST", "/watchdog", b"{}")[0] == 200
    assert "The Watchdog came 0 seconds ago: alerts would arrive." in ask(site, "GET", "/")[1]
    assert "has not come for 5 minutes: alerts do not arrive" in page([], 300)


def test_what_a_pipeline_is_asked_for_is_shown_on_one_line(site, capsys):
    assert ask(site, "POST", "/pipeline", b'{"order": "retrain",\n "model": "a\\nb<"}')[0] == 200
    assert ask(site, "POST", "/pipeline", b"no JSON")[0] == 400
    (printed,) = capsys.readouterr().out.splitlines()
    assert printed.endswith('PIPELINE asked for: {"order":"retrain","model":"a\\nb<"}')
    assert "a\\nb&lt;" in ask(site, "GET", "/")[1]
