"""What a segment is: by a tag, by ranges of a number, by a condition, or by two of these together."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from exporter.segments.condition import Condition

VALUES = 20
MISSING = "__missing__"


@dataclass(frozen=True, slots=True)
class Tag:
    """Rows by the text or number at a dotted path of the record."""

    path: str


@dataclass(frozen=True, slots=True)
class Ranges:
    """Rows by the number at a path: less than the first edge, from each edge to below the next, from the last on."""

    path: str
    edges: tuple[float, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the label of each range."""
        texts = [f"{edge:.12g}" for edge in self.edges]
        between = (f"{low}-{high}" for low, high in pairwise(texts))
        return (f"<{texts[0]}", *between, f">={texts[-1]}")


@dataclass(frozen=True, slots=True)
class Filter:
    """Rows by whether a condition holds."""

    condition: Condition


Part = Tag | Ranges | Filter


@dataclass(frozen=True, slots=True)
class Fairness:
    """Groups of a segment are to be treated alike: each is held against the `reference` group, or against the rest."""

    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """A way to cut the traffic into slices; more than one part cuts by all of them together.

    Of a tag the `values` most frequent are told apart. `components` are the names of those whose drift and validity
    are watched by slice, None for all of them.
    """

    name: str
    parts: tuple[Part, ...]
    values: int = VALUES
    components: tuple[str, ...] | None = None
    fairness: Fairness | None = None

    @property
    def slices(self) -> int:
        """Return how many slices there may be, with that of other values and that of missing ones."""
        (part, *others) = self.parts
        if others or isinstance(part, Tag):
            return self.values + 2
        return len(part.labels) + 1 if isinstance(part, Ranges) else len(TRUTH) + 1


TRUTH = ("false", "true")


def tags(segments: tuple[Segment, ...]) -> tuple[str, ...]:
    """Return the paths of tags, each once."""
    parts = (part for segment in segments for part in segment.parts)
    return tuple(dict.fromkeys(part.path for part in parts if isinstance(part, Tag)))


def columns(segments: tuple[Segment, ...]) -> Iterator[tuple[str, tuple[str, ...] | None]]:
    """Yield path and levels (None: it is a number) of each column that ranges and conditions read."""
    for part in (part for segment in segments for part in segment.parts):
        if isinstance(part, Ranges):
            yield part.path, None
        elif isinstance(part, Filter):
            yield from part.condition.columns
