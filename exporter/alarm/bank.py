"""The streams of all components of a model, and which share of the false alarms each may cause."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from exporter.alarm.block import Block, Evidence
from exporter.alarm.counts import Hits, Levels, Numbers, Reader
from exporter.alarm.stream import Kind, Stream, Terms, shape, share
from exporter.batch import Floats
from exporter.summaries import ComponentSummary

SHAPE_WEIGHT = 0.8  # of a component's weight; the rest is for its missing values and new categories


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """A component: its reference, its share of the false alarms (relative to the others'), and how it is to be read.

    `harm` are the levels that are errors of the model, or `("high",)` of a loss: then only a rise is watched. `gaps`
    tells whether missing values matter, `complete` whether categories that the reference lacks are told from the rest.
    `dispersion` and `season` are those of `exporter.alarm.calibration`.
    """

    reference: ComponentSummary
    weight: float = 1.0
    harm: tuple[str, ...] = ()
    gaps: bool = True
    complete: bool = True
    dispersion: float = 1.0
    season: float = 0.0

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Return the streams that are watched of it."""
        levels = self.reference.categories is not None
        if self.harm:
            return ("loss",) if levels else ("shape",)
        return ("shape", *(("missing",) if self.gaps else ()), *(("new",) if levels and self.complete else ()))

    def part(self, kind: Kind) -> float:
        """Return the weight of one of its streams."""
        if len(self.kinds) == 1:
            return self.weight
        return self.weight * (SHAPE_WEIGHT if kind == "shape" else (1 - SHAPE_WEIGHT) / (len(self.kinds) - 1))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of a component: log10 of its evidence over the line; above 0 is an alarm.

    `kind` is the stream that says most, `since` when it probably left the reference (Unix seconds), `tolerance` the
    distance from the reference that is tolerated, on the scale of the population stability index.
    """

    evidence: float
    firing: bool
    tolerance: float
    kind: Kind
    since: float


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Streams whose counts are read alike: of which components, and of what kind."""

    block: Block
    reader: Reader
    places: tuple[int, ...]
    kinds: tuple[Kind, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Bank:
    """What is watched of the components of a model, in their order; `steps` is A, the steps to one false alarm."""

    steps: float
    tolerances: tuple[float, ...]
    parts: tuple[Part, ...]

    @classmethod
    def of(cls, watched: Sequence[Watched], tolerance: float, steps: float) -> "Bank":
        """Watch components; `tolerance` is on the scale of PSI, `steps` the mean time between false alarms, in steps.

        The guarantee is of all components together, whatever depends on what.
        """
        total = sum(one.weight for one in watched)
        parts = []
        for reader, kinds in _readers(watched):
            counts = reader.read([one.reference for one in watched])
            streams, lines = [], []
            for place, kind, bins, row in zip(reader.places, kinds, reader.bins.tolist(), counts, strict=True):
                inverse = total / watched[place].part(kind)
                streams.append(_stream(watched[place], kind, row[:bins], Terms(inverse, tolerance)))
                lines.append(math.log(steps * inverse))
            parts.append(Part(Block.of(streams, lines), reader, reader.places, kinds))
        return cls(steps, _tolerances(parts, len(watched)), tuple(parts))

    def start(self) -> tuple[Evidence, ...]:
        """Return the evidence before the first row."""
        return tuple(part.block.start() for part in self.parts)

    def step(
        self, evidence: Sequence[Evidence], totals: Sequence[ComponentSummary], now: float
    ) -> tuple[Evidence, ...]:
        """Take in what is new in the lifetime totals of the components, so that each row counts once."""
        return tuple(
            part.block.step(before, part.reader.read(totals), now)
            for part, before in zip(self.parts, evidence, strict=True)
        )

    def verdicts(self, evidence: Sequence[Evidence]) -> list[Verdict | None]:
        """Return what is known of each component; None of one that has had no step."""
        found: list[Verdict | None] = [None] * len(self.tolerances)
        for part, state in zip(self.parts, evidence, strict=True):
            height = (np.maximum(state.log_m, 0.0) - part.block.lines) / math.log(10)
            columns = (height, state.firing, state.since(), state.steps)
            rows = zip(part.places, part.kinds, *(column.tolist() for column in columns), strict=True)
            for place, kind, level, firing, since, steps in rows:
                before = found[place]
                if steps and (before is None or (firing, level) > (before.firing, before.evidence)):
                    found[place] = Verdict(level, firing, self.tolerances[place], kind, since)
        return found


def _readers(watched: Sequence[Watched]) -> Iterator[tuple[Numbers | Levels | Hits, tuple[Kind, ...]]]:
    references = [one.reference for one in watched]
    shapes = [i for i, one in enumerate(watched) if "shape" in one.kinds]
    numbers = [i for i in shapes if references[i].histogram is not None]
    levels = [i for i in shapes if references[i].histogram is None]
    if numbers:
        yield Numbers.of(references, numbers), tuple("shape" for _ in numbers)
    if levels:
        yield Levels.of(references, levels, [watched[i].complete for i in levels]), tuple("shape" for _ in levels)
    rates = [(i, kind) for i, one in enumerate(watched) for kind in one.kinds if kind != "shape"]
    if rates:
        places, kinds = zip(*rates, strict=True)
        yield Hits(places, tuple(_hits(watched[i], kind) for i, kind in rates)), kinds


def _hits(one: Watched, kind: Kind) -> tuple[int, ...] | None:
    categories = one.reference.categories
    if kind == "missing" or categories is None:
        return None
    if kind == "new":
        return (len(categories.levels),)
    return tuple(i for i, level in enumerate(categories.levels) if level in one.harm)


def _stream(one: Watched, kind: Kind, counts: Floats, terms: Terms) -> Stream:
    if kind == "shape":
        return shape(
            counts,
            terms,
            ordered=one.reference.histogram is not None,
            upward=bool(one.harm),
            dispersion=one.dispersion,
            season=one.season,
        )
    slack = terms.tolerance if kind == "loss" else terms.tolerance / 4
    return share(float(counts[1]), float(counts.sum()), terms, slack=slack, dispersion=one.dispersion)


def _tolerances(parts: Sequence[Part], components: int) -> tuple[float, ...]:
    found = [math.nan] * components
    for part in parts:
        for place, kind, radius in zip(part.places, part.kinds, part.block.radius.tolist(), strict=True):
            if kind == "shape":
                found[place] = radius * radius
    return tuple(found)
