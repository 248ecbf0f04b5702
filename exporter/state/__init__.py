"""What survives a restart: totals, windows, evidence, waiting predictions and source positions, in one file."""

from exporter.state.checkpoint import Checkpoint, Watch
from exporter.state.passing import Passing
from exporter.state.store import StateError, Store

__all__ = ["Checkpoint", "Passing", "StateError", "Store", "Watch"]
