"""Statistics and scores of summaries, each failure of a plug-in counted by name and costing only itself."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from exporter.batch import Floats
from exporter.plan import Group, ModelPlan, ScorePlan
from exporter.scores import Measurement
from exporter.summaries import ComponentSummary, Stack

Failures = Counter[tuple[str, str]]
UNKNOWN = Measurement(math.nan, 0)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Of K components by statistic: distances, NaN below the minimum sample; what noise would make of them; p-values.

    The noise is known of some statistics, and p-values are of those that were asked for.
    """

    drift: dict[str, list[float]]
    noise: dict[str, list[float]]
    p_value: dict[str, list[float]]

    def row(self, place: int) -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
        """Return drift, noise and p-values of one component."""
        drift, noise, p_value = (
            {name: values[place] for name, values in part.items()} for part in (self.drift, self.noise, self.p_value)
        )
        return drift, noise, p_value


@np.errstate(all="ignore")
def compare(group: Group, window: Stack, failures: Counter[tuple[str, str]], reference: Stack) -> Comparison:
    """Compare a window of a group's K components with a reference.

    A statistic that fails is one counted failure and costs only itself.
    """
    found = Comparison({}, {}, {})
    for name, statistic in group.statistics.items():
        try:
            enough = statistic.enough(reference, window)
            found.drift[name] = _of_each(group, statistic.measure(reference, window) * enough)
            if statistic.noise is not None:
                found.noise[name] = _of_each(group, statistic.noise(reference, window) * enough)
            if statistic.p_value is not None and name in group.tested:
                found.p_value[name] = _of_each(group, statistic.p_value(reference, window) * enough)
        except Exception:  # noqa: BLE001 - a plug-in may raise anything; it is counted
            failures["drift", name] = 1  # of an evaluation, however many windows and components it is of
            found.drift[name] = [math.nan] * len(group.places)
    return found


def _of_each(group: Group, values: Floats) -> list[float]:
    if values.shape != (len(group.places),):
        raise ValueError(f"{values.shape} values of {len(group.places)} components")
    found: list[float] = values.tolist()
    return found


def measure(plan: ScorePlan, summaries: Sequence[ComponentSummary], failures: Failures) -> Measurement:
    """Return a score of the summaries that it reads; undefined where it fails or has too few records."""
    try:
        return plan.score.measure(*summaries).shown
    except Exception:  # noqa: BLE001 - a plug-in may raise anything; it is counted
        failures["score", plan.name] = 1
        return UNKNOWN


@np.errstate(all="ignore")
def expect(plan: ModelPlan, score: ScorePlan, window: Sequence[ComponentSummary], failures: Failures) -> Measurement:
    """Return a score as it is to be expected without actuals, from what each step of the estimates has summed up.

    It is undefined where that fails, where there are too few predictions, and of a score that is not estimated.
    """
    sums = None if score.estimate is None else window[score.estimate].sums
    if score.estimate is None or sums is None:
        return UNKNOWN
    try:
        return plan.estimates.steps[score.estimate].score(score.score.measure, sums).shown
    except Exception:  # noqa: BLE001 - a plug-in may raise anything; it is counted
        failures["estimate", score.name] = 1
        return UNKNOWN
