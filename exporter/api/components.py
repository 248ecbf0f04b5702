"""The components of a profile: what of the input, the output and the actual is watched, and of the two together."""

import re
import warnings
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

from exporter.api.evaluations import Evaluation
from exporter.api.extractors import ElementExtractor
from exporter.api.sequence import SequenceSimpleExtractor
from exporter.extractors import DataExtractor, EvalExtractor
from exporter.profile import ComponentSpec
from exporter.profile.values import Key


class DataType(StrEnum):
    """What the values of a component are."""

    INT = "int"
    FLOAT = "float"
    BOOL = "bool"
    CAT = "category"


Domain = Collection[float | str | bool | None]
TIMES = re.compile("date|time|period|duration")  # as numpy, pandas and Arrow name types


@dataclass(frozen=True, slots=True)
class InputComponent:
    """A value of each input.

    `extractor`, or one of this short name, turns a datum into the value; without one the datum is the value. `element`
    is the dotted path of what the extractor reads, where the datum is a mapping (`image` of `{"image": ...}`). Where
    `dtype` is left out, it is found in the data: whole numbers of at most 20 different values are categories. `domain`
    is (low, high), None for an open end, or the list of categories; it is learned where it is left out. Outside of it a
    value is invalid; outside of `soft_domain`, a range that is learned too, a number is only warned of. `thresholds`
    are by drift statistic. `main` marks a component that matters most, and `importance` is its weight in the drift of
    all together.
    """

    name: str
    extractor: DataExtractor | SequenceSimpleExtractor | str | None = None
    dtype: DataType | str | None = None
    element: str | None = None
    domain: Domain | None = None
    thresholds: Mapping[str, float] = field(default_factory=dict)
    main: bool = False
    importance: float = 1.0
    soft_domain: Domain | None = None
    role: ClassVar[str] = "input"


@dataclass(frozen=True, slots=True)
class OutputComponent:
    """A value of each output, with the arguments of an InputComponent."""

    name: str
    extractor: DataExtractor | SequenceSimpleExtractor | str | None = None
    dtype: DataType | str | None = None
    element: str | None = None
    domain: Domain | None = None
    thresholds: Mapping[str, float] = field(default_factory=dict)
    main: bool = False
    importance: float = 1.0
    soft_domain: Domain | None = None
    role: ClassVar[str] = "output"


@dataclass(frozen=True, slots=True)
class ActualComponent:
    """A value of each actual, with the arguments of an InputComponent."""

    name: str
    extractor: DataExtractor | SequenceSimpleExtractor | str | None = None
    dtype: DataType | str | None = None
    element: str | None = None
    domain: Domain | None = None
    thresholds: Mapping[str, float] = field(default_factory=dict)
    main: bool = False
    importance: float = 1.0
    soft_domain: Domain | None = None
    role: ClassVar[str] = "actual"


@dataclass(frozen=True, slots=True)
class EvalComponent:
    """A value of each output and its actual.

    `output` and `actual` name the components that the extractor reads: where they are left out, the only one of each.
    """

    name: str
    extractor: Evaluation | EvalExtractor | str
    dtype: DataType | str | None = None
    output: str | None = None
    actual: str | None = None
    domain: Domain | None = None
    thresholds: Mapping[str, float] = field(default_factory=dict)
    main: bool = False
    importance: float = 1.0
    soft_domain: Domain | None = None
    role: ClassVar[str] = "eval"


LoggedComponent = InputComponent | OutputComponent | ActualComponent
Component = LoggedComponent | EvalComponent | ComponentSpec


def key_of(component: Component) -> Key:
    """Return (role, name), which identifies a component."""
    return component.key if isinstance(component, ComponentSpec) else (component.role, component.name)


def named(keys: Iterable[Key]) -> dict[Key, str]:
    """Return the name of each component, with its role (`output.label`) where several have it."""
    found = list(keys)
    names = [name for _, name in found]
    return {key: key[1] if names.count(key[1]) == 1 else ".".join(key) for key in found}


def generate_components(
    dtypes: Mapping[Any, object],
    complass: type[InputComponent] | type[OutputComponent] | type[ActualComponent] = InputComponent,
    name_prefix: str = "",
) -> list[LoggedComponent]:
    """Return a component for each column of a table, by its `dtypes` (names to numpy's, pandas' or Arrow's types).

    The types of all but numbers with a fraction are found in the data, when the profile is built. Columns of times are
    left out with a warning: new ones are always beyond those of the reference.
    """
    found: list[LoggedComponent] = []
    for name, dtype in dtypes.items():
        if TIMES.match(str(dtype)):
            warnings.warn(f"column {name} is left out: its values are times, which no reference holds", stacklevel=2)
            continue
        kind = DataType.FLOAT if getattr(dtype, "kind", "") == "f" else None
        found.append(complass(f"{name_prefix}{name}", ElementExtractor((str(name),)), kind))
    return found
