"""Plug-ins by short name: the table a package carries, joined by the entry points of other packages."""

import itertools
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar, cast

import msgspec

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint

T = TypeVar("T")
Check = Callable[[object], str | None]  # returns what a plug-in is not, or lacks


@dataclass(frozen=True, slots=True)
class Failure:
    """An entry point that gives no plug-in: its name, the object it points to and what is wrong."""

    name: str
    target: str
    message: str

    def __str__(self) -> str:
        return f"plug-in {self.name!r} ({self.target}): {self.message}"


@dataclass(frozen=True, slots=True)
class _Installed(Generic[T]):
    """The entry points of a group by name, as of one `sys.path`, and what those that were asked for gave.

    `damaged` are the packages of which that cannot be read.
    """

    path: tuple[str, ...]
    entries: Mapping[str, list["EntryPoint"]]
    damaged: Sequence[Failure]
    found: dict[str, T | Failure] = field(default_factory=dict)


class Plugins(Generic[T]):
    """The plug-ins of a group: the built-in ones, and the entry points of that group in other packages.

    Nothing of other packages is looked at before a name is asked for that is not built in, and then nothing is imported
    but what has that name. An entry point that cannot be loaded, or that `check` refuses, is a failure of its name
    alone. A built-in plug-in is never replaced, and of two packages with one name neither is used, since either could
    be meant.
    """

    def __init__(self, group: str, builtin: Mapping[str, T], check: Check) -> None:
        self._group = group
        self._builtin = builtin
        self._check = check
        self._installed: _Installed[T] | None = None

    def __contains__(self, name: str) -> bool:
        return name in self._builtin or not isinstance(self._find(name), Failure | None)

    def __getitem__(self, name: str) -> T:
        found = self._builtin[name] if name in self._builtin else self._find(name)
        if found is None or isinstance(found, Failure):
            raise KeyError(name)
        return found

    def names(self) -> list[str]:
        """Return all names, the built-in ones first; some of the others may turn out to be failures."""
        return [*self._builtin, *(name for name in self._read().entries if name not in self._builtin)]

    def others(self) -> Iterator[tuple[str, T]]:
        """Import the plug-ins of all other packages, and yield the names and plug-ins of those that are sound."""
        for name in self._read().entries:
            if name not in self._builtin and name in self:
                yield name, self[name]

    def name_of(self, plug_in: T) -> str | None:
        """Return the name of a plug-in; other packages are imported to find it only where it is not built in."""
        pairs = itertools.chain(self._builtin.items(), self.others())
        return next((name for name, other in pairs if other is plug_in), None)

    def failure(self, name: str) -> Failure | None:
        """Return why an entry point of this name cannot be used, None where that is not the reason."""
        found = None if name in self._builtin else self._find(name)
        return found if isinstance(found, Failure) else None

    def failures(self) -> list[Failure]:
        """Return what is known to be wrong without importing more: damaged packages, clashes, failed imports."""
        installed = self._read()
        clashes = [self._clash(name, entries) for name, entries in installed.entries.items()]
        failed = [found for found in installed.found.values() if isinstance(found, Failure)]
        return list(
            dict.fromkeys(failure for failure in (*installed.damaged, *clashes, *failed) if failure is not None)
        )

    def _read(self) -> _Installed[T]:
        path = tuple(sys.path)
        if self._installed is None or self._installed.path != path:
            self._installed = _Installed(path, *_entries(self._group))
        return self._installed

    def _find(self, name: str) -> T | Failure | None:
        installed = self._read()
        if name in installed.entries and name not in installed.found:
            entries = installed.entries[name]
            installed.found[name] = self._clash(name, entries) or self._load(entries[0])
        return installed.found.get(name)

    def _clash(self, name: str, entries: list["EntryPoint"]) -> Failure | None:
        targets = " and ".join(dict.fromkeys(entry.value for entry in entries))
        if name in self._builtin:
            return Failure(name, targets, "the name is taken by a built-in plug-in")
        rivals = len({entry.value for entry in entries}) > 1
        return Failure(name, targets, "several installed packages give it") if rivals else None

    def _load(self, entry: "EntryPoint") -> T | Failure:
        try:
            found = entry.load()
            fault = self._check(found)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a stranger's module does costs only itself
            return Failure(entry.name, entry.value, f"{type(error).__name__}: {error}")
        return cast("T", found) if fault is None else Failure(entry.name, entry.value, fault)


def _entries(group: str) -> tuple[dict[str, list["EntryPoint"]], list[Failure]]:
    """Return the entry points of a group by name, and the packages of which that cannot be read."""
    from importlib.metadata import distributions  # noqa: PLC0415 - 25 ms that a start without plug-ins need not take

    packages: dict[str, Sequence[EntryPoint]] = {}  # of two copies of a package, the first on the path is imported
    damaged: list[Failure] = []
    for package in distributions():
        try:
            if entries := package.entry_points.select(group=group):
                packages.setdefault(package.name, tuple(entries))
        except Exception as error:  # noqa: BLE001 - what one installer left behind must not hide all other packages
            damaged.append(Failure(_name(package), "entry_points.txt", f"{type(error).__name__}: {error}"))
    found: dict[str, list[EntryPoint]] = {}
    for entry in sorted((e for entries in packages.values() for e in entries), key=lambda e: (e.name, e.value)):
        found.setdefault(entry.name, []).append(entry)
    return found, damaged


def _name(package: "Distribution") -> str:
    try:
        return package.name or "?"
    except Exception:  # noqa: BLE001 - its metadata may be as damaged as its entry points
        return "?"


def instance_of(kind: type) -> Check:
    """Return the check that a plug-in is a value of a type."""
    return lambda plug_in: None if isinstance(plug_in, kind) else f"it is no {kind.__name__}"


def struct_with(*names: str) -> Check:
    """Return the check that a plug-in is a msgspec Struct that has these fields and methods."""

    def check(plug_in: object) -> str | None:
        if not (isinstance(plug_in, type) and issubclass(plug_in, msgspec.Struct)):
            return "it is no msgspec Struct"
        lacking = [name for name in names if not hasattr(plug_in, name)]
        return f"it lacks {', '.join(lacking)}" if lacking else None

    return check
