"""Scores: the summary of a component in, quality of the model out. One file and one line here each."""

from collections.abc import Mapping

from exporter.registry import Plugins, instance_of
from exporter.scores.accuracy import ACCURACY
from exporter.scores.f1 import F1
from exporter.scores.mean import MEAN
from exporter.scores.mean_absolute_error import MEAN_ABSOLUTE_ERROR
from exporter.scores.precision import PRECISION
from exporter.scores.recall import RECALL
from exporter.scores.root_mean_squared_error import ROOT_MEAN_SQUARED_ERROR
from exporter.scores.score import Measurement, Score

BUILTIN: Mapping[str, Score] = {
    "mean": MEAN,
    "mean_absolute_error": MEAN_ABSOLUTE_ERROR,
    "root_mean_squared_error": ROOT_MEAN_SQUARED_ERROR,
    "accuracy": ACCURACY,
    "precision": PRECISION,
    "recall": RECALL,
    "f1": F1,
}

PLUGINS = Plugins("prediction_exporter.scores", BUILTIN, instance_of(Score))

__all__ = ["BUILTIN", "PLUGINS", "Measurement", "Score"]
