"""Says of each component what has changed, since when and how surely: the most important first."""

import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, Literal

import numpy as np

from exporter.alarm import Verdict
from exporter.evaluate import ComponentReading, Evaluation
from exporter.plan import ModelPlan
from exporter.profile import Component
from exporter.summaries import ComponentSummary
from exporter.windows import Summaries, WindowSpec

Severity = Literal["none", "unknown", "info", "warning", "critical"]
PSI_LIMITS, RISE_LIMITS = (0.25, 0.1), (0.2, 0.05)  # critical from, warning from
LEVELS: Final[tuple[Severity, ...]] = ("info", "warning", "critical")
BINS = 3  # that are named
WORTH = 0.005  # of all values: what moved less is not named
ABSENT = ("missing", "type", "extractor")


@dataclass(frozen=True, slots=True)
class Bin:
    """A bucket or category, and its share in the reference and in the window."""

    name: str
    reference: float
    window: float


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known of one component in one window.

    `alarm` is that of the evidence, which knows no window; `evidence`, `kind` and `since` (Unix seconds) are its own,
    None before it has any. `effect` is the PSI less what noise alone would make of it, None where the sample is too
    small. `bins` are those that have moved most.
    """

    component: str
    role: str
    alarm: bool
    severity: Severity
    evidence: float | None
    kind: str | None
    since: float | None
    effect: float | None
    drift: dict[str, float]
    samples: int
    bins: tuple[Bin, ...]
    text: str


def explain(
    plan: ModelPlan, spec: WindowSpec, windows: Sequence[Mapping[str, Summaries]], evaluation: Evaluation
) -> list[Finding]:
    """Return findings of a window, given those of predictions and of outcomes by label."""
    components = (*plan.prediction_components, *plan.outcome_components)
    verdicts = {component.spec.key: verdict for component, verdict in evaluation.alarms}
    readings = {r.component.spec.key: r for r in evaluation.components if r.window == spec.label}
    totals = [summary for stream in windows for summary in stream[spec.base]]
    references = [c.reference for c in components]
    if spec.earlier is not None:
        references = [summary for stream in windows for summary in stream[spec.label]]
    found = [
        _finding(
            replace(component, reference=reference),
            summary,
            readings[component.spec.key],
            verdicts.get(component.spec.key),
        )
        for component, summary, reference in zip(components, totals, references, strict=True)
    ]
    return sorted(found, key=_urgency)


def _urgency(finding: Finding) -> tuple[bool, float, float]:
    return not finding.alarm, -(finding.effect or 0.0), -(finding.evidence or -math.inf)


def _finding(
    component: Component, window: ComponentSummary, reading: ComponentReading, verdict: Verdict | None
) -> Finding:
    drift = {name: value for name, value in reading.drift.items() if not math.isnan(value)}
    effect = max(drift["psi"] - reading.noise["psi"], 0.0) if "psi" in drift else None
    reference, kind = component.reference, None if verdict is None else verdict.kind
    alarm = verdict is not None and verdict.firing
    return Finding(
        component.name,
        component.role,
        alarm,
        _severity(effect, _rise(kind, component, window)) if alarm else "none",
        None if verdict is None else verdict.evidence,
        kind,
        verdict.since if verdict is not None and alarm else None,
        effect,
        drift,
        reading.samples,
        tuple(moved(reference, window)),
        _text(component, window, kind if alarm else None),
    )


def _severity(effect: float | None, rise: float) -> Severity:
    """Return how bad an alarm is: by the debiased PSI of a distribution or by how much a share has risen, the worse."""
    known = [(effect, PSI_LIMITS)] if effect is not None and not math.isnan(effect) else []
    known += [] if math.isnan(rise) else [(rise, RISE_LIMITS)]
    if not known:
        return "unknown"
    reached = [sum(value >= limit for limit in limits) for value, limits in known]
    return LEVELS[max(reached)]


def _rise(kind: str | None, component: Component, window: ComponentSummary) -> float:
    if kind not in ("missing", "new", "loss"):
        return math.nan
    return _rate(kind, component, window) - _rate(kind, component, component.reference)


def _rate(kind: str, component: Component, summary: ComponentSummary) -> float:
    if kind == "missing":
        return _part(sum(getattr(summary.presence, reason) for reason in ABSENT), summary.presence.rows)
    if summary.categories is None:
        return math.nan
    if kind == "new":
        return _part(int(summary.categories.counts[-1]), summary.n)
    harm = component.spec.eval_extractor().harm
    return _part(sum(summary.categories[level] for level in harm), summary.n)


def _part(some: int, rows: int) -> float:
    return some / rows if rows else math.nan


def moved(reference: ComponentSummary, window: ComponentSummary) -> Iterator[Bin]:
    """Yield the bins whose shares have changed most."""
    if not (reference.n and window.n):
        return
    shares = reference.bins() / reference.n, window.bins() / window.n
    names = _names(reference)
    for place in np.argsort(-np.abs(shares[1] - shares[0]), kind="stable")[:BINS].tolist():
        if abs(shares[1][place] - shares[0][place]) >= WORTH:
            yield Bin(names[place], float(shares[0][place]), float(shares[1][place]))


def _names(summary: ComponentSummary) -> Sequence[str]:
    if summary.categories is not None:
        return summary.categories.labels
    if summary.histogram is None:
        return ()
    edges = summary.histogram.grid.outer_edges
    return [_name(low, high) for low, high in pairwise([-math.inf, *edges.tolist(), math.inf])]


def _name(low: float, high: float) -> str:
    """Return a bin's name; a value that many records have may have a bin of its own, from the number just below it."""
    if math.nextafter(low, math.inf) == high:
        return _edge(high)
    if low == -math.inf:
        return f"{_edge(high)} or less"
    return f"over {_edge(low)}" if high == math.inf else f"{_edge(low)} to {_edge(high)}"


def _edge(value: float) -> str:
    return f"{value:.4g}" if abs(value) >= sys.float_info.min else "0"


def _text(component: Component, window: ComponentSummary, kind: str | None) -> str:
    reference = component.reference
    if not window.n and kind != "missing":
        return "no values in the window"
    if kind in ("missing", "new", "loss"):
        what = {"missing": "rows without a value", "new": "categories that the reference does not have"}
        was, now = (_rate(kind, component, summary) for summary in (reference, window))
        return f"{what.get(kind, 'errors')}: {_percent(was)} before, {_percent(now)} now"
    if reference.moments is None or window.moments is None:
        parts = [f"{b.name} {_percent(b.reference)} before, {_percent(b.window)} now" for b in moved(reference, window)]
        return "; ".join(parts) or "as in the reference"
    return _numbers(reference, window)


def _numbers(reference: ComponentSummary, window: ComponentSummary) -> str:
    if reference.moments is None or window.moments is None or reference.histogram is None or window.histogram is None:
        return ""
    was, now, unit = reference.moments.mean, window.moments.mean, reference.moments.deviation
    by = f" ({abs(now - was) / unit:.2g} sd {'higher' if now > was else 'lower'})" if unit > 0 and now != was else ""
    cumulative = [np.cumsum(s.counts)[:-1] / s.n for s in (reference.histogram, window.histogram)]
    place = int(np.argmax(np.abs(cumulative[1] - cumulative[0])))
    edge = reference.histogram.grid.edges[place]
    before, after = (float(c[place]) for c in cumulative)
    if abs(after - before) < WORTH:
        return f"mean {was:.4g} before, {now:.4g} now{by}"
    return (
        f"mean {was:.4g} before, {now:.4g} now{by}; {_percent(after)} are {edge:.4g} or less, before {_percent(before)}"
    )


def _percent(share: float) -> str:
    return "unknown" if math.isnan(share) else f"{share:.1%}"
