"""Scores without actuals, from what the labelled reference has taught: chances of classes, and expected losses."""

from exporter.estimate.calibration import OTHERS, PREDICTED, Calibration, Chances, calibrate
from exporter.estimate.expected import Expected, Measuring, laid_out
from exporter.estimate.loss import LossModel, learn
from exporter.estimate.outcomes import BUILDERS

__all__ = [
    "BUILDERS",
    "OTHERS",
    "PREDICTED",
    "Calibration",
    "Chances",
    "Expected",
    "LossModel",
    "Measuring",
    "calibrate",
    "laid_out",
    "learn",
]
