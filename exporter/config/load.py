"""From a file's path to its checked struct; the checks that need more than one value are here."""

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from exporter import profile
from exporter.config import document
from exporter.config.model import Config
from exporter.config.problem import ConfigError, Problem, suggest
from exporter.config.reader import Reader, Refused
from exporter.config.scalars import quote
from exporter.config.segments import segment_of
from exporter.config.values import parse_window
from exporter.decoders import PLUGINS as DECODERS
from exporter.plan import plan
from exporter.profile import Profile, ProfileError, ProfileSpec

T = TypeVar("T")


def load(path: str) -> Config:
    """Return the configuration of a file, or raise ConfigError with all of its problems."""
    reader, config = _walk(path, Config)
    _check_profiles(reader)
    _check_sources(reader)
    return _answer(reader, config)


def load_spec(path: str) -> ProfileSpec:
    """Return the profile spec of a file, or raise ConfigError with all of its problems."""
    return load_checked(path, ProfileSpec, profile.problems)


def load_checked(path: str, kind: type[T], check: Callable[[T], Iterable[tuple[str, str]]]) -> T:
    """Return a YAML file as a value of a Struct type, or raise ConfigError with all problems.

    `check` gives the key and the message of each that only shows when the whole is read.
    """
    reader, value = _walk(path, kind)
    if not isinstance(value, Refused):
        for key, message in check(value):
            reader.refuse(key, message)
    return _answer(reader, value)


def read(path: str, kind: type[T]) -> tuple[T | None, list[Problem]]:
    """Return a YAML file as a value of a Struct type (None where it does not fit), and its problems."""
    reader, value = _walk(path, kind)
    if reader.problems or isinstance(value, Refused):
        return None, sorted(reader.problems)
    return value, []


def _walk(path: str, kind: type[T]) -> tuple[Reader, T | Refused]:
    reader = Reader(path, Path(path).parent)
    try:
        root = document.compose(Path(path).read_bytes())
    except OSError as error:
        return reader, reader.refuse("", f"cannot be read: {error.strerror}", 0)
    except document.YamlError as error:
        return reader, reader.refuse("", error.message, error.line)
    return reader, reader.read(root, kind)


def _answer(reader: Reader, value: T | Refused) -> T:
    if reader.problems or isinstance(value, Refused):
        raise ConfigError(reader.problems)
    return value


def _found(reader: Reader, pattern: str) -> Iterator[tuple[str, Any]]:
    """Yield the key and value of what could be read under keys of a form, in the order of the file."""
    for key, value in list(reader.found.items()):
        if re.fullmatch(pattern, key):
            yield key, value


def _check_profiles(reader: Reader) -> None:
    """Load each model's profile: it must be one, of the name that is given, and of no other model in the file."""
    seen: dict[tuple[str, str], str] = {}
    for key, path in _found(reader, r"models\[\d+\]\.profile"):
        model = key.removesuffix(".profile")
        try:
            found = _profile(path)
        except ProfileError as error:
            reader.refuse(key, str(error))
            continue
        name = reader.found.get(f"{model}.name")
        if name not in (None, found.name):
            reader.refuse(f"{model}.name", f"the profile is that of {quote(found.name)}; write that or leave it out")
        _check_segments(reader, model, found)
        first = seen.setdefault((found.name, found.version), model)
        if first != model:
            reader.refuse(key, f"{found.name} {found.version} is already {first}")


def _check_segments(reader: Reader, model: str, found: Profile) -> None:
    """Check that each segment fits the profile and the windows."""
    windows = reader.found.get(f"{model}.windows") or [parse_window("1h")]
    for place, written in enumerate(reader.found.get(f"{model}.segments") or []):
        try:
            plan(found, windows, segments=(segment_of(written),))
        except ValueError as error:
            reader.refuse(f"{model}.segments[{place}]", str(error))


def _profile(path: Path) -> Profile:
    """Return the profile of a file, or raise ProfileError with the path in its message."""
    try:
        found = profile.load(path.read_bytes())
        plan(found, ())
    except OSError as error:
        raise ProfileError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ProfileError(f"{path}: {error}") from None
    return found


def _check_sources(reader: Reader) -> None:
    """Check that each source has a decoder that exists, and a name (by default what it reads) of its own."""
    seen: dict[str, str] = {}
    for key, source in _found(reader, r"sources\[\d+\]\.[^.\[]+"):
        first = seen.setdefault(source.name, key)
        if first != key:
            reader.refuse(key, f"{quote(source.name)} is already the name of {first}")
        if source.decoder not in DECODERS:
            reason = DECODERS.failure(source.decoder) or suggest(source.decoder, DECODERS.names())
            reader.refuse(f"{key}.decoder", f"no decoder is called {quote(source.decoder)}; {reason}")
