"""Extractors of an output and its actual by the names of the Python API, and how a profile's file has any extractor."""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import msgspec

from exporter.extractors import DATA, PLUGINS, DataExtractor, EvalExtractor
from exporter.profile import ProfileError


@dataclass(frozen=True, slots=True)
class RegressionError:
    """output - actual."""

    short: ClassVar[str] = "error"


@dataclass(frozen=True, slots=True)
class AbsoluteRegressionError:
    """|output - actual|."""

    short: ClassVar[str] = "absolute_error"


@dataclass(frozen=True, slots=True)
class SquaredRegressionError:
    """(output - actual)^2."""

    short: ClassVar[str] = "squared_error"


@dataclass(frozen=True, slots=True)
class AbsolutePercentageError:
    """|output - actual| / |actual|."""

    short: ClassVar[str] = "absolute_percentage_error"


@dataclass(frozen=True, slots=True)
class ClassificationErrorType:
    """TP, FP, FN or TN for one class against all others."""

    positive: str | int | bool = 1
    short: ClassVar[str] = "classification_error_type"


@dataclass(frozen=True, slots=True)
class Correct:
    """Whether the output is the actual."""

    short: ClassVar[str] = "correct"


@dataclass(frozen=True, slots=True)
class LogLoss:
    """-ln of the probability that the output gives to what came true; it is that of the positive class."""

    positive: str | int | bool = 1
    short: ClassVar[str] = "log_loss"


@dataclass(frozen=True, slots=True)
class Brier:
    """Squared difference of the output, the probability of the positive class, and what came true, 0 or 1."""

    positive: str | int | bool = 1
    short: ClassVar[str] = "brier"


Evaluation = (
    RegressionError
    | AbsoluteRegressionError
    | SquaredRegressionError
    | AbsolutePercentageError
    | ClassificationErrorType
    | Correct
    | LogLoss
    | Brier
)


def options_of(extractor: Evaluation | DataExtractor | EvalExtractor | str) -> tuple[str, dict[str, Any]]:
    """Return an extractor's short name, and its options that are not the default; ProfileError where it has none."""
    if isinstance(extractor, str):
        return extractor, {}
    if isinstance(extractor, Evaluation):
        return extractor.short, asdict(extractor)
    name = PLUGINS.name_of(type(extractor))
    if name is None:
        raise ProfileError(f"{extractor!r:.80} is no registered extractor; there is {', '.join(DATA)}")
    struct: Any = extractor
    given = {
        f.encode_name: value for f in msgspec.structs.fields(struct) if (value := getattr(struct, f.name)) != f.default
    }
    options: dict[str, Any] = msgspec.to_builtins(given)
    return name, options
