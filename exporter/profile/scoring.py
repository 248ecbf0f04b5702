"""What a person writes about a score, and the components that it means."""

from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from exporter.scores import PLUGINS as SCORES
from exporter.scores import Reads, Score


class ScoreSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A score of a component; `score` is its kind (the name where it is left out), or {kind: its options}.

    `input` is the name of an eval component; where there is none, that of the one component of another role. A score
    that reads several has `inputs`. `estimate` has it estimated without actuals: true, the output component that holds
    the probability of the positive class (or of the class that was predicted), or {class: output component}.
    """

    name: str
    input: str | None = None
    score: str | dict[str, dict[str, Any]] | None = None
    preference: Literal["high", "low"] | None = None
    threshold: float | None = None
    inputs: list[str] | msgspec.UnsetType = msgspec.UNSET
    estimate: bool | str | dict[str, str] | msgspec.UnsetType = msgspec.UNSET

    @property
    def kind(self) -> str:
        """Return the kind of score."""
        return next(iter(self.score), "") if isinstance(self.score, dict) else self.score or self.name

    @property
    def names(self) -> list[str]:
        """Return the names of the components that it reads."""
        return list(self.inputs or ()) if self.input is None else [self.input]

    def resolved(self) -> Score:
        """Return the score with its options; msgspec.ValidationError or KeyError where there is none such."""
        options = self.score[self.kind] if isinstance(self.score, dict) else {}
        return SCORES[self.kind].bound(options)


def scored(spec: ScoreSpec, known: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return (role, name) of the components that a score without problems reads."""
    keys = list(known)
    return [meant(name, reads, keys)[0] for name, reads in zip(spec.names, spec.resolved().reads, strict=True)]


def meant(name: str, reads: Reads, known: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the components that a name may mean; one where it is well defined."""
    keys = [key for key in known if key[1] == name and reads.role in (None, key[0])]
    return [("eval", name)] if ("eval", name) in keys else keys
