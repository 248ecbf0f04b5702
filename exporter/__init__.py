"""Watches machine-learning models on Prometheus: reads their prediction log and exposes drift, scores and health."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exporter.api.comparing import compare
    from exporter.api.components import (
        ActualComponent,
        DataType,
        EvalComponent,
        InputComponent,
        OutputComponent,
        generate_components,
    )
    from exporter.api.evaluations import (
        AbsolutePercentageError,
        AbsoluteRegressionError,
        Brier,
        ClassificationErrorType,
        Correct,
        LogLoss,
        RegressionError,
        SquaredRegressionError,
    )
    from exporter.api.extractors import (
        AvgIntensity,
        CentroidDistance,
        ClassificationEntropyExtractor,
        ClassificationMarginExtractor,
        Clipping,
        ColourCast,
        Contrast,
        Correlation,
        DetectionConfidence,
        DetectionCount,
        DN2AnomalyScorer,
        ElementExtractor,
        FixedSubpatchSimilarity,
        FrozenFrame,
        IsolationForestOutlierScorer,
        KernelSimilarity,
        KMeansOutlierScorer,
        KNNOutlierScorer,
        MahalanobisOutlierScorer,
        MaxScoreElementExtractor,
        NonLetterRatio,
        OovRatio,
        PcaReconstructionError,
        Resolution,
        Sharpness,
        TextLength,
        WordCount,
        YoloConfidenceExtractor,
    )
    from exporter.api.model import ModelProfile
    from exporter.api.scores import AccuracyScore, F1Score, MeanScore, PrecisionScore, RecallScore, RMSEScore
    from exporter.api.sequence import SequenceSimpleExtractor
    from exporter.api.tags import Tag, filter_errors, flatten_jcr
    from exporter.profile import ProfileError

__version__ = "0.1.0"

__all__ = [
    "AbsolutePercentageError",
    "AbsoluteRegressionError",
    "AccuracyScore",
    "ActualComponent",
    "AvgIntensity",
    "Brier",
    "CentroidDistance",
    "ClassificationEntropyExtractor",
    "ClassificationErrorType",
    "ClassificationMarginExtractor",
    "Clipping",
    "ColourCast",
    "Contrast",
    "Correct",
    "Correlation",
    "DN2AnomalyScorer",
    "DataType",
    "DetectionConfidence",
    "DetectionCount",
    "ElementExtractor",
    "EvalComponent",
    "F1Score",
    "FixedSubpatchSimilarity",
    "FrozenFrame",
    "InputComponent",
    "IsolationForestOutlierScorer",
    "KMeansOutlierScorer",
    "KNNOutlierScorer",
    "KernelSimilarity",
    "LogLoss",
    "MahalanobisOutlierScorer",
    "MaxScoreElementExtractor",
    "MeanScore",
    "ModelProfile",
    "NonLetterRatio",
    "OovRatio",
    "OutputComponent",
    "PcaReconstructionError",
    "PrecisionScore",
    "ProfileError",
    "RMSEScore",
    "RecallScore",
    "RegressionError",
    "Resolution",
    "SequenceSimpleExtractor",
    "Sharpness",
    "SquaredRegressionError",
    "Tag",
    "TextLength",
    "WordCount",
    "YoloConfidenceExtractor",
    "compare",
    "filter_errors",
    "flatten_jcr",
    "generate_components",
]

_PLACES = ("comparing", "model", "components", "evaluations", "extractors", "scores", "sequence", "tags")


if not TYPE_CHECKING:  # where types are checked, a name that is not there must stay an error

    def __getattr__(name: str) -> object:
        """Import the API where it is used: the program must start at once, and a log in a server without numpy."""
        if name in __all__:
            for place in _PLACES:
                module = import_module(f"exporter.api.{place}")
                if hasattr(module, name):
                    return globals().setdefault(name, getattr(module, name))
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
