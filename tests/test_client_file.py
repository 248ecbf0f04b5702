"""The client's file: shared by processes, rotated by any of them, mended, and full or out of reach at times."""

import errno
import itertools
import json
import logging
import os
import resource
import threading
import time
from pathlib import Path

import pytest

from exporter.client import PredictionLog
from exporter.client.backlog import Backlog
from exporter.client.file import LogFile, Rotation
from exporter.sources import FileConfig

NEVER = 3600.0
DAY = 86_400
TORN = b'{"id":"torn","inp'


@pytest.fixture
def path(tmp_path):
    return tmp_path / "predictions.jsonl"


@pytest.fixture
def faults():
    return []


@pytest.fixture
def open_log(path, faults):
    """Make a log file of the path, as another process would have it open."""
    files = []

    def make(size=10**9, seconds=None, keep=3):
        files.append(LogFile(str(path), Rotation(size, seconds, keep), lambda reason, _: faults.append(reason)))
        return files[-1]

    yield make
    for file in files:
        file.close()


def line(number, size=10):
    return json.dumps({"id": number, "input": "x" * size}).encode() + b"\n"


def ids(*paths):
    return [json.loads(line)["id"] for path in paths for line in Path(path).read_bytes().splitlines() if line.strip()]


def log_of(path, **options):
    return PredictionLog(path, flush_seconds=NEVER, **options)


def unread(path):
    """Read a log as the exporter does, and return the lines that are no record."""
    data = b"".join(chunk.data for chunk in FileConfig(path=path).open(1 << 20, follow=False).chunks(threading.Event()))
    broken = []
    for text in data.splitlines():
        try:
            json.loads(text or b"{}") if text.strip() else None
        except ValueError:
            broken.append(text)
    return broken


def test_whole_lines_are_appended(open_log, path):
    path.write_bytes(line(0))
    file = open_log()
    assert file.append(line(1) + line(2)) == len(line(1) + line(2))
    assert ids(path) == [0, 1, 2]


def test_a_full_file_is_renamed_and_as_many_as_told_are_kept(open_log, path):
    file = open_log(size=100, keep=3)
    for number in range(12):
        file.append(line(number, 60))
    assert ids(f"{path}.3", f"{path}.2", f"{path}.1") == [6, 7, 8, 9, 10, 11]
    assert sorted(file.name for file in path.parent.iterdir()) == [f"{path.name}.{number}" for number in (1, 2, 3)]


def test_a_file_of_an_earlier_day_is_renamed_before_the_first_line_of_a_new_one(open_log, path):
    open_log(seconds=DAY).append(line(1))
    yesterday = time.time() - DAY
    os.utime(path, (yesterday, yesterday))
    file = open_log(seconds=DAY)
    file.append(line(2))
    file.append(line(3))
    assert (ids(f"{path}.1"), ids(path)) == ([1], [2, 3])


def test_a_process_with_the_file_of_an_earlier_day_open_renames_it_too(open_log, path, monkeypatch):
    file = open_log(seconds=DAY)
    file.append(line(1))
    yesterday = time.time() - DAY
    os.utime(path, (yesterday, yesterday))
    monkeypatch.setattr("exporter.client.file.VERIFY_SECONDS", 0)
    file._verify_at = 0
    file.append(line(2))
    assert (ids(f"{path}.1"), ids(path)) == ([1], [2])


def test_a_process_follows_the_rotation_of_another(open_log, path, monkeypatch):
    monkeypatch.setattr("exporter.client.file.VERIFY_SECONDS", 0)
    first, second = open_log(size=100), open_log(size=100)
    first.append(line(1, 10))
    second.append(line(2, 90))
    first.append(line(3, 10))
    second.append(line(4, 10))
    assert (ids(f"{path}.1"), ids(path)) == ([1, 2], [3, 4])


def test_a_line_written_to_a_file_that_was_just_renamed_is_in_the_renamed_file(open_log, path):
    first, second = open_log(size=100), open_log(size=100)
    first.append(line(1, 10))
    second.append(line(2, 90))
    first.append(line(3, 10))  # within the time in which it does not look
    assert ids(f"{path}.1", *([path] if path.exists() else [])) == [1, 2, 3]
    assert not Path(f"{path}.2").exists()


def test_a_file_is_renamed_once_when_two_processes_find_it_full(open_log, path):
    first, second = open_log(size=100), open_log(size=100)
    first.append(line(1, 10))
    second.append(line(2, 10))
    first.append(line(3, 90))
    second.append(line(4, 90))
    second.append(line(5, 10))
    assert (ids(f"{path}.1"), ids(path)) == ([1, 2, 3, 4], [5])


def test_while_another_process_renames_nobody_waits_for_it(open_log, path):
    import fcntl  # noqa: PLC0415 - what the file uses itself

    file = open_log(size=100)
    file.append(line(1))
    with path.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        file.append(line(2, 100))
        file.append(line(3))
        assert ids(path) == [1, 2, 3]
    file.append(line(4))
    assert ids(f"{path}.1") == [1, 2, 3, 4]


def test_a_log_renamed_or_removed_from_outside_is_made_anew(open_log, path, monkeypatch):
    monkeypatch.setattr("exporter.client.file.VERIFY_SECONDS", 0)
    file = open_log()
    file.append(line(1))
    path.rename(path.with_name("moved"))
    file.append(line(2))
    path.unlink()
    file.append(line(3))
    assert (ids(path.with_name("moved")), ids(path)) == ([1], [3])


def test_a_directory_that_forbids_renaming_costs_the_rotation_only(open_log, path, monkeypatch, faults):
    file = open_log(size=100)
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(PermissionError(errno.EACCES, "no")))
    for number in range(5):
        file.append(line(number, 90))
    assert ids(path) == [0, 1, 2, 3, 4]
    assert faults == ["rotation"], "it is not tried again at once"


def test_the_record_behind_a_torn_line_is_not_lost_and_no_torn_line_remains(open_log, path, faults):
    path.write_bytes(line(1, 2000) + TORN)
    file = open_log()
    assert file.append(line(2) + line(3)) == len(line(2) + line(3))
    file.append(line(4))
    assert sorted(ids(path)) == [1, 2, 3, 4]
    assert unread(path) == []
    assert faults == ["torn_line"]


def test_a_line_torn_by_another_process_meanwhile_is_mended_too(open_log, path):
    file = open_log()
    file.append(line(1, 2000))
    with path.open("ab") as other:
        other.write(line(2) + TORN)
    file.append(line(3))
    with path.open("ab") as other:
        other.write(line(4))
    file.append(line(5))
    assert sorted(ids(path)) == [1, 2, 3, 4, 5]
    assert unread(path) == []


@pytest.mark.parametrize("size", [10, 2000])
def test_a_reader_that_had_read_the_torn_part_still_gets_every_record_once(open_log, path, size):
    path.write_bytes(line(1, size) + TORN)
    source = FileConfig(path=path, poll_interval=0.002).open(1 << 20, follow=True)
    chunks = source.chunks(threading.Event())
    data = b"".join(chunk.data for chunk in itertools.islice(chunks, 4))
    open_log().append(line(2) + line(3))
    deadline = time.monotonic() + 5
    while data.count(b"\n") < 4:
        assert time.monotonic() < deadline
        data += next(chunks).data
    chunks.close()
    found = [json.loads(text)["id"] for text in data.splitlines() if TORN not in text and text.strip()]
    assert sorted(found) == [1, 2, 3]


def test_a_whole_line_of_another_process_is_left_alone(open_log, path, faults):
    first, second = open_log(), open_log()
    for number in range(5):
        (first, second)[number % 2].append(line(number))
    assert ids(path) == [0, 1, 2, 3, 4]
    assert not faults


@pytest.fixture
def room():
    """Say how many bytes a file has room for: the kernel takes the part of a write that fits, and then nothing."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size=limits[0]: resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize("durable", [False, True])
def test_a_full_disk_is_counted_and_tried_again_and_loses_nothing(path, room, durable):
    with log_of(path, durable=durable) as log:
        room(1500)
        for number in range(5):
            log.prediction(str(number), input={"text": "x" * 300})
        assert not log.flush(timeout=0.5)
        assert log.faults["write"] >= 1
        assert not log.dropped
        assert path.stat().st_size == 1500
        room()
        assert log.flush()
        assert sorted(ids(path)) == ["0", "1", "2", "3", "4"]
        assert unread(path) == []


@pytest.mark.parametrize("durable", [False, True])
def test_a_path_that_cannot_be_written_is_counted_and_tried_again(tmp_path, durable):
    place = tmp_path / "logs"
    place.write_text("not a directory")
    with log_of(place / "predictions.jsonl", durable=durable) as log:
        log.prediction("a")
        with log.trace("b"):
            pass
        assert not log.flush(timeout=0.1)
        assert log.faults["write"] >= 1
        place.unlink()
        assert log.flush()
        assert sorted(ids(place / "predictions.jsonl")) == ["a", "b"]


def test_the_background_thread_tries_again_by_itself(tmp_path):
    place = tmp_path / "logs"
    place.write_text("not a directory")
    with PredictionLog(place / "predictions.jsonl", flush_seconds=0.01) as log:
        log.prediction("a")
        deadline = time.monotonic() + 5
        while log.faults.get("write", 0) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        place.unlink()
        while not (place / "predictions.jsonl").exists() or not ids(place / "predictions.jsonl"):
            assert time.monotonic() < deadline
            time.sleep(0.005)


def test_what_waits_is_bounded_and_the_rest_is_dropped_and_counted(tmp_path, caplog):
    place = tmp_path / "logs"
    place.write_text("not a directory")
    limit = 200_000
    with caplog.at_level(logging.WARNING, "exporter.client"):
        log = log_of(place / "predictions.jsonl", buffer_bytes=limit)
        for number in range(5000):
            log.prediction(str(number), input={"text": "x" * 100})
            if number % 500 == 0:
                log.flush(timeout=0.1)
        log.flush(timeout=0.1)
        assert 0 < log._flusher._backlog.held <= limit
        dropped = log.dropped["full"]
        place.unlink()
        assert log.flush()
    assert len(ids(place / "predictions.jsonl")) + dropped == 5000
    assert [record for record in caplog.records if "full" in record.getMessage()][1:] == []
    log.close()


def test_what_waits_for_a_thread_that_does_not_come_is_bounded(path):
    log = log_of(path, buffer_bytes=100_000)
    for number in range(5000):
        log.prediction(str(number), input={"text": "x" * 100})
    assert sum(map(len, log._intake.lines)) <= 100_000
    assert len(log._intake.queue) < 1000
    log.close()
    assert len(ids(path)) + log.dropped["full"] == 5000


def test_storm_after_storm_is_taken_in(path):
    with log_of(path, buffer_bytes=100_000) as log:
        for storm in range(5):
            for number in range(700):
                log.prediction(f"{storm}-{number}", input={"text": "x" * 10})
            assert log.flush()
    assert len(ids(path)) == 5 * 700
    assert not log.dropped


@pytest.mark.parametrize(("rotate_bytes", "files"), [(1000, 4), (None, 1)])
def test_a_log_is_rotated_as_its_options_say(path, rotate_bytes, files):
    with log_of(path, durable=True, rotate_bytes=rotate_bytes, keep=10) as log:
        for number in range(40):
            log.prediction(str(number), input={"text": "x" * 50})
    logs = [file for file in path.parent.iterdir() if file.stat().st_size]
    assert len(logs) == files
    assert sorted(map(int, ids(*logs))) == list(range(40))


def test_the_exporter_reads_every_record_once_while_two_logs_rotate_one_file(path):
    stop, data = threading.Event(), []
    source = FileConfig(path=f"{path}*", poll_interval=0.002).open(1 << 20, follow=True)
    reader = threading.Thread(target=lambda: data.extend(chunk.data for chunk in source.chunks(stop)))
    reader.start()
    options = {"durable": True, "rotate_bytes": 5000, "keep": 1000}
    with log_of(path, **options) as one, log_of(path, **options) as other:
        for number in range(1000):
            (one, other)[number % 2].prediction(str(number), input={"text": "x" * (number % 300)})
    deadline = time.monotonic() + 5
    while b"".join(data).count(b"\n") < 1000 and time.monotonic() < deadline:
        time.sleep(0.01)
    stop.set()
    reader.join()
    assert sorted(int(json.loads(line)["id"]) for line in b"".join(data).splitlines()) == list(range(1000))
    assert Path(f"{path}.7").exists()


def open_files():
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_following_other_processes_keeps_one_file_open(open_log, monkeypatch):
    monkeypatch.setattr("exporter.client.file.VERIFY_SECONDS", 0)
    first, second = open_log(size=50), open_log()
    second.append(line(0))
    before = open_files()
    for number in range(10):
        first.append(line(number, 60))
        second.append(line(number))
    assert open_files() <= before + 1


def test_calls_do_not_wait_for_a_disk_that_hangs(path, monkeypatch):
    hangs, goes_on = threading.Event(), threading.Event()
    append = LogFile.append

    def hanging(self, lines):
        hangs.set()
        assert goes_on.wait(10)
        return append(self, lines)

    monkeypatch.setattr(LogFile, "append", hanging)
    with PredictionLog(path, flush_seconds=0.01) as log:
        log.prediction("first")
        assert hangs.wait(5)
        began = time.monotonic()
        for number in range(1000):
            log.prediction(str(number), input={"n": [number]})
            with log.trace(f"trace-{number}"):
                pass
        taken = time.monotonic() - began
        goes_on.set()
    assert taken < 2
    assert len(ids(path)) == 2001


def test_an_unexpected_failure_of_the_thread_is_counted_and_it_goes_on(path, monkeypatch):
    write, failures = Backlog.write, [RuntimeError("no"), RuntimeError("no")]

    def failing(self):
        if failures:
            raise failures.pop()
        write(self)

    monkeypatch.setattr(Backlog, "write", failing)
    with PredictionLog(path, flush_seconds=0.01) as log:
        log.prediction("a")
        deadline = time.monotonic() + 5
        while not path.exists():
            assert time.monotonic() < deadline
            time.sleep(0.005)
        log.flush()
    assert log.faults["flusher"] >= 1
    assert ids(path) == ["a"]


def test_what_cannot_be_written_before_the_log_is_closed_is_counted(tmp_path):
    place = tmp_path / "logs"
    place.write_text("not a directory")
    log = log_of(place / "predictions.jsonl")
    for _ in range(3):
        log.prediction()
    log.close()
    assert log.dropped == {"unwritten": 3}


def test_the_log_stays_where_it_was_when_the_program_changes_its_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with log_of("predictions.jsonl") as log:
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        log.prediction("a")
    assert ids(tmp_path / "predictions.jsonl") == ["a"]
