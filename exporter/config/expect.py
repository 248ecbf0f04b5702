"""Expectations as they are written: what is true of every prediction."""

import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import msgspec

from exporter.config.kinds import Written
from exporter.config.segments import Path
from exporter.quality import Consecutive, Expectation, Matches, Monotone, NotNull, Rule, Sum, That, Unique
from exporter.segments import Condition, parse_condition


def parse_pattern(text: str) -> str:
    """Return a regular expression."""
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text!r} is not a regular expression: {error}") from None
    return text


class ExpectConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One expectation: `that` a condition holds, or that the value at a path is there, matches, is unique, never falls.

    `sequence` is a number that counts on by one, of all records or of those alike `by` a tag. `sum` are paths of
    numbers that add up to `equals`, to `within`.
    """

    name: str
    that: Annotated[Condition, Written(parse_condition)] | None = None
    not_null: Path | None = None
    matches: Path | None = None
    pattern: Annotated[str, Written(parse_pattern)] | None = None
    unique: Path | None = None
    monotone: Path | None = None
    sequence: Path | None = None
    by: Path | None = None
    sum: Annotated[list[Path], msgspec.Meta(min_length=1)] | None = None
    equals: float = 1.0
    within: Annotated[float, msgspec.Meta(ge=0)] = 1e-6

    def expectation(self) -> Expectation:
        """Return the expectation; ValueError where it is none."""
        chosen = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(chosen) != 1:
            raise ValueError(f"needs one of {', '.join(KINDS)}")
        if (self.matches is None) != (self.pattern is None):
            raise ValueError("matches and pattern belong together")
        if self.by is not None and self.sequence is None:
            raise ValueError("by belongs to sequence")
        return Expectation(self.name, self._rule(chosen[0], getattr(self, chosen[0])))

    def _rule(self, kind: str, value: Any) -> Rule:  # noqa: ANN401 - of the kind
        if kind == "matches":
            return Matches(value, self.pattern or "")
        if kind == "sequence":
            return Consecutive(value, self.by)
        if kind == "sum":
            return Sum(tuple(value), self.equals, self.within)
        rules: dict[str, Callable[[Any], Rule]]
        rules = {"that": That, "not_null": NotNull, "unique": Unique, "monotone": Monotone}
        return rules[kind](value)


KINDS = ("that", "not_null", "matches", "unique", "monotone", "sequence", "sum")


def check_expectations(written: Sequence[ExpectConfig]) -> None:
    """Raise ValueError where an expectation is none, or two have the same name."""
    names: set[str] = set()
    for place, one in enumerate(written):
        try:
            one.expectation()
        except ValueError as error:
            raise ValueError(f"[{place}]: {error}") from None
        if one.name in names:
            raise ValueError(f"[{place}]: {one.name!r} is the name of another expectation")
        names.add(one.name)
