"""Scores: summaries of components in, quality of the model out. One file and one line here each."""

from collections.abc import Mapping

from exporter.registry import Plugins, instance_of
from exporter.scores.accuracy import ACCURACY
from exporter.scores.average_precision import AVERAGE_PRECISION
from exporter.scores.balanced_accuracy import BALANCED_ACCURACY
from exporter.scores.brier import BRIER
from exporter.scores.business_value import BUSINESS_VALUE
from exporter.scores.expected_calibration_error import EXPECTED_CALIBRATION_ERROR
from exporter.scores.f1 import F1
from exporter.scores.f_beta import F_BETA
from exporter.scores.hit_rate import HIT_RATE
from exporter.scores.log_loss import LOG_LOSS
from exporter.scores.macro_f1 import MACRO_F1
from exporter.scores.macro_precision import MACRO_PRECISION
from exporter.scores.macro_recall import MACRO_RECALL
from exporter.scores.matthews_correlation import MATTHEWS_CORRELATION
from exporter.scores.mean import MEAN
from exporter.scores.mean_absolute_error import MEAN_ABSOLUTE_ERROR
from exporter.scores.mean_absolute_percentage_error import MEAN_ABSOLUTE_PERCENTAGE_ERROR
from exporter.scores.mean_average_precision_at_k import MEAN_AVERAGE_PRECISION_AT_K
from exporter.scores.mean_error import MEAN_ERROR
from exporter.scores.mean_reciprocal_rank import MEAN_RECIPROCAL_RANK
from exporter.scores.median_absolute_error import MEDIAN_ABSOLUTE_ERROR
from exporter.scores.ndcg_at_k import NDCG_AT_K
from exporter.scores.precision import PRECISION
from exporter.scores.precision_at_k import PRECISION_AT_K
from exporter.scores.quantile_loss import QUANTILE_LOSS
from exporter.scores.r2 import R2
from exporter.scores.recall import RECALL
from exporter.scores.recall_at_k import RECALL_AT_K
from exporter.scores.roc_auc import ROC_AUC
from exporter.scores.root_mean_squared_error import ROOT_MEAN_SQUARED_ERROR
from exporter.scores.score import Measurement, Reads, Score
from exporter.scores.specificity import SPECIFICITY
from exporter.scores.weighted_f1 import WEIGHTED_F1
from exporter.scores.weighted_precision import WEIGHTED_PRECISION
from exporter.scores.weighted_recall import WEIGHTED_RECALL

BUILTIN: Mapping[str, Score] = {
    "mean": MEAN,
    "mean_error": MEAN_ERROR,
    "mean_absolute_error": MEAN_ABSOLUTE_ERROR,
    "mean_absolute_percentage_error": MEAN_ABSOLUTE_PERCENTAGE_ERROR,
    "median_absolute_error": MEDIAN_ABSOLUTE_ERROR,
    "root_mean_squared_error": ROOT_MEAN_SQUARED_ERROR,
    "quantile_loss": QUANTILE_LOSS,
    "r2": R2,
    "accuracy": ACCURACY,
    "balanced_accuracy": BALANCED_ACCURACY,
    "precision": PRECISION,
    "recall": RECALL,
    "specificity": SPECIFICITY,
    "f1": F1,
    "f_beta": F_BETA,
    "matthews_correlation": MATTHEWS_CORRELATION,
    "macro_precision": MACRO_PRECISION,
    "macro_recall": MACRO_RECALL,
    "macro_f1": MACRO_F1,
    "weighted_precision": WEIGHTED_PRECISION,
    "weighted_recall": WEIGHTED_RECALL,
    "weighted_f1": WEIGHTED_F1,
    "business_value": BUSINESS_VALUE,
    "log_loss": LOG_LOSS,
    "brier": BRIER,
    "roc_auc": ROC_AUC,
    "average_precision": AVERAGE_PRECISION,
    "expected_calibration_error": EXPECTED_CALIBRATION_ERROR,
    "ndcg_at_k": NDCG_AT_K,
    "mean_average_precision_at_k": MEAN_AVERAGE_PRECISION_AT_K,
    "mean_reciprocal_rank": MEAN_RECIPROCAL_RANK,
    "hit_rate": HIT_RATE,
    "precision_at_k": PRECISION_AT_K,
    "recall_at_k": RECALL_AT_K,
}

PLUGINS = Plugins("prediction_exporter.scores", BUILTIN, instance_of(Score))

__all__ = ["BUILTIN", "PLUGINS", "Measurement", "Reads", "Score"]
