"""A built profile, and its file: versioned JSON with a checksum, no pickle and no import paths in it."""

import hashlib
import math
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import numpy as np

from exporter.alarm import CALM, Unrest
from exporter.batch import Field
from exporter.profile.domain import OPEN, declared
from exporter.profile.estimating import NOTHING, Estimators
from exporter.profile.scoring import ScoreSpec
from exporter.profile.spec import CATEGORIES, ComponentSpec, ProfileSpec, field_of, fixed_levels, problems
from exporter.scores.score import Preference
from exporter.summaries import Categories, ComponentSummary, Domain, Grid, Histogram, Measure, Moments, Presence
from exporter.summaries.categories import OTHER
from exporter.summaries.histogram import FINE_EDGES, OUTER_EDGES

FORMAT = "prediction-exporter/profile/1"
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


@dataclass(frozen=True, slots=True)
class ScoreReference:
    """A score with its value on the reference (NaN where undefined), the records behind it, and its threshold.

    `dummy` is the score of a model that always says the same, NaN where there is none.
    """

    spec: ScoreSpec
    reference: float
    samples: int
    threshold: float
    preference: Preference
    dummy: float = math.nan


@dataclass(frozen=True, slots=True)
class Profile:
    """The components and scores of one model and version; `built` is Unix seconds, `sha256` the file's checksum.

    `estimators` are what its scores are estimated with.
    """

    name: str
    version: str
    built: float
    components: tuple[Component, ...]
    scores: tuple[ScoreReference, ...]
    sha256: str = ""
    estimators: Estimators = NOTHING


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


class _Component(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    spec: ComponentSpec
    presence: dict[str, int]
    numbers: _Numbers | None = None
    categories: _Levels | None = None
    dispersion: float = 1.0
    season: float = 0.0


class _Score(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    spec: ScoreSpec
    reference: float | None
    samples: int
    threshold: float | None
    preference: Preference
    dummy: float | None = None


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: str
    name: str
    version: str
    built: float
    components: list[_Component]
    scores: list[_Score]
    sha256: str = ""
    estimators: Estimators | msgspec.UnsetType = msgspec.UNSET


def dump(profile: Profile) -> bytes:
    """Return the profile's file: JSON, the same bytes for the same profile."""
    file = _File(
        FORMAT,
        profile.name,
        profile.version,
        profile.built,
        [_component_file(component) for component in profile.components],
        [_score_file(score) for score in profile.scores],
        estimators=msgspec.UNSET if profile.estimators == NOTHING else profile.estimators,
    )
    file = msgspec.json.decode(_encode(file), type=_File)  # whole numbers become what a reader takes them for
    return msgspec.json.format(_encode(msgspec.structs.replace(file, sha256=_checksum(file))), indent=1) + b"\n"


def load(data: bytes) -> Profile:
    """Read a profile's file; raises ProfileError, and nothing else, where it is not one."""
    try:
        return _profile(_file(data))
    except ProfileError:
        raise
    except (msgspec.MsgspecError, RecursionError, ValueError, OverflowError, TypeError) as error:
        raise ProfileError(f"it is not a profile: {error}") from None


def _file(data: bytes) -> _File:
    version = msgspec.json.decode(data, type=_Version).format
    if version != FORMAT:
        raise ProfileError(f"its format is {version!r}, this version reads {FORMAT}: build the profile anew")
    file = msgspec.json.decode(data, type=_File)
    if file.sha256 != _checksum(file):
        raise ProfileError("its checksum does not fit: it was damaged or edited; build the profile anew")
    return file


class _Version(msgspec.Struct, frozen=True):
    format: str


def _encode(file: _File) -> bytes:
    return msgspec.json.encode(file, order="sorted")


def _checksum(file: _File) -> str:
    return hashlib.sha256(_encode(msgspec.structs.replace(file, sha256=""))).hexdigest()


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _score_file(score: ScoreReference) -> _Score:
    reference, threshold = _known(score.reference), _known(score.threshold)
    return _Score(score.spec, reference, score.samples, threshold, score.preference, _known(score.dummy))


def _component_file(component: Component) -> _Component:
    reference, measure, rest = component.reference, component.measure, component.unrest
    presence = {"rows": reference.presence.rows, **reference.presence.reasons()}
    if reference.categories is not None:
        counts = reference.categories.counts.tolist()
        levels = _Levels(list(measure.levels), measure.complete, counts)
        return _Component(component.spec, presence, categories=levels, dispersion=rest.dispersion, season=rest.season)
    if reference.histogram is None or reference.moments is None:
        raise ProfileError(f"component {component.name} has no reference")
    grid, moments = reference.histogram.grid, reference.moments
    numbers = _Numbers(
        low=_known(measure.domain.low),
        high=_known(measure.domain.high),
        soft_low=_known(component.soft.low),
        soft_high=_known(component.soft.high),
        n=moments.n,
        total=_known(moments.total),
        m2=_known(moments.m2),
        minimum=_known(moments.low),
        maximum=_known(moments.high),
        edges=grid.edges.tolist(),
        outer=grid.outer.tolist(),
        atoms=np.flatnonzero(grid.atoms).tolist(),
        counts=reference.histogram.counts.tolist(),
    )
    return _Component(component.spec, presence, numbers=numbers, dispersion=rest.dispersion, season=rest.season)


def _profile(file: _File) -> Profile:
    spec = ProfileSpec(file.name, file.version, [c.spec for c in file.components], [s.spec for s in file.scores])
    if wrong := problems(spec):
        raise ProfileError(": ".join(wrong[0]))
    components = tuple(_component(component) for component in file.components)
    scores = tuple(map(_score, file.scores))
    estimators = file.estimators or NOTHING
    extractors = {c.name: c.spec.eval_extractor() for c in components if c.spec.computed}
    for fault in estimators.faults(spec.scores, {c.spec.key: c.field for c in components}, extractors):
        raise ProfileError(fault)
    return Profile(file.name, file.version, file.built, components, scores, file.sha256, estimators)


def _score(file: _Score) -> ScoreReference:
    reference, threshold, dummy = (_or(math.nan, value) for value in (file.reference, file.threshold, file.dummy))
    return ScoreReference(file.spec, reference, file.samples, threshold, file.preference, dummy)


def _or(other: float, value: float | None) -> float:
    return other if value is None else value


def _component(file: _Component) -> Component:
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


def _unrest(file: _Component) -> Unrest:
    if not (1 <= file.dispersion <= WHOLE and 0 <= file.season <= WHOLE):
        raise ProfileError(f"component {file.spec.name}: its dispersion is not from 1, or its season not from 0")
    return Unrest(file.dispersion, file.season)


def _moments(name: str, numbers: _Numbers) -> Moments:
    if numbers.n == 0 and numbers.minimum is None and numbers.maximum is None:
        return Moments()
    low, high = _or(math.inf, numbers.minimum), _or(-math.inf, numbers.maximum)
    if not 1 <= numbers.n < WHOLE or low > high or _or(0.0, numbers.m2) < 0:
        raise ProfileError(f"component {name}: no numbers have its count, spread and extremes")
    return Moments(numbers.n, _or(math.nan, numbers.total), _or(math.nan, numbers.m2), low, high)


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
