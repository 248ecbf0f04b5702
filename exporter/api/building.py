"""From data to profiles: all at once where they are in memory, piece by piece where they are streams."""

import time
from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from itertools import chain
from typing import Any

import numpy as np

from exporter.api.data import Data
from exporter.api.gather import columns, data_of
from exporter.api.pieces import is_stream, length, pick, pieces
from exporter.api.progress import Progress
from exporter.api.sequence import SequenceSimpleExtractor
from exporter.profile import Columns, Profile, ProfileError, ProfileSpec, build, merged, observe
from exporter.profile.sample import LAST, Sample, most
from exporter.profile.values import Key, held

Given = Mapping[str, object]
Piece = Mapping[str, Any]
Prepare = Mapping[Key, SequenceSimpleExtractor]


def built(
    declare: Callable[[Mapping[str, Data]], ProfileSpec], given: Given, prepare: Prepare, seed: int, progress: Progress
) -> Profile:
    """Return the profile of data by role; ProfileError with all that is wrong.

    `declare` makes the spec, by the data where it leaves a dtype out: of streams, by their first piece. Of more rows in
    streams than `most` a sample is profiled.
    """
    first, parts = _parts(given)
    data = data_of(first, progress.watched)
    spec = declare(data)
    streams = any(map(is_stream, given.values()))
    found = _sampled(spec, parts, prepare, seed, progress) if streams else columns(spec.components, data, prepare)
    return build(spec, found, built=time.time(), seed=seed)


def observed(profile: Profile, given: Given, prepare: Prepare, progress: Progress) -> Profile:
    """Return the profile of other data by role on the bins, categories and domains of a profile."""
    specs = [component.spec for component in profile.components]
    found = (columns(specs, data_of(part, progress.watched), prepare) for part in _parts(given)[1])
    return reduce(merged, (observe(profile, part, built=time.time()) for part in found))


def _parts(given: Given) -> tuple[Piece, Iterable[Piece]]:
    """Return the first piece of data by role, and all of them."""
    parts = pieces(given)
    first: Piece = next(parts, {role: [] for role, data in given.items() if data is not None})
    return first, chain([first], parts)


def _sampled(spec: ProfileSpec, parts: Iterable[Piece], prepare: Prepare, seed: int, progress: Progress) -> Columns:
    sample, random = Sample(most(spec)), np.random.default_rng(seed)
    specs = {component.key: component for component in spec.components}
    for part in parts:
        rows = _rows(part)
        keys = random.integers(0, LAST, rows, np.uint64, endpoint=True)
        places = np.flatnonzero(keys <= sample.limit)
        chosen = part if len(places) == rows else {role: pick(data, places) for role, data in part.items()}
        found = columns(spec.components, data_of(chosen, progress.watched), prepare)
        sample.add(keys[places], {key: held(specs[key], raw) for key, raw in found.values.items()})
    return Columns(sample.take()[1], held=True, sampled=sample.limit < LAST)


def _rows(part: Mapping[str, Any]) -> int:
    """Return the number of rows of a piece; ProfileError where the roles differ in it."""
    lengths = {role: length(data) for role, data in part.items()}
    if len(set(lengths.values())) > 1:
        raise ProfileError(f"the data differ in length: {', '.join(f'{n} of {role}' for role, n in lengths.items())}")
    return max(lengths.values(), default=0)
