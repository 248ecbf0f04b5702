"""The whole demo: a model server as a process of its own, the exporter in this one, and the story around them."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from time import time

from exporter.app import App
from exporter.config import load
from exporter.demo.data import CONFIG, LOG, window_rows
from exporter.demo.diabetes import RATE as DIABETES_RATE
from exporter.demo.digits import RATE as DIGITS_RATE
from exporter.demo.server import started
from exporter.demo.story import Schedule, intro, scheduled, status, turn
from exporter.demo.verdict import Diary
from exporter.demo.watch import Samples, facts, labels, scrape

READY_SECONDS = 60.0
GRACE_SECONDS = 10.0
LOOKS = 60  # at the metrics, in a run
PAUSES = 2.0, 10.0  # seconds between two looks, at least and at most


@contextmanager
def model_server(directory: Path, speed: float, duration: float, stop: Event) -> Iterator[subprocess.Popen[bytes]]:
    """Run the model server; it is ready when the block begins, unless it has failed or `stop` is set."""
    (directory / CONFIG).unlink(missing_ok=True)
    command = [sys.executable, "-m", "exporter", "demo", "--only", "model", "--directory", str(directory)]
    command += ["--speed", f"{speed}", "--duration", f"{duration}s" if duration else "0"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603 - this very program
    try:
        _ready(directory, process, stop)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _ready(directory: Path, process: subprocess.Popen[bytes], stop: Event) -> None:
    deadline = time() + READY_SECONDS
    while not (directory / CONFIG).exists() and process.poll() is None and not stop.wait(0.05):
        if time() > deadline:
            raise TimeoutError(f"the model server has not become ready within {READY_SECONDS:g} seconds")


def play(
    addresses: Sequence[str], speed: float, duration: float, directory: Path, *, stop: Event, say: Callable[[str], None]
) -> int:
    """Run the demo from beginning to end; returns the exit code."""
    with model_server(directory, speed, duration, stop) as process:
        if stop.is_set():
            return 0
        if process.poll() is not None:
            say(f"the model server has ended with exit code {process.returncode}; its message is above")
            return 1
        schedule = scheduled(started(directory), duration)
        path = str(directory / CONFIG)
        app = App(load(path), path, addresses)
        app.start()
        try:
            url = f"http://{reachable(app.addresses[0])}/metrics"
            rates = {"digits": DIGITS_RATE * speed, "diabetes": DIABETES_RATE * speed}
            say(intro(url, directory / LOG, schedule, rates))
            diary = follow(url, f"{window_rows(schedule.length, speed)} rows", schedule, stop, say)
        finally:
            app.stop()
    return conclude(diary, ended=schedule.over(time()), say=say)


def reachable(address: str) -> str:
    """Return an address that a client on this machine can use, for one that a server listens on."""
    host, _, port = address.rpartition(":")
    return f"127.0.0.1:{port}" if host in ("", "0.0.0.0", "[::]", "*") else address  # noqa: S104 - not bound here


def follow(url: str, window: str, schedule: Schedule, stop: Event, say: Callable[[str], None]) -> Diary:
    """Tell the story and look at the metrics until the end of the schedule, or until `stop` is set."""
    diary, phase, now = Diary(), None, time()
    earlier: Samples = ()
    pause = min(max(schedule.length / LOOKS, PAUSES[0]), PAUSES[1])
    while True:
        if schedule.phase(now) is not phase and not schedule.over(now):
            phase = schedule.phase(now)
            say(turn(phase, now - schedule.start))
        found = scrape(url)
        seen = facts(found, earlier, window)
        diary.add(schedule.phase(now), seen, schedule.broken(now))
        say(status(seen, labels(found), now - schedule.start))
        if schedule.over(now) or stop.wait(max(0.0, min(now + pause, schedule.next_turn(now)) - time())):
            return diary
        earlier, now = found, time()


def conclude(diary: Diary, ended: bool, say: Callable[[str], None]) -> int:
    """Say how it went; returns the exit code."""
    if not ended:
        say("The demo was ended before its story was: no verdict.")
        return 0
    say(f"\n{diary.table()}\n")
    say("The diagnosis came as promised." if diary.promised else "The diagnosis did NOT come as promised.")
    return 0 if diary.promised else 1
