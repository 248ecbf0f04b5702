"""What a model's probabilities are worth: the chance of each class, learned from the labelled reference."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from exporter.batch import Codes, Floats
from exporter.estimate.isotonic import isotonic

LEAST = 100  # labelled records, of fewer a calibration is chance
MOST = 10_000  # points of a curve
REST = ""
PREDICTED = "__predicted__"  # the class that was predicted, whichever it is
OTHERS = "__others__"


class Curve(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The chance of a class by what an output says of it: `chances` at `scores`, straight between them."""

    category: str
    output: str
    scores: list[float]
    chances: list[float]

    def fault(self) -> str | None:
        """Return what is wrong with the numbers, None where they are sound."""
        scores, chances = np.array(self.scores), np.array(self.chances)
        if not 1 <= len(scores) <= MOST or len(scores) != len(chances):
            return f"its curve has not 1 to {MOST} points"
        if not np.isfinite(scores).all() or (np.diff(scores) <= 0).any():
            return "its scores are not ascending numbers"
        if not (np.diff(chances) >= 0).all() or not (chances[0] >= 0 and chances[-1] <= 1):
            return "its chances are not ascending from 0 to 1"
        return None


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The curves of classes of an actual component, from so many labelled `rows`.

    `rest` is the one class without a curve, which has the chance that the others leave; nothing where there is none,
    or several.
    """

    actual: str
    rows: int
    rest: str | None
    curves: list[Curve]

    @property
    def outputs(self) -> tuple[str, ...]:
        """Return the output components that hold the probabilities."""
        return tuple(curve.output for curve in self.curves)

    def fault(self) -> str | None:
        """Return what is wrong with the numbers, None where they are sound."""
        classes = [curve.category for curve in self.curves]
        if not classes or len({*classes, self.rest}) <= len(classes) or self.rows < LEAST:
            return f"it has not different classes and {LEAST} records or more"
        return next((f"{curve.category}: {fault}" for curve in self.curves if (fault := curve.fault())), None)


@dataclass(frozen=True, slots=True, eq=False)
class Chances:
    """A calibration as arrays: the classes, of which the last is the rest, and the curve of each other one."""

    classes: tuple[str, ...]
    curves: tuple[tuple[Floats, Floats], ...]
    complete: bool

    @classmethod
    def of(cls, calibration: Calibration, levels: Sequence[str]) -> "Chances":
        """Prepare a calibration for an actual component of these categories."""
        named = tuple(curve.category for curve in calibration.curves)
        curves = tuple((np.array(curve.scores), np.array(curve.chances)) for curve in calibration.curves)
        return cls((*named, calibration.rest or REST), curves, complete=bool(levels) and set(levels) <= set(named))

    def place(self, category: str) -> int:
        """Return the column of a class; ValueError where its chance is not known."""
        if category not in self.classes:
            raise ValueError(
                f"nothing says how probable {category} is; there is {', '.join(filter(None, self.classes))}"
            )
        return self.classes.index(category)

    def columns(self, outputs: Sequence[Floats]) -> Floats:
        """Return the chance of each class and of the rest, shape (rows, classes + 1), which sum to 1.

        They are NaN where a probability is missing or none. Chances of more than 1 together, and those of all classes
        that there are, are divided by their sum.
        """
        found = np.empty((len(outputs[0]), len(outputs) + 1))
        for place, (column, curve) in enumerate(zip(outputs, self.curves, strict=True)):
            found[:, place] = np.where((column >= 0) & (column <= 1), np.interp(column, *curve), np.nan)
        total = found[:, :-1].sum(axis=1)
        if self.complete:
            found[total <= 0, :-1], total = 1.0, np.where(total <= 0, len(outputs), total)
        scale = total if self.complete else np.maximum(total, 1.0)
        found[:, :-1] /= scale[:, None]
        found[:, -1] = 0.0 if self.complete else 1 - total / scale
        found[np.isnan(total), -1] = np.nan
        return found


def calibrate(
    actual: str, levels: Sequence[str], codes: Codes, probabilities: Mapping[str, tuple[str, Floats]]
) -> Calibration:
    """Learn the chances of classes from the categories of an actual component and (name, column) of each class' output.

    All columns have the shape (rows,); rows without an actual are left out. ValueError where too few are left.
    """
    if unknown := sorted(probabilities.keys() - set(levels)):
        raise ValueError(f"{', '.join(unknown)} is no category of actual {actual}: {', '.join(levels)}")
    valid = codes >= 0
    for _, column in probabilities.values():
        valid &= (column >= 0) & (column <= 1)
    if (rows := int(valid.sum())) < LEAST:
        raise ValueError(f"an estimate needs {LEAST} records with actual and probabilities, the reference has {rows}")
    curves = []
    for category, (output, column) in probabilities.items():
        scores, chances = isotonic(column[valid], (codes[valid] == levels.index(category)).astype(np.float64))
        curves.append(Curve(category, output, scores.tolist(), chances.tolist()))
    rest = [level for level in levels if level not in probabilities]
    return Calibration(actual, rows, rest[0] if len(rest) == 1 else None, curves)
