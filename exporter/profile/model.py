"""A built profile, and its file: versioned JSON with a checksum, no pickle and no import paths in it."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

import msgspec

from exporter.profile import attributions
from exporter.profile.attributions import NONE, Attributions, AttributionsFile
from exporter.profile.component import (
    Component,
    ComponentFile,
    ProfileError,
    component_file,
    component_of,
    given,
    known,
)
from exporter.profile.detector import Detector
from exporter.profile.detector_file import DetectorFile, packed, unpacked
from exporter.profile.estimating import NOTHING, Estimators
from exporter.profile.scoring import ScoreSpec
from exporter.profile.spec import ProfileSpec, problems
from exporter.scores.score import Preference

FORMAT = "prediction-exporter/profile/1"


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

    `estimators` are what its scores are estimated with, `detectors` score how unusual a prediction is,
    `attributions` what its predictions are put down to. Between two of them were at most `longest_gap` seconds, NaN
    where that is not known. `associations` are how closely each input and the output went together, NaN unknown.
    """

    name: str
    version: str
    built: float
    components: tuple[Component, ...]
    scores: tuple[ScoreReference, ...]
    sha256: str = ""
    estimators: Estimators = NOTHING
    detectors: tuple[Detector, ...] = ()
    attributions: Attributions = NONE
    longest_gap: float = math.nan
    associations: Mapping[str, float] = field(default_factory=dict)


class _Score(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    spec: ScoreSpec
    reference: float | None
    samples: int
    threshold: float | None
    preference: Preference
    dummy: float | None = None


Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: str
    name: str
    version: str
    built: float
    components: list[ComponentFile]
    scores: list[_Score]
    sha256: str = ""
    estimators: Estimators | msgspec.UnsetType = msgspec.UNSET
    outliers: list[DetectorFile] | msgspec.UnsetType = msgspec.UNSET
    attributions: AttributionsFile | msgspec.UnsetType = msgspec.UNSET
    longest_gap: Annotated[float, msgspec.Meta(gt=0)] | msgspec.UnsetType = msgspec.UNSET
    associations: dict[str, Share | None] | msgspec.UnsetType = msgspec.UNSET


def dump(profile: Profile) -> bytes:
    """Return the profile's file: JSON, the same bytes for the same profile."""
    explained = profile.attributions
    file = _File(
        FORMAT,
        profile.name,
        profile.version,
        profile.built,
        [component_file(component) for component in profile.components],
        [_score_file(score) for score in profile.scores],
        estimators=msgspec.UNSET if profile.estimators == NOTHING else profile.estimators,
        outliers=[packed(detector) for detector in profile.detectors] or msgspec.UNSET,
        attributions=attributions.packed(explained) if explained.features else msgspec.UNSET,
        associations={name: known(value) for name, value in profile.associations.items()} or msgspec.UNSET,
        longest_gap=msgspec.UNSET if math.isnan(profile.longest_gap) else profile.longest_gap,
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


def _score_file(score: ScoreReference) -> _Score:
    reference, threshold = known(score.reference), known(score.threshold)
    return _Score(score.spec, reference, score.samples, threshold, score.preference, known(score.dummy))


def _profile(file: _File) -> Profile:
    features = file.attributions.features if file.attributions else []
    parts = [c.spec for c in file.components], [s.spec for s in file.scores]
    spec = ProfileSpec(file.name, file.version, *parts, features)
    if wrong := problems(spec):
        raise ProfileError(": ".join(wrong[0]))
    components = tuple(component_of(component) for component in file.components)
    scores = tuple(map(_score, file.scores))
    estimators = file.estimators or NOTHING
    extractors = {c.name: c.spec.eval_extractor() for c in components if c.spec.computed}
    for fault in estimators.faults(spec.scores, {c.spec.key: c.field for c in components}, extractors):
        raise ProfileError(fault)
    inputs = [component.name for component in components if component.role == "input" and component.spec.numeric]
    detectors = tuple(unpacked(detector, inputs) for detector in file.outliers or ())
    explained = attributions.unpacked(file.attributions) if file.attributions else NONE
    named, gap = (file.name, file.version, file.built), file.longest_gap or math.nan
    associations = {name: given(math.nan, value) for name, value in (file.associations or {}).items()}
    return Profile(*named, components, scores, file.sha256, estimators, detectors, explained, gap, associations)


def _score(file: _Score) -> ScoreReference:
    reference, threshold, dummy = (given(math.nan, value) for value in (file.reference, file.threshold, file.dummy))
    return ScoreReference(file.spec, reference, file.samples, threshold, file.preference, dummy)
