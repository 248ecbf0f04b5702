"""False alarms, delays and recoveries of the drift alarm beside the rules that others use, on the same made data.

Columns are drawn, summarised as the engine summarises them and stepped through the exporter's own alarm; JSON is left
out, as a hundred million values of it would only test the decoder, and `through_log.py` holds the two to be equal.
`--write` puts the tables into docs/calibration.md.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from columns import CHANGES, COLUMNS, KEPT, UNREST, Column, capped, wandered
from others import RULES, judged
from scipy import stats

from exporter.alarm import Bank, Watched, unrest_of
from exporter.summaries import Grid, Measure

PAGE = Path(__file__).parents[2] / "docs" / "calibration.md"
MARKERS = ("<!-- drift -->", "<!-- end of drift -->")
STEPS = 10_000.0
TOLERANCE = 0.01
CELLS = [(m, n) for m in (1_000, 10_000, 100_000) for n in (500, 3_000, 50_000)]
WINDOWS = {500: 6_000, 3_000: 2_500, 50_000: 200}
PEER_WINDOWS = {500: 200, 3_000: 100, 50_000: 20}
PER_REFERENCE = 250  # windows, at most
REFERENCES = 8  # at least


class Watch:
    """The alarm over columns with references of m rows."""

    def __init__(self, rng, columns, m, **unrest):
        self.references = [column.draw(rng, m) for column in columns]
        self.measures = [_measure(c, values) for c, values in zip(columns, self.references, strict=True)]
        kept = [capped(column, values) for column, values in zip(columns, self.references, strict=True)]
        references = [measure.of(values) for measure, values in zip(self.measures, kept, strict=True)]
        watched = [Watched(r, complete=m.complete, **unrest) for r, m in zip(references, self.measures, strict=True)]
        self.bank = Bank.of(watched, TOLERANCE, STEPS)
        self.evidence = self.bank.start()
        self.totals = [measure.empty() for measure in self.measures]
        self.time = 0

    def step(self, values):
        """Take a window in; returns which columns are in alarm."""
        self.totals = [t + m.of(v) for t, m, v in zip(self.totals, self.measures, values, strict=True)]
        self.time += 1
        self.evidence = self.bank.step(self.evidence, self.totals, float(self.time))
        verdicts = self.bank.verdicts(self.evidence)
        return np.array([verdict is not None and verdict.firing for verdict in verdicts])


def _measure(column, values):
    if not column.levels:
        return Measure(Grid.of(values))
    kept = min(column.levels, KEPT)
    return Measure(levels=tuple(map(str, range(kept))), complete=column.levels <= kept)


def false_alarms(scale: float) -> Iterator[tuple[int, int, int, int, dict[str, float]]]:
    """Yield m, n, windows, alarms of ours, and the share of windows in which each peer's rule finds drift."""
    for m, n in CELLS:
        rng = np.random.default_rng(m + n)
        windows, alarms, found, looked = max(int(WINDOWS[n] * scale), 20), 0, dict.fromkeys(RULES, 0), 0
        each_reference = min(PER_REFERENCE, -(-windows // REFERENCES))
        every = -(-windows // max(PEER_WINDOWS[n] * min(scale, 1), 5))
        watch, before = None, None
        for place in range(windows):
            if place % each_reference == 0:
                watch, before = Watch(rng, COLUMNS, m), np.zeros(len(COLUMNS), bool)
            drawn = [column.draw(rng, n) for column in COLUMNS]
            firing = watch.step([capped(c, v) for c, v in zip(COLUMNS, drawn, strict=True)])
            alarms += int((firing & ~before).sum())
            before = firing
            if place % every == 0:
                looked += 1
                for rule in _found(watch.references, drawn):
                    found[rule] += 1
        _progress(f"false alarms m={m} n={n}")
        yield m, n, windows, alarms, {rule: count / looked for rule, count in found.items()}


def _found(references, drawn):
    """Return the rules of others by which any column has drifted."""
    each = [judged(r, v, c.levels, len(COLUMNS)) for c, r, v in zip(COLUMNS, references, drawn, strict=True)]
    return [rule for rule in RULES if any(one[rule] for one in each)]


SMALL = {  # the same of a reference of 1,000 rows
    "mean by 0.25 sd": (14, 2.6),
    "mean by 0.5 sd": (1.1, 1.0),
    "sd by 1.2": (13, 1.8),
    "category by 10 points": (11, 2.3),
}
CAPS = {500: 60, 3_000: 20, 50_000: 5}
ROUNDS = {500: 10, 3_000: 10, 50_000: 2}


@dataclass(frozen=True)
class Delay:
    """How long a change took in windows: mean, its standard error, share found in time, and from recovery to its end.

    `goal` is what the method was found to take where it was proposed.
    """

    name: str
    m: int
    n: int
    mean: float
    error: float
    share: float
    end: float
    goal: float


def delays(scale: float) -> Iterator[Delay]:
    """Yield each change, at each size of windows, with large references and with small ones.

    Twenty columns change at once, each judged by itself under the budget of twenty: that is twenty tries.
    """
    for name, (_, _, goals) in CHANGES.items():
        for m, every in ((10_000, goals), (1_000, SMALL.get(name, ()))):
            for n, goal in zip(CAPS, every, strict=False):
                yield _delays(name, m, n, goal, max(1, round(ROUNDS[n] * min(scale, 1))))
        _progress(name)


def _delays(name, m, n, goal, rounds):
    column, changed, _ = CHANGES[name]
    turns = [_delay(np.random.default_rng(m + 1000 * n + turn), column, changed, n, m) for turn in range(rounds)]
    found, ended = [one for first, _ in turns for one in first], [one for _, ends in turns for one in ends]
    late = np.array([CAPS[n] if windows is None else windows for windows in found])
    share = sum(windows is not None for windows in found) / len(found)
    end = float(np.median(ended)) if ended else np.nan
    return Delay(name, m, n, late.mean(), late.std() / np.sqrt(len(late)), share, end, goal)


def _delay(rng, column, changed, n, m=10_000):
    columns = [column] * 20
    watch = Watch(rng, columns, m)
    for _ in range(5):
        watch.step([column.draw(rng, n) for column in columns])
    first: list[int | None] = [None] * 20
    firing = np.zeros(20, bool)
    for window in range(1, CAPS[n] + 1):
        firing = watch.step([changed(rng, n) for _ in columns])
        first = [window if one is None and now else one for one, now in zip(first, firing, strict=True)]
        if all(one is not None for one in first):
            break
    ended = []
    for window in range(1, 9):
        now = watch.step([column.draw(rng, n) for column in columns])
        ended += [window] * int((firing & ~now).sum())
        firing = firing & now
    return first, ended + [9] * int(firing.sum())


WANDER = {(10_000, 3_000): 45, (100_000, 50_000): 10}  # windows


def wandering(scale: float) -> Iterator[tuple[int, int, int, dict[str, float]]]:
    """Yield m, n, windows, and the share of them in which each rule finds a column that wanders to have drifted."""
    for (m, n), most in WANDER.items():
        rng, windows = np.random.default_rng(n), max(5, round(most * min(scale, 1)))
        watch, found = Watch(rng, COLUMNS, m), Counter()
        for _ in range(windows):
            drawn = [wandered(rng, c.draw(rng, n)) if not c.levels else c.draw(rng, n) for c in COLUMNS]
            found["evidence"] += watch.step([capped(c, v) for c, v in zip(COLUMNS, drawn, strict=True)]).any()
            found.update(_found(watch.references, drawn))
        _progress(f"wandering m={m} n={n}")
        yield m, n, windows, {rule: found[rule] / windows for rule in ("evidence", *RULES)}


def restless(windows: int) -> Iterator[tuple[str, float, float, float, float]]:
    """Yield case, dispersion, season, and alarms in 10,000 windows of 500 rows: plain, and calibrated."""
    for name, column in UNREST.items():
        rng, counted, measured = np.random.default_rng(5), [], None
        for calibrated in (False, True):
            alarms, total = 0, 0
            for turn in range(4):
                rng = np.random.default_rng(turn)
                log = column.draw(rng, 10_000 + 500 * (windows // 4))
                reference, live = log[:10_000], log[10_000:]
                measured = unrest_of(Measure(Grid.of(reference)).of(reference), reference, complete=True)
                options = {"dispersion": measured.dispersion, "season": measured.season} if calibrated else {}
                watch = Watch(rng, [Column(lambda _, __, values=reference: values)], 10_000, **options)
                before = np.zeros(1, bool)
                for start in range(0, len(live), 500):
                    firing = watch.step([live[start : start + 500]])
                    alarms += int((firing & ~before).sum())
                    before = firing
                    total += 1
            counted.append(10_000 * alarms / total)
        _progress(name)
        yield name, measured.dispersion, measured.season, *counted


def tables(scale: float) -> Iterator[str]:
    """Yield the page's tables, line by line."""
    yield "### False alarms where nothing has changed"
    yield ""
    yield "20 columns; of ours, alarms in 10,000 windows of the whole model; of the others, share of windows with any."
    yield ""
    yield f"| reference m | window n | windows | **evidence**, per 10,000 | at most (95 %) | {' | '.join(RULES)} |"
    yield f"|---:|---:|---:|---:|---:|{'---:|' * len(RULES)}"
    rows = list(false_alarms(scale))
    for m, n, windows, alarms, found in rows:
        bound = 10_000 * stats.chi2.ppf(0.95, 2 * alarms + 2) / 2 / windows
        shares = " | ".join(f"{share:.0%}" for share in found.values())
        yield f"| {m:,} | {n:,} | {windows:,} | **{10_000 * alarms / windows:.1f}** | {bound:.1f} | {shares} |"
    large = [(windows, alarms) for m, _, windows, alarms, _ in rows if m >= 3_000]
    windows, alarms = (sum(part) for part in zip(*large, strict=True))
    bound = 10_000 * stats.chi2.ppf(0.95, 2 * alarms + 2) / 2 / windows
    yield ""
    yield f"With m of 10,000 or more: {alarms} alarms in {windows:,} windows, at most {bound:.2f} in 10,000 (95 %)."
    yield ""
    yield "### How long a change takes to be found, and an alarm to end"
    yield ""
    yield "Budget of twenty columns and 10,000 windows. Windows from the change to the alarm (mean with its standard"
    yield "error; what is not found within 60, 20 or 5 counts as that), and from the recovery to its end (median)."
    yield ""
    yield "| change | reference m | window n | windows to the alarm | found | expected | windows to its end |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for d in sorted(delays(scale), key=lambda d: -d.m):
        mean = f"{d.mean:.1f} ± {d.error:.1f}"
        yield f"| {d.name} | {d.m:,} | {d.n:,} | {mean} | {d.share:.0%} | {d.goal:g} | {d.end:.0f} |"
    yield ""
    yield "### Means that wander"
    yield ""
    yield "From window to window the mean of every column of numbers moves by 0.03 standard deviations at random (by a"
    yield "factor where all are positive), which matters to nobody. The share of windows in which a rule finds any."
    yield ""
    yield f"| reference m | window n | windows | **evidence** | {' | '.join(RULES)} |"
    yield f"|---:|---:|---:|---:|{'---:|' * len(RULES)}"
    for m, n, windows, found in wandering(scale):
        yield f"| {m:,} | {n:,} | {windows} | {' | '.join(f'{share:.0%}' for share in found.values())} |"
    yield ""
    yield "### Rows that depend on each other"
    yield ""
    yield "One column, windows of 500 rows, a reference of 10,000 rows in the order of time. Calibrated is with the"
    yield "dispersion (phi) and season (tau) that are measured on that reference."
    yield ""
    yield "| case | phi | tau | alarms in 10,000 windows, plain | calibrated |"
    yield "|---|---:|---:|---:|---:|"
    for name, phi, tau, plain, calibrated in restless(max(int(2_000 * scale), 80)):
        yield f"| {name} | {phi:.1f} | {tau:.3f} | {plain:.0f} | {calibrated:.0f} |"


def _progress(text):
    print(text, file=sys.stderr)


def main():
    """Print the tables, or write them into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of windows")
    parser.add_argument("--write", action="store_true", help="into docs/calibration.md")
    given = parser.parse_args()
    text = "\n".join(tables(given.scale))
    if not given.write:
        print(text)
        return
    page = PAGE.read_text(encoding="utf-8")
    head, rest = page.split(MARKERS[0])
    tail = rest.split(MARKERS[1])[1]
    PAGE.write_text(f"{head}{MARKERS[0]}\n\n{text}\n\n{MARKERS[1]}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
