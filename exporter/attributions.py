"""What predictions are put down to in a window, and whether that is still ranked as in the reference."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from exporter.batch import Floats
from exporter.plan import ModelPlan
from exporter.profile import estimate
from exporter.windows import Summaries

LEAST = 30  # explained predictions, for a mean
RANKED = 500  # explained predictions, for a ranking
DRAWS = 400
TAIL = 0.025


@dataclass(frozen=True, slots=True)
class AttributionReading:
    """A window: explained predictions, mean absolute attribution by feature, NDCG with its interval; NaN unknown."""

    window: str
    samples: int
    means: tuple[float, ...]
    ndcg: float = math.nan
    lower: float = math.nan
    upper: float = math.nan


def attributed(plan: ModelPlan, windows: Mapping[str, Summaries]) -> Iterator[AttributionReading]:
    """Yield what is known of each window, by label, of the attributions of a model's predictions."""
    reference = plan.profile.attributions
    for spec in plan.windows if reference.features else ():
        if spec.earlier is not None:
            continue
        moments = [summary.moments for summary in windows[spec.base] if summary.moments is not None]
        samples = moments[0].n
        means, errors = (np.array(part) for part in zip(*map(estimate, moments), strict=True))
        shown = tuple(means.tolist()) if samples >= LEAST else (math.nan,) * len(means)
        if samples < RANKED or not np.isfinite([means, errors]).all():
            yield AttributionReading(spec.label, samples, shown)
            continue
        ends = interval((reference.means, reference.errors), (means, errors))
        yield AttributionReading(spec.label, samples, shown, float(ndcg(reference.means, means)), *ends)


@dataclass(frozen=True, slots=True)
class AssociationReading:
    """A window: how closely each input and the output go together, NaN of too few predictions with both."""

    window: str
    strengths: tuple[float, ...]


def associated(plan: ModelPlan, windows: Mapping[str, Summaries]) -> Iterator[AssociationReading]:
    """Yield what is known of each window, by label, of how inputs and the output go together."""
    step = plan.associations
    for spec in plan.windows if step is not None else ():
        (summary,) = windows[spec.base]
        if spec.earlier is None and step is not None and summary.sums is not None:
            yield AssociationReading(spec.label, tuple(step.pairing.strengths(summary.sums)))


def ndcg(reference: Floats, window: Floats) -> Floats:
    """Return the normalised discounted cumulative gain of a window's ranking of F features, shapes (..., F).

    The sum over the features in the order of the window's means, of the i-th its mean in the reference by log2(i + 1);
    over that sum in the reference's own order. 0 to 1, 1 where the order is the same. Of features that the window does
    not tell apart each has their mean gain. Source: Jaervelin and Kekaelaeinen, 2002.
    """
    width = reference.shape[-1]
    discounts = 1 / np.log2(np.arange(width) + 2.0)
    order = np.argsort(-window, axis=-1, kind="stable")
    gains, values = (np.take_along_axis(part, order, axis=-1) for part in np.broadcast_arrays(reference, window))
    best = (-np.sort(-reference, axis=-1)) @ discounts
    if (values[..., 1:] == values[..., :-1]).any():
        gains = np.apply_along_axis(_levelled, -1, np.concatenate([gains, values], axis=-1))
    found: Floats = gains @ discounts / best
    return found


def _levelled(both: Floats) -> Floats:
    """Return gains, the first half, with their mean in place of each whose value, in the second half, is the same."""
    gains, values = np.split(both, 2)
    _, groups = np.unique(-values, return_inverse=True)
    return np.asarray((np.bincount(groups, gains) / np.bincount(groups))[groups])


def interval(reference: tuple[Floats, Floats], window: tuple[Floats, Floats]) -> tuple[float, float]:
    """Return a 95 % interval of the NDCG by a parametric bootstrap, given means and standard errors, shapes (F,).

    Both rankings are drawn anew 400 times, each mean from the normal distribution with its standard error and for
    itself. The draws are always the same, so that an interval does not tremble between two looks.
    """
    chance = np.random.default_rng(0)
    drawn = [np.abs(chance.normal(means, errors, size=(DRAWS, len(means)))) for means, errors in (reference, window)]
    point = float(ndcg(reference[0], window[0]))
    low, high = np.quantile(ndcg(*drawn), (TAIL, 1 - TAIL)).tolist()
    return min(low, point), max(high, point)
