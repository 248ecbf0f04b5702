"""What is wrong with data, whatever its distribution: stuck and repeated values, fields, times, units, broken rules."""

from exporter.quality.expectation import Expectation, Matches, Monotone, NotNull, Rule, Sum, That, Unique
from exporter.quality.flagged import LOOK, Flag
from exporter.quality.inspector import Inspector, Quality
from exporter.quality.runs import stuck_from
from exporter.quality.shape import CHANGES
from exporter.quality.slips import SLIPS, slip

__all__ = [
    "CHANGES",
    "LOOK",
    "SLIPS",
    "Expectation",
    "Flag",
    "Inspector",
    "Matches",
    "Monotone",
    "NotNull",
    "Quality",
    "Rule",
    "Sum",
    "That",
    "Unique",
    "slip",
    "stuck_from",
]
