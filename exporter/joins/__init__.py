"""Predictions that wait for their actual, and actuals that wait for their prediction: bounded, by id.

Rows of an id are kept in a log-structured way: the newest in memory, the others in sorted runs of pages that a shelf
keeps, in the state file or in memory. Ten million take some 30 MB of memory beside their pages.
"""

from exporter.joins.joiner import Joined, Joiner, Tallies
from exporter.joins.ledger import Ledger
from exporter.joins.rows import Kept, Rows, layout
from exporter.joins.run import Memory, Run, Shelf

__all__ = ["Joined", "Joiner", "Kept", "Ledger", "Memory", "Rows", "Run", "Shelf", "Tallies", "layout"]
