"""Profiles other data on the bins, categories and domains of a built profile, so that the two compare."""

from dataclasses import replace

from exporter.batch import Column, value_of
from exporter.profile.build import score_of
from exporter.profile.component import Component
from exporter.profile.model import Profile, ScoreReference
from exporter.profile.reference import Columns
from exporter.profile.scoring import scored
from exporter.profile.values import Key, column_of, labelled


def observe(profile: Profile, columns: Columns, built: float) -> Profile:
    """Return the profile of columns; `built` is its time in Unix seconds.

    Components without a column are left out, and with them what is computed from them. Nothing is learned: what is
    outside of the reference's domain is invalid here too.
    """
    found = columns_by(profile, columns)
    components = tuple(_observed(c, found) for c in profile.components if c.spec.key in found)
    scores = _scores(profile, components)
    return Profile(profile.name, profile.version, built, components, scores, estimators=profile.estimators)


def columns_by(profile: Profile, columns: Columns) -> dict[Key, Column]:
    """Return the columns of a profile's components as it reads them, those included that are computed from others."""
    found: dict[Key, Column] = {}
    for component in profile.components:
        key = component.spec.key
        if not component.spec.computed and key in columns.values:
            found[key] = column_of(component.spec, columns.of(component.spec), component.measure.levels)
    for component in profile.components:
        if component.spec.computed:
            _compute(component, profile, found)
    return found


def merged(one: Profile, other: Profile) -> Profile:
    """Return the profile of two parts of data that `observe` has profiled."""
    pairs = zip(one.components, other.components, strict=True)
    components = tuple(replace(mine, reference=mine.reference + its.reference) for mine, its in pairs)
    return replace(other, components=components, scores=_scores(one, components))


def _scores(profile: Profile, components: tuple[Component, ...]) -> tuple[ScoreReference, ...]:
    """Return the scores of what has been observed, with the thresholds of the reference."""
    references = {component.spec.key: component.reference for component in components}
    known = [component.spec.key for component in profile.components]
    return tuple(
        replace(score_of(score.spec, [references[key] for key in keys]), threshold=score.threshold, dummy=score.dummy)
        for score in profile.scores
        for keys in [scored(score.spec, known)]
        if all(key in references for key in keys)
    )


def _compute(component: Component, profile: Profile, found: dict[Key, Column]) -> None:
    extractor = component.spec.eval_extractor()
    keys = ("output", extractor.output), ("actual", extractor.actual)
    if all(key in found for key in keys):
        fields = {other.spec.key: other.field for other in profile.components}
        output, actual = keys
        found[component.spec.key] = extractor.bind(fields[output], fields[actual])(found[output], found[actual])


def _observed(component: Component, found: dict[Key, Column]) -> Component:
    column = value_of(found[component.spec.key])
    joined = component.role in ("actual", "eval")
    return replace(component, reference=component.measure.of(column[labelled(found)] if joined else column))
