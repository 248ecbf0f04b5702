"""Scores of windows as they are to be expected without actuals, and how far that was wrong where there are some."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from exporter.comparison import Failures
from exporter.plan import ModelPlan, ScorePlan
from exporter.scores import Measurement
from exporter.scores.score import MINIMUM_SAMPLES
from exporter.windows import Summaries

Windows = Mapping[str, Summaries]
UNKNOWN = Measurement(math.nan, 0)


@dataclass(frozen=True, slots=True)
class EstimateReading:
    """A score in a window as it is estimated without actuals.

    `error` is the score of the predictions that have an actual less what was estimated of the same, NaN where either is
    unknown.
    """

    name: str
    window: str
    found: Measurement
    error: float


@dataclass(frozen=True, slots=True)
class ConfusionReading:
    """A confusion matrix in a window as it is expected without actuals: a count by predicted and actual class.

    The counts are NaN below the minimum sample.
    """

    component: str
    window: str
    counts: Mapping[tuple[str, str], float]


def confused(plan: ModelPlan, windows: Windows) -> Iterator[ConfusionReading]:
    """Yield the confusion matrices of which scores are estimated, from the windows of predictions."""
    for spec in plan.windows:
        for place, step in enumerate(() if spec.earlier else plan.estimates.steps):
            found = windows[spec.base][place]
            if step.counts is not None and found.sums is not None:
                rows = found.presence.rows - found.presence.missing
                counts = (step.counts(found.sums) + (0.0 if rows >= MINIMUM_SAMPLES else math.nan)).tolist()
                yield ConfusionReading(step.component, spec.label, dict(zip(step.pairs, counts, strict=False)))


def estimated(
    plan: ModelPlan, streams: tuple[Windows, Windows], realised: Mapping[tuple[str, str], float], failures: Failures
) -> Iterator[EstimateReading]:
    """Yield the estimates of a model from its windows, by label: of predictions, and of those that have an actual.

    `realised` are the scores by name and window. A failure costs only its estimate, and is counted.
    """
    scores = [score for score in plan.scores if score.estimate is not None]
    for spec in plan.windows:
        for score in () if spec.earlier else scores:
            found, check = (_estimate(plan, score, windows[spec.base], failures) for windows in streams)
            yield EstimateReading(score.name, spec.label, found, realised[score.name, spec.label] - check.value)


@np.errstate(all="ignore")
def _estimate(plan: ModelPlan, score: ScorePlan, window: Summaries, failures: Failures) -> Measurement:
    place = score.estimate or 0
    sums = window[place].sums
    try:
        return UNKNOWN if sums is None else plan.estimates.steps[place].score(score.score.measure, sums).shown
    except Exception:  # noqa: BLE001 - a plug-in may raise anything; it is counted
        failures["estimate", score.name] = 1
        return UNKNOWN
