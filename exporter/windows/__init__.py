"""Windows over the stream of rows: by time and by rows, each a ring of tumbling panes whose sum is the window.

A pane is a tuple of component summaries, as is a window and a lifetime total. Rings and streams are values: adding
returns a new one.
"""

from exporter.windows.by_rows import FOLD_ROWS, ROW_PANES, FirstRows, RowPane, RowRing
from exporter.windows.by_time import TIME_PANES, TimeRing
from exporter.windows.rings import Ring, earlier, ring, rings
from exporter.windows.spec import Earlier, WindowSpec
from exporter.windows.stream import Correction, Stream
from exporter.windows.sums import Summaries, add, summarise, total

__all__ = [
    "FOLD_ROWS",
    "ROW_PANES",
    "TIME_PANES",
    "Correction",
    "Earlier",
    "FirstRows",
    "Ring",
    "RowPane",
    "RowRing",
    "Stream",
    "Summaries",
    "TimeRing",
    "WindowSpec",
    "add",
    "earlier",
    "ring",
    "rings",
    "summarise",
    "total",
]
