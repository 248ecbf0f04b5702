"""The files that commands read, with errors for people."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from exporter import config
from exporter.cli.failure import CommandError, reported
from exporter.cli.progress import STDIN, lines
from exporter.config import Config, ConfigError
from exporter.profile import Profile, ProfileError, ProfileSpec, load
from exporter.sources.images import Images

T = TypeVar("T")


def configuration(path: str) -> Config:
    """Return the configuration; CommandError with every problem."""
    return checked(path, config.load)


def spec(path: str) -> ProfileSpec:
    """Return a profile spec; CommandError with every problem."""
    return checked(path, config.load_spec)


def checked(path: str, load: Callable[[str], T]) -> T:
    """Return what a function makes of a file; CommandError with every problem."""
    try:
        return load(path)
    except ConfigError as error:
        raise CommandError(_all(path, error.problems)) from None


def profile(path: str) -> Profile:
    """Return a built profile."""
    with reported():
        data = Path(path).read_bytes()
    with reported(ProfileError, prefix=f"{path}: "):
        return load(data)


def log(paths: Sequence[str], images: Images) -> Iterator[bytes]:
    """Return the lines of logs; the images and arrays that they name are beside each, unless their place was given."""
    return lines(paths, "reading", lambda path: images.enter("" if path == STDIN else str(Path(path).parent)))


def _all(path: str, problems: Sequence[object]) -> str:
    count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
    return "\n".join([f"{count} in {path}", *map(str, problems)])
