"""Watches machine-learning models on Prometheus: reads their prediction log and exposes drift, scores and health."""

__version__ = "0.1.0"
