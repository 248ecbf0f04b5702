"""Where a prediction may end in an eval component, before its actual is known: its group, and the cells of that.

One builder for each extractor whose values are counted: what was predicted says the group of a record, the chances of
the classes how probable each cell of it is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.batch import Column, Field, Floats
from exporter.estimate.calibration import PREDICTED, Chances
from exporter.extractors.class_score import EDGES, LEAST, ClassScore
from exporter.extractors.classification_error_type import ClassificationErrorType
from exporter.extractors.confusion import Confusion
from exporter.extractors.correct import Correct
from exporter.extractors.pairing import label, need_categories, place
from exporter.summaries import Categories, ComponentSummary, Grid, Histogram, Presence

Places = NDArray[np.intp]
MISSING = -1


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """The groups of records, and the place of each group's cells among the counts of the component, shape (G, J).

    `group` is a function of the output column (shape (rows,), -1 where there is none), `chances` of the classes'
    chances and the output column (shape (rows, J)), `summary` of counts that need not be whole, shape (size,).
    """

    cells: Places
    size: int
    group: Callable[[Column], Places]
    chances: Callable[[Floats, Column], Floats]
    summary: Callable[[Floats], ComponentSummary]

    @property
    def width(self) -> int:
        """Return how many numbers a row is: its group and the chances of the outcomes."""
        return 1 + int(self.cells.shape[1])


def _error_type(extractor: ClassificationErrorType, output: Field, chances: Chances) -> Outcomes:
    need_categories("an estimate", output)
    claimed, column = place(extractor.positive, output), chances.place(label(extractor.positive))
    return Outcomes(
        cells=np.array([[0, 1], [2, 3]], np.intp),
        size=5,
        group=lambda out: np.where(out < 0, MISSING, np.where(out == claimed, 0, 1)),
        chances=lambda found, _: _against(found[:, column]),
        summary=_counted(extractor.levels()),
    )


def _against(chance: Floats) -> Floats:
    return np.stack([chance, 1 - chance], axis=1)


def _correct(extractor: Correct, output: Field, chances: Chances) -> Outcomes:
    right = _of_predicted(chances) if PREDICTED in chances.classes else _of_classes(output, chances)
    return Outcomes(
        cells=np.array([[1, 0]], np.intp),
        size=3,
        group=lambda out: np.where(np.isnan(out) if output.levels is None else out < 0, MISSING, 0),
        chances=right,
        summary=_counted(extractor.levels()),
    )


def _of_predicted(chances: Chances) -> Callable[[Floats, Column], Floats]:
    column = chances.place(PREDICTED)
    return lambda found, _: _against(found[:, column])


def _of_classes(output: Field, chances: Chances) -> Callable[[Floats, Column], Floats]:
    """Return the function that gives the chance of the class that was predicted, from those of all."""
    places = _classes(output, chances)
    never = len(chances.classes)  # a class that no actual has is never right

    def right(found: Floats, out: Column) -> Floats:
        padded = np.pad(found, ((0, 0), (0, 1)))
        picked: Floats = np.take_along_axis(padded, places[np.maximum(out, 0)][:, None], axis=1)[:, 0]
        return _against(np.where(np.isnan(found[:, 0]), np.nan, picked))

    if (places[:-1] == never).all():
        raise ValueError(f"none of output {output.name} is a class that has a probability")
    return right


def _confusion(extractor: Confusion, output: Field, chances: Chances) -> Outcomes:
    width = len(extractor.names) + 1
    columns = np.array([chances.place(name) for name in extractor.names])
    named = {name: at for at, name in enumerate(extractor.names)}
    need_categories("an estimate", output)
    groups = np.array([*(named.get(level, width - 1) for level in output.levels or ()), width - 1], np.intp)

    def spread(found: Floats, _: Column) -> Floats:
        known = found[:, columns]
        return np.column_stack([known, np.maximum(1 - known.sum(axis=1), 0.0)])

    return Outcomes(
        cells=np.arange(width * width).reshape(width, width),
        size=width * width,
        group=lambda out: np.where(out < 0, MISSING, groups[np.maximum(out, 0)]),
        chances=spread,
        summary=_counted(extractor.levels()),
    )


def _class_score(extractor: ClassScore, output: Field, chances: Chances) -> Outcomes:
    if output.levels is not None:
        raise ValueError(f"an estimate needs a probability, and output {output.name} is a category")
    column, bins = chances.place(label(extractor.positive)), len(EDGES) - 1
    grid, edges = Grid.fixed(np.array(extractor.edges())), np.array(EDGES)

    def binned(out: Column) -> Places:
        valid = (out >= 0) & (out <= 1)
        return np.where(valid, np.searchsorted(edges, np.maximum(out, LEAST)) - 1, MISSING)

    return Outcomes(
        cells=1 + np.arange(bins)[:, None] + np.array([bins, 0]),
        size=2 * bins + 2,
        group=binned,
        chances=lambda found, _: _against(found[:, column]),
        summary=lambda counts: ComponentSummary(Presence(), histogram=Histogram(grid, _any(counts))),
    )


def _classes(output: Field, chances: Chances) -> Places:
    """Return the column of each category of an output, one past the last for one that has none."""
    need_categories("an estimate", output)
    columns = {category: at for at, category in enumerate(chances.classes) if category}
    unknown = len(chances.classes)
    return np.array([*(columns.get(level, unknown) for level in output.levels or ()), unknown], np.intp)


def _counted(levels: tuple[str, ...]) -> Callable[[Floats], ComponentSummary]:
    return lambda counts: ComponentSummary(Presence(), categories=Categories(levels, _any(counts)))


def _any(counts: Floats) -> Any:  # noqa: ANN401 - counts that are expected need not be whole
    return counts


BUILDERS: Mapping[type, Callable[[Any, Field, Chances], Outcomes]] = {
    ClassificationErrorType: _error_type,
    Correct: _correct,
    Confusion: _confusion,
    ClassScore: _class_score,
}
