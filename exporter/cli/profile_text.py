"""What a profile holds, as text for people."""

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import numpy as np

from exporter.profile import Component, Profile, ScoreReference
from exporter.summaries import Categories, Domain, Histogram, Moments

BARS = "▁▂▃▄▅▆▇█"
CELLS = 24
TAIL = 0.01  # at either end of what a bar chart shows: one extreme value would squeeze the rest into one bar
NAMED = 3


def describe(profile: Profile) -> str:
    """Return the profile's components and scores as aligned text."""
    built = datetime.fromtimestamp(profile.built, UTC).strftime("%Y-%m-%d %H:%M UTC")
    head = ("role", "component", "dtype", "values", "invalid", "domain", "soft domain", "distribution")
    lines = [f"{profile.name} {profile.version}, built {built}, sha256 {profile.sha256}", ""]
    lines += aligned([head, *map(_row, profile.components)])
    if profile.scores:
        lines += [
            "",
            *aligned([("score", "reference", "records", "threshold", "better"), *map(_score, profile.scores)]),
        ]
    return "\n".join(lines)


def _row(component: Component) -> tuple[str, ...]:
    reference = component.reference
    presence = reference.presence
    invalid = f"{presence.invalid / presence.rows:.1%}" if presence.rows else "-"
    shape = ""
    if reference.categories is not None:
        shape = _shares(reference.categories)
    elif reference.histogram is not None and reference.moments is not None:
        shape = _density(reference.histogram, reference.moments)
    facts = component.dtype, f"{reference.n:,}", invalid, _domain(component), _soft(component), shape
    return component.role, _name(component), *facts


def _name(component: Component) -> str:
    """Return the name, with what makes the component more than others."""
    spec = component.spec
    marks = ["main"] * spec.main + [f"importance {short(spec.importance)}"] * (spec.importance != 1)
    return f"{component.name} ({', '.join(marks)})" if marks else component.name


def _domain(component: Component) -> str:
    measure = component.measure
    if measure.grid is None:
        return f"{len(measure.levels)} categories" + ("" if measure.complete else " and others")
    return _range(measure.domain)


def _soft(component: Component) -> str:
    return _range(component.soft) if component.measure.grid is not None else ""


def _range(domain: Domain) -> str:
    return f"[{short(domain.low)}, {short(domain.high)}]"


def _density(histogram: Histogram, moments: Moments) -> str:
    """Draw the density between two quantiles near the ends, and write them at its sides."""
    low, high = histogram.quantiles(np.array([TAIL, 1 - TAIL])).tolist()
    edges = np.linspace(low, high, CELLS + 1)
    cumulative = np.interp(edges, histogram.grid.edges, np.cumsum(histogram.counts)[:-1])
    bars = _bars(np.diff(cumulative).tolist()) if high > low else BARS[-1]
    return f"{short(low)} {bars} {short(high)}  mean {short(moments.mean)}"


def _shares(categories: Categories) -> str:
    """Draw the shares of the categories, the most frequent first, and name the first few."""
    total = max(categories.n, 1)
    ranked = sorted(zip(categories.counts.tolist(), categories.labels, strict=True), key=lambda pair: -pair[0])
    ranked = [pair for pair in ranked if pair[0]]
    named = ", ".join(f"{label} {count / total:.0%}" for count, label in ranked[:NAMED])
    more = f", {len(ranked) - NAMED} more" if len(ranked) > NAMED else ""
    return f"{_bars([count for count, _ in ranked[:CELLS]])}  {named}{more}"


def _bars(heights: Sequence[float]) -> str:
    top = max(heights, default=0) or 1
    return "".join(" " if not height else BARS[min(int(height / top * len(BARS)), len(BARS) - 1)] for height in heights)


def _score(score: ScoreReference) -> tuple[str, ...]:
    return (
        score.spec.name,
        short(score.reference),
        f"{score.samples:,}",
        short(score.threshold),
        {"high": "higher", "low": "lower"}[score.preference],
    )


def short(value: float) -> str:
    """Return a number in four digits, - where there is none."""
    return "-" if math.isnan(value) else f"{value:.4g}"


def aligned(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Yield the rows of a table as lines."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
