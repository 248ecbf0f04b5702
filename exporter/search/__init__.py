"""Searches labelled predictions for slices of the traffic on which the model is worse, that nobody has named."""

from exporter.search.features import Feature, Value, features, tag_specs
from exporter.search.losses import Loss, losses
from exporter.search.suggest import Found, Suggestion, search

__all__ = ["Feature", "Found", "Loss", "Suggestion", "Value", "features", "losses", "search", "tag_specs"]
