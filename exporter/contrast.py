"""Compares two profiles: what has drifted, become invalid or worse, the most important first."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from exporter.drift import Statistic
from exporter.plan import statistics
from exporter.profile import Component, Profile, ScoreReference, scored
from exporter.scores.score import MINIMUM_SAMPLES
from exporter.summaries import ComponentSummary
from exporter.summaries.categories import OTHER

Verdict = Literal["good", "bad", "unknown"]
INVALID_RISE = 0.01  # share of values by which more may be invalid than in the reference


@dataclass(frozen=True, slots=True)
class Limits:
    """What may differ: drift by (role, name) in the first statistic of its kind, the rise of the invalid share, scores.

    What is left out is taken from the reference profile, or is the default.
    """

    drift: Mapping[tuple[str, str], float]
    invalid: Mapping[tuple[str, str], float]
    scores: Mapping[str, float]


NO_LIMITS = Limits({}, {}, {})


@dataclass(frozen=True, slots=True)
class ComponentContrast:
    """A component in both: `drift` by statistic (NaN below its minimum sample), invalid shares, verdicts.

    `judge` is the statistic that decides, `threshold` its threshold. `stuck` is the one value that the observed has
    where the reference has several, None otherwise.
    """

    reference: Component
    observed: Component
    drift: Mapping[str, float]
    judge: str
    threshold: float
    drifted: Verdict
    invalid_reference: float
    invalid_observed: float
    invalid: Verdict
    stuck: str | None

    @property
    def severity(self) -> float:
        """Return how many times its threshold the drift is; 0 where it is unknown."""
        value = self.drift.get(self.judge, math.nan)
        return 0.0 if math.isnan(value) else value / self.threshold if self.threshold > 0 else math.inf


@dataclass(frozen=True, slots=True)
class ScoreContrast:
    """A score in both; `change` is observed less reference, bad where it is the wrong way and beyond `limit`.

    `role` is that of the component it is of.
    """

    name: str
    preference: str
    reference: float
    observed: float
    samples: int
    change: float
    limit: float
    verdict: Verdict
    role: str = "eval"


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that is wrong, in words; `kind` is score, invalid, stuck or drift."""

    kind: Literal["score", "invalid", "stuck", "drift"]
    role: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Contrast:
    """Two profiles compared; `skipped` names what only one of them has."""

    reference: Profile
    observed: Profile
    components: tuple[ComponentContrast, ...]
    scores: tuple[ScoreContrast, ...]
    skipped: tuple[str, ...]

    @property
    def drifted_share(self) -> float:
        """Return the share of the judged components that have drifted; NaN where none can be judged."""
        verdicts = [c.drifted == "bad" for c in self.components if c.drifted != "unknown"]
        return sum(verdicts) / len(verdicts) if verdicts else math.nan

    def issues(self) -> list[Issue]:
        """Return what is wrong: scores first, then invalid values, stuck components and drift, the worst first."""
        rising = sorted(self.components, key=lambda c: c.invalid_reference - c.invalid_observed)
        drifting = sorted(self.components, key=lambda c: -c.severity)
        return [
            *(_score_issue(score) for score in self.scores if score.verdict == "bad"),
            *(_invalid_issue(c) for c in rising if c.invalid == "bad"),
            *(_stuck_issue(c) for c in self.components if c.stuck is not None),
            *(_drift_issue(c) for c in drifting if c.drifted == "bad"),
        ]


def contrast(reference: Profile, observed: Profile, limits: Limits = NO_LIMITS) -> Contrast:
    """Compare a profile with the reference; neither is changed. Only what both have, on the same bins, is compared."""
    here = {component.spec.key: component for component in reference.components}
    there = {component.spec.key: component for component in observed.components}
    alike = [key for key in here if key in there and _alike(here[key], there[key])]
    skipped = [" ".join(key) for key in (*here, *(key for key in there if key not in here)) if key not in alike]
    scores = {score.spec.name: score for score in observed.scores}
    shared = [(score, scores[score.spec.name]) for score in reference.scores if score.spec.name in scores]
    return Contrast(
        reference,
        observed,
        tuple(_component(here[key], there[key], limits) for key in alike),
        tuple(_score(mine, other, limits, scored(mine.spec, here)[0][0]) for mine, other in shared),
        tuple(skipped),
    )


def _alike(left: Component, right: Component) -> bool:
    if left.measure.grid is not None and right.measure.grid is not None:
        return left.measure.grid.same(right.measure.grid)
    return left.field.levels is not None and left.field.levels == right.field.levels


def _distance(statistic: Statistic, reference: ComponentSummary, observed: ComponentSummary) -> float:
    try:
        return statistic.judge(reference, observed)
    except Exception:  # noqa: BLE001 - a plug-in may raise anything; its distance is unknown
        return math.nan


def _component(reference: Component, observed: Component, limits: Limits) -> ComponentContrast:
    drift = {
        name: _distance(statistic, reference.reference, observed.reference)
        for name, (statistic, _) in statistics(reference).items()
    }
    judge, (_, threshold) = next(iter(statistics(reference).items()))
    threshold = limits.drift.get(reference.spec.key, threshold)
    invalid = [_invalid_share(component) for component in (reference, observed)]
    rise = limits.invalid.get(reference.spec.key, INVALID_RISE)
    return ComponentContrast(
        reference,
        observed,
        drift,
        judge,
        threshold,
        _verdict(drift[judge], threshold),
        invalid[0],
        invalid[1],
        _verdict(invalid[1] - invalid[0], rise),
        _stuck(reference, observed),
    )


def _verdict(value: float, limit: float) -> Verdict:
    if math.isnan(value):
        return "unknown"
    return "bad" if value > limit else "good"


def _invalid_share(component: Component) -> float:
    presence = component.reference.presence
    return presence.invalid / presence.rows if presence.rows else math.nan


def _stuck(reference: Component, observed: Component) -> str | None:
    if observed.reference.n < MINIMUM_SAMPLES or _only_value(reference) is not None:
        return None
    return _only_value(observed)


def _only_value(component: Component) -> str | None:
    """Return the one value that a component has, None where it has several or none, or others than the reference's."""
    summary = component.reference
    if summary.moments is not None:
        return f"{summary.moments.low:g}" if summary.moments.n and summary.moments.low == summary.moments.high else None
    if summary.categories is None:
        return None
    present = [name for name, count in zip(summary.categories.labels, summary.categories.counts, strict=True) if count]
    return present[0] if len(present) == 1 and present != [OTHER] else None


def _score(reference: ScoreReference, observed: ScoreReference, limits: Limits, role: str) -> ScoreContrast:
    change = observed.reference - reference.reference
    limit = limits.scores.get(reference.spec.name, abs(reference.threshold - reference.reference))
    worse = -change if reference.preference == "high" else change
    few = observed.samples < MINIMUM_SAMPLES
    verdict: Verdict = "unknown" if few or math.isnan(limit) else _verdict(worse, limit)
    return ScoreContrast(
        reference.spec.name,
        reference.preference,
        reference.reference,
        observed.reference,
        observed.samples,
        change,
        limit,
        verdict,
        role,
    )


def _score_issue(score: ScoreContrast) -> Issue:
    text = f"{score.name} went from {score.reference:.3g} to {score.observed:.3g} ({score.samples:,} records)"
    return Issue("score", score.role, score.name, text)


def _invalid_issue(component: ComponentContrast) -> Issue:
    shares = f"{component.invalid_reference:.1%} to {component.invalid_observed:.1%}"
    reasons = component.observed.reference.presence.reasons()
    reason = max(reasons, key=reasons.__getitem__)
    text = f"invalid {component.reference.name} went from {shares}, mostly {reason}"
    return Issue("invalid", component.reference.role, component.reference.name, text)


def _stuck_issue(component: ComponentContrast) -> Issue:
    name = component.reference.name
    return Issue("stuck", component.reference.role, name, f"{name} is always {component.stuck}")


def _drift_issue(component: ComponentContrast) -> Issue:
    value = f"{component.judge} {component.drift[component.judge]:.3g}, threshold {component.threshold:g}"
    name = component.reference.name
    return Issue("drift", component.reference.role, name, f"{name} has drifted: {value}")


def describe(found: Sequence[Issue]) -> str:
    """Return issues as text, one a line; a sentence where there is none."""
    return "\n".join(f"{place}. {issue.text}" for place, issue in enumerate(found, 1)) or "Nothing is wrong."
