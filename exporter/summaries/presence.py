"""How many rows have a valid value, and why the others have not."""

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Presence:
    """Rows that should carry a component, and the invalid ones by reason.

    `missing`, `type` and `extractor` have no value; `below`, `above` and `unseen` have one outside of the domain, which
    is counted in the histogram or categories too.
    """

    rows: int = 0
    missing: int = 0
    type: int = 0
    extractor: int = 0
    below: int = 0
    above: int = 0
    unseen: int = 0

    def __add__(self, other: "Presence") -> "Presence":
        return Presence(
            self.rows + other.rows,
            self.missing + other.missing,
            self.type + other.type,
            self.extractor + other.extractor,
            self.below + other.below,
            self.above + other.above,
            self.unseen + other.unseen,
        )

    def __sub__(self, other: "Presence") -> "Presence":
        return Presence(*(getattr(self, name) - getattr(other, name) for name in ("rows", *REASONS)))

    def reasons(self) -> dict[str, int]:
        """Return the invalid rows by reason."""
        return {name: getattr(self, name) for name in REASONS}

    @property
    def invalid(self) -> int:
        """Return the number of invalid rows."""
        return self.missing + self.type + self.extractor + self.below + self.above + self.unseen


REASONS = tuple(field.name for field in fields(Presence) if field.name != "rows")
