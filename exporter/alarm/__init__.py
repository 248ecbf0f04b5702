"""The drift alarm: evidence that a component has left its reference, false at a rate that is stated and bounded.

A Shiryaev-Roberts e-detector on binned counts with a tolerance; docs/calibration.md says what it does on data.
"""

from exporter.alarm.bank import Bank, Part, Verdict, Watched
from exporter.alarm.block import Evidence
from exporter.alarm.calibration import CALM, Unrest, calibrate, unrest_of

__all__ = ["CALM", "Bank", "Evidence", "Part", "Unrest", "Verdict", "Watched", "calibrate", "unrest_of"]
