"""The scores of a profile by the names of the Python API."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from exporter.profile import ScoreSpec
from exporter.scores.score import Preference


@dataclass(frozen=True, slots=True)
class MeanScore:
    """Mean of a numeric component.

    `inputs` names it alone. `preference` says which way is better. `threshold` is the value beyond which it is bad: a
    tenth worse than the reference's where it is left out.
    """

    name: str
    inputs: Sequence[str]
    preference: Preference = "low"
    threshold: float | None = None
    kind: ClassVar[str] = "mean"


@dataclass(frozen=True, slots=True)
class RMSEScore:
    """Root mean square of a component of RegressionError or AbsoluteRegressionError, with a MeanScore's arguments."""

    name: str
    inputs: Sequence[str]
    preference: Preference = "low"
    threshold: float | None = None
    kind: ClassVar[str] = "root_mean_squared_error"


@dataclass(frozen=True, slots=True)
class PrecisionScore:
    """TP / (TP + FP) of a component of ClassificationErrorType, with a MeanScore's arguments."""

    name: str
    inputs: Sequence[str]
    preference: Preference = "high"
    threshold: float | None = None
    kind: ClassVar[str] = "precision"


@dataclass(frozen=True, slots=True)
class RecallScore:
    """TP / (TP + FN) of a component of ClassificationErrorType, with a MeanScore's arguments."""

    name: str
    inputs: Sequence[str]
    preference: Preference = "high"
    threshold: float | None = None
    kind: ClassVar[str] = "recall"


@dataclass(frozen=True, slots=True)
class F1Score:
    """2 TP / (2 TP + FP + FN) of a component of ClassificationErrorType, with a MeanScore's arguments."""

    name: str
    inputs: Sequence[str]
    preference: Preference = "high"
    threshold: float | None = None
    kind: ClassVar[str] = "f1"


@dataclass(frozen=True, slots=True)
class AccuracyScore:
    """Share of right outputs, of a component of ClassificationErrorType or Correct, with a MeanScore's arguments."""

    name: str
    inputs: Sequence[str]
    preference: Preference = "high"
    threshold: float | None = None
    kind: ClassVar[str] = "accuracy"


Score = MeanScore | RMSEScore | PrecisionScore | RecallScore | F1Score | AccuracyScore | ScoreSpec
