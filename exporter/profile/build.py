"""Builds a profile from reference columns."""

import math
from collections import Counter

import numpy as np
from numpy.typing import NDArray

from exporter.batch import Column, Fault, Field, Floats
from exporter.decoders.columns import Coding
from exporter.decoders.shape import WRONG_CATEGORY
from exporter.profile.model import Component, Profile, ProfileError, ScoreReference
from exporter.profile.reference import Columns
from exporter.profile.spec import BOOL_LEVELS, ComponentSpec, ProfileSpec, ScoreSpec, field_of, problems
from exporter.scores import BUILTIN as SCORES
from exporter.summaries import ComponentSummary, Domain, Grid, Measure

CATEGORIES = 50
MARGIN = 0.05  # of the observed range, beyond which a number is out of the learned domain
SLACK = 0.1  # of the reference's score, by which the default threshold is worse
MISSING = -int(Fault.MISSING)


def build(spec: ProfileSpec, columns: Columns, built: float, categories: int = CATEGORIES) -> Profile:
    """Build a profile; `built` is its time in Unix seconds. Raises ProfileError with all that is wrong."""
    found = [f"{place}: {message}" for place, message in problems(spec)]
    lengths = {len(values) for values in columns.values.values()}
    if len(lengths) > 1:
        found.append(f"the columns differ in length: {sorted(lengths)}")
    found += [
        f"{component.resolved_role} {component.name} has no column"
        for component in spec.components
        if component.extractor is None and component.key not in columns.values
    ]
    if found:
        raise ProfileError("; ".join(found))
    return _Builder(spec, columns, categories).build(built)


class _Builder:
    def __init__(self, spec: ProfileSpec, columns: Columns, categories: int) -> None:
        self._spec = spec
        self._limit = categories
        self._raw = columns.values
        self._levels = self._choose_levels()
        self._columns: dict[tuple[str, str], Column] = {}
        self._fields: dict[tuple[str, str], Field] = {}

    def build(self, built: float) -> Profile:
        components, failures = [], []
        for spec in sorted(self._spec.components, key=lambda c: c.extractor is not None):
            try:
                components.append(self._component(spec))
            except ValueError as error:
                failures.append(f"{spec.resolved_role} {spec.name}: {error}")
        if failures:
            raise ProfileError("; ".join(failures))
        order = [spec.key for spec in self._spec.components]
        components.sort(key=lambda component: order.index(component.spec.key))
        evals = {c.name: c.reference for c in components if c.role == "eval"}
        scores = tuple(_score(score, evals[score.input]) for score in self._spec.scores)
        return Profile(self._spec.name, self._spec.version, built, tuple(components), scores)

    def _choose_levels(self) -> dict[tuple[str, str], tuple[tuple[str, ...], bool]]:
        """Return each category component's levels and whether they are all; what is compared shares its levels."""
        counters = {s.key: self._count(s) for s in self._spec.components if s.extractor is None and not s.numeric}
        for spec in self._spec.components:
            if spec.extractor is not None and not spec.numeric:
                extractor = spec.eval_extractor()
                pair = [("output", extractor.output), ("actual", extractor.actual)]
                together = sum((counters[key] for key in pair if key in counters), Counter[str]())
                counters.update({key: together for key in pair if key in counters})
        return {s.key: self._levels_of(s, counters[s.key]) for s in self._spec.components if s.key in counters}

    def _count(self, spec: ComponentSpec) -> Counter[str]:
        values = (value for value in self._raw[spec.key] if value is not None and value is not WRONG_CATEGORY)
        return Counter(label(value) for value in values)

    def _levels_of(self, spec: ComponentSpec, counter: Counter[str]) -> tuple[tuple[str, ...], bool]:
        if spec.dtype == "bool":
            return BOOL_LEVELS, True
        if spec.domain is not None:
            return tuple(label(value) for value in spec.domain), True
        ranked = sorted(counter, key=lambda level: (-counter[level], level))
        return tuple(ranked[: self._limit]), len(ranked) <= self._limit

    def _component(self, spec: ComponentSpec) -> Component:
        column, measure = self._eval(spec) if spec.extractor is not None else self._logged(spec)
        self._columns[spec.key] = column
        field = self._fields[spec.key] = field_of(spec, measure.levels if measure.grid is None else None)
        reference = measure.of(column[self._labelled()] if spec.resolved_role in ("actual", "eval") else column)
        if not reference.n:
            raise ValueError("the reference has no valid value of it")
        return Component(spec, field, measure, reference)

    def _labelled(self) -> NDArray[np.bool_]:
        actual = [column for (role, _), column in self._columns.items() if role == "actual"]
        present = [~np.isnan(column) if column.dtype == np.float64 else column >= 0 for column in actual]
        labelled: NDArray[np.bool_] = np.any(present, axis=0)
        return labelled

    def _logged(self, spec: ComponentSpec) -> tuple[Column, Measure]:
        raw = self._raw[spec.key]
        if spec.numeric:
            values = np.asarray(raw, np.float64)
            return values, _numeric_measure(spec, values)
        levels, complete = self._levels[spec.key]
        coding = Coding(levels)
        return np.fromiter((coding[value] for value in raw), np.int32, len(raw)), Measure(
            levels=levels, complete=complete
        )

    def _eval(self, spec: ComponentSpec) -> tuple[Column, Measure]:
        extractor = spec.eval_extractor()
        keys = ("output", extractor.output), ("actual", extractor.actual)
        if missing := [f"{role} {name}" for role, name in keys if (role, name) not in self._columns]:
            raise ValueError(f"{' and '.join(missing)} could not be built")
        output, actual = (self._columns[key] for key in keys)
        column = extractor.bind(*(self._fields[key] for key in keys))(output, actual)
        levels = extractor.levels()
        if levels is None:
            return column, _numeric_measure(spec, column)
        return column, Measure(levels=levels)


def _numeric_measure(spec: ComponentSpec, values: Floats) -> Measure:
    finite = values[np.isfinite(values)]
    if not len(finite):
        raise ValueError("the reference has no valid number of it")
    return Measure(Grid.of(finite), domain=_domain(spec, float(finite.min()), float(finite.max())))


def _domain(spec: ComponentSpec, low: float, high: float) -> Domain:
    """Return the declared domain, or the observed range with a margin that does not cross zero."""
    if spec.domain is not None:
        ends = [math.nan if bound is None else float(bound) for bound in spec.domain]
        return Domain(-math.inf if math.isnan(ends[0]) else ends[0], math.inf if math.isnan(ends[1]) else ends[1])
    margin = MARGIN * (high - low)
    return Domain(
        max(low - margin, 0.0) if low >= 0 else low - margin, min(high + margin, 0.0) if high <= 0 else high + margin
    )


def _score(spec: ScoreSpec, reference: ComponentSummary) -> ScoreReference:
    score = SCORES[spec.kind]
    value, samples = score.measure(reference)
    preference = spec.preference or score.preference
    slack = -SLACK * abs(value) if preference == "high" else SLACK * abs(value)
    return ScoreReference(spec, value, samples, value + slack if spec.threshold is None else spec.threshold, preference)


def label(value: object) -> str:
    """Return the category that a JSON value means: 3 and 3.0 are "3", true is "true"."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)
