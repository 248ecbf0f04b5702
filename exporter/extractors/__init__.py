"""Extractors by short name: of a datum, or of a model's output and its actual. One file and one line here each."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

from exporter.batch import Column, Field
from exporter.extractors.absolute_error import AbsoluteError
from exporter.extractors.absolute_percentage_error import AbsolutePercentageError
from exporter.extractors.average_precision_at_k import AveragePrecisionAtK
from exporter.extractors.avg_intensity import AvgIntensity
from exporter.extractors.brier import Brier
from exporter.extractors.centroid_distance import CentroidDistance
from exporter.extractors.class_entropy import ClassEntropy
from exporter.extractors.class_margin import ClassMargin
from exporter.extractors.class_score import ClassScore
from exporter.extractors.classification_error_type import ClassificationErrorType
from exporter.extractors.clipping import Clipping
from exporter.extractors.colour_cast import ColourCast
from exporter.extractors.confusion import Confusion
from exporter.extractors.contrast import Contrast
from exporter.extractors.correct import Correct
from exporter.extractors.correlation import Correlation
from exporter.extractors.detection_confidence import DetectionConfidence
from exporter.extractors.detection_count import DetectionCount
from exporter.extractors.dn2_outlier_score import Dn2OutlierScore
from exporter.extractors.element import Element
from exporter.extractors.error import Error
from exporter.extractors.fixed_subpatch_similarity import FixedSubpatchSimilarity
from exporter.extractors.frozen_frame import FrozenFrame
from exporter.extractors.hit_at_k import HitAtK
from exporter.extractors.isolation_forest_score import IsolationForestScore
from exporter.extractors.kernel_similarity import KernelSimilarity
from exporter.extractors.kmeans_outlier_score import KmeansOutlierScore
from exporter.extractors.knn_outlier_score import KnnOutlierScore
from exporter.extractors.log_loss import LogLoss
from exporter.extractors.mahalanobis import Mahalanobis
from exporter.extractors.max_score_element import MaxScoreElement
from exporter.extractors.ndcg_at_k import NdcgAtK
from exporter.extractors.non_letter_ratio import NonLetterRatio
from exporter.extractors.oov_ratio import OovRatio
from exporter.extractors.pca_reconstruction_error import PcaReconstructionError
from exporter.extractors.precision_at_k import PrecisionAtK
from exporter.extractors.quantile_loss import QuantileLoss
from exporter.extractors.ranking import Ranking
from exporter.extractors.recall_at_k import RecallAtK
from exporter.extractors.reciprocal_rank import ReciprocalRank
from exporter.extractors.relevance import Relevance
from exporter.extractors.resolution import Resolution
from exporter.extractors.sharpness import Sharpness
from exporter.extractors.squared_error import SquaredError
from exporter.extractors.text_length import TextLength
from exporter.extractors.word_count import WordCount
from exporter.registry import Plugins, struct_with

Bound = Callable[[Column, Column], Column]


class EvalExtractor(Protocol):
    """A frozen struct that is its own configuration: `output` and `actual` name the components that it reads.

    `harm` are the categories that are errors of the model, `("high",)` where a high number is one, else nothing. One
    of numbers may have a method `edges`, of which the ends of the bins are then taken instead of the reference's
    quantiles: at most 255 ascending numbers, all values above the first and none above the last.
    """

    harm: ClassVar[tuple[str, ...]]

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


class DataExtractor(Protocol):
    """A frozen struct that is its own configuration and turns one datum into one value.

    One that has `reads_files` reads images or arrays, of which records may name the file. One of numbers that has
    `scores_outliers` says how unusual a datum is: high values are those of outliers.
    """

    def levels(self) -> tuple[str, ...] | None:
        """Return the categories of what is extracted, None where it is numeric."""
        ...

    def extract(self, datum: object) -> float | str | None:
        """Return the value of a datum, None where it is missing; ValueError where it cannot be read."""
        ...


@runtime_checkable
class LearningExtractor(DataExtractor, Protocol):
    """A data extractor that reads the reference before it can extract; `fitted` is None until it has."""

    @property
    def fitted(self) -> object | None:
        """Return what was learned: structs and tuples that JSON can hold."""
        ...

    def fit(self, data: Sequence[object], seed: int) -> Self:
        """Return a copy that has learned; ValueError where the data do not suffice."""
        ...


@runtime_checkable
class ListingExtractor(DataExtractor, Protocol):
    """A data extractor of a list of items, of which eval extractors see more than its one value: a `row` of numbers."""

    @property
    def width(self) -> int:
        """Return how many numbers a row has."""
        ...

    def row(self, datum: object) -> Sequence[float] | None:
        """Return `width` numbers, the value first; None and ValueError as `extract`."""
        ...


BUILTIN: Mapping[str, type[EvalExtractor]] = {
    "absolute_error": AbsoluteError,
    "classification_error_type": ClassificationErrorType,
    "correct": Correct,
    "error": Error,
    "squared_error": SquaredError,
    "absolute_percentage_error": AbsolutePercentageError,
    "quantile_loss": QuantileLoss,
    "log_loss": LogLoss,
    "brier": Brier,
    "class_score": ClassScore,
    "confusion": Confusion,
    "ndcg_at_k": NdcgAtK,
    "average_precision_at_k": AveragePrecisionAtK,
    "reciprocal_rank": ReciprocalRank,
    "hit_at_k": HitAtK,
    "precision_at_k": PrecisionAtK,
    "recall_at_k": RecallAtK,
}
DATA: Mapping[str, type[DataExtractor]] = {
    "element": Element,
    "max_score_element": MaxScoreElement,
    "class_margin": ClassMargin,
    "class_entropy": ClassEntropy,
    "sharpness": Sharpness,
    "avg_intensity": AvgIntensity,
    "contrast": Contrast,
    "clipping": Clipping,
    "colour_cast": ColourCast,
    "resolution": Resolution,
    "frozen_frame": FrozenFrame,
    "fixed_subpatch_similarity": FixedSubpatchSimilarity,
    "dn2_outlier_score": Dn2OutlierScore,
    "kmeans_outlier_score": KmeansOutlierScore,
    "knn_outlier_score": KnnOutlierScore,
    "mahalanobis": Mahalanobis,
    "isolation_forest_score": IsolationForestScore,
    "pca_reconstruction_error": PcaReconstructionError,
    "kernel_similarity": KernelSimilarity,
    "centroid_distance": CentroidDistance,
    "correlation": Correlation,
    "text_length": TextLength,
    "word_count": WordCount,
    "oov_ratio": OovRatio,
    "non_letter_ratio": NonLetterRatio,
    "detection_count": DetectionCount,
    "detection_confidence": DetectionConfidence,
    "ranking": Ranking,
    "relevance": Relevance,
}


def of_pairs(extractor: object) -> bool:
    """Tell whether a kind of extractor, or one of it, reads an output and its actual, not a datum."""
    return hasattr(extractor, "bind")


def _fault(plug_in: object) -> str | None:
    names = ("levels", "bind", "output", "actual", "harm") if of_pairs(plug_in) else ("levels", "extract")
    return struct_with(*names)(plug_in)


PLUGINS: Plugins[type[Any]] = Plugins("prediction_exporter.extractors", {**DATA, **BUILTIN}, _fault)

__all__ = [
    "BUILTIN",
    "DATA",
    "PLUGINS",
    "Bound",
    "DataExtractor",
    "EvalExtractor",
    "LearningExtractor",
    "ListingExtractor",
    "of_pairs",
]
