"""Segments: slices of the traffic, each with the same summaries as the whole."""

from exporter.segments.coder import Coder
from exporter.segments.condition import Condition, parse_condition
from exporter.segments.definition import (
    MISSING,
    VALUES,
    Fairness,
    Filter,
    Part,
    Ranges,
    Segment,
    Tag,
    columns,
    tags,
)
from exporter.segments.slices import Arrived, Cut, Cutter, Slice, Slices
from exporter.segments.view import FLOOR, View, others, seen
from exporter.segments.vocabulary import OTHER, Vocabulary

__all__ = [
    "FLOOR",
    "MISSING",
    "OTHER",
    "VALUES",
    "Arrived",
    "Coder",
    "Condition",
    "Cut",
    "Cutter",
    "Fairness",
    "Filter",
    "Part",
    "Ranges",
    "Segment",
    "Slice",
    "Slices",
    "Tag",
    "View",
    "Vocabulary",
    "columns",
    "others",
    "parse_condition",
    "seen",
    "tags",
]
