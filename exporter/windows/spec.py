"""What a window is: by time or by rows, and what it is compared with."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Earlier:
    """What a window is compared with instead of the profile: one `seconds` ago, the first `rows`, or that before it."""

    seconds: float | None = None
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class WindowSpec:
    """A window by time (`seconds`) or by rows, and the text it was configured with.

    `own` is the text of the window alone, where `label` names an earlier one as its reference too.
    """

    label: str
    seconds: float | None = None
    rows: int | None = None
    earlier: Earlier | None = None
    own: str = ""

    @property
    def base(self) -> str:
        """Return the label of the window whatever it is compared with."""
        return self.own or self.label
