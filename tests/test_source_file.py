"""Log files: followed through every rotation, each line once; broken files cost only themselves."""

import errno
import gzip
import math
import os
import random
import shutil
import threading
import time
import tracemalloc
from collections import Counter
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from exporter.sources import BUILTIN, Chunk, FileConfig, file, follow, tail

POLL = 0.002
LINE_BYTES = 2048
LONG = b"%-1200d\n"


class Reading:
    """A source that is read step by step, and what came of it."""

    def __init__(self, path, follow=True, line_bytes=LINE_BYTES, **options):
        self.source = FileConfig(path=Path(path), **{"poll_interval": POLL} | options).open(line_bytes, follow=follow)
        self.chunks = self.source.chunks(threading.Event())
        self.data = b""
        self.events = Counter()
        self.rejects = Counter()
        self.last = Chunk(b"")

    def step(self):
        self.last = next(self.chunks)
        assert self.last.data[-1:] in (b"", b"\n")
        self.data += self.last.data
        self.events.update(self.last.events)
        self.rejects.update(self.last.rejects)

    def settle(self):
        """Read until nothing comes, over at least one look at the directory that begins after the call."""
        self.source._next_scan = 0.0
        idle = 0
        while idle < 3:
            lag = self.last.lag_bytes
            self.step()
            idle = 0 if self.last.data or self.last.lag_bytes != lag else idle + 1
        return self.data

    def until(self, condition):
        deadline = time.monotonic() + 5
        while not condition():
            assert time.monotonic() < deadline, (self.data[-200:], self.events)
            self.step()

    def lines(self):
        return self.settle().split(b"\n")[:-1]


@pytest.fixture
def log(tmp_path):
    return tmp_path / "app.jsonl"


@pytest.fixture
def read(tmp_path):
    """Begin to read a glob of the test's directory."""
    readings = []

    def read(pattern="*.jsonl", **options):
        readings.append(Reading(tmp_path / pattern, **options))
        return readings[-1]

    yield read
    for reading in readings:
        reading.chunks.close()


@pytest.fixture
def hasty(monkeypatch):
    """Do not wait for writers that have not noticed the rotation."""
    monkeypatch.setattr(follow, "LINGER_SECONDS", 0.0)


def append(path, data):
    with path.open("ab") as opened:
        opened.write(data)


def pack(path, target, level=9):
    target.write_bytes(gzip.compress(path.read_bytes(), level))


def read_all(path, **options):
    """Read what is there, once."""
    config = FileConfig(path=Path(path))
    chunks = list(config.open(options.get("line_bytes", LINE_BYTES), follow=False).chunks(threading.Event()))
    events, rejects = Counter(), Counter()
    for chunk in chunks:
        events.update(chunk.events)
        rejects.update(chunk.rejects)
    return b"".join(chunk.data for chunk in chunks), events, rejects


def descriptors(directory):
    links = Path("/proc/self/fd").iterdir()
    return sum(str(link.readlink()).startswith(str(directory)) for link in links if link.is_symlink())


# What is there, and what is added to it


def test_appended_lines_come_as_they_are_written(log, read):
    log.write_bytes(b"one\n")
    reading = read()
    assert reading.settle() == b"one\n"
    append(log, b"two\nthree\n")
    assert reading.settle() == b"one\ntwo\nthree\n"


def test_a_partial_line_is_held_back_until_its_newline_comes(log, read):
    log.write_bytes(b'one\n{"half"')
    reading = read()
    assert reading.settle() == b"one\n"
    assert reading.source.positions[0].offset == 4
    append(log, b": 2}\n")
    assert reading.settle() == b'one\n{"half": 2}\n'


def test_a_partial_line_is_delivered_at_the_end_when_nothing_is_followed(log):
    log.write_bytes(b"one\ntwo")
    assert read_all(log)[0] == b"one\ntwo\n"


@pytest.mark.parametrize("line", [b"one\r\n", b"\xff\xfe\xc3(\n", b"a\x00b\x00\n", b"\n"])
def test_crlf_invalid_utf_8_nul_bytes_and_empty_lines_are_left_to_the_decoder(log, line):
    log.write_bytes(line * 3)
    assert read_all(log) == (line * 3, {}, {})


def test_a_line_of_ten_megabytes_costs_only_itself(log, read):
    log.write_bytes(b"before\n" + b"x" * 10_000_000 + b"\nafter\n")
    reading = read()
    tracemalloc.start()
    assert reading.settle() == b"before\nafter\n"
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert reading.rejects == {"too_long": 1}
    assert peak < 5 * tail.READ_BYTES


def test_a_new_file_in_the_glob_is_found(log, read):
    log.write_bytes(b"one\n")
    reading = read("*.jsonl")
    reading.settle()
    log.with_name("other.jsonl").write_bytes(b"two\n")
    assert reading.settle() == b"one\ntwo\n"


def test_two_stars_mean_any_depth(tmp_path, read):
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    (deep / "x.jsonl").write_bytes(b"one\n")
    assert read("**/*.jsonl").settle() == b"one\n"


def test_a_relative_path_starts_at_the_working_directory(log, monkeypatch):
    monkeypatch.chdir(log.parent)
    log.write_bytes(b"one\n")
    assert read_all("*.jsonl")[0] == b"one\n"


def test_a_file_whose_name_looks_like_a_pattern_is_read(tmp_path):
    path = tmp_path / "log[1].jsonl"
    path.write_bytes(b"one\n")
    assert read_all(path)[0] == b"one\n"


def test_start_end_leaves_out_what_is_there_but_not_what_comes(log, read):
    log.write_bytes(b"old\nhal")
    pack(log, log.with_name("app.jsonl.1.gz"))
    reading = read("*", start="end")
    assert reading.settle() == b""
    append(log, b"f\nnew\n")
    log.with_name("late.jsonl").write_bytes(b"late\n")
    assert sorted(reading.lines()) == [b"half", b"late", b"new"]


def test_start_end_reads_all_of_a_file_that_was_empty_then(log, read):
    log.write_bytes(b"")
    reading = read(start="end")
    reading.settle()
    append(log, b"one\n")
    assert reading.settle() == b"one\n"


def test_files_that_are_not_followed_come_in_the_order_of_their_time_then_name(tmp_path):
    for name, at in [("c", 1), ("b", 3), ("a", 3), ("d", 2)]:
        path = tmp_path / f"{name}.jsonl"
        path.write_bytes(name.encode())
        os.utime(path, (at, at))
    shutil.copy(tmp_path / "c.jsonl", tmp_path / "e.jsonl")
    os.utime(tmp_path / "e.jsonl", (9, 9))
    assert read_all(tmp_path / "*.jsonl")[0] == b"c\nd\na\nb\nc\n"


def test_nothing_that_matches_is_down_and_still_gives_heartbeats(read, log):
    reading = read()
    reading.step()
    assert reading.last == Chunk(b"", up=False)
    log.write_bytes(b"")
    reading.settle()
    assert reading.last == Chunk(b"")
    assert list(FileConfig(path=Path("nothing")).open(10, follow=False).chunks(threading.Event())) == [
        Chunk(b"", up=False)
    ]


def test_lag_is_what_is_unread_of_all_files(tmp_path, read):
    (tmp_path / "a.jsonl").write_bytes(b"a" * 1023 + b"\n")
    (tmp_path / "b.jsonl").write_bytes((b"b" * 1023 + b"\n") * 2048)
    reading = read()
    lags = []
    while not lags or lags[-1]:
        reading.step()
        lags.append(reading.last.lag_bytes)
    assert lags == list(range(2 << 20, -1, -tail.READ_BYTES))


def test_a_big_backlog_does_not_keep_another_log_waiting_and_nothing_sleeps(tmp_path, read):
    (tmp_path / "big.jsonl").write_bytes((b"b" * 1023 + b"\n") * 1024 * 6)
    (tmp_path / "small.jsonl").write_bytes(b"small\n")
    reading = read(poll_interval=3600)
    began = time.monotonic()
    while b"small" not in reading.data:
        reading.step()
    assert len(reading.data) < 3 << 20
    while reading.last.lag_bytes:
        reading.step()
    assert time.monotonic() - began < 5


@pytest.mark.usefixtures("hasty")
def test_a_slow_consumer_loses_nothing(log, read):
    expected = []
    log.write_bytes(b"")
    reading = read("app.jsonl")
    reading.settle()
    for turn in range(20):
        expected += [b"%d-%d" % (turn, line) for line in range(1000)]
        append(log, b"".join(line + b"\n" for line in expected[-1000:]))
        if turn % 5 == 4:
            reading.source._next_scan = 0.0
            reading.step()
            reading.step()
            log.rename(log.with_name("gone"))
            log.write_bytes(b"")
    assert reading.lines() == expected


def test_an_idle_source_gives_heartbeats_however_seldom_it_polls(log, read, monkeypatch):
    assert file.HEARTBEAT_SECONDS <= 1
    monkeypatch.setattr(file, "HEARTBEAT_SECONDS", 0.05)
    log.write_bytes(b"")
    reading = read(poll_interval=3600)
    reading.step()
    began = time.monotonic()
    reading.step()
    reading.step()
    assert 0.1 <= time.monotonic() - began < 1


@pytest.mark.parametrize("poll", [POLL, 60.0])
def test_stop_is_prompt(log, poll):
    log.write_bytes(b"one\n")
    stop = threading.Event()
    chunks = []
    source = FileConfig(path=log, poll_interval=poll).open(LINE_BYTES)
    thread = threading.Thread(target=lambda: chunks.extend(source.chunks(stop)))
    thread.start()
    while not chunks:
        time.sleep(0.001)
    began = time.monotonic()
    stop.set()
    thread.join(5)
    assert time.monotonic() - began < 0.5
    assert descriptors(log.parent) == 0


def test_stop_leaves_the_files_of_a_backlog_that_are_not_read_yet(tmp_path):
    for name in "abc":
        (tmp_path / f"{name}.jsonl").write_bytes(b"one\n")
    stop = threading.Event()
    chunks = FileConfig(path=tmp_path / "*.jsonl").open(LINE_BYTES).chunks(stop)
    assert next(chunks).data == b"one\n"
    stop.set()
    assert list(chunks) == []


def test_a_source_that_is_read_again_goes_on_where_it_was(log):
    log.write_bytes(b"one\n")
    source = FileConfig(path=log, poll_interval=POLL).open(LINE_BYTES)
    first = source.chunks(threading.Event())
    assert next(first).data == b"one\n"
    first.close()
    append(log, b"two\n")
    second = source.chunks(threading.Event())
    assert next(filter(None, (chunk.data for chunk in second))) == b"two\n"
    second.close()


# Rotation


def test_rename(log, read):
    log.write_bytes(b"one\n")
    reading = read("app.jsonl")
    reading.settle()
    append(log, b"two\n")
    log.rename(log.with_name("app.jsonl.1"))
    append(log.with_name("app.jsonl.1"), b"late\n")
    log.write_bytes(b"three\n")
    assert reading.settle() == b"one\ntwo\nlate\nthree\n"
    assert reading.events == {"rotations": 1}


def test_a_writer_that_notices_the_rotation_late_loses_nothing(log, read):
    reading = read("app.jsonl")
    with log.open("ab", buffering=0) as writer:
        writer.write(b"one\n")
        reading.settle()
        log.rename(log.with_name("gone"))
        log.write_bytes(b"three\n")
        assert reading.settle() == b"one\nthree\n"
        writer.write(b"tw")
        assert reading.settle() == b"one\nthree\n"
        writer.write(b"o\n")
    assert reading.settle() == b"one\nthree\ntwo\n"


def test_a_renamed_file_that_still_matches_is_not_read_twice(log, read):
    reading = read("app.jsonl*")
    expected = b""
    for turn in range(4):
        for number in range(turn - 1, 0, -1):
            log.with_name(f"app.jsonl.{number}").replace(log.with_name(f"app.jsonl.{number + 1}"))
        if log.exists():
            log.rename(log.with_name("app.jsonl.1"))
        log.write_bytes(b"turn %d\n" % turn)
        expected += b"turn %d\n" % turn
        assert reading.settle() == expected
    append(log.with_name("app.jsonl.2"), b"late\n")
    assert reading.settle() == expected + b"late\n"
    assert reading.events == {"rotations": 3}


def test_a_backlog_of_rotated_files_is_read_from_the_oldest(log, read):
    for number in (3, 2, 1):
        path = log.with_name(f"app.jsonl.{number}")
        path.write_bytes(LONG % number * 2000)
        os.utime(path, (100 - number, 100 - number))
    log.write_bytes(b"now\n")
    lines = read("app.jsonl*").lines()
    assert lines == [*sorted(lines[:-1], reverse=True), b"now"]
    assert len(lines) == 6001


@pytest.mark.usefixtures("hasty")
def test_the_held_line_of_a_file_that_was_rotated_away_is_delivered(log, read):
    log.write_bytes(b"one\ntwo")
    reading = read("app.jsonl")
    reading.step()
    log.rename(log.with_name("gone"))
    assert reading.settle() == b"one\ntwo\n"


def test_copytruncate(log, read):
    log.write_bytes(b"one\ntwo\n")
    reading = read("app.jsonl")
    reading.settle()
    shutil.copy(log, log.with_name("copy"))
    os.truncate(log, 0)
    reading.settle()
    append(log, b"three\n")
    assert reading.settle() == b"one\ntwo\nthree\n"
    assert reading.events == {"truncations": 1}


def test_copytruncate_that_has_grown_past_the_offset_before_it_is_noticed(log, read):
    log.write_bytes(b"one\ntwo\n")
    reading = read("app.jsonl")
    reading.settle()
    os.truncate(log, 0)
    append(log, b"three\nfour\nfive\n")
    assert reading.settle() == b"one\ntwo\nthree\nfour\nfive\n"
    assert reading.events == {"truncations": 1}


def test_copytruncate_that_has_grown_to_the_same_size(log, read):
    log.write_bytes(b"one\n")
    os.utime(log, (1, 1))
    reading = read("app.jsonl")
    reading.settle()
    os.truncate(log, 0)
    append(log, b"two\n")
    assert reading.settle() == b"one\ntwo\n"


def test_truncation_to_a_part_of_what_was_read_means_to_read_anew(log, read):
    log.write_bytes(LONG % 1 + LONG % 2)
    reading = read("app.jsonl")
    reading.settle()
    os.truncate(log, len(LONG % 1))
    assert reading.settle() == LONG % 1 + LONG % 2 + LONG % 1
    assert reading.events == {"truncations": 1}


def test_a_log_of_equal_lines_is_read_through_truncation_and_rename(log, read):
    reading = read("app.jsonl*")
    for act in (lambda: os.truncate(log, 0), lambda: log.rename(log.with_name("app.jsonl.1")), lambda: None):
        append(log, LONG % 1)
        reading.settle()
        act()
        reading.settle()
    assert reading.data == LONG % 1 * 3


def test_copytruncate_in_the_middle_of_a_line_gives_what_was_held_as_a_line(log, read):
    log.write_bytes(b"one\ntw")
    reading = read("app.jsonl")
    reading.settle()
    os.truncate(log, 0)
    append(log, b"o\nthree\n")
    assert reading.settle() == b"one\ntw\no\nthree\n"


def test_the_copy_of_copytruncate_gives_only_what_was_not_read_before_the_truncation(log, read):
    log.write_bytes(LONG % 1 + LONG % 2 + b"hal")
    reading = read("app.jsonl*")
    reading.settle()
    append(log, b"f\n" + LONG % 3)
    shutil.copy(log, log.with_name("app.jsonl.1"))
    os.truncate(log, 0)
    append(log, LONG % 4)
    lines = reading.lines()
    assert [line.strip() for line in lines] == [b"1", b"2", b"hal", b"half", b"3", b"4"]


def test_a_copy_beside_a_log_that_is_not_truncated_is_not_read(log, read):
    log.write_bytes(LONG % 1)
    reading = read("app.jsonl*")
    reading.settle()
    shutil.copy(log, log.with_name("app.jsonl.backup"))
    append(log, LONG % 2)
    assert reading.settle() == LONG % 1 + LONG % 2
    assert reading.last.lag_bytes == 0
    log.with_name("app.jsonl.backup").unlink()
    reading.settle()


def test_copytruncate_under_a_writer_that_does_not_append_leaves_a_hole_that_is_passed_over(log, read):
    with log.open("wb", buffering=0) as writer:
        writer.write(b"one\n" * 100_000)
        reading = read("app.jsonl")
        reading.settle()
        os.truncate(log, 0)
        reading.settle()
        writer.write(b"two\n")
        reading.settle()
    assert reading.data.replace(b"\x00", b"") == b"one\n" * 100_000 + b"two\n"
    assert not reading.rejects


def test_delete_and_recreate(log, read):
    log.write_bytes(b"one\n")
    reading = read("app.jsonl")
    reading.settle()
    append(log, b"two\n")
    log.unlink()
    log.write_bytes(b"one\nthree\n")
    assert reading.settle() == b"one\ntwo\none\nthree\n"
    assert reading.events == {"rotations": 1}


@pytest.mark.usefixtures("hasty")
def test_delete_and_recreate_long_after_with_the_inode_used_again(log, read):
    """Most file systems give the number that was freed last."""
    log.write_bytes(b"one\n")
    inode = log.stat().st_ino
    reading = read("app.jsonl")
    reading.settle()
    log.unlink()
    reading.settle()
    assert descriptors(log.parent) == 0
    log.write_bytes(b"one\ntwo\n")
    assert reading.settle() == b"one\none\ntwo\n", (inode, log.stat().st_ino)
    assert reading.events == {"rotations": 1}


def test_another_file_under_the_inode_of_one_that_was_closed_is_read_from_its_start(tmp_path, read, monkeypatch):
    monkeypatch.setattr(follow, "OPEN_FILES", 1)
    paths = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    for path in paths:
        path.write_bytes(b"one\n")
    reading = read()
    reading.settle()
    for path in paths:
        path.write_bytes(b"other\n")
    assert reading.settle() == b"one\none\nother\nother\n"


@pytest.mark.usefixtures("hasty")
def test_a_deleted_file_is_read_to_its_end_and_its_descriptor_closed(log, read):
    data = b"".join(LONG % number for number in range(3000))
    log.write_bytes(data)
    reading = read("app.jsonl")
    reading.step()
    log.unlink()
    assert reading.settle() == data
    reading.settle()
    assert descriptors(log.parent) == 0
    assert not reading.last.up
    assert reading.source.positions == []


@pytest.mark.usefixtures("hasty")
def test_symlink_swap(tmp_path, read):
    (tmp_path / "a").write_bytes(b"a1\n")
    (tmp_path / "b").write_bytes(b"b1\n")
    link, new = tmp_path / "current.jsonl", tmp_path / "new"
    link.symlink_to("a")
    reading = read("current.jsonl")
    reading.settle()
    append(tmp_path / "a", b"a2\n")
    new.symlink_to("b")
    new.replace(link)
    assert reading.settle() == b"a1\na2\nb1\n"
    append(tmp_path / "a", b"a3\n")
    new.symlink_to("a")
    new.replace(link)
    assert reading.settle() == b"a1\na2\nb1\na3\n"


def test_two_paths_to_one_file_are_read_once(log, read):
    log.write_bytes(b"one\n")
    log.with_name("link.jsonl").symlink_to(log)
    os.link(log, log.with_name("hard.jsonl"))
    reading = read()
    assert reading.settle() == b"one\n"
    log.with_name("hard.jsonl").unlink()
    append(log, b"two\n")
    assert reading.settle() == b"one\ntwo\n"
    assert not reading.events


def test_two_short_files_of_a_log_that_are_equal_are_both_read(log, read):
    log.write_bytes(b"one\n")
    reading = read()
    reading.settle()
    log.with_name("app.2.jsonl").write_bytes(b"one\n")
    assert reading.settle() == b"one\n" * 2


def test_two_logs_that_begin_alike_are_both_read(tmp_path, read):
    for name in ("a", "b"):
        (tmp_path / f"{name}.jsonl").write_bytes(LONG % 1)
    assert read().settle() == LONG % 1 * 2


# gzip


@pytest.mark.parametrize("lines", [b"one\n", LONG % 1 + LONG % 2])
def test_a_gz_sibling_of_a_file_that_was_read_is_not_read_again(log, read, lines, monkeypatch):
    rotated, packed = log.with_name("app.jsonl.1"), log.with_name("app.jsonl.1.gz")
    log.write_bytes(lines)
    reading = read("app.jsonl*")
    reading.settle()
    log.rename(rotated)
    log.write_bytes(b"next\n")
    reading.settle()
    pack(rotated, packed)
    whole = packed.read_bytes()
    packed.write_bytes(whole[:15])
    reading.settle()
    append(packed, whole[15:])
    monkeypatch.setattr(follow, "LINGER_SECONDS", 0.0)
    reading.settle()
    rotated.unlink()
    reading.settle()
    packed.rename(log.with_name("app.jsonl.2.gz"))
    assert reading.settle() == lines + b"next\n"
    assert reading.last.lag_bytes == 0
    assert reading.events == {"rotations": 1}


def test_a_gz_sibling_gives_what_copytruncate_took_away(log, read):
    log.write_bytes(LONG % 1)
    reading = read("app.jsonl*")
    reading.settle()
    append(log, LONG % 2)
    pack(log, log.with_name("app.jsonl.1.gz"))
    os.truncate(log, 0)
    append(log, LONG % 3)
    assert sorted(map(int, reading.lines())) == [1, 2, 3]


def test_a_gz_that_was_never_read_is_read_once(log, read):
    log.write_bytes(b"now\n")
    packed = log.with_name("app.jsonl.1.gz")
    packed.write_bytes(gzip.compress(b"one\n") + gzip.compress(b"two\nthree") + bytes(512))
    os.utime(packed, (1, 1))
    reading = read("app.jsonl*")
    assert reading.settle() == b"one\ntwo\nthree\nnow\n"
    packed.touch()
    assert reading.settle() == b"one\ntwo\nthree\nnow\n"
    packed.unlink()
    reading.settle()
    assert [position.path for position in reading.source.positions] == [str(log)]
    assert not reading.events


def test_packed_is_what_is_packed_whatever_its_name(log, read):
    log.with_name("app.jsonl.gz").write_bytes(b"plain\n")
    log.with_name("other.jsonl").write_bytes(gzip.compress(b"packed\n"))
    assert sorted(read("*.jsonl*").lines()) == [b"packed", b"plain"]


def test_another_gz_under_the_inode_of_one_that_was_read_is_read(log, read):
    packed = log.with_name("app.jsonl.1.gz")
    packed.write_bytes(gzip.compress(b"one\n"))
    reading = read("app.jsonl*")
    reading.settle()
    packed.write_bytes(gzip.compress(b"two, and longer\n"))
    assert reading.settle() == b"one\ntwo, and longer\n"


def test_rotated_gz_siblings_are_read_when_nothing_is_followed(log):
    packed = log.with_name("app.jsonl.2.gz")
    packed.write_bytes(gzip.compress(b"one\n"))
    os.utime(packed, (1, 1))
    log.with_name("app.jsonl.1").write_bytes(LONG % 2)
    os.utime(log.with_name("app.jsonl.1"), (2, 2))
    pack(log.with_name("app.jsonl.1"), log.with_name("app.jsonl.1.gz"))
    os.utime(log.with_name("app.jsonl.1.gz"), (2, 2))
    log.write_bytes(b"three\n")
    assert read_all(log.with_name("app.jsonl*")) == (b"one\n" + LONG % 2 + b"three\n", {}, {})


def test_a_gz_that_is_still_being_written_is_waited_for(log, read):
    data = b"".join(b"%d\n" % number for number in range(5000))
    packed, whole = log.with_name("app.jsonl.1.gz"), gzip.compress(data)
    packed.write_bytes(b"")
    reading = read("app.jsonl*")
    for start, end in pairwise([0, 1, 5, *range(1500, len(whole), 1500), len(whole)]):
        append(packed, whole[start:end])
        reading.settle()
    assert reading.data == data
    assert not reading.events


@pytest.mark.parametrize("follow", [True, False])
@pytest.mark.usefixtures("hasty")
def test_a_truncated_gz_gives_what_can_be_read_and_an_error(log, read, follow):
    lines = [b"%d" % number for number in range(5000)]
    packed = gzip.compress(b"\n".join(lines))
    log.with_name("a.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    log.write_bytes(b"good\n")
    if follow:
        reading = read("*.jsonl*")
        data, events = reading.settle(), reading.events
    else:
        data, events, _ = read_all(log.with_name("*.jsonl*"))
    got = data.replace(b"good\n", b"").split(b"\n")[:-1]
    assert b"good\n" in data
    assert len(got) > 1000
    assert got[:-1] == lines[: len(got) - 1]
    assert events == {"read_errors": 1}


@pytest.mark.parametrize("place", [2, -8, -1, 5000])
def test_a_corrupt_gz_gives_what_can_be_read_and_an_error(log, place):
    rng = random.Random(1)
    data = b"".join(b"%d\n" % rng.getrandbits(64) for _ in range(2000))
    packed = bytearray(gzip.compress(data))
    packed[place] ^= 0xFF
    log.with_name("app.jsonl.gz").write_bytes(packed)
    got, events, _ = read_all(log.with_name("*.gz"))
    length = {2: 0, -8: len(data), -1: len(data)}.get(place, 2000)
    assert got[:length] == data[:length]
    assert events == {"read_errors": 1}


def test_a_gz_is_unpacked_piece_by_piece(log):
    piece = b"x" * 1023 + b"\n"
    with gzip.open(log.with_name("app.jsonl.gz"), "wb", compresslevel=1) as packed:
        for _ in range(32):
            packed.write(piece * 1024)
    source = FileConfig(path=log.with_name("*.gz")).open(LINE_BYTES, follow=False)
    tracemalloc.start()
    total = sum(chunk.data.count(piece) for chunk in source.chunks(threading.Event()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total == 32 * 1024
    assert peak < 8 << 20


# Trouble


def test_logs_of_one_name_that_are_written_at_once_do_not_wait_for_each_other(log, read):
    busy, other = log.with_name("app.a.jsonl"), log.with_name("app.b.jsonl")
    busy.write_bytes(b"busy\n")
    other.write_bytes(b"other\n")
    reading = read()
    while b"other" not in reading.data:
        reading.step()
        append(busy, b"busy\n")
        assert len(reading.data) < 100


def test_a_file_that_seems_a_copy_but_grows_beyond_its_original_is_read(log, read):
    log.write_bytes(LONG % 1)
    reading = read()
    reading.settle()
    other = log.with_name("app.2.jsonl")
    other.write_bytes(LONG % 1)
    assert reading.settle() == LONG % 1
    append(other, LONG % 2)
    assert reading.settle() == LONG % 1 * 2 + LONG % 2


def test_a_file_that_seems_a_copy_of_one_that_was_renamed_is_read(log, read):
    log.write_bytes(LONG % 1)
    reading = read("app*")
    reading.settle()
    log.rename(log.with_name("app.jsonl.1"))
    reading.settle()
    log.with_name("app.2.jsonl").write_bytes(LONG % 1)
    assert reading.settle() == LONG % 1 * 2


def test_a_file_that_seems_a_copy_but_whose_original_is_not_truncated_is_read_after_a_while(log, read, monkeypatch):
    log.write_bytes(LONG % 1)
    reading = read()
    reading.settle()
    log.with_name("app.2.jsonl").write_bytes(LONG % 1)
    assert reading.settle() == LONG % 1
    monkeypatch.setattr(follow, "COPY_SECONDS", 0.0)
    assert reading.settle() == LONG % 1 * 2


def test_a_pipe_is_not_opened_because_its_writer_would_notice(log, read, monkeypatch):
    opened = []
    monkeypatch.setattr(os, "open", lambda path, *_: opened.append(path))
    os.mkfifo(log)
    reading = read()
    reading.settle()
    assert (opened, reading.events) == ([], {"read_errors": 1})


@pytest.mark.parametrize("trouble", ["directory", "dangling symlink", "fifo"])
def test_an_unreadable_file_beside_a_good_one_is_an_error_and_costs_only_itself(log, read, trouble):
    bad = log.with_name("bad.jsonl")
    if trouble == "directory":
        bad.mkdir()
    elif trouble == "fifo":
        os.mkfifo(bad)
    else:
        bad.symlink_to("nowhere")
    log.write_bytes(b"one\n")
    reading = read()
    reading.settle()
    append(log, b"two\n")
    assert reading.settle() == b"one\ntwo\n"
    assert reading.events == {"read_errors": 1}
    assert (reading.last.up, reading.last.lag_bytes) == (True, 0)
    assert read_all(log.with_name("*.jsonl"))[:2] == (b"one\ntwo\n", {"read_errors": 1})


def test_only_unreadable_files_are_down_until_one_can_be_read(log, read):
    log.mkdir()
    reading = read()
    reading.settle()
    assert not reading.last.up
    log.rmdir()
    log.write_bytes(b"one\n")
    assert reading.settle() == b"one\n"
    assert reading.last.up


def test_an_input_error_is_counted_and_what_could_not_be_read_is_read_later(log, read, monkeypatch):
    pread = os.pread
    broken = [True]

    def failing(descriptor, length, offset):
        if broken and Path(f"/proc/self/fd/{descriptor}").readlink() == log:
            raise OSError(errno.EIO, "input/output error")
        return pread(descriptor, length, offset)

    monkeypatch.setattr(os, "pread", failing)
    log.write_bytes(b"one\n")
    log.with_name("good.jsonl").write_bytes(b"good\n")
    reading = read()
    assert reading.settle() == b"good\n"
    assert reading.events == {"read_errors": 1}
    assert reading.last.lag_bytes == 0
    broken.clear()
    assert reading.settle() == b"good\none\n"


def test_more_files_than_may_be_open_are_all_followed(tmp_path, read, monkeypatch):
    monkeypatch.setattr(follow, "OPEN_FILES", 4)
    paths = [tmp_path / f"{number}.jsonl" for number in range(20)]
    for path in paths:
        path.write_bytes(b"one\n")
    reading = read()
    most = 0
    for _ in range(3):
        reading.settle()
        most = max(most, descriptors(tmp_path))
        for path in paths:
            append(path, b"more\n")
    assert Counter(reading.lines()) == {b"one": 20, b"more": 60}
    assert 0 < most <= 4


def test_a_file_that_was_closed_and_is_deleted_gives_its_held_line_and_is_forgotten(tmp_path, read, monkeypatch):
    monkeypatch.setattr(follow, "OPEN_FILES", 1)
    paths = [tmp_path / f"{number}.jsonl" for number in range(3)]
    for path in paths:
        path.write_bytes(b"held")
    reading = read()
    assert reading.settle() == b""
    monkeypatch.setattr(follow, "LINGER_SECONDS", 0.0)
    for path in paths:
        path.unlink()
    assert reading.settle() == b"held\n" * 3
    assert reading.source.positions == []
    assert not reading.events


def test_a_file_with_a_backlog_is_never_closed_to_make_room(tmp_path, read, monkeypatch):
    monkeypatch.setattr(follow, "OPEN_FILES", 1)
    big, small = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    big.write_bytes((b"b" * 1023 + b"\n") * 3000)
    reading = read()
    reading.step()
    reading.source._next_scan = 0.0
    small.write_bytes(b"small\n")
    reading.until(lambda: b"small" in reading.data)
    assert reading.last.lag_bytes
    big.unlink()
    assert len(reading.settle()) == 1024 * 3000 + len(b"small\n")


def test_a_file_that_is_waited_for_after_its_rotation_is_never_closed_to_make_room(log, read, monkeypatch):
    monkeypatch.setattr(follow, "OPEN_FILES", 2)
    log.write_bytes(b"one\n")
    reading = read("*.jsonl")
    reading.settle()
    log.rename(log.with_name("gone"))
    for name in "abc":
        log.with_name(f"{name}.jsonl").write_bytes(b"other\n")
    reading.settle()
    append(log.with_name("gone"), b"late\n")
    assert reading.settle() == b"one\n" + b"other\n" * 3 + b"late\n"


def test_a_file_that_is_replaced_before_it_could_be_opened_is_read_once(tmp_path, read, monkeypatch):
    monkeypatch.setattr(follow, "OPEN_FILES", 1)
    for name in "abc":
        (tmp_path / f"{name}.jsonl").write_bytes(b"old\n")
    reading = read()
    reading.step()
    reading.source._next_scan = math.inf
    for name in "ab":
        (tmp_path / "new").write_bytes(b"new\n")
        (tmp_path / "new").replace(tmp_path / f"{name}.jsonl")
    reading.step()
    assert Counter(reading.lines()) == {b"old": 2, b"new": 2}


def test_a_file_that_comes_and_goes_while_others_have_a_backlog_is_read(tmp_path, read):
    for name in "abc":
        (tmp_path / f"{name}.jsonl").write_bytes(b"one\n")
    reading = read()
    reading.step()
    brief = tmp_path / "d.jsonl"
    brief.write_bytes(b"brief\n")
    reading.source._next_scan = 0.0
    reading.step()
    brief.unlink()
    assert reading.settle() == b"one\n" * 3 + b"brief\n"


def test_positions_say_how_far_each_file_is_read(log, read):
    log.write_bytes(LONG % 1 + b"partial")
    reading = read()
    reading.settle()
    (position,) = reading.source.positions
    status = log.stat()
    assert (position.path, position.device, position.inode) == (str(log), status.st_dev, status.st_ino)
    assert (position.offset, position.fingerprint.length) == (1201, 1024)


def test_the_configuration_has_defaults_and_refuses_what_it_does_not_know():
    config = BUILTIN["file"](path=Path("logs/*.jsonl"))
    assert (config.path, config.name, config.decoder) == (Path("logs/*.jsonl"), "logs/*.jsonl", "native")
    assert (config.start, config.poll_interval) == ("beginning", 0.25)
    assert FileConfig(path=Path("x"), name="mine").name == "mine"
    for wrong in ({}, {"paths": "y"}, {"path": Path("x"), "start": "middle"}, {"path": Path("x"), "poll_interval": 0}):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(wrong, FileConfig)


# At random


class Writer:
    """Appends numbered lines, some in two halves, and rotates in every way."""

    def __init__(self, log, rng):
        self.log, self.rng, self.number = log, rng, 0
        self.file = log.open("ab", buffering=0)
        self.old = None

    def append(self):
        for _ in range(self.rng.randrange(40)):
            line = b"%d %s\n" % (self.number, b"x" * self.rng.randrange(100))
            cut = self.rng.randrange(len(line))
            self.file.write(line[:cut])
            self.file.write(line[cut:])
            self.number += 1

    def late(self):
        """Append to the file that was rotated away."""
        if self.old is not None:
            self.old.write(b"%d late\n" % self.number)
            self.number += 1

    def rename(self, kept):
        self._leave()
        self.log.rename(self._rotated(kept))
        self._create()

    def _rotated(self, kept):
        """Return a path of the glob, or outside of it."""
        return self.log.with_name(f"{'app.jsonl' if kept else 'gone'}.{self.number}-{self.rng.random()}")

    def copytruncate(self, kept, settle, step):
        """Rotate by a copy; one in the glob holds lines that were not read before the truncation."""
        while self.log.stat().st_size < tail.PREFIX_BYTES:
            self.append()
        settle()
        if kept:
            self.append()
        shutil.copy(self.log, self._rotated(kept))
        for _ in range(self.rng.randrange(4)):
            step()
        os.truncate(self.log, 0)

    def delete(self):
        self._leave()
        self.log.unlink()
        self._create()

    def pack(self):
        """Pack the files that are rotated and not written any more."""
        for path in self.log.parent.glob("app.jsonl.*"):
            if path.suffix != ".gz" and (self.old is None or path.stat().st_ino != os.fstat(self.old.fileno()).st_ino):
                pack(path, path.with_name(f"{path.name}.gz"))
                path.unlink()

    def _leave(self):
        if self.old is not None:
            self.old.close()
        self.old = self.file

    def _create(self):
        self.file = self.log.open("ab", buffering=0)

    def close(self):
        self.file.close()
        if self.old is not None:
            self.old.close()


@pytest.mark.parametrize("seed", range(8))
def test_at_random_rotations_every_line_arrives_exactly_once(log, read, seed):
    rng = random.Random(seed)
    writer = Writer(log, rng)
    reading = read("app.jsonl*")
    acts = [writer.append] * 5 + [writer.late, writer.pack]
    rotations = [
        lambda: writer.rename(kept=True),
        lambda: writer.rename(kept=False),
        writer.delete,
        lambda: writer.copytruncate(kept=True, settle=reading.settle, step=reading.step),
        lambda: writer.copytruncate(kept=False, settle=reading.settle, step=reading.step),
    ]
    for _ in range(30):
        for act in rng.choices(acts, k=4):
            act()
            for _ in range(rng.randrange(2)):
                reading.step()
        reading.settle()  # a file that comes and goes between two looks at the directory cannot be seen
        rng.choice(rotations)()
    writer.append()
    lines = reading.lines()
    writer.close()
    assert sorted(int(line.split()[0]) for line in lines) == list(range(writer.number))
    assert not reading.events.keys() - {"rotations", "truncations"}


def test_at_rotations_while_the_source_reads_every_line_arrives_exactly_once(log, read):
    rng = random.Random(7)
    writer = Writer(log, rng)
    reading = read("app.jsonl")
    done = threading.Event()

    def write():
        for _ in range(25):
            first = writer.number
            while writer.number == first:
                writer.append()
            while b"\n%d " % first not in b"\n" + reading.data:
                time.sleep(0.001)
            writer.append()
            rng.choice([lambda: writer.rename(kept=False), writer.delete])()
            writer.late()
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    reading.until(done.is_set)
    thread.join()
    lines = reading.lines()
    writer.close()
    assert sorted(int(line.split()[0]) for line in lines) == list(range(writer.number))
