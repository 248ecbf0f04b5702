"""What is wrong with data, whatever its distribution: stuck and repeated values, fields, times, units, broken rules."""

from exporter.quality.clock import MARGIN
from exporter.quality.expectation import Consecutive, Expectation, Matches, Monotone, NotNull, Rule, Sum, That, Unique
from exporter.quality.flagged import Flag, Origin
from exporter.quality.inspector import Inspector, Quality
from exporter.quality.outliers import LEVEL, OutlierStep, Tally, step_of
from exporter.quality.runs import stuck_from
from exporter.quality.shape import CHANGES
from exporter.quality.slips import SLIPS, slip

__all__ = [
    "CHANGES",
    "LEVEL",
    "MARGIN",
    "SLIPS",
    "Consecutive",
    "Expectation",
    "Flag",
    "Inspector",
    "Matches",
    "Monotone",
    "NotNull",
    "Origin",
    "OutlierStep",
    "Quality",
    "Rule",
    "Sum",
    "Tally",
    "That",
    "Unique",
    "slip",
    "step_of",
    "stuck_from",
]
