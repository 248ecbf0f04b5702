"""Lines out of a stream: the same however it is cut, whole, and no longer than allowed."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.decoders.lines import LineBuffer

LIMIT = 8
STREAMS = st.lists(st.sampled_from([b"\n", b"\r\n", b"a", b"\x00", b"\xff", b"12345678", b"123456789"])).map(b"".join)


def lines_of(pieces, limit=LIMIT):
    buffer = LineBuffer(limit)
    fed = b"".join(buffer.feed(piece) for piece in pieces)
    return fed, buffer.held, buffer.close(), buffer.take_dropped()


def expected(stream):
    *lines, tail = stream.split(b"\n")
    kept = b"".join(line + b"\n" for line in lines if len(line) <= LIMIT)
    held = tail + b"\n" if 0 < len(tail) <= LIMIT else b""
    return kept, len(tail), held, sum(len(line) > LIMIT for line in [*lines, tail])


@given(STREAMS)
def test_a_stream_gives_its_lines_that_are_not_too_long(stream):
    assert lines_of([stream]) == expected(stream)


@given(STREAMS)
def test_byte_by_byte_or_whole_the_lines_are_the_same(stream):
    assert lines_of(stream[place : place + 1] for place in range(len(stream))) == lines_of([stream])


@given(st.lists(STREAMS))
def test_any_cut_gives_the_same_lines(pieces):
    assert lines_of(pieces) == lines_of([b"".join(pieces)])


def test_every_piece_that_is_returned_ends_at_a_newline():
    buffer = LineBuffer(100)
    assert [buffer.feed(piece) for piece in (b"a", b"b\nc", b"", b"\n\nd")] == [b"", b"ab\n", b"", b"c\n\n"]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_line_ends_stay_as_they_are(end):
    assert LineBuffer(100).feed(b"a" + end) == b"a" + end


def test_a_line_of_exactly_the_limit_is_kept_and_one_byte_more_is_not():
    buffer = LineBuffer(3)
    assert buffer.feed(b"abc\nabcd\nabc\n") == b"abc\nabc\n"
    assert (buffer.take_dropped(), buffer.take_dropped()) == (1, 0)


def test_a_line_that_never_ends_takes_no_memory_and_is_counted_once():
    buffer = LineBuffer(1000)
    piece = b"x" * 100_000
    tracemalloc.start()
    for _ in range(100):
        assert buffer.feed(piece) == b""
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000
    assert (buffer.feed(b"x\nnext\n"), buffer.take_dropped()) == (b"next\n", 1)


def test_closing_ends_the_held_line_and_starts_anew():
    buffer = LineBuffer(4)
    buffer.feed(b"a\nb")
    assert (buffer.held, buffer.close(), buffer.held, buffer.close()) == (1, b"b\n", 0, b"")
    buffer.feed(b"too long")
    assert buffer.close() == b""
    assert buffer.feed(b"c\n") == b"c\n"
