"""A component with its reference, and how both are written in a profile's file."""

import math
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import numpy as np

from exporter.alarm import CALM, Unrest
from exporter.batch import Field
from exporter.profile.domain import OPEN, declared
from exporter.profile.spec import CATEGORIES, ComponentSpec, field_of, fixed_levels
from exporter.summaries import Categories, ComponentSummary, Domain, Grid, Histogram, Measure, Moments, Presence
from exporter.summaries.categories import OTHER
from exporter.summaries.histogram import FINE_EDGES, OUTER_EDGES

WHOLE = 2**53  # below it every whole number is a float


class ProfileError(ValueError):
    """A profile that cannot be built or loaded; the message says what and what to do."""


@dataclass(frozen=True, slots=True)
class Component:
    """A component with its reference; `measure` summarises columns so that they can be compared with it.

    Numbers outside of its domain are invalid, those outside of `soft` unusual.
    """

    spec: ComponentSpec
    field: Field
    measure: Measure
    reference: ComponentSummary
    soft: Domain = OPEN
    unrest: Unrest = CALM

    @property
    def name(self) -> str:
        """Return the name."""
        return self.field.name

    @property
    def role(self) -> str:
        """Return the role."""
        return self.field.role

    @property
    def dtype(self) -> str:
        """Return the data type."""
        return self.spec.dtype or ("float" if self.spec.numeric else "category")


class _Numbers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    low: float | None
    high: float | None
    soft_low: float | None
    soft_high: float | None
    n: int
    total: float | None  # None is more than a float holds
    m2: float | None
    minimum: float | None  # None where there is no number, as in what was observed at its worst
    maximum: float | None
    edges: list[float]
    outer: list[int]
    atoms: list[int]
    counts: list[int]


class _Levels(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    levels: list[str]
    complete: bool
    counts: list[int]


class ComponentFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A component as it is written."""

    spec: ComponentSpec
    presence: dict[str, int]
    numbers: _Numbers | None = None
    categories: _Levels | None = None
    dispersion: float = 1.0
    season: float = 0.0


def known(value: float) -> float | None:
    """Return a number that JSON can hold, None for any other."""
    return value if math.isfinite(value) else None


def given(other: float, value: float | None) -> float:
    """Return a number, another one where none was written."""
    return other if value is None else value


def component_file(component: Component) -> ComponentFile:
    """Return a component as it is written."""
    reference, measure, rest = component.reference, component.measure, component.unrest
    presence = {"rows": reference.presence.rows, **reference.presence.reasons()}
    if reference.categories is not None:
        counts = reference.categories.counts.tolist()
        levels = _Levels(list(measure.levels), measure.complete, counts)
        return ComponentFile(
            component.spec, presence, categories=levels, dispersion=rest.dispersion, season=rest.season
        )
    if reference.histogram is None or reference.moments is None:
        raise ProfileError(f"component {component.name} has no reference")
    grid, moments = reference.histogram.grid, reference.moments
    numbers = _Numbers(
        low=known(measure.domain.low),
        high=known(measure.domain.high),
        soft_low=known(component.soft.low),
        soft_high=known(component.soft.high),
        n=moments.n,
        total=known(moments.total),
        m2=known(moments.m2),
        minimum=known(moments.low),
        maximum=known(moments.high),
        edges=grid.edges.tolist(),
        outer=grid.outer.tolist(),
        atoms=np.flatnonzero(grid.atoms).tolist(),
        counts=reference.histogram.counts.tolist(),
    )
    return ComponentFile(component.spec, presence, numbers=numbers, dispersion=rest.dispersion, season=rest.season)


def component_of(file: ComponentFile) -> Component:
    """Return what was written; ProfileError where it cannot be a component."""
    presence = Presence(**file.presence)
    if not all(0 <= rows < WHOLE for rows in file.presence.values()):
        raise ProfileError(f"component {file.spec.name}: its rows are not counted in whole numbers")
    if file.spec.numeric and file.numbers is not None:
        return replace(_numeric(file.spec, presence, file.numbers), unrest=_unrest(file))
    if not file.spec.numeric and file.categories is not None:
        return replace(_category(file.spec, presence, file.categories), unrest=_unrest(file))
    raise ProfileError(f"component {file.spec.name} has no reference of its dtype")


def _numeric(spec: ComponentSpec, presence: Presence, numbers: _Numbers) -> Component:
    edges, outer = np.array(numbers.edges, np.float64), np.array(numbers.outer, np.intp)
    counts = _counts(spec.name, numbers.counts, len(edges) + 1)
    if not 1 <= len(edges) <= FINE_EDGES or not np.isfinite(edges).all() or (np.diff(edges) <= 0).any():
        raise ProfileError(f"component {spec.name}: its edges are not 1 to {FINE_EDGES} ascending numbers")
    if not 1 <= len(outer) <= OUTER_EDGES or (np.diff(outer) <= 0).any() or outer[0] < 0 or outer[-1] >= len(edges):
        raise ProfileError(f"component {spec.name}: its outer edges are not 1 to {OUTER_EDGES} of its edges")
    if not all(0 < place < len(edges) for place in numbers.atoms):
        raise ProfileError(f"component {spec.name}: its point masses are not in bins between its edges")
    atoms = np.zeros(len(edges) + 1, np.bool_)
    atoms[numbers.atoms] = True
    grid = Grid(edges, outer, atoms)
    measure = Measure(grid, domain=declared((numbers.low, numbers.high)))
    moments = _moments(spec.name, numbers)
    if counts.sum() < moments.n:
        raise ProfileError(f"component {spec.name}: its counts do not fit its {moments.n} numbers")
    reference = ComponentSummary(presence, moments, Histogram(grid, counts))
    return Component(spec, field_of(spec, None), measure, reference, declared((numbers.soft_low, numbers.soft_high)))


def _unrest(file: ComponentFile) -> Unrest:
    if not (1 <= file.dispersion <= WHOLE and 0 <= file.season <= WHOLE):
        raise ProfileError(f"component {file.spec.name}: its dispersion is not from 1, or its season not from 0")
    return Unrest(file.dispersion, file.season)


def _moments(name: str, numbers: _Numbers) -> Moments:
    if numbers.n == 0 and numbers.minimum is None and numbers.maximum is None:
        return Moments()
    low, high = given(math.inf, numbers.minimum), given(-math.inf, numbers.maximum)
    if not 1 <= numbers.n < WHOLE or low > high or given(0.0, numbers.m2) < 0:
        raise ProfileError(f"component {name}: no numbers have its count, spread and extremes")
    return Moments(numbers.n, given(math.nan, numbers.total), given(math.nan, numbers.m2), low, high)


def _category(spec: ComponentSpec, presence: Presence, file: _Levels) -> Component:
    levels = tuple(file.levels)
    if len(levels) > CATEGORIES or len({*levels, OTHER}) <= len(levels) or levels != (fixed_levels(spec) or levels):
        raise ProfileError(f"component {spec.name}: its categories are not up to {CATEGORIES} different ones")
    counts = _counts(spec.name, file.counts, len(levels) + 1)
    measure = Measure(levels=levels, complete=file.complete)
    reference = ComponentSummary(presence, categories=Categories(levels, counts))
    return Component(spec, field_of(spec, levels), measure, reference)


def _counts(name: str, counts: list[int], bins: int) -> Any:  # noqa: ANN401 - an int64 array
    if len(counts) != bins or min(counts) < 0 or not 0 <= sum(counts) < WHOLE:
        raise ProfileError(f"component {name}: its counts do not fit its bins")
    return np.array(counts, np.int64)
