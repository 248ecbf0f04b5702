"""Says in words what has changed: of components, and of slices of the traffic."""

from exporter.explain.components import Bin, Finding, explain
from exporter.explain.slices import Reason, SliceFinding, explain_slices

__all__ = ["Bin", "Finding", "Reason", "SliceFinding", "explain", "explain_slices"]
