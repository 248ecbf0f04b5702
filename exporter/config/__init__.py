"""Reads the files that people write, `exporter.yml` and profile specs, and says all that is wrong with them."""

from exporter.config.load import load, load_checked, load_spec, read
from exporter.config.model import Actuals, Config, Limits, ModelConfig
from exporter.config.problem import ConfigError, Problem
from exporter.config.segments import segment_of
from exporter.config.values import parse_duration, parse_window

__all__ = [
    "Actuals",
    "Config",
    "ConfigError",
    "Limits",
    "ModelConfig",
    "Problem",
    "load",
    "load_checked",
    "load_spec",
    "parse_duration",
    "parse_window",
    "read",
    "segment_of",
]
