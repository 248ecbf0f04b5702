"""Starts the real programs for a test: the exporter, Prometheus, Alertmanager, and a webhook that receives alerts.

Each is a context manager that waits until the program answers and kills it at the end.
"""

import contextlib
import http.server
import json
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).parent.parent
DURATION = re.compile(r"(?<![\w.])(\d+)(ms|s|m|h|d)\b")
MILLISECONDS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def hastened(text, speed):
    """Return rules or a configuration in which time passes faster: every duration (`1h`, `15s`) is divided by `speed`.

    Names of recorded series keep theirs (`increase1h`), since they are names.
    """
    return DURATION.sub(lambda found: f"{round(int(found[1]) * MILLISECONDS[found[2]] / speed)}ms", text)


def eventually(what, condition, seconds=30):
    """Return the first true result of a condition; fail and say what has not happened when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        if time.monotonic() > deadline:
            pytest.fail(f"within {seconds} s, not: {what}")
        time.sleep(0.1)
    return result


def free_addresses(count):
    """Return loopback addresses whose ports are free."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]


def program(*names):
    """Return the path of a program under one of its names; a test that needs a missing one fails."""
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.fail(f"no {' or '.join(names)} on PATH; `make tools` installs it, `make test` puts it on PATH")
    return found


@dataclass
class Running:
    """A program that answers at an address."""

    address: str
    process: subprocess.Popen
    start: Callable[[], subprocess.Popen]
    health: str

    def kill(self):
        """Kill it as a power cut would."""
        self.process.kill()
        self.process.wait()

    def again(self):
        """Start it again after its end, and wait until it answers."""
        self.process = self.start()
        eventually(f"{self.address} answers again", lambda: self.answers(self.health))

    def get(self, path, **parameters):
        response = requests.get(f"http://{self.address}{path}", params=parameters, timeout=10)
        response.raise_for_status()
        return response

    def answers(self, path):
        if self.process.poll() is not None:
            pytest.fail(f"the program ended with exit code {self.process.returncode}")
        with contextlib.suppress(requests.RequestException):
            return self.get(path).ok
        return False


@contextlib.contextmanager
def running(command, address, health, directory):
    """Run a command in a directory until the end of the context; pytest shows what it printed when the test fails."""
    name = f"{'exporter' if command[0] == sys.executable else Path(command[0]).name}-{address.rpartition(':')[2]}"
    output = directory / f"{name}.log"

    def start():
        with output.open("ab") as stream:
            streams = {"stdin": subprocess.DEVNULL, "stdout": stream, "stderr": subprocess.STDOUT}
            return subprocess.Popen(command, cwd=directory, **streams)

    started = Running(address, start(), start, health)
    try:
        eventually(f"{name} answers", lambda: started.answers(health))
        yield started
    finally:
        started.kill()
        print(f"--- {name} printed:\n{output.read_text(errors='replace')[-4000:]}")


def exporter(address, directory, config="exporter.yml"):
    """Run the exporter on a configuration in a directory."""
    command = [sys.executable, "-m", "exporter", "run", "--config.file", config, "--web.listen-address", address]
    return running(command, address, "/-/ready", directory)


def responder(address, directory, responses):
    """Run the responder on the text of a file of responses."""
    (directory / "responses.yml").write_text(responses)
    command = [sys.executable, "-m", "exporter", "respond", "--config.file", "responses.yml"]
    return running([*command, "--web.listen-address", address], address, "/-/ready", directory)


def built_profile(directory, spec, reference):
    """Build a profile with the command line, from a spec's text and records; returns its path."""
    (directory / "profile.yml").write_text(spec)
    write(directory / "reference.jsonl", reference)
    build = ["profile", "build", "--spec", "profile.yml", "--reference", "reference.jsonl", "-o", "profiles"]
    command = [sys.executable, "-m", "exporter", *build]
    done = subprocess.run(command, cwd=directory, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return directory / done.stdout.strip()


def write(path, records):
    """Append records to a log."""
    with path.open("a") as log:
        log.writelines(f"{json.dumps(record)}\n" for record in records)


@dataclass
class Prometheus:
    """A running Prometheus."""

    running: Running

    def values(self, query, at=None):
        """Return (labels, value) of each series of an instant query, at a Unix time or now."""
        parameters = {"query": query} | ({} if at is None else {"time": f"{at:.3f}"})
        answer = self.running.get("/api/v1/query", **parameters).json()["data"]["result"]
        return [(series["metric"], float(series["value"][1])) for series in answer]

    def value(self, query, at=None):
        """Return the value of the only series, None where there is none."""
        found = self.values(query, at)
        assert len(found) <= 1, found
        return found[0][1] if found else None


@contextlib.contextmanager
def prometheus(address, directory, config, rules, speed, *flags):
    """Run Prometheus on a configuration's text and some of our rule files, with time passing faster."""
    (directory / "rules").mkdir()
    for rule in rules:
        (directory / "rules" / rule.name).write_text(hastened(rule.read_text(), speed))
    (directory / "prometheus.yml").write_text(config)
    command = [
        program("prometheus"),
        "--config.file=prometheus.yml",
        "--storage.tsdb.path=prometheus-data",
        f"--web.listen-address={address}",
        "--rules.alert.resend-delay=1s",
        "--log.level=warn",
        *flags,
    ]
    with running(command, address, "/-/ready", directory) as started:
        yield Prometheus(started)


def alertmanager(address, directory, config):
    """Run Alertmanager on a configuration's text."""
    (directory / "alertmanager.yml").write_text(config)
    command = [
        program("alertmanager", "prometheus-alertmanager"),
        "--config.file=alertmanager.yml",
        "--storage.path=alertmanager-data",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
        "--log.level=warn",
    ]
    return running(command, address, "/-/ready", directory)


@dataclass
class Webhook:
    """Receives what Alertmanager sends; `notifications` are as they came to /alerts, in order."""

    address: str = ""
    notifications: list = field(default_factory=list)

    @property
    def alerts(self):
        """All alerts of all notifications, in order."""
        return [alert for notification in self.notifications for alert in notification["alerts"]]

    def find(self, **wanted):
        """Return the alerts with these labels or this status."""
        return [
            alert for alert in self.alerts if wanted.items() <= ({"status": alert["status"]} | alert["labels"]).items()
        ]


@contextlib.contextmanager
def webhook():
    """Run a webhook on a free port."""
    hook = Webhook()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/alerts":
                hook.notifications.append(json.loads(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        hook.address = f"127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield hook
        finally:
            server.shutdown()
            thread.join()
