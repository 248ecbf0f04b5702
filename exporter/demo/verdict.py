"""Whether the diagnosis came as promised: good before the fault, bad during it, good again after the repair."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import isnan, nan

from exporter.demo.story import Phase
from exporter.demo.watch import Fact

WIDTH = 18


@dataclass(slots=True)
class Course:
    """How one fact went: its worst while the models were healthy and while the fault was there, its last after it."""

    facts: dict[Phase, Fact] = field(default_factory=dict)
    seen: float = nan  # seconds from the fault until it showed

    def add(self, phase: Phase, fact: Fact, broken: float) -> None:
        """Take note of a fact, so many seconds after the fault; one that is not known says nothing."""
        if phase is Phase.DURING and fact.bad and isnan(self.seen):
            self.seen = broken
        known = self.facts.get(phase)
        if fact.known and (known is None or phase is Phase.AFTER or fact.sign * (fact.value - known.value) > 0):
            self.facts[phase] = fact

    @property
    def promised(self) -> bool:
        """Tell whether the fact was bad during the fault, if that should touch it, and good before and after."""
        bad = {phase: fact.bad for phase, fact in self.facts.items()}
        return bad == {phase: phase is Phase.DURING and self.touched for phase in Phase}

    @property
    def touched(self) -> bool:
        """Tell whether the fault should show in the fact."""
        return any(fact.touched for fact in self.facts.values())


@dataclass(slots=True)
class Diary:
    """The course of every fact in a run."""

    courses: dict[str, Course] = field(default_factory=dict)

    def add(self, phase: Phase, facts: Iterable[Fact], broken: float) -> None:
        """Take note of the facts of one look, so many seconds after the fault."""
        for fact in facts:
            self.courses.setdefault(fact.what, Course()).add(phase, fact, broken)

    @property
    def promised(self) -> bool:
        """Tell whether everything went as promised."""
        return bool(self.courses) and all(course.promised for course in self.courses.values())

    def table(self) -> str:
        """Return the verdict for the console."""
        head = ["", "threshold", *(phase.value for phase in Phase), "seen after", "as promised"]
        return "\n".join("  ".join(f"{cell:<{WIDTH}}" for cell in row).rstrip() for row in [head, *self._rows()])

    def _rows(self) -> Iterable[list[str]]:
        for what, course in self.courses.items():
            shown: Mapping[Phase, str] = {phase: fact.shown for phase, fact in course.facts.items()}
            limit = next((fact.limit for fact in course.facts.values()), "-")
            after = "-" if isnan(course.seen) else f"{course.seen:.0f} s"
            yield [what, limit, *(shown.get(phase, "-") for phase in Phase), after, "yes" if course.promised else "NO"]
