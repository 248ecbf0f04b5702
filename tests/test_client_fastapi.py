"""The FastAPI example: its routes write the log that its configuration has the exporter read."""

import asyncio
import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parent.parent / "examples" / "fastapi"
RIDE = {"kilometres": 3.5, "passengers": 2, "zone": "centre"}


@pytest.fixture
def place(tmp_path, monkeypatch):
    shutil.copytree(EXAMPLE, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def example(place):
    spec = importlib.util.spec_from_file_location("fastapi_example", place / "app.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    module.log.close()


def post(app, path, body):
    """Ask the application; returns status, headers and body."""
    request = [{"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}]
    sent = []

    async def receive():
        return request.pop() if request else {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }
    asyncio.run(app(scope, receive, send))
    content = b"".join(message.get("body", b"") for message in sent)
    return sent[0]["status"], dict(sent[0]["headers"]), json.loads(content or "null")


def test_a_prediction_and_its_feedback_are_logged_under_one_id(example, place):
    status, headers, answer = post(example.app, "/predict", RIDE)
    assert (status, answer["minutes"]) == (200, 17.7)
    assert headers[b"x-request-id"].decode() == answer["id"]
    assert post(example.app, f"/feedback/{answer['id']}", {"minutes": 19.2})[0] == 204
    assert post(example.app, "/predict", {"kilometres": "far"})[0] == 422
    assert example.log.flush()
    prediction, actual = map(json.loads, (place / "logs" / "predictions.jsonl").read_bytes().splitlines())
    assert prediction["id"] == actual["id"] == answer["id"]
    assert (prediction["input"], prediction["output"]) == (RIDE, {"minutes": 17.7})
    assert prediction["tags"] == {"method": "POST", "path": "/predict"}
    assert actual["actual"] == {"minutes": 19.2}


@pytest.mark.slow
def test_the_exporter_reads_the_log_with_the_configuration_of_the_example(example, place):
    def run(*command):
        return subprocess.run([sys.executable, *command], check=True, capture_output=True, text=True).stdout

    for number in range(100):
        _, _, answer = post(example.app, "/predict", RIDE | {"kilometres": number / 2})
        post(example.app, f"/feedback/{answer['id']}", {"minutes": answer["minutes"] + 1.5})
    example.log.close()
    (place / "reference.jsonl").write_text(run("reference.py"))
    cli = "-m", "exporter"
    run(*cli, "profile", "build", "--spec", "profile.yml", "--reference", "reference.jsonl", "-o", "profiles/")
    metrics = run(*cli, "replay", "logs/predictions.jsonl", "--config.file", "exporter.yml")
    assert 'model_predictions_total{model="taxi",version="1.0.0"} 100\n' in metrics
    assert 'model_actuals_total{model="taxi",version="1.0.0"} 100\n' in metrics
    (score,) = [line for line in metrics.splitlines() if line.startswith("model_score{") and "1000 rows" in line]
    assert float(score.split()[-1]) == pytest.approx(1.5)
