"""Extractors of eval components: computed from a model's output and its actual. One file and one line here each."""

from collections.abc import Callable, Mapping
from typing import Protocol

from exporter.batch import Column, Field
from exporter.extractors.absolute_error import AbsoluteError
from exporter.extractors.classification_error_type import ClassificationErrorType
from exporter.extractors.correct import Correct

Bound = Callable[[Column, Column], Column]


class EvalExtractor(Protocol):
    """A frozen struct that is its own configuration: `output` and `actual` name the components that it reads."""

    @property
    def output(self) -> str:
        """Return the name of the output component."""
        ...

    @property
    def actual(self) -> str:
        """Return the name of the actual component."""
        ...

    def levels(self) -> tuple[str, ...] | None:
        """Return the categories of what is extracted, None where it is numeric."""
        ...

    def bind(self, output: Field, actual: Field) -> Bound:
        """Return the function of an output and an actual column, shapes (rows,); ValueError for a wrong dtype."""
        ...


BUILTIN: Mapping[str, type[EvalExtractor]] = {
    "absolute_error": AbsoluteError,
    "classification_error_type": ClassificationErrorType,
    "correct": Correct,
}

__all__ = ["BUILTIN", "Bound", "EvalExtractor"]
