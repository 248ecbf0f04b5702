"""What a prediction costs: the eval components of a profile of which more is worse."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from exporter.batch import Column, Floats
from exporter.extractors.confusion import Confusion
from exporter.profile import Component, Profile
from exporter.profile.values import Key

HIGH = ("high",)


@dataclass(frozen=True, slots=True, eq=False)
class Loss:
    """A loss of each row, shape (rows,), NaN where there is no actual, and what its mean is called."""

    name: str
    values: Floats


def losses(profile: Profile, columns: Mapping[Key, Column]) -> list[Loss]:
    """Return numbers of which more is worse, and whether a category is an error of the model; none of them twice."""
    evals = (component for component in profile.components if component.role == "eval")
    found = [loss for component in evals for loss in _of(component, columns.get(component.spec.key))]
    return list({loss.values.tobytes(): loss for loss in reversed(found)}.values())[::-1]


def _of(component: Component, column: Column | None) -> Iterator[Loss]:
    extractor = component.spec.eval_extractor()
    if column is None:
        return
    if component.field.levels is None:
        if extractor.harm == HIGH:
            yield Loss(f"mean {component.name}", np.where(np.isfinite(column), column, np.nan))
        return
    if isinstance(extractor, Confusion):
        wrong = [predicted != actual for predicted, actual in extractor.pairs()]
    else:
        wrong = [level in extractor.harm for level in component.field.levels]
    if any(wrong):
        of_code = np.array([*wrong, np.nan], np.float64)
        yield Loss(f"share wrong by {component.name}", of_code[np.where(column < 0, len(wrong), column)])
