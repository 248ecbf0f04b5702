"""When a process forks, ends or is told to end: what the logs in it have queued is written, once."""

import atexit
import os
import signal
import sys
import threading
import weakref
from types import FrameType
from typing import Protocol

EXIT_SECONDS = 5.0
SIGTERM_SECONDS = 2.0


class Writer(Protocol):
    """What holds something that is not written yet."""

    def flush(self, timeout: float) -> bool:
        """Write everything."""

    def end(self, timeout: float) -> None:
        """Write everything, and from now on at once: the process ends."""

    def before_fork(self) -> None:
        """Come to rest."""

    def after_fork_in_parent(self) -> None:
        """Go on."""

    def after_fork_in_child(self) -> None:
        """Begin anew: what is queued is the parent's."""


_writers: "weakref.WeakSet[Writer]" = weakref.WeakSet()
_previous: "signal._HANDLER" = signal.SIG_DFL


def watch(writer: Writer) -> None:
    """Have a writer flushed when this process ends, and told when it forks."""
    _writers.add(writer)
    multiprocessing = sys.modules.get("multiprocessing.util")  # its processes end without the handlers of atexit
    if multiprocessing is not None:
        multiprocessing.Finalize(None, _end, exitpriority=0)


def catch_sigterm(chain: bool | None) -> bool:
    """Flush on SIGTERM, then go on as before; returns whether that was possible.

    Done where the signal would just end the process; with `chain` True before the application's own handler too, with
    False never. Only a program's main thread can do it.
    """
    global _previous  # noqa: PLW0603 - a process has one handler
    if chain is False or threading.current_thread() is not threading.main_thread():
        return False
    current = signal.getsignal(signal.SIGTERM)
    if current is _on_sigterm:
        return True
    if current is not signal.SIG_DFL and not (chain and callable(current)):
        return False
    _previous = current
    signal.signal(signal.SIGTERM, _on_sigterm)
    return True


def _on_sigterm(number: int, frame: FrameType | None) -> None:
    for writer in list(_writers):
        writer.flush(SIGTERM_SECONDS)
    if callable(_previous):
        _previous(number, frame)
        return
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _end() -> None:
    for writer in list(_writers):
        writer.end(EXIT_SECONDS)


def _before_fork() -> None:
    for writer in list(_writers):
        writer.before_fork()


def _after_fork_in_parent() -> None:
    for writer in list(_writers):
        writer.after_fork_in_parent()


def _after_fork_in_child() -> None:
    for writer in list(_writers):
        writer.after_fork_in_child()


atexit.register(_end)
os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)
