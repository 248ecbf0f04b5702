"""Plug-ins by short name: the table a package carries, joined by the entry points of other packages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar, cast

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Failure:
    """An entry point that gave no plug-in: its name, the object it points to and what went wrong."""

    name: str
    target: str
    message: str

    def __str__(self) -> str:
        return f"plug-in {self.name!r} ({self.target}): {self.message}"


@dataclass(frozen=True, slots=True)
class Discovery(Generic[T]):
    """The plug-ins of a group by name, and the entry points that failed."""

    table: Mapping[str, T]
    failures: list[Failure] = field(default_factory=list)


def discover(group: str, builtin: Mapping[str, T]) -> Discovery[T]:
    """Join the entry points of `group` to the built-in table.

    An entry point that cannot be loaded, or whose name is taken, is a failure of that name alone: a built-in
    plug-in is never replaced, and of two strangers with one name neither is used, since either could be meant.
    """
    table = dict(builtin)
    failures: list[Failure] = []
    entries = sorted(entry_points(group=group), key=lambda entry: (entry.name, entry.value))
    names = [entry.name for entry in entries]
    for entry in entries:
        if entry.name in builtin:
            failures.append(_failure(entry, "the name is taken by a built-in plug-in"))
        elif names.count(entry.name) > 1:
            failures.append(_failure(entry, "the name is taken by another installed package"))
        else:
            _load(entry, table, failures)
    return Discovery(table, failures)


def _load(entry: EntryPoint, table: dict[str, T], failures: list[Failure]) -> None:
    try:
        table[entry.name] = cast("T", entry.load())
    except Exception as error:  # noqa: BLE001 - whatever the import of a stranger's module raises costs only itself
        failures.append(_failure(entry, f"{type(error).__name__}: {error}"))


def _failure(entry: EntryPoint, message: str) -> Failure:
    return Failure(entry.name, entry.value, message)
