"""The server as its clients meet it: Prometheus, kubelets, people, and those who mean harm."""

import base64
import gzip
import hashlib
import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from serving import Gate, ask, eventually, send, serving, site

from exporter.exposition.negotiate import Format
from exporter.web.pages import Facts, Link, Request, respond

PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
BIG = b"# HELP x A line.\n" * 1000


def in_parallel(count, function):
    with ThreadPoolExecutor(count) as pool:
        return [future.result(10) for future in [pool.submit(function) for _ in range(count)]]


# -- pages


def test_metrics_come_in_the_negotiated_format():
    with serving(site(metrics=lambda fmt: f"{fmt.name}\n".encode())) as server:
        text, openmetrics = ask(server), ask(server, Accept=PROMETHEUS)
    assert (text.status, text.body) == (200, b"TEXT\n")
    assert text.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert (openmetrics.status, openmetrics.body) == (200, b"OPENMETRICS\n")
    kind = "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8"
    assert openmetrics.headers["Content-Type"] == kind
    assert {answer.headers["Vary"] for answer in (text, openmetrics)} == {"Accept, Accept-Encoding"}


@pytest.mark.parametrize(
    ("body", "accepted", "encoding"),
    [
        (BIG, "gzip", "gzip"),
        (BIG, "gzip;q=0", None),
        (BIG, "identity", None),
        (b"up 1\n", "gzip", None),
    ],
)
def test_a_large_body_is_compressed_for_a_client_that_takes_it(body, accepted, encoding):
    with serving(site(metrics=lambda _: body)) as server:
        answer = ask(server, Accept_Encoding=accepted)
    assert answer.headers["Content-Encoding"] == encoding
    assert (gzip.decompress(answer.body) if encoding else answer.body) == body
    assert answer.headers["Vary"] == "Accept, Accept-Encoding"


@pytest.mark.parametrize("ready", [True, False])
def test_healthy_is_always_200_and_ready_says_whether_it_is(ready):
    with serving(site(ready=lambda: ready)) as server:
        assert ask(server, "/-/healthy").status == 200
        assert ask(server, "/-/ready").status == (200 if ready else 503)


def test_another_path_is_404_and_names_the_known_ones():
    with serving(site()) as server:
        answers = [ask(server, path) for path in ("/metric", "/metrics/", "/-/healthy/x", "*", "/%6detrics")]
    for answer in answers:
        assert answer.status == 404
        assert answer.headers["Content-Type"].startswith("text/plain")
        paths = b"/, /metrics, /api/v1/drift, /api/v1/flagged, /-/healthy, /-/ready"
        assert answer.body == b"Not found. The paths here are " + paths + b".\n"


def test_a_query_changes_nothing():
    with serving(site()) as server:
        assert ask(server, "/metrics?x=/y").body == b"up 1\n"


@pytest.mark.parametrize("path", ["/", "/metrics", "/-/healthy", "/-/ready", "/nowhere"])
def test_head_is_get_without_the_body(path):
    with serving(site(metrics=lambda _: BIG)) as server:
        head, get = (ask(server, path, method, Accept_Encoding="gzip") for method in ("HEAD", "GET"))
    assert head.body == b""
    assert head.status == get.status
    for answer in (head, get):
        del answer.headers["Date"]
    assert head.headers.items() == get.headers.items()


def test_nothing_follows_the_headers_of_a_head_request():
    with serving(site()) as server:
        assert send(server, b"HEAD /metrics HTTP/1.1\r\n\r\n").endswith(b"\r\n\r\n")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_another_method_is_405_with_allow(method):
    with serving(site()) as server:
        answer = ask(server, "/metrics", method, body=b"x")
    assert answer.status == 405
    assert answer.headers["Allow"] == "GET, HEAD"


def test_a_method_that_nobody_knows_is_501():
    with serving(site()) as server:
        assert ask(server, "/metrics", "BREW").status == 501


def test_the_landing_page_shows_the_site_and_escapes_all_of_it():
    hostile = '<script>alert("1")</script>&\ud800'
    shown = site(
        title=hostile,
        version=hostile,
        description=hostile,
        links=[Link("/metrics", hostile), Link('/"onclick="', "x")],
        facts=lambda: [Facts(hostile, [(hostile, hostile)]), Facts("Sources", [])],
    )
    with serving(shown) as server:
        answer = ask(server, "/")
    page = answer.body.decode()
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<script" not in page
    assert page.count("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;?") == 8
    assert '<a href="/metrics">/metrics</a>' in page
    assert 'href="/&quot;onclick=&quot;"' in page
    assert "<dt>none</dt>" in page


def test_the_landing_page_says_whether_the_exporter_is_ready():
    pages = [respond(Request("GET", "/"), site(ready=lambda ready=ready: ready)).body for ready in (True, False)]
    assert [b"Not ready yet" in page for page in pages] == [False, True]


def test_the_policy_of_the_landing_page_allows_its_own_style_and_nothing_else():
    with serving(site()) as server:
        answer = ask(server, "/")
    (style,) = re.findall(r"<style>(.*?)</style>", answer.body.decode(), re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = answer.headers["Content-Security-Policy"]
    assert f"style-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "http" not in style


@pytest.mark.parametrize("path", ["/", "/metrics", "/-/healthy", "/nowhere"])
def test_every_answer_forbids_guessing_and_keeps_quiet_about_the_software(path):
    with serving(site()) as server:
        answer = ask(server, path)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Server"] is None


# -- many requests at once


def test_requests_at_once_share_one_rendering():
    gate = Gate()
    with serving(site(metrics=gate)) as server, ThreadPoolExecutor(16) as pool:
        waiting = [pool.submit(ask, server) for _ in range(15)]
        other = pool.submit(ask, server, Accept=PROMETHEUS)
        eventually(lambda: server._desk._slots._value == 0)
        gate.open.set()
        assert {future.result(10).body for future in [*waiting, other]} == {b"up 1\n"}
        assert sorted(gate.calls, key=str) == [Format.OPENMETRICS, Format.TEXT]
        assert ask(server).status == 200
        assert len(gate.calls) == 3


def test_beyond_sixteen_requests_the_answer_is_503_and_health_still_answers():
    gate = Gate()
    with serving(site(metrics=gate)) as server, ThreadPoolExecutor(16) as pool:
        waiting = [pool.submit(ask, server) for _ in range(16)]
        eventually(lambda: server._desk._slots._value == 0)
        refused = ask(server)
        assert (refused.status, refused.headers["Retry-After"]) == (503, "1")
        assert ask(server, "/-/healthy").status == 200
        assert ask(server, "/-/ready").status == 200
        gate.open.set()
        assert {future.result(10).status for future in waiting} == {200}
        assert ask(server).status == 200


def test_a_failing_page_is_500_and_is_logged_once_until_it_works_again(caplog):
    broken = threading.Event()
    broken.set()

    def metrics(_):
        if broken.is_set():
            raise RuntimeError("no secret in the answer")
        return b"up 1\n"

    with serving(site(metrics=metrics)) as server:
        assert {answer.status for answer in in_parallel(8, lambda: ask(server))} == {500}
        assert ask(server).body == b"This page failed; the log says why.\n"
        assert [record.getMessage() for record in caplog.records] == ["/metrics failed"]
        assert "no secret in the answer" in caplog.text
        broken.clear()
        assert ask(server).status == 200
        broken.set()
        assert ask(server).status == 500
    assert len(caplog.records) == 2
