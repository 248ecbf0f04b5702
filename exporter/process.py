"""The watched model-server process: found by pid, pid file, name or port, and read with psutil."""

import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
import psutil

logger = logging.getLogger(__name__)

SEARCH_SECONDS = 5.0
"""A search by name or port reads the whole process table: at least this long passes after one that found nothing."""


class ProcessConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the model-server process is found: exactly one of the four.

    `name` is that of the process, its program or its script (`serve.py`). Of several matches by name or port the
    oldest is watched: in a pre-forking server the one that the others come from.
    """

    pid: Annotated[int, msgspec.Meta(ge=1)] | None = None
    pid_file: Path | None = None
    name: Annotated[str, msgspec.Meta(min_length=1)] | None = None
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] | None = None

    def __post_init__(self) -> None:
        if sum(value is not None for value in (self.pid, self.pid_file, self.name, self.port)) != 1:
            raise ValueError("give exactly one of pid, pid_file, name and port")


@dataclass(frozen=True, slots=True)
class ProcessSample:
    """One look at the process; a reading that is not permitted is None.

    `start_time` in seconds since the epoch, `resident_memory` in bytes, `cpu_seconds` user and system together.
    """

    up: bool
    start_time: float | None = None
    resident_memory: float | None = None
    cpu_seconds: float | None = None
    open_fds: float | None = None
    threads: float | None = None


DOWN = ProcessSample(up=False)


class ProcessWatch:
    """Follows one process over its restarts. For one thread."""

    def __init__(self, config: ProcessConfig, clock: Callable[[], float] = time.monotonic) -> None:
        self._config = config
        self._clock = clock
        self._process: psutil.Process | None = None
        self._file_read: tuple[int, int, bytes] | None = None
        self._next_search = 0.0
        self._up: bool | None = None

    def sample(self) -> ProcessSample:
        """Read the process as it is now; down when there is none, or only its zombie. Never raises."""
        process = self._find()
        sample = DOWN if process is None or not _alive(process) else _read(process)
        self._log(sample.up)
        return sample

    def _find(self) -> psutil.Process | None:
        config = self._config
        if config.pid_file is not None:
            return self._of_file(config.pid_file)
        if self._process is None or not _alive(self._process):
            self._process = self._search() if config.pid is None else _open(config.pid)
        return self._process

    def _of_file(self, path: Path) -> psutil.Process | None:
        """Open the process only when the file changes: a pid that outlives its process may belong to another one."""
        read = _contents(path)
        if read != self._file_read:
            self._file_read = read
            self._process = None if read is None else _open(_pid(read[2]))
        return self._process

    def _search(self) -> psutil.Process | None:
        now = self._clock()
        lost = self._process is not None
        if not lost and now < self._next_search:
            return None
        self._next_search = now + SEARCH_SECONDS
        if self._config.name is not None:
            return _oldest(_named(self._config.name))
        return _oldest(_listening(self._config.port))

    def _log(self, up: bool) -> None:
        if up is self._up:
            return
        self._up = up
        if up and self._process is not None:
            logger.info("watching the model server process", extra={"pid": self._process.pid})
        else:
            config = {key: str(value) for key, value in msgspec.structs.asdict(self._config).items() if value}
            logger.warning("no model server process", extra={"searched_by": config})


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() not in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
    except psutil.Error:
        return False


def _read(process: psutil.Process) -> ProcessSample:
    try:
        return ProcessSample(
            up=True,
            start_time=_permitted(process.create_time),
            resident_memory=_permitted(lambda: process.memory_info().rss),
            cpu_seconds=_permitted(lambda: sum(process.cpu_times()[:2])),
            open_fds=_permitted(process.num_fds),
            threads=_permitted(process.num_threads),
        )
    except psutil.NoSuchProcess:
        return DOWN


def _permitted(reading: Callable[[], float]) -> float | None:
    try:
        return float(reading())
    except (psutil.AccessDenied, OSError):
        return None


def _open(pid: int | None) -> psutil.Process | None:
    try:
        return None if pid is None else psutil.Process(pid)
    except (psutil.Error, ValueError, OverflowError):
        return None


def _contents(path: Path) -> tuple[int, int, bytes] | None:
    """Return what tells one writing of the file from another: inode, time of change and the first bytes."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            return status.st_ino, status.st_mtime_ns, file.read(64)
    except OSError:
        return None


def _pid(text: bytes) -> int | None:
    """Return the number in the first line; some servers write more lines behind it."""
    first = text.split(b"\n", 1)[0].strip()
    return int(first) if first.isdigit() else None


def _named(name: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter(["name", "cmdline"]):
        if name in _names(process.info["name"], process.info["cmdline"] or []) and process.pid != os.getpid():
            yield process


def _names(name: str | None, arguments: Sequence[str]) -> set[str]:
    """Return the names of a process: its own, its program's, and its script's (the first argument but options)."""
    script = next((argument for argument in arguments[1:] if not argument.startswith("-")), "")
    return {name or "", *(Path(argument).name for argument in (*arguments[:1], script))}


def _listening(port: int | None) -> Iterator[psutil.Process]:
    """Yield the processes that listen on a TCP port; those of other users are seen by root alone."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except (psutil.Error, OSError):
        return
    listeners = (entry for entry in connections if entry.status == psutil.CONN_LISTEN and entry.laddr)
    processes = (_open(entry.pid) for entry in listeners if entry.laddr and entry.laddr.port == port)
    yield from (process for process in processes if process is not None)


def _oldest(processes: Iterable[psutil.Process]) -> psutil.Process | None:
    alive = [process for process in processes if _alive(process)]
    return min(alive, key=lambda process: process.create_time(), default=None)
