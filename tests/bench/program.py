"""The real exporter as a process whose CPU time and memory are looked at from outside."""

import contextlib
import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Self

import psutil

POLL = 0.2
DEADLINE = 120


class Exporter:
    """`run` on the configuration of a directory, in a copy (`home`); `logs` is what it watches, empty at the start."""

    def __init__(self, home: Path, *python: str) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="prediction-exporter-bench-"))
        self.logs = self.home / "logs"
        self.logs.mkdir()
        for name in ("bench.json", "exporter.yml"):
            shutil.copy(home / name, self.home)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        run = ["run", "--log.level", "warning", "--web.listen-address", f"127.0.0.1:{self._port}"]
        self._command = [sys.executable, *python, "-m", "exporter", *run]
        self.errors = self.home / "stderr"
        self._start()

    def __enter__(self) -> Self:
        self._ready()
        return self

    def _start(self) -> None:
        with self.errors.open("wb") as errors:
            self._process = subprocess.Popen(self._command, cwd=self.home, stderr=errors)
        self._watch = psutil.Process(self._process.pid)

    def _ready(self) -> None:
        self._until(lambda: self._get("/-/ready") is not None, every=0.005)

    def restart(self) -> float:
        """Kill it and start another; returns the wall time until that is ready."""
        self._process.kill()
        self._process.wait()
        began = time.perf_counter()
        self._start()
        self._ready()
        return time.perf_counter() - began

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self.home)

    @property
    def cpu(self) -> float:
        """CPU seconds so far."""
        times = self._watch.cpu_times()
        return times.user + times.system

    @property
    def memory(self) -> float:
        """Resident megabytes now."""
        return self._watch.memory_info().rss / 1e6

    @property
    def peak(self) -> float:
        """The most resident megabytes so far."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024 / 1e6

    def take(self, log: Path) -> None:
        """Put a finished log in front of the exporter."""
        os.link(log, self.logs / log.name)

    def wait_for(self, predictions: int, actuals: int | None = None) -> None:
        """Wait until the metrics show that all was taken in."""
        wanted = {"model_predictions_total": predictions}
        wanted |= {} if actuals is None else {"model_actuals_total": actuals}
        self._until(lambda: all(self._metric(name) >= count for name, count in wanted.items()), every=POLL)

    def _metric(self, name: str) -> float:
        page = self._get("/metrics") or ""
        return sum(float(value) for value in re.findall(rf"^{name}{{.*}} (\S+)$", page, re.MULTILINE))

    def _get(self, path: str) -> str | None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        with contextlib.closing(connection), contextlib.suppress(ConnectionError):
            connection.request("GET", path)
            answer = connection.getresponse()
            text = answer.read().decode()
            return text if answer.status == http.client.OK else None
        return None

    def _until(self, condition, every: float) -> None:
        deadline = time.monotonic() + DEADLINE
        while not condition():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the exporter does not answer:\n{self.errors.read_text()}")
            time.sleep(every)
