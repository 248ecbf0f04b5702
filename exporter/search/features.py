"""What predictions can be cut by: categories, ranges of numbers, and tags, each with a few values."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from exporter.batch import Codes, Column, Floats, value_of
from exporter.profile import Component, ComponentSpec, Profile
from exporter.profile.infer import dtype_of
from exporter.profile.values import Key, Raw, column_of, counted
from exporter.segments import VALUES, parse_condition
from exporter.summaries import Domain

TAGS: Final = "tags"
QUARTERS: Final = (0.25, 0.5, 0.75)
LONG: Final = 80
DIGITS: Final = 3  # of an edge that a person is to read
EXACT: Final = 9  # of an end of a domain


@dataclass(frozen=True, slots=True)
class Value:
    """What the rows of a code have in common, in words and as a condition of a segment.

    `condition` is None where there is none: of categories that an extractor makes, of values that are new or missing.
    """

    text: str
    condition: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Feature:
    """Codes of rows, shape (rows,), and what each means; the code past the last is of values that are too rare."""

    codes: NDArray[np.intp]
    values: tuple[Value, ...]


def tag_specs(records: Iterable[Mapping[str, Any]]) -> list[ComponentSpec]:
    """Return what reads each tag that repeats, in the order they are seen."""
    seen: dict[str, list[Any]] = {}
    for record in records:
        for path, value in _leaves(TAGS, record.get(TAGS)):
            seen.setdefault(path, []).append(value)
    paths = [path for path, values in seen.items() if dtype_of(values) in ("category", "bool")]
    return [_tag_spec(path) for path in paths]


def _tag_spec(path: str) -> ComponentSpec:
    return ComponentSpec(path, path, "input", "category")


def _leaves(path: str, value: object) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for word, below in value.items():
            yield from _leaves(f"{path}.{word}", below) if word and "." not in word else ()
    elif value is not None:
        yield path, value


def features(profile: Profile, columns: Mapping[Key, Column], tags: Mapping[Key, Raw]) -> list[Feature]:
    """Return a feature for each tag, input and output that has more than one value."""
    found = [_tag(_tag_spec(path), raw) for (_, path), raw in tags.items()]
    cutting = (c for c in profile.components if c.role in ("input", "output") and c.spec.key in columns)
    found += [_feature(component, value_of(columns[component.spec.key])) for component in cutting]
    return [feature for feature in found if len(feature.values) > 1]


def _tag(spec: ComponentSpec, raw: Raw) -> Feature:
    levels = [level for level, _ in counted(spec, raw).most_common(VALUES)]
    return _categories(spec.name, spec.element, column_of(spec, raw, levels), levels, beyond="rare")


def _feature(component: Component, column: Column) -> Feature:
    made = component.spec.extractor is not None
    name = f"{component.role}.{component.name}" if made else component.spec.element or component.name
    if component.field.levels is None:
        return _numbers(name, column, component.measure.domain)
    return _categories(name, None if made else name, column, component.field.levels, beyond="new")


def _categories(name: str, path: str | None, column: Codes, levels: Sequence[str], beyond: str) -> Feature:
    """Return the most frequent of some levels, values that are none of them, and missing ones."""
    values = [*(Value(f"{name} is {_shown(level)}", _equals(path, level)) for level in levels)]
    values += [Value(f"{name} is {beyond}"), Value(f"{name} is missing")]
    codes = np.where(column < 0, len(levels) + 1, column)
    counts = np.bincount(codes, minlength=len(values))
    frequent = [place for place in np.argsort(-counts, kind="stable")[: VALUES + 2].tolist() if counts[place]]
    place = np.full(len(values), len(frequent))
    place[frequent] = np.arange(len(frequent))
    return Feature(place[codes], tuple(values[one] for one in frequent))


def _shown(level: str) -> str:
    """Return a category as a line can hold it."""
    text = level if level.isprintable() else repr(level)
    return text if len(text) <= LONG else f"{text[:LONG]}..."


def _equals(path: str | None, level: str) -> str | None:
    return _valid(f"{path} == '{level}'") or _valid(f'{path} == "{level}"') if path else None


def _valid(condition: str) -> str | None:
    try:
        return parse_condition(condition).text
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class _Edge:
    """Where a range begins: its least number, and what to say and to write of numbers below and from there on."""

    least: float
    below: tuple[str, str]
    over: tuple[str, str]


def _numbers(path: str, column: Floats, domain: Domain) -> Feature:
    """Return the quarters of a number, what is below and above its domain, and missing values."""
    edges = _edges(column[np.isfinite(column)], domain)
    values = [_range(path, start, end) for start, end in pairwise([None, *edges, None])]
    codes = np.searchsorted(np.array([edge.least for edge in edges]), column, side="right")
    codes = np.where(np.isnan(column), len(values), codes)
    values.append(Value(f"{path} is missing"))
    used, found = np.unique(codes, return_inverse=True)
    return Feature(found, tuple(values[place] for place in used))


def _edges(values: Floats, domain: Domain) -> list[_Edge]:
    if not len(values):
        return []
    inner = {_rounded(edge, DIGITS) for edge in np.quantile(values, QUARTERS).tolist()}
    inner = {edge for edge in inner if domain.low < edge < domain.high}
    low = {_rounded(domain.low, EXACT)} if values.min() < domain.low else set()
    found = [_Edge(e, (f"below {e:.6g}", f"< {e!r}"), (f"at least {e:.6g}", f">= {e!r}")) for e in sorted(inner | low)]
    if values.max() > domain.high:
        e = _rounded(domain.high, EXACT)
        top = float(np.nextafter(e, np.inf))
        found.append(_Edge(top, (f"at most {e:.6g}", f"<= {e!r}"), (f"above {e:.6g}", f"> {e!r}")))
    return found


def _rounded(edge: float, digits: int) -> float:
    return float(f"{edge:.{digits}g}")


def _range(path: str, start: _Edge | None, end: _Edge | None) -> Value:
    ends = [*([start.over] if start else []), *([end.below] if end else [])]
    text = " and ".join(words for words, _ in ends)
    condition = " and ".join(f"{path} {sign}" for _, sign in ends)
    return Value(f"{path} is {text or 'known'}", _valid(condition))
