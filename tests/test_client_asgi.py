"""The client's ASGI middleware: requests of chosen routes become predictions, whatever the framework."""

import asyncio
import json

import pytest

from exporter.client import PredictionLog
from exporter.client.asgi import PredictionLogMiddleware


@pytest.fixture
def path(tmp_path):
    return tmp_path / "predictions.jsonl"


@pytest.fixture
def log(path):
    with PredictionLog(path) as log:
        yield log


def records(log, path):
    assert log.flush()
    return [json.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []


def answering(status=200, body=(b"ok",), before=lambda _: None, after=lambda _: None):
    """An application that answers so, in as many messages as `body` has parts."""

    async def application(scope, _, send):
        before(scope)
        await send({"type": "http.response.start", "status": status, "headers": [(b"server", b"test")]})
        for number, part in enumerate(body, 1):
            await send({"type": "http.response.body", "body": part, "more_body": number < len(body)})
        after(scope)

    return application


def get(application, path="/predict", headers=(), **scope):
    """Ask an application, and return the messages of its answer."""
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    request = {"type": "http", "method": "POST", "path": path, "headers": list(headers)} | scope
    asyncio.run(application(request, receive, send))
    return sent


def test_a_request_of_a_chosen_route_is_a_prediction(log, path):
    def predict(scope):
        trace = scope["state"]["trace"]
        trace.input({"fare": 12.5})
        trace.output = {"label": 3}
        trace.tag(machine="2")

    sent = get(PredictionLogMiddleware(answering(before=predict), log))
    (record,) = records(log, path)
    assert record["input"] == {"fare": 12.5}
    assert record["output"] == {"label": 3}
    assert record["tags"] == {"method": "POST", "path": "/predict", "machine": "2"}
    assert record["latency_seconds"] > 0
    assert (b"x-request-id", record["id"].encode()) in sent[0]["headers"]
    assert (b"server", b"test") in sent[0]["headers"]
    assert sent[1]["body"] == b"ok"


def test_the_id_of_the_request_is_the_id_of_the_prediction(log, path):
    sent = get(PredictionLogMiddleware(answering(), log), headers=[(b"X-Request-ID", b"7f3a")])
    assert records(log, path)[0]["id"] == "7f3a"
    assert (b"x-request-id", b"7f3a") in sent[0]["headers"]


@pytest.mark.parametrize("value", [b"", b"x" * 129, b"a\r\nset-cookie: b", b"\x00"])
def test_an_id_that_is_no_header_value_is_replaced(log, path, value):
    get(PredictionLogMiddleware(answering(), log), headers=[(b"x-request-id", value)])
    assert len(records(log, path)[0]["id"]) == 32


def test_an_exception_is_the_error_of_the_prediction_and_goes_on(log, path):
    def fail(_):
        raise RuntimeError("CUDA out of memory")

    with pytest.raises(RuntimeError, match="CUDA"):
        get(PredictionLogMiddleware(answering(before=fail), log))
    assert records(log, path)[0]["error"] == "RuntimeError: CUDA out of memory"


def test_an_answer_of_500_is_a_failure(log, path):
    get(PredictionLogMiddleware(answering(status=503), log))
    assert records(log, path)[0]["error"] == "HTTP 503"


def test_a_request_that_is_refused_is_no_prediction(log, path):
    sent = get(PredictionLogMiddleware(answering(status=422), log))
    assert sent[0]["status"] == 422
    assert records(log, path) == []


def test_what_happens_after_the_answer_is_not_part_of_the_prediction(log, path):
    def clean_up(scope):
        scope["state"]["trace"].tag(late="yes")
        raise RuntimeError("the mail server is down")

    with pytest.raises(RuntimeError, match="mail"):
        get(PredictionLogMiddleware(answering(body=(b"o", b"k"), after=clean_up), log))
    (record,) = records(log, path)
    assert "error" not in record
    assert "late" not in record["tags"]


def test_a_prediction_ends_with_the_last_part_of_its_answer(log, path):
    async def application(scope, _, send):
        trace = scope["state"]["trace"]
        await send({"type": "http.response.start", "status": 200})
        for number in (1, 2):
            trace.tag({f"part-{number}": number})
            await send({"type": "http.response.body", "body": b"x", "more_body": number == 1})
        trace.tag(late="yes")

    get(PredictionLogMiddleware(application, log))
    assert records(log, path)[0]["tags"] == {"method": "POST", "path": "/predict", "part-1": 1, "part-2": 2}


@pytest.mark.parametrize(
    ("asked", "tag"), [("/predict", "/predict"), ("/v1/models/a", "/v1/models/*"), ("/v1/models/b/c", "/v1/models/*")]
)
def test_the_tag_is_the_route_and_not_each_path(log, path, asked, tag):
    get(PredictionLogMiddleware(answering(), log, routes=["/predict", "/v1/models/*"]), path=asked)
    assert records(log, path)[0]["tags"]["path"] == tag


@pytest.mark.parametrize(
    "request_", [{"path": "/metrics"}, {"path": "/predict/x"}, {"type": "websocket"}, {"type": "lifespan"}]
)
def test_other_requests_pass_untouched(log, path, request_):
    seen = []
    sent = get(PredictionLogMiddleware(answering(before=seen.append), log), **{"path": "/predict"} | request_)
    assert "state" not in seen[0]
    assert sent[0]["headers"] == [(b"server", b"test")]
    assert records(log, path) == []
