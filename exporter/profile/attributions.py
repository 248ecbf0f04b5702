"""How much each feature contributed to the predictions of the reference, by the attributions that it carries."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import msgspec
import numpy as np

from exporter.batch import Column, Field, Floats
from exporter.profile.component import ProfileError
from exporter.profile.features import ATTRIBUTIONS
from exporter.profile.spec import ComponentSpec, ProfileSpec
from exporter.profile.values import Key, Raw, column_of
from exporter.summaries import Grid, Measure, Moments

LEAST = 30  # explained rows
MEASURE = Measure(Grid(np.zeros(1), np.zeros(1, np.intp), np.zeros(2, np.bool_)))


@dataclass(frozen=True, slots=True, eq=False)
class Attributions:
    """The mean absolute attribution of each of F features, its standard error, and the rows that carry attributions.

    `means` and `errors` have the shape (F,).
    """

    features: tuple[str, ...]
    means: Floats
    errors: Floats
    samples: int

    @property
    def signature(self) -> str:
        """Return what tells the features from all others."""
        return blake2b("\n".join(self.features).encode(errors="replace"), digest_size=6).hexdigest()

    def fields(self) -> tuple[Field, ...]:
        """Return the columns that hold the attributions of a record."""
        return tuple(Field(spec.name, "input", spec.element) for spec in _specs(self.features))


class AttributionsFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Attributions as they are written."""

    features: list[str]
    means: list[float]
    errors: list[float]
    samples: int


NONE = Attributions((), np.zeros(0), np.zeros(0), 0)


def attribution_specs(spec: ProfileSpec) -> list[ComponentSpec]:
    """Return the columns of a reference that hold its attributions, as if they were components."""
    return list(_specs(spec.attributions))


def _specs(features: Sequence[str]) -> Iterator[ComponentSpec]:
    for feature in features:
        yield ComponentSpec(feature, f"{ATTRIBUTIONS}.{feature}", dtype="float")


def explained(columns: Sequence[Column]) -> list[Floats]:
    """Return the absolute attributions of the rows that carry any, of columns of shape (rows,).

    A feature that such a row leaves out contributed nothing to it.
    """
    known = ~np.isnan(columns)
    rows = known.any(axis=0)
    return [np.where(here[rows], np.abs(column[rows]), 0.0) for here, column in zip(known, columns, strict=True)]


def explanation(spec: ProfileSpec, values: Mapping[Key, Raw]) -> Attributions:
    """Return the attributions of a reference; ProfileError where a spec has features that it does not explain."""
    if not spec.attributions:
        return NONE
    columns = [column_of(one, values[one.key], ()) for one in attribution_specs(spec)]
    moments = [Moments.of(column) for column in explained(columns)]
    samples = moments[0].n
    if samples < LEAST:
        raise ProfileError(f"{samples} records of the reference carry attributions; it takes {LEAST}")
    means, errors = (np.array(part) for part in zip(*map(estimate, moments), strict=True))
    if not (means > 0).any() or not np.isfinite([means, errors]).all():
        raise ProfileError("the attributions of the reference are all 0, or too large")
    return Attributions(tuple(spec.attributions), means, errors, samples)


def estimate(moments: Moments) -> tuple[float, float]:
    """Return a mean and its standard error."""
    return moments.mean, moments.deviation / np.sqrt(max(moments.n, 1))


def packed(attributions: Attributions) -> AttributionsFile:
    """Return attributions as they are written."""
    means, errors = attributions.means.tolist(), attributions.errors.tolist()
    return AttributionsFile(list(attributions.features), means, errors, attributions.samples)


def unpacked(file: AttributionsFile) -> Attributions:
    """Return what was written; ValueError where it cannot be attributions."""
    numbers = file.means + file.errors
    fits = len(file.features) == len(file.means) == len(file.errors) > 0
    if not fits or not np.isfinite(numbers).all() or min(numbers) < 0 or max(file.means) == 0 or file.samples < LEAST:
        raise ValueError("its attributions are not a mean and an error from 0 for each feature")
    return Attributions(tuple(file.features), np.array(file.means), np.array(file.errors), file.samples)
