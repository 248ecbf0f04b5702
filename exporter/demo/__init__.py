"""The demo: real models on real data, a camera that loses focus on schedule, and the exporter that notices."""

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Literal

DURATION = 300.0  # seconds
REQUESTS_NEEDED = 180.0  # seconds at speed 1 that give each part of the story its windows' worth of predictions
MISSING = """\
The demo needs scikit-learn, for its data and its models. Install it with
    python -m pip install 'prediction-exporter[demo]'
"""


def main(
    listen_addresses: Sequence[str],
    speed: float = 1.0,
    duration: float | None = None,
    directory: Path | None = None,
    only: Literal["model"] | None = None,
) -> int:
    """Run the demo and return its exit code: 0 if the diagnosis came as promised.

    `duration` is in seconds, 0 for ever; left out it is 5 minutes, with `only="model"` (nothing but the model server
    and its files) for ever. `speed` multiplies the traffic.
    """
    if find_spec("sklearn") is None:
        sys.stderr.write(MISSING)
        return 1
    if only == "model":
        os.umask(0o022)  # the exporter may run as another user
    with _interruptible() as stop, _place(directory) as place:
        if only == "model":
            return _model(place, speed, duration, stop)
        from exporter.demo.stage import play  # noqa: PLC0415 - the model server runs without the exporter

        duration = DURATION if duration is None else duration
        return play(listen_addresses, enough(speed, duration), duration, place, stop=stop, say=_say)


def _model(directory: Path, speed: float, duration: float | None, stop: Event) -> int:
    from exporter.demo.server import serve  # noqa: PLC0415 - this process is the one that needs it

    serve(directory, speed, duration, stop=stop, say=_say)
    return 0


def enough(speed: float, duration: float) -> float:
    """Return the speed, or the least one at which a run of this duration can show its diagnosis."""
    needed = REQUESTS_NEEDED / duration if duration else 0.0
    if speed < needed:
        _say(
            f"{duration:g} seconds at speed {speed:g} are too few predictions for a diagnosis; the speed is {needed:g}."
        )
    return max(speed, needed)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the console is where the story is told


@contextmanager
def _interruptible() -> Iterator[Event]:
    """Turn SIGINT and SIGTERM into a clean end."""
    stop = Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _place(directory: Path | None) -> Iterator[Path]:
    """Give the directory, or a temporary one that is gone afterwards."""
    if directory is not None:
        directory.mkdir(parents=True, exist_ok=True)
        yield directory.resolve()
        return
    with TemporaryDirectory(prefix="prediction-demo-") as temporary:
        yield Path(temporary)


__all__ = ["main"]
