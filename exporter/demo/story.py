"""What happens when, and the words for it on the console."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import MappingProxyType

from exporter.demo.watch import Fact

HEALTHY: Mapping[str, int] = MappingProxyType({})
OUT_OF_FOCUS: Mapping[str, int] = MappingProxyType({"2": 4})  # machine and how often its images are blurred
FAULT = (0.4, 0.8)  # shares of a run
CYCLE = 1200.0  # seconds of one round of a demo without an end: long enough for every alert to resolve
CYCLE_FAULT = (0.2, 0.35)  # shares of a cycle


class Phase(Enum):
    """Where a run is."""

    BEFORE = "before the fault"
    DURING = "during it"
    AFTER = "after the repair"


@dataclass(frozen=True, slots=True)
class Schedule:
    """When the fault begins and ends; times are Unix seconds, `fault` are shares of `length` seconds."""

    start: float
    length: float
    fault: tuple[float, float]
    repeats: bool

    @property
    def moments(self) -> tuple[float, float, float]:
        """Return the seconds from the start (of a cycle) to the fault, to the repair and to the end."""
        return self.length * self.fault[0], self.length * self.fault[1], self.length

    def phase(self, now: float) -> Phase:
        """Return where the run, or the cycle, is."""
        fault, repair, _ = self._turns(now)
        return Phase.BEFORE if now < fault else Phase.DURING if now < repair else Phase.AFTER

    def next_turn(self, now: float) -> float:
        """Return when the phase changes next, or the run ends; infinity after the end."""
        return next((turn for turn in self._turns(now) if turn > now), math.inf)

    def _turns(self, now: float) -> Sequence[float]:
        start = self.start
        if self.repeats:
            start += (now - start) // self.length * self.length
            if now >= start + self.length:  # rounding has put the very end of a cycle into it
                start += self.length
        return [start + moment for moment in self.moments]

    def broken(self, now: float) -> float:
        """Return for how many seconds the fault has been there, or was in this cycle; below 0 before it."""
        return now - self._turns(now)[0]

    def over(self, now: float) -> bool:
        """Tell whether the run has ended."""
        return not self.repeats and now >= self.start + self.length

    def blurs(self, now: float) -> Mapping[str, int]:
        """Return how often the images of which machines are blurred."""
        return OUT_OF_FOCUS if self.phase(now) is Phase.DURING else HEALTHY


def scheduled(start: float, duration: float | None) -> Schedule:
    """Return the schedule of a run of so many seconds, or of one that repeats for ever (None or 0)."""
    if duration:
        return Schedule(start, duration, FAULT, repeats=False)
    return Schedule(start, CYCLE, CYCLE_FAULT, repeats=True)


TURNS = {
    Phase.BEFORE: "all four machines are healthy: nothing should drift.",
    Phase.DURING: (
        "machine 2's camera is out of focus now: its images are really blurred before the model sees them.\n"
        "           Watch sharpness leave its reference and accuracy fall."
    ),
    Phase.AFTER: "machine 2's camera is repaired: drift and accuracy recover as the windows move on.",
}


def clock(seconds: float) -> str:
    """Return seconds as minutes and seconds."""
    return f"{int(seconds // 60):3}:{int(seconds % 60):02}"


def intro(url: str, log: Path, schedule: Schedule, rates: Mapping[str, float]) -> str:
    """Say what runs, where to look and what will happen; `rates` are requests a second by model."""
    fault, repair, end = map(clock, schedule.moments)
    return f"""\
A model server is at work: it reads hand-written digits ({rates["digits"]:g} a second) and predicts the progress of
diabetes ({rates["diabetes"]:g} a second). It writes its predictions, and later the actuals, to a log:
    {log}
The exporter follows the log and compares it with the profiles of the reference data. What it finds is at
    {url}
Try in another terminal:
    curl -s {url} | grep '^model_score{{'
    curl -s {url} | grep '^model_estimated_score'
    curl -s {url} | grep '^model_drift_score.*sharpness'
    curl -s {url} | grep '^model_segment_score_gap{{'
    prediction-exporter explain --url {url.removesuffix("/metrics")}
What will happen (Ctrl-C ends it):
  {clock(0)}  all is well
  {fault}  the camera of machine 2, one of four, goes out of focus
  {repair}  it is repaired
  {end}  {"the same again, for ever" if schedule.repeats else "the end, with a verdict"}
"""


def turn(phase: Phase, seconds: float) -> str:
    """Say what begins, so many seconds after the start."""
    return f"{clock(seconds)}  >>> {TURNS[phase]}"


def status(facts: Sequence[Fact], labels: str, seconds: float) -> str:
    """Say what the exporter says, of `labels` too, so many seconds after the start."""
    told = "   ".join(_told(fact) for fact in facts if fact.known)
    return f"{clock(seconds)}  {told or 'not enough data yet'}   ({labels})"


def _told(fact: Fact) -> str:
    return f"{fact.what} {fact.shown:>5} {'BAD' if fact.bad else 'ok ':<3}"
