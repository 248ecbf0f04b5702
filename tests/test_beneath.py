"""Files below one directory: they are read, and nothing outside of it ever is, whatever a path says."""

import os
import tempfile
from pathlib import Path

import pytest
from hostile import HOSTILE, LIMIT, SECRET, furnish, hurry
from hypothesis import example, given
from hypothesis import strategies as st

from exporter.sources import beneath
from exporter.sources.beneath import FileError, content


@pytest.fixture
def root(tmp_path):
    return furnish(tmp_path)


def test_a_file_below_the_root_is_read(root):
    assert content(str(root), "images/a.png", LIMIT) == b"an image"
    assert content(str(root), "./images//deep/./b.png", LIMIT) == b"another"
    assert content(str(root), f"{root}/images/a.png", LIMIT) == b"an image"
    assert content(f"{root}/", f"{root}/images/a.png", LIMIT) == b"an image"
    assert content(str(root), "empty.png", LIMIT) == b""
    assert content(str(root), "full.png", LIMIT) == b"x" * LIMIT
    assert content("/", str(root / "images" / "a.png"), LIMIT) == b"an image"


def test_the_root_itself_may_be_a_link(root, tmp_path):
    (tmp_path / "alias").symlink_to(root)
    assert content(str(tmp_path / "alias"), "images/a.png", LIMIT) == b"an image"


@pytest.mark.parametrize("path", HOSTILE, ids=lambda path: ascii(path)[:40])
def test_a_hostile_path_is_refused_for_a_reason_without_reading_or_waiting(root, path):
    reason = HOSTILE[path]
    open_before = len(list(Path("/proc/self/fd").iterdir()))
    with hurry():
        if reason is None:
            assert content(str(root), path, LIMIT) == b"an image"
        else:
            with pytest.raises(FileError) as caught:
                content(str(root), path.replace("{root}", str(root)), LIMIT)
            assert caught.value.reason == reason
    assert len(list(Path("/proc/self/fd").iterdir())) == open_before


@pytest.mark.parametrize("name", ["zero", "null", "random", "tty", "stdin", "fd/0"])
def test_devices_are_not_opened_even_where_they_lie_below_the_root(name):
    with hurry(), pytest.raises(FileError) as caught:
        content("/dev", name, LIMIT)
    assert caught.value.reason in ("not_a_file", "missing")


def test_a_file_that_says_it_is_empty_is_read_up_to_the_limit_only():
    with pytest.raises(FileError) as caught:
        content("/proc/self", "status", 10)
    assert caught.value.reason == "too_large"


def test_a_root_that_is_missing_or_no_directory_is_a_reason_not_a_crash(root):
    for path, reason in (("nowhere", "missing"), ("empty.png", "not_a_file"), ("pipe.png", "not_a_file")):
        with hurry(), pytest.raises(FileError) as caught:
            content(str(root / path), "a.png", LIMIT)
        assert caught.value.reason == reason


def test_a_file_over_the_limit_is_not_read_at_all(root, monkeypatch):
    monkeypatch.setattr(beneath.os, "read", lambda *_: pytest.fail("it is read"))
    with pytest.raises(FileError):
        content(str(root), "huge.png", LIMIT)


def test_what_is_exchanged_for_a_pipe_at_the_last_moment_is_not_read(root, monkeypatch):
    need_file, looked = beneath._need_file, []

    def slow_check(status):
        need_file(status)
        if not looked:
            (root / "images" / "a.png").unlink()
            os.mkfifo(root / "images" / "a.png")
        looked.append(status)

    monkeypatch.setattr(beneath, "_need_file", slow_check)
    with hurry(), pytest.raises(FileError) as caught:
        content(str(root), "images/a.png", LIMIT)
    assert caught.value.reason == "not_a_file"


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), OSError(5, "Input/output error")])
def test_what_the_system_refuses_is_unreadable(root, monkeypatch, error):
    def refuse(*_):
        raise error

    monkeypatch.setattr(beneath.os, "read", refuse)
    with pytest.raises(FileError, match=error.strerror) as caught:
        content(str(root), "images/a.png", LIMIT)
    assert caught.value.reason == "unreadable"


@pytest.mark.parametrize("place", ["images/a.png", "images"])
def test_what_is_exchanged_for_a_link_at_the_last_moment_is_not_followed(root, monkeypatch, place):
    """The part of the path is looked at, then exchanged, then opened."""
    (root.parent / "trap").mkdir()
    (root.parent / "trap" / "a.png").write_bytes(SECRET)
    opened, need_file = os.open, beneath._need_file

    def exchange(*_):
        target = root / place
        target.rename(root.parent / "moved")
        target.symlink_to(root.parent / ("trap" if place == "images" else "secret.png"))

    def slow_open(path, flags, *args, **options):
        if path == "images" and place == "images" and not (root / "images").is_symlink():
            exchange()
        return opened(path, flags, *args, **options)

    def slow_check(status):
        need_file(status)
        if place != "images" and not (root / place).is_symlink():
            exchange()

    monkeypatch.setattr(beneath.os, "open", slow_open)
    monkeypatch.setattr(beneath, "_need_file", slow_check)
    with pytest.raises(FileError) as caught:
        content(str(root), "images/a.png", LIMIT)
    assert caught.value.reason == "not_a_file"


WORDS = r". .. images deep a.png b.png away home link.png pipe.png secret.png root etc passwd ~ proc self * \ C:"
PARTS = st.sampled_from(["", "\0", *WORDS.split(" ")])
PATHS = st.one_of(
    st.text(max_size=60),
    st.text(st.characters(codec=None), max_size=20),
    st.lists(PARTS, max_size=8).map("/".join),
    st.lists(PARTS, max_size=8).map(lambda parts: "/" + "/".join(parts)),
    st.lists(PARTS, max_size=6).map(lambda parts: "{root}/" + "/".join(parts)),
)


def test_no_path_leads_to_anything_but_the_files_below_the_root():
    with tempfile.TemporaryDirectory() as directory:
        root = furnish(Path(directory))
        below = {
            path.read_bytes()
            for path in root.rglob("*")
            if path.is_file() and not path.is_symlink() and path.stat().st_size <= LIMIT
        }

        @given(PATHS)
        @example("away/secret.png")
        @example("images/../../secret.png")
        def check(path):
            try:
                found = content(str(root), path.replace("{root}", str(root)), LIMIT)
            except FileError as error:
                assert error.reason in beneath.REASONS  # noqa: PT017 - most paths lead nowhere
            else:
                assert found in below

        with hurry(60):
            check()
