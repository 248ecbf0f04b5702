"""Scores: the summary of an eval component in, quality of the model out. One file and one line here each."""

from collections.abc import Mapping

from exporter.scores.accuracy import ACCURACY
from exporter.scores.mean_absolute_error import MEAN_ABSOLUTE_ERROR
from exporter.scores.precision import PRECISION
from exporter.scores.recall import RECALL
from exporter.scores.score import Score

BUILTIN: Mapping[str, Score] = {
    "mean_absolute_error": MEAN_ABSOLUTE_ERROR,
    "accuracy": ACCURACY,
    "precision": PRECISION,
    "recall": RECALL,
}

__all__ = ["BUILTIN", "Score"]
