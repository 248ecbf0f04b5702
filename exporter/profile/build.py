"""Builds a profile from reference columns."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from exporter.alarm import Unrest, unrest_of
from exporter.batch import Column, Field, Floats, value_of
from exporter.decoders.columns import label
from exporter.profile.association import reference_of
from exporter.profile.attributions import attribution_specs, explanation
from exporter.profile.component import Component, ProfileError
from exporter.profile.detecting import detectors_of
from exporter.profile.domain import OPEN, declared, learned, soft
from exporter.profile.dummy import constant, dummy_score
from exporter.profile.estimating import Estimators, Teacher
from exporter.profile.model import Profile, ScoreReference
from exporter.profile.reference import Columns
from exporter.profile.scoring import ScoreSpec, scored
from exporter.profile.spec import ComponentSpec, ProfileSpec, field_of, fixed_levels, problems
from exporter.profile.values import Key, Lessons, Raw, categories_of, column_of, counted, labelled, learns
from exporter.summaries import ComponentSummary, Domain, Grid, Measure
from exporter.summaries.categories import OTHER

CATEGORIES = 50
SLACK = 0.1  # of the reference's score, by which the default threshold is worse


def build(spec: ProfileSpec, columns: Columns, built: float, categories: int = CATEGORIES, seed: int = 0) -> Profile:
    """Build a profile; `built` is its time in Unix seconds. Raises ProfileError with all that is wrong.

    An extractor that learns is fitted to one half of the rows, drawn by `seed`, and its values are profiled on the
    other: on what it has learned by heart, an outlier score would look too good.
    """
    found = [f"{place}: {message}" for place, message in problems(spec)]
    lengths = {len(values) for values in columns.values.values()}
    if len(lengths) > 1:
        found.append(f"the columns differ in length: {sorted(lengths)}")
    found += [
        f"{component.resolved_role} {component.name} has no column"
        for component in (*spec.components, *attribution_specs(spec))
        if not component.computed and component.key not in columns.values
    ]
    if found:
        raise ProfileError("; ".join(found))
    profile = _Builder(_fitted(spec, columns, seed), columns, categories, seed).build(built)
    return replace(profile, attributions=explanation(spec, columns.values), longest_gap=columns.longest_gap)


def _half(rows: int, seed: int) -> NDArray[np.bool_]:
    """Return which rows an extractor learns from."""
    mask = np.zeros(rows, np.bool_)
    mask[np.random.default_rng(seed).permutation(rows)[: rows // 2]] = True
    return mask


def _fitted(spec: ProfileSpec, columns: Columns, seed: int) -> ProfileSpec:
    """Return the spec with each extractor that learns fitted to its half of the rows."""
    return msgspec.structs.replace(spec, components=[_fit(component, columns, seed) for component in spec.components])


def _fit(spec: ComponentSpec, columns: Columns, seed: int) -> ComponentSpec:
    if not learns(spec):
        return spec
    extractor: Any = spec.data_extractor()
    data: Any = columns.values[spec.key]
    rows = np.flatnonzero(_half(len(data), seed)).tolist()
    try:
        fitted = extractor.fit(Lessons(data, rows), seed)
    except Exception as error:  # a plug-in may raise anything
        raise ProfileError(f"{spec.resolved_role} {spec.name} cannot learn: {error}") from error
    ((name, _),) = (spec.extractor or {}).items()
    return msgspec.structs.replace(spec, extractor={name: msgspec.to_builtins(fitted)})


def _read(spec: ComponentSpec, columns: Columns) -> Raw:
    values = columns.of(spec)
    return values if spec.numeric else categories_of(spec, values)


class _Builder:
    def __init__(self, spec: ProfileSpec, columns: Columns, categories: int, seed: int) -> None:
        self._spec = spec
        self._limit = categories
        self._seed = seed
        self._raw = {s.key: _read(s, columns) for s in spec.components if not s.computed}
        self._levels = self._choose_levels()
        self._columns: dict[tuple[str, str], Column] = {}
        self._fields: dict[tuple[str, str], Field] = {}
        self._soft: dict[tuple[str, str], Domain] = {}

    def build(self, built: float) -> Profile:
        measures: dict[tuple[str, str], Measure] = {}
        failures = []
        for spec in sorted(self._spec.components, key=lambda c: c.computed):
            try:
                measures[spec.key] = self._measure(spec)
            except ValueError as error:
                failures.append(f"{spec.resolved_role} {spec.name}: {error}")
        if failures:
            raise ProfileError("; ".join(failures))
        components = [self._component(spec, measures[spec.key]) for spec in self._spec.components]
        references = {component.spec.key: component.reference for component in components}
        scores = [self._score(score, references, measures) for score in self._spec.scores]
        identity = self._spec.name, self._spec.version
        taught = _half(len(next(iter(self._columns.values()))), self._seed)
        return Profile(
            *identity,
            built,
            tuple(components),
            tuple(scores),
            estimators=self._estimators(),
            detectors=detectors_of(self._spec.components, self._columns, taught),
            associations={} if self._spec.attributions else reference_of(components, self._columns),
        )

    def _estimators(self) -> Estimators:
        extractors = {spec.name: spec.eval_extractor() for spec in self._spec.components if spec.computed}
        try:
            return Teacher(self._columns, self._fields, extractors, self._seed).estimators(self._spec.scores)
        except ValueError as error:
            raise ProfileError(str(error)) from error

    def _score(
        self, spec: ScoreSpec, references: Mapping[Key, ComponentSummary], measures: Mapping[Key, Measure]
    ) -> ScoreReference:
        keys = scored(spec, references)
        found = score_of(spec, [references[key] for key in keys])
        if all(role != "eval" for role, _ in keys):
            return found
        constants = [self._constant(key, measures[key]) if key[0] == "eval" else references[key] for key in keys]
        return replace(found, dummy=dummy_score(spec, constants))

    def _constant(self, key: Key, measure: Measure) -> ComponentSummary | None:
        """Summarise an eval component as if the output were always the same."""
        extractor = next(spec for spec in self._spec.components if spec.key == key).eval_extractor()
        output, actual = ("output", extractor.output), ("actual", extractor.actual)
        fields = self._fields[output], self._fields[actual]
        try:
            column = constant(extractor, *fields, self._columns[actual])
            return None if column is None else measure.of(extractor.bind(*fields)(column, self._columns[actual]))
        except Exception:  # noqa: BLE001 - a plug-in may raise anything; what it makes of the real output is sound
            return None

    def _choose_levels(self) -> dict[tuple[str, str], tuple[tuple[str, ...], bool]]:
        """Return each category component's levels and whether they are all; what is compared shares its levels."""
        counters = {
            s.key: counted(s, self._raw[s.key]) for s in self._spec.components if not s.computed and not s.numeric
        }
        for spec in self._spec.components:
            if spec.computed and not spec.numeric:
                extractor = spec.eval_extractor()
                pair = [("output", extractor.output), ("actual", extractor.actual)]
                together = sum((counters[key] for key in pair if key in counters), Counter[str]())
                counters.update({key: together for key in pair if key in counters})
        return {s.key: self._levels_of(s, counters[s.key]) for s in self._spec.components if s.key in counters}

    def _levels_of(self, spec: ComponentSpec, counter: Counter[str]) -> tuple[tuple[str, ...], bool]:
        if fixed := fixed_levels(spec):
            return fixed, True
        if spec.domain is not None:
            return tuple(label(value) for value in spec.domain), True
        ranked = sorted(counter.keys() - {OTHER}, key=lambda level: (-counter[level], level))
        levels = tuple(ranked[: self._limit])
        return levels, len(levels) == len(counter)

    def _measure(self, spec: ComponentSpec) -> Measure:
        column, measure = self._eval(spec) if spec.computed else self._logged(spec)
        if measure.grid is None and not measure.of(column).n:
            raise ValueError("the reference has no valid value of it")
        self._columns[spec.key] = column
        self._fields[spec.key] = field_of(spec, measure.levels if measure.grid is None else None)
        return measure

    def _component(self, spec: ComponentSpec, measure: Measure) -> Component:
        column = value_of(self._columns[spec.key])
        if spec.resolved_role in ("actual", "eval"):
            column = column[labelled(self._columns)]
        elif learns(spec):
            column = column[~_half(len(column), self._seed)]
        reference = measure.of(column)
        unrest = unrest_of(reference, column, complete=measure.complete) if reference.n else Unrest()
        return Component(spec, self._fields[spec.key], measure, reference, self._soft.get(spec.key, OPEN), unrest)

    def _logged(self, spec: ComponentSpec) -> tuple[Column, Measure]:
        raw = self._raw[spec.key]
        if spec.numeric:
            values = column_of(spec, raw, ())
            return values, self._numeric(spec, value_of(values))
        levels, complete = self._levels[spec.key]
        return column_of(spec, raw, levels), Measure(levels=levels, complete=complete)

    def _eval(self, spec: ComponentSpec) -> tuple[Column, Measure]:
        extractor = spec.eval_extractor()
        keys = ("output", extractor.output), ("actual", extractor.actual)
        if missing := [f"{role} {name}" for role, name in keys if (role, name) not in self._columns]:
            raise ValueError(f"{' and '.join(missing)} could not be built")
        output, actual = (self._columns[key] for key in keys)
        try:
            column = extractor.bind(*(self._fields[key] for key in keys))(output, actual)
        except ValueError:
            raise
        except Exception as error:  # a plug-in may raise anything
            raise ValueError(f"{type(error).__name__}: {error}") from error
        levels = extractor.levels()
        if levels is None and hasattr(extractor, "edges"):
            return column, self._on(np.array(extractor.edges(), np.float64), spec, column)
        if levels is None:
            return column, self._numeric(spec, column)
        return column, Measure(levels=levels)

    def _on(self, edges: Floats, spec: ComponentSpec, values: Floats) -> Measure:
        if not np.isfinite(values).any():
            raise ValueError("the reference has no valid number of it")
        domain = Domain(float(edges[0]), float(edges[-1]))
        self._soft[spec.key] = domain
        return Measure(Grid.fixed(edges), domain=domain)

    def _numeric(self, spec: ComponentSpec, values: Floats) -> Measure:
        finite = np.sort(values[np.isfinite(values)])
        if not len(finite):
            raise ValueError("the reference has no valid number of it")
        domain = learned(finite) if spec.domain is None else declared(spec.domain)
        self._soft[spec.key] = soft(finite, domain) if spec.soft_domain is None else declared(spec.soft_domain)
        return Measure(Grid.of_sorted(finite), domain=domain)


def score_of(spec: ScoreSpec, references: Sequence[ComponentSummary]) -> ScoreReference:
    """Return a score of the reference, with its threshold; ProfileError where the score fails."""
    score = spec.resolved()
    try:
        found = score.measure(*references)
        value = float(found.value)
    except Exception as error:  # a plug-in may raise anything
        raise ProfileError(f"score {spec.name}: {type(error).__name__}: {error}") from error
    preference = spec.preference or score.preference
    slack = -SLACK * abs(value) if preference == "high" else SLACK * abs(value)
    return ScoreReference(
        spec, value, found.samples, value + slack if spec.threshold is None else spec.threshold, preference
    )
