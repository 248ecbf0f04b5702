"""Segments as they are written: a path alone, or a mapping of what cuts the traffic and what is watched of slices."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated

import msgspec

from exporter.config.kinds import Checked, Written
from exporter.config.scalars import quote
from exporter.segments import VALUES, Condition, Fairness, Filter, Part, Ranges, Segment, Tag, parse_condition

_PATH = re.compile(r"[\w-]+(\.[\w-]+)+")


def parse_path(text: str) -> str:
    """Return a dotted path of the record."""
    if not _PATH.fullmatch(text):
        raise ValueError(f"{quote(text)} is not a path; write one such as tags.machine or input.region")
    return text


def _ascending(edges: Sequence[float]) -> None:
    if any(low >= high for low, high in pairwise(edges)):
        raise ValueError("must be ascending, such as [18, 30, 50]")


Path = Annotated[str, Written(parse_path)]
Few = Annotated[int, msgspec.Meta(ge=1, le=1000)]


class FairnessConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The group that others are held against; all others together where it is left out."""

    reference: str | None = None


class SegmentConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A segment: by the value at a path, by ranges of it (`edges`), by the values at two, or `where` a condition holds.

    `name` is its label, the last word of the path where it is left out; `values` are how many slices a tag may have
    beside that of all others; `components` are those whose drift and validity are watched by slice, all where it is
    left out.
    """

    by: Path | Annotated[list[Path], msgspec.Meta(min_length=2, max_length=2)] | None = None
    where: Annotated[Condition, Written(parse_condition)] | None = None
    name: str | None = None
    edges: Annotated[list[float], Checked(_ascending)] = []
    values: Few = VALUES
    components: list[str] | None = None
    fairness: FairnessConfig | None = None

    def segment(self) -> Segment:
        """Return the segment; ValueError where its parts do not go together."""
        name, parts = self._parts()
        components = None if self.components is None else tuple(self.components)
        fairness = None if self.fairness is None else Fairness(self.fairness.reference)
        return Segment(self.name or name, parts, self.values, components, fairness)

    def _parts(self) -> tuple[str, tuple[Part, ...]]:
        if (self.by is None) == (self.where is None):
            raise ValueError("needs either by (a path, or two) or where (a condition)")
        if self.where is not None:
            if self.name is None:
                raise ValueError("a segment by a condition needs a name")
            return "", (Filter(self.where),)
        paths = [self.by] if isinstance(self.by, str) else self.by or []
        name = " x ".join(path.rpartition(".")[2] for path in paths)
        if not self.edges:
            return name, tuple(map(Tag, paths))
        if len(paths) > 1:
            raise ValueError("edges are of one path")
        return name, (Ranges(paths[0], tuple(self.edges)),)


def segment_of(written: str | SegmentConfig) -> Segment:
    """Return the segment that is written."""
    return (SegmentConfig(by=written) if isinstance(written, str) else written).segment()


def check_segments(written: Sequence[str | SegmentConfig]) -> None:
    """Raise ValueError where a segment is none, or two have the same name."""
    names: set[str] = set()
    for place, one in enumerate(written):
        try:
            name = segment_of(one).name
        except ValueError as error:
            raise ValueError(f"[{place}]: {error}") from None
        if name in names:
            raise ValueError(f"[{place}]: there is a segment {name!r} already; give this one a name of its own")
        names.add(name)
