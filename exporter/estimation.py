"""Scores of windows as they are to be expected without actuals, and how far that was wrong where there are some."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from exporter.comparison import Failures, expect
from exporter.plan import ModelPlan
from exporter.scores import Measurement
from exporter.scores.score import MINIMUM_SAMPLES
from exporter.windows import Summaries

Windows = Mapping[str, Summaries]


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
            found, check = (expect(plan, score, windows[spec.base], failures) for windows in streams)
            yield EstimateReading(score.name, spec.label, found, realised[score.name, spec.label] - check.value)
