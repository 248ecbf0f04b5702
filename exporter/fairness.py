"""Whether a model treats the groups of a segment alike: differences and ratios of rates, with intervals.

Sources: Hardt, Price and Srebro, NeurIPS 29 (2016), equal opportunity and equalised odds; Newcombe, Statistics in
Medicine 17 (1998), intervals of differences; Katz et al., Biometrics 34 (1978), of ratios. Names are Fairlearn's.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from exporter.plan import Binary
from exporter.scores.intervals import Z, wilson
from exporter.scores.score import CELLS
from exporter.segments import MISSING, OTHER, View

LEAST = 100  # rows of a group, of which
LEAST_OF_RATE = 30  # are in the denominator of a rate,
LEAST_OF_RATIO = 5  # and are selected in both groups, where their ratio is taken
ALL = "__all__"


@dataclass(frozen=True, slots=True)
class Disparity:
    """A measure of a group against the reference group or the rest, its 95 % interval, and the rows of the group.

    The group `ALL` is the largest difference of any two groups, or the least ratio; it has no interval.
    """

    metric: str
    segment: str
    group: str
    window: str
    value: float
    lower: float = math.nan
    upper: float = math.nan
    samples: int = 0


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of rows: of the part in the whole."""

    part: int
    whole: int

    @property
    def value(self) -> float:
        """Return the share; NaN of nothing."""
        return self.part / self.whole if self.whole else math.nan


@dataclass(frozen=True, slots=True)
class Group:
    """Counts of a group: predictions, those of the positive class, and the cells of the labelled ones."""

    rows: int = 0
    selected: int = 0
    tp: int = 0
    fp: int = 0
    fn: int = 0
    tn: int = 0

    def __add__(self, other: "Group") -> "Group":
        pairs = zip(self.counts, other.counts, strict=True)
        return Group(*(a + b for a, b in pairs))

    @property
    def counts(self) -> tuple[int, ...]:
        """Return all counts."""
        return self.rows, self.selected, self.tp, self.fp, self.fn, self.tn

    def rate(self, name: str) -> Rate:
        """Return a rate by its name."""
        labelled = self.tp + self.fp + self.fn + self.tn
        return {
            "selection": Rate(self.selected, self.rows),
            "true_positive": Rate(self.tp, self.tp + self.fn),
            "false_positive": Rate(self.fp, self.fp + self.tn),
            "precision": Rate(self.tp, self.tp + self.fp),
            "error": Rate(self.fp + self.fn, labelled),
        }[name]


DIFFERENCES = {
    "demographic_parity_difference": "selection",
    "equal_opportunity_difference": "true_positive",
    "false_positive_rate_difference": "false_positive",
    "predictive_parity_difference": "precision",
    "error_rate_difference": "error",
}
METRICS = (*DIFFERENCES, "demographic_parity_ratio", "equalized_odds_difference")


def disparities(view: View, binary: Binary | None) -> Iterator[Disparity]:
    """Yield the measures of each group of a segment whose fairness is asked for."""
    segment = view.cut.segment
    if segment.fairness is None or binary is None:
        return
    named = {label: _group(view, label, binary) for label in view.seen if label not in (OTHER, MISSING)}
    groups = {label: group for label, group in named.items() if group.rows >= LEAST}
    reference = segment.fairness.reference
    for label, group in groups.items():
        rest = [other for name, other in named.items() if name != label and reference in (None, name)]
        if label != reference and rest:
            for metric, value, lower, upper in against(group, sum(rest, Group())):
                yield Disparity(metric, segment.name, label, view.window, value, lower, upper, group.rows)
    rows = sum(group.rows for group in groups.values())
    for metric, value in overall(list(groups.values())):
        yield Disparity(metric, segment.name, ALL, view.window, value, samples=rows)


def _group(view: View, label: str, binary: Binary) -> Group:
    outputs = view.predicted[label][view.cut.predicted.index(binary.output)].categories
    cells = view.joined[label][view.cut.joined.index(binary.cells)].categories
    if outputs is None or cells is None:
        return Group()
    return Group(outputs.n, int(outputs.counts[binary.positive]), *cells.counts[: len(CELLS)].tolist())


def against(group: Group, rest: Group) -> Iterator[tuple[str, float, float, float]]:
    """Yield name, value and 95 % interval of each measure of a group less, or over, that of the rest."""
    odds = []
    for metric, name in DIFFERENCES.items():
        one, other = group.rate(name), rest.rate(name)
        enough = min(one.whole, other.whole) >= LEAST_OF_RATE
        value = one.value - other.value if enough else math.nan
        odds += [abs(value)] if name in ("true_positive", "false_positive") else []
        yield (metric, value, *(newcombe(one, other) if enough else (math.nan, math.nan)))
    one, other = group.rate("selection"), rest.rate("selection")
    enough = min(one.whole, other.whole) >= LEAST_OF_RATE and min(one.part, other.part) >= LEAST_OF_RATIO
    ratio = one.value / other.value if enough else math.nan
    yield ("demographic_parity_ratio", ratio, *(katz(one, other) if enough else (math.nan, math.nan)))
    yield "equalized_odds_difference", math.nan if any(map(math.isnan, odds)) else max(odds), math.nan, math.nan


def overall(groups: Sequence[Group]) -> Iterator[tuple[str, float]]:
    """Yield the largest difference of each rate between any two groups, and the least ratio of selection rates."""
    spread = {name: _spread([group.rate(name) for group in groups]) for name in DIFFERENCES.values()}
    yield from ((metric, spread[name][1] - spread[name][0]) for metric, name in DIFFERENCES.items())
    low, high = spread["selection"]
    yield "demographic_parity_ratio", low / high if high > 0 else math.nan
    odds = [spread[name][1] - spread[name][0] for name in ("true_positive", "false_positive")]
    yield "equalized_odds_difference", math.nan if any(map(math.isnan, odds)) else max(odds)


def _spread(rates: Sequence[Rate]) -> tuple[float, float]:
    values = [rate.value for rate in rates if rate.whole >= LEAST_OF_RATE]
    return (min(values), max(values)) if len(values) == len(rates) > 1 else (math.nan, math.nan)


def newcombe(one: Rate, other: Rate) -> tuple[float, float]:
    """Return the 95 % interval of the difference of two shares."""
    (low, high), (below, above) = wilson(one.value, one.whole), wilson(other.value, other.whole)
    gap = one.value - other.value
    return gap - math.hypot(one.value - low, above - other.value), gap + math.hypot(
        high - one.value, other.value - below
    )


def katz(one: Rate, other: Rate) -> tuple[float, float]:
    """Return the 95 % interval of the ratio of two shares, both above 0."""
    ratio = one.value / other.value
    spread = Z * math.sqrt(1 / one.part - 1 / one.whole + 1 / other.part - 1 / other.whole)
    return ratio * math.exp(-spread), ratio * math.exp(spread)
