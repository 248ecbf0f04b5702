"""The client in a process that forks, ends, or is told to end: what was handed over is written, once."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from exporter.client import PredictionLog, lifecycle

NEVER = 3600.0


@pytest.fixture
def path(tmp_path):
    return tmp_path / "predictions.jsonl"


def ids(path):
    return sorted(json.loads(line)["id"] for line in path.read_bytes().splitlines()) if path.exists() else []


def run(path, body, expected=0):
    """Run a program that has a log which flushes only when told to."""
    begin = (
        f"import os, signal, sys, threading, time\nfrom exporter.client import PredictionLog\npath = {str(path)!r}\n"
    )
    program = begin + textwrap.dedent(body)
    ended = subprocess.run([sys.executable, "-c", program], timeout=30, capture_output=True, text=True, check=False)
    assert ended.returncode == expected, ended.stderr
    return ended


@pytest.mark.slow
@pytest.mark.parametrize(
    "ending", ["", "sys.exit()", "threading.Thread(target=lambda: (time.sleep(0.2), log.prediction('b'))).start()"]
)
def test_what_waits_is_written_when_the_program_ends(path, ending):
    run(path, f"log = PredictionLog(path, flush_seconds=3600)\nlog.prediction('a')\n{ending}")
    assert ids(path) == ["a", "b"][: 1 + ("Thread" in ending)]


@pytest.mark.slow
def test_what_waits_is_written_when_the_program_fails(path):
    ended = run(
        path, "log = PredictionLog(path, flush_seconds=3600)\nlog.prediction('a')\nraise RuntimeError('no')", expected=1
    )
    assert "RuntimeError" in ended.stderr
    assert ids(path) == ["a"]


@pytest.mark.slow
def test_what_comes_while_the_program_ends_is_written_too(path):
    run(
        path,
        """
        import atexit
        from exporter.client import lifecycle
        atexit.unregister(lifecycle._end)
        atexit.register(lambda: log.prediction("b"))
        atexit.register(lifecycle._end)  # what was registered last comes first
        log = PredictionLog(path, flush_seconds=3600)
        log.prediction("a")
        """,
    )
    assert ids(path) == ["a", "b"]


@pytest.mark.slow
def test_a_program_that_is_killed_loses_what_it_had_not_flushed_and_nothing_else(path):
    run(
        path,
        """
        log = PredictionLog(path, flush_seconds=3600)
        log.prediction("a")
        log.flush()
        log.prediction("b")
        os.kill(os.getpid(), signal.SIGKILL)
        """,
        expected=-signal.SIGKILL,
    )
    assert ids(path) == ["a"]


@pytest.mark.slow
def test_sigterm_ends_the_program_as_before_but_writes_first(path):
    run(
        path,
        """
        log = PredictionLog(path, flush_seconds=3600)
        log.prediction("a")
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(10)
        """,
        expected=-signal.SIGTERM,
    )
    assert ids(path) == ["a"]


@pytest.mark.slow
@pytest.mark.parametrize("chain", [None, False])
def test_a_handler_of_the_application_is_left_alone(path, chain):
    run(
        path,
        f"""
        def stop(number, frame):
            os._exit(7)
        signal.signal(signal.SIGTERM, stop)
        log = PredictionLog(path, flush_seconds=3600, on_sigterm={chain})
        assert signal.getsignal(signal.SIGTERM) is stop
        log.prediction("a")
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(10)
        """,
        expected=7,
    )
    assert ids(path) == []


@pytest.mark.slow
def test_a_handler_of_the_application_follows_where_that_is_asked_for(path):
    run(
        path,
        """
        def stop(number, frame):
            assert open(path).read()
            os._exit(7)
        signal.signal(signal.SIGTERM, stop)
        log = PredictionLog(path, flush_seconds=3600, on_sigterm=True)
        other = PredictionLog(path, flush_seconds=3600, on_sigterm=True)
        log.prediction("a")
        other.prediction("b")
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(10)
        """,
        expected=7,
    )
    assert ids(path) == ["a", "b"]


@pytest.mark.slow
def test_sigterm_within_a_durable_call_does_not_hang(path):
    run(
        path,
        """
        import exporter.client.file
        append = exporter.client.file.LogFile.append
        def interrupted(self, lines):
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.01)
            return append(self, lines)
        exporter.client.file.LogFile.append = interrupted
        import exporter.client.lifecycle
        exporter.client.lifecycle.SIGTERM_SECONDS = 0.1
        PredictionLog(path, durable=True).prediction("a")
        """,
        expected=-signal.SIGTERM,
    )


def test_outside_the_main_thread_the_signal_is_not_touched(path):
    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=lambda: PredictionLog(path, on_sigterm=True).close())
    thread.start()
    thread.join()
    assert signal.getsignal(signal.SIGTERM) is before
    assert not lifecycle.catch_sigterm(chain=False)


def in_child(work):
    """Run `work` in a forked child, which ends as a process of a pre-forking server does."""
    child = os.fork()
    if not child:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
@pytest.mark.parametrize("durable", [False, True])
def test_a_forked_child_writes_its_own_records_and_not_its_parents(path, durable):
    def work():
        log.prediction("child")
        assert log.flush()

    with PredictionLog(path, flush_seconds=NEVER, durable=durable) as log:
        log.prediction("before")
        in_child(work)
        in_child(work)
        log.prediction("after")
    assert ids(path) == ["after", "before", "child", "child"]
    assert not log.dropped


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_leaves_what_the_disk_did_not_take_to_its_parent(tmp_path):
    def work():
        assert log.dropped == log.faults == {}
        log.prediction("child")
        place.unlink()
        assert log.flush()

    place = tmp_path / "logs"
    place.write_text("not a directory")
    path = place / "predictions.jsonl"
    with PredictionLog(path, flush_seconds=NEVER) as log:
        log.prediction("parent")
        log.actual(None)
        assert not log.flush(timeout=0.1)
        in_child(work)
        assert ids(path) == ["child"]
    assert ids(path) == ["child", "parent"]


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_has_a_thread_of_its_own(path):
    def work():
        log.prediction("child")
        deadline = time.monotonic() + 5
        while b"child" not in path.read_bytes():
            assert time.monotonic() < deadline
            time.sleep(0.005)

    with PredictionLog(path, flush_seconds=0.01) as log:
        log.prediction("parent")
        log.flush()
        in_child(work)
    assert ids(path) == ["child", "parent"]


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_makes_up_other_ids(path):
    def work():
        log.prediction()
        log.flush()

    with PredictionLog(path, flush_seconds=NEVER) as log:
        log.prediction()
        in_child(work)
        in_child(work)
    assert len(set(ids(path))) == 3


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_forking_while_threads_write_loses_nothing_and_repeats_nothing(path):
    stop, handed_over = threading.Event(), []

    def serve():
        while not stop.is_set():
            handed_over.append(log.prediction())

    with PredictionLog(path, flush_seconds=0.001) as log:
        threads = [threading.Thread(target=serve) for _ in range(2)]
        for thread in threads:
            thread.start()
        for number in range(20):
            in_child(lambda number=number: (log.prediction(f"child-{number}"), log.flush()))
        stop.set()
        for thread in threads:
            thread.join()
    assert ids(path) == sorted(handed_over + [f"child-{number}" for number in range(20)])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_process_of_multiprocessing_writes_what_waits_when_it_ends(path, method):
    context = multiprocessing.get_context(method)
    process = context.Process(target=predict, args=(str(path),))
    process.start()
    process.join(30)
    assert process.exitcode == 0
    assert ids(path) == ["a"]


def predict(path):
    PredictionLog(path, flush_seconds=NEVER).prediction("a")


def test_where_no_thread_can_be_started_the_caller_writes(path, monkeypatch):
    def refuse(_):
        raise RuntimeError("can't start new thread")

    with PredictionLog(path, flush_seconds=NEVER) as log:
        monkeypatch.setattr(threading.Thread, "start", refuse)
        log.prediction("a")
        assert ids(path) == ["a"]
        assert log.faults == {"thread": 1}
        monkeypatch.undo()
        log.prediction("b")
    assert ids(path) == ["a", "b"]
