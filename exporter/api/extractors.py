"""Extractors of one datum by the names of the Python API."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from exporter.extractors.avg_intensity import AvgIntensity
from exporter.extractors.centroid_distance import CentroidDistance
from exporter.extractors.class_entropy import ClassEntropy
from exporter.extractors.class_margin import ClassMargin
from exporter.extractors.clipping import Clipping
from exporter.extractors.colour_cast import ColourCast
from exporter.extractors.contrast import Contrast
from exporter.extractors.correlation import Correlation
from exporter.extractors.detection_confidence import DetectionConfidence
from exporter.extractors.detection_count import DetectionCount
from exporter.extractors.dn2_outlier_score import Dn2OutlierScore
from exporter.extractors.element import Element
from exporter.extractors.fixed_subpatch_similarity import FixedSubpatchSimilarity as Patch
from exporter.extractors.frozen_frame import FrozenFrame
from exporter.extractors.isolation_forest_score import IsolationForestScore
from exporter.extractors.kernel_similarity import KernelSimilarity
from exporter.extractors.kmeans_outlier_score import KmeansOutlierScore
from exporter.extractors.knn_outlier_score import KnnOutlierScore
from exporter.extractors.mahalanobis import Mahalanobis
from exporter.extractors.max_score_element import MaxScoreElement
from exporter.extractors.non_letter_ratio import NonLetterRatio
from exporter.extractors.oov_ratio import OovRatio
from exporter.extractors.pca_reconstruction_error import PcaReconstructionError
from exporter.extractors.resolution import Resolution
from exporter.extractors.sharpness import Sharpness
from exporter.extractors.text_length import TextLength
from exporter.extractors.word_count import WordCount

ElementExtractor = Element
ClassificationMarginExtractor = ClassMargin
ClassificationEntropyExtractor = ClassEntropy
DN2AnomalyScorer = Dn2OutlierScore
KNNOutlierScorer = KnnOutlierScore
MahalanobisOutlierScorer = Mahalanobis
IsolationForestOutlierScorer = IsolationForestScore
MaxScoreElementExtractor = MaxScoreElement


def KMeansOutlierScorer(  # noqa: N802 - it stands for a class
    k: int = 16, nearest: int = 1, features: Iterable[str] = ()
) -> KmeansOutlierScore:
    """Return the extractor of the mean distance to the nearest of k centroids of the reference."""
    return KmeansOutlierScore(k, nearest, tuple(features))


def FixedSubpatchSimilarity(  # noqa: N802 - as above
    patch: Sequence[int] | Mapping[str, int], nrefs: int = 10
) -> Patch:
    """Return the extractor of how a patch differs from `nrefs` references: x0, y0, x1 and y1, in order or by name."""
    corners = [patch[corner] for corner in ("x0", "y0", "x1", "y1")] if isinstance(patch, Mapping) else patch
    left, top, right, bottom = corners
    return Patch((left, top, right, bottom), nrefs)


def YoloConfidenceExtractor(  # noqa: N802 - as above
    aggregation: Literal["mean", "min", "max"] = "mean",
) -> DetectionConfidence:
    """Return the extractor of the mean, smallest or largest confidence of the objects that were detected."""
    return DetectionConfidence(aggregation)


__all__ = [
    "AvgIntensity",
    "CentroidDistance",
    "ClassificationEntropyExtractor",
    "ClassificationMarginExtractor",
    "Clipping",
    "ColourCast",
    "Contrast",
    "Correlation",
    "DN2AnomalyScorer",
    "DetectionConfidence",
    "DetectionCount",
    "ElementExtractor",
    "FixedSubpatchSimilarity",
    "FrozenFrame",
    "IsolationForestOutlierScorer",
    "KMeansOutlierScorer",
    "KNNOutlierScorer",
    "KernelSimilarity",
    "MahalanobisOutlierScorer",
    "MaxScoreElementExtractor",
    "NonLetterRatio",
    "OovRatio",
    "PcaReconstructionError",
    "Resolution",
    "Sharpness",
    "TextLength",
    "WordCount",
    "YoloConfidenceExtractor",
]
