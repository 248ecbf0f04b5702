"""What the slices of a segment are in one window."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate

from exporter.segments.slices import Cut, Slices
from exporter.windows import Summaries, WindowSpec, add

FLOOR = 10  # predictions, below which nothing is said of a slice: it may be one person


@dataclass(frozen=True, slots=True)
class View:
    """Summaries by slice in a window: of predictions, of outcomes, and of what scores are estimated from.

    `seen` are the slices of which something is said.
    """

    cut: Cut
    window: str
    seen: tuple[str, ...]
    predicted: Mapping[str, Summaries]
    joined: Mapping[str, Summaries]
    estimated: Mapping[str, Summaries]

    @classmethod
    def of(cls, cut: Cut, slices: Slices, spec: WindowSpec, now: float) -> "View":
        """Look at slices as of a time (Unix seconds)."""
        return cls(
            cut,
            spec.label,
            seen(slices),
            {label: one.predictions.rings[spec.base].window(now) for label, one in slices.items()},
            {label: one.outcomes.rings[spec.base].window(now) for label, one in slices.items()},
            {label: one.estimates.rings[spec.base].window(now) for label, one in slices.items()},
        )


def seen(slices: Slices) -> tuple[str, ...]:
    """Return the slices that are large enough to be spoken of."""
    return tuple(label for label, one in slices.items() if one.count >= FLOOR)


def others(windows: Mapping[str, Summaries]) -> dict[str, Summaries]:
    """Return by slice the sum of all others; of an only one there are none and it is left out."""
    parts, empty = list(windows.values()), len(windows) < 2  # noqa: PLR2004 - one and another
    if empty:
        return {}
    before, after = list(accumulate(parts, add)), list(accumulate(reversed(parts), add))[::-1]
    middle = [add(left, right) for left, right in zip(before, after[2:], strict=False)]
    return dict(zip(windows, [after[1], *middle, before[-2]], strict=True))
