"""Standard input: lines as they come, until its end, and a prompt stop."""

import os
import sys
import threading
import time

import msgspec
import pytest

from exporter.sources import BUILTIN, Chunk, StdinConfig
from exporter.sources.stdin import StdinSource


@pytest.fixture
def pipe():
    reader, writer = os.pipe()
    yield reader, writer
    for descriptor in (reader, writer):
        try:
            os.close(descriptor)
        except OSError:
            assert descriptor == writer, "only the writing end is closed by tests"


def data_of(chunks):
    return b"".join(chunk.data for chunk in chunks)


def test_lines_are_read_to_the_end_and_the_last_one_needs_no_newline(pipe):
    reader, writer = pipe
    os.write(writer, b"one\r\n\xff\x00\nthree")
    os.close(writer)
    assert data_of(StdinSource(100, reader).chunks(threading.Event())) == b"one\r\n\xff\x00\nthree\n"


def test_a_partial_line_is_held_until_its_newline_comes(pipe):
    reader, writer = pipe
    chunks = StdinSource(100, reader).chunks(threading.Event())
    os.write(writer, b"one\ntw")
    assert next(chunks).data == b"one\n"
    assert next(chunks) == Chunk(b"")
    os.write(writer, b"o\n")
    assert next(chunks).data == b"two\n"


def test_a_line_that_is_too_long_is_counted_and_costs_only_itself(pipe):
    reader, writer = pipe
    os.write(writer, b"one\n" + b"x" * 101 + b"\ntwo\n")
    os.close(writer)
    chunks = list(StdinSource(100, reader).chunks(threading.Event()))
    assert data_of(chunks) == b"one\ntwo\n"
    assert sum(chunk.rejects.get("too_long", 0) for chunk in chunks) == 1


def test_stop_ends_an_idle_read_promptly(pipe):
    stop = threading.Event()
    thread = threading.Thread(target=lambda: list(StdinSource(100, pipe[0]).chunks(stop)))
    thread.start()
    time.sleep(0.05)
    began = time.monotonic()
    stop.set()
    thread.join(5)
    assert time.monotonic() - began < 0.5


def test_a_writer_that_fills_the_pipe_waits_and_nothing_is_lost(pipe):
    reader, writer = pipe
    lines = b"".join(b"%d\n" % number for number in range(50_000))

    def write():
        with os.fdopen(writer, "wb") as file:
            file.write(lines)

    thread = threading.Thread(target=write)
    thread.start()
    chunks = StdinSource(100, reader).chunks(threading.Event())
    assert data_of(chunks) == lines
    thread.join()


def test_a_descriptor_that_does_not_block_is_waited_for(pipe):
    reader, writer = pipe
    os.set_blocking(reader, False)
    chunks = StdinSource(100, reader).chunks(threading.Event())
    assert next(chunks) == Chunk(b"")
    os.write(writer, b"one\n")
    assert next(chunks).data == b"one\n"


def test_bytes_that_another_reader_took_first_are_no_error(pipe, monkeypatch):
    reader, writer = pipe
    os.write(writer, b"one\n")
    answers = iter([BlockingIOError(), b"two\n", b""])

    def read(_descriptor, _length):
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(os, "read", read)
    assert data_of(StdinSource(100, reader).chunks(threading.Event())) == b"two\n"


def test_a_descriptor_that_cannot_be_read_ends_the_source_with_an_error(tmp_path):
    descriptor = os.open(tmp_path, os.O_RDONLY)
    chunks = list(StdinSource(100, descriptor).chunks(threading.Event()))
    os.close(descriptor)
    assert chunks == [Chunk(b"", up=False, events={"read_errors": 1})]


def test_a_process_without_standard_input_has_nothing_to_read(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    source = StdinConfig().open(line_bytes=100)
    assert list(source.chunks(threading.Event())) == [Chunk(b"", up=False)]


def test_standard_input_is_what_the_configuration_opens(pipe, monkeypatch):
    reader, writer = pipe
    os.write(writer, b"one\n")
    os.close(writer)
    with os.fdopen(reader, closefd=False) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert data_of(StdinConfig().open(line_bytes=100, follow=False).chunks(threading.Event())) == b"one\n"


def test_the_configuration_has_defaults_and_refuses_unknown_keys():
    config = msgspec.convert({}, BUILTIN["stdin"])
    assert (config.decoder, config.name) == ("native", "stdin")
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.convert({"path": "x"}, StdinConfig)
