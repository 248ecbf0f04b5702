"""From data to profiles: all at once where they are in memory, piece by piece where they are streams."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import reduce
from itertools import chain
from typing import Any

import numpy as np
from msgspec.structs import replace

from exporter.api.data import Data
from exporter.api.gather import columns, data_of
from exporter.api.pieces import is_stream, length, pick, pieces
from exporter.api.progress import Progress
from exporter.api.sequence import SequenceSimpleExtractor
from exporter.profile import Columns, Profile, ProfileError, ProfileSpec, build, merged, observe
from exporter.profile.attributions import attribution_specs
from exporter.profile.features import ATTRIBUTIONS
from exporter.profile.sample import LAST, Sample, most
from exporter.profile.values import Key, held

SHOWN = 1000  # rows of streams by which dtypes are found
SALT = 0x5A4  # a seed by itself may be the one that the data were drawn by
Given = Mapping[str, object]
Piece = Mapping[str, Any]
Prepare = Mapping[Key, SequenceSimpleExtractor]


def built(
    declare: Callable[[Mapping[str, Data]], ProfileSpec], given: Given, prepare: Prepare, seed: int, progress: Progress
) -> Profile:
    """Return the profile of data by role; ProfileError with all that is wrong.

    `declare` makes the spec, by the data where it leaves a dtype out: of streams, by their first rows. Of more rows in
    streams than `most` a sample is profiled.
    """
    parts = pieces(given)
    if any(map(is_stream, given.values())):
        first, parts = _shown(parts)
        spec = _explaining(declare, data_of(first, progress.watched))
        found = _sampled(spec, parts, prepare, seed, progress)
    else:
        data = data_of(next(parts), progress.watched)
        spec = _explaining(declare, data)
        found = columns([*spec.components, *attribution_specs(spec)], data, prepare)
    return build(spec, found, built=time.time(), seed=seed)


def _explaining(declare: Callable[[Mapping[str, Data]], ProfileSpec], data: Mapping[str, Data]) -> ProfileSpec:
    """Return the declared spec, with the features of the attributions that are among the data."""
    spec = declare(data)
    if ATTRIBUTIONS not in data:
        return spec
    names = data[ATTRIBUTIONS].names
    if dotted := [name for name in names if "." in name]:
        raise ProfileError(f"attributions of {dotted[0]!r}: a path leads to no name with a dot; rename the feature")
    return replace(spec, attributions=names)


def observed(profile: Profile, given: Given, prepare: Prepare, progress: Progress) -> Profile:
    """Return the profile of other data by role on the bins, categories and domains of a profile."""
    specs = [component.spec for component in profile.components]
    found = (columns(specs, data_of(part, progress.watched), prepare) for part in pieces(given))
    return reduce(merged, (observe(profile, part, built=time.time()) for part in found))


def _shown(parts: Iterator[Piece]) -> tuple[Piece, Iterator[Piece]]:
    """Return a piece that shows what the data are, the longest of the first ones, and all pieces."""
    first = [next(parts)]
    while sum(map(_rows, first)) < SHOWN and (part := next(parts, None)) is not None:
        first.append(part)
    return max(first, key=_rows), chain(first, parts)


def _sampled(spec: ProfileSpec, parts: Iterable[Piece], prepare: Prepare, seed: int, progress: Progress) -> Columns:
    sample, random = Sample(most(spec)), np.random.default_rng((seed, SALT))
    specs = {component.key: component for component in (*spec.components, *attribution_specs(spec))}
    for part in parts:
        rows = _rows(part)
        keys = random.integers(0, LAST, rows, np.uint64, endpoint=True)
        places = np.flatnonzero(keys <= sample.limit)
        chosen = part if len(places) == rows else {role: pick(data, places) for role, data in part.items()}
        found = columns(specs.values(), data_of(chosen, progress.watched), prepare)
        sample.add(keys[places], {key: held(specs[key], raw) for key, raw in found.values.items()})
    return Columns(sample.take()[1], held=True, sampled=sample.limit < LAST)


def _rows(part: Mapping[str, Any]) -> int:
    """Return the number of rows of a piece; ProfileError where the roles differ in it."""
    lengths = {role: length(data) for role, data in part.items()}
    if len(set(lengths.values())) > 1:
        raise ProfileError(f"the data differ in length: {', '.join(f'{n} of {role}' for role, n in lengths.items())}")
    return max(lengths.values(), default=0)
