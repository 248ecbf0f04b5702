"""The files that commands read, with errors for people."""

from collections.abc import Sequence
from pathlib import Path

from exporter import config
from exporter.cli.failure import CommandError, reported
from exporter.config import Config, ConfigError
from exporter.profile import Profile, ProfileError, ProfileSpec, load


def configuration(path: str) -> Config:
    """Return the configuration; CommandError with every problem."""
    try:
        return config.load(path)
    except ConfigError as error:
        raise CommandError(_all(path, error.problems)) from None


def spec(path: str) -> ProfileSpec:
    """Return a profile spec; CommandError with every problem."""
    try:
        return config.load_spec(path)
    except ConfigError as error:
        raise CommandError(_all(path, error.problems)) from None


def profile(path: str) -> Profile:
    """Return a built profile."""
    with reported():
        data = Path(path).read_bytes()
    with reported(ProfileError, prefix=f"{path}: "):
        return load(data)


def _all(path: str, problems: Sequence[object]) -> str:
    count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
    return "\n".join([f"{count} in {path}", *map(str, problems)])
