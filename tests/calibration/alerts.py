"""How often alerts are wrong and how late: models to which nothing happens, and ten to which something does.

Logs of simulated models go through the exporter's own code, what a scrape would show goes into a real Prometheus, and
that judges the expression of every alert over the whole time. `--write` puts the tables into docs/alerts.md.
"""

import argparse
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from alert_rules import SLOW_STEP, STEP, Fired, all_fired
from alert_scrapes import simulated
from alert_world import DAY, HOUR, MINUTE, START, Model

PAGE = Path(__file__).parents[2] / "docs" / "alerts.md"
MARKERS = ("<!-- noise -->", "<!-- end of noise -->")
QUIET_STEP, LOUD_STEP = 30 * MINUTE, 10 * MINUTE  # between two evaluations of the exporter
ONSET = 8.5  # days
LOUD_DAYS = 10.5
MOMENT = START + ONSET * DAY
RATES = (1_000, 2_000, 5_000, 8_000)
LABELS = ("hours", "nightly", "minutes")
OTHERS = {
    "PSI > 0.1": "PSI > 0.1 of ten bins, of inputs once a day",
    "p < 0.05": "p < 0.05 of Kolmogorov-Smirnov or chi-square, of inputs once a day",
    "Evidently": "Wasserstein > 0.1 standard deviations or Jensen-Shannon > 0.1, of inputs once a day",
}


def slow_drift(columns, since, _):
    """Let a mean move by one standard deviation in two days."""
    columns["n2"] += since / (2 * DAY)


def sudden_drift(columns, since, _):
    """Let a mean move by one standard deviation at once."""
    columns["n2"] += since > 0


def one_segment(columns, since, rng):
    """Let the model be right of one site in seven as often as a coin."""
    worse = (columns["site"] == 2) & (since > 0)
    columns["right"] = np.where(worse, rng.random(len(since)) < 0.5, columns["right"])


def missing_column(columns, since, _):
    """Let one input never come."""
    columns["n2"][since > 0] = np.nan


def new_category(columns, since, rng):
    """Let a tenth of the values of an input be a category that was never there."""
    columns["c0"] = np.where((since > 0) & (rng.random(len(since)) < 0.1), 9, columns["c0"])


def stuck_value(columns, since, _):
    """Let an input repeat one value."""
    columns["n2"] = np.where(since > 0, 0.7, columns["n2"])


def slow_answers(columns, since, rng):
    """Let three in ten predictions take three seconds."""
    columns["latency"] = np.where((since > 0) & (rng.random(len(since)) < 0.3), 3.0, columns["latency"])


def no_traffic(columns, since, _):
    """Let no predictions be asked for."""
    columns["kept"] = since <= 0


def late_labels(columns, since, _):
    """Let labels come half a day later than they used to."""
    columns["late"] = np.where(since > 0, 12 * HOUR, 0.0)


def other_world(columns, since, rng):
    """Let the same inputs have other actuals: the model is right seven times in ten instead of nine."""
    columns["right"] = np.where(since > 0, rng.random(len(since)) < 0.7, columns["right"])


INCIDENTS = {
    "slow drift: a mean by 1 sd in two days": (slow_drift, "hours"),
    "sudden drift: a mean by 1 sd": (sudden_drift, "hours"),
    "one segment: 15 % of the traffic, half of it wrong": (one_segment, "minutes"),
    "missing column": (missing_column, "hours"),
    "new category: one value in ten": (new_category, "hours"),
    "stuck value": (stuck_value, "hours"),
    "latency: 30 % take 3 s": (slow_answers, "hours"),
    "traffic stops": (no_traffic, "hours"),
    "labels half a day later": (late_labels, "minutes"),
    "concept drift without input drift: 90 % right, then 70 %": (other_world, "minutes"),
}


def quiet(count: int) -> list[Model]:
    """Return models to which nothing happens: rates, labels and whether a restart forgets are combined."""
    return [Model(f"quiet-{i}", RATES[i % 4], LABELS[i % 3], forgets=i // 2 % 2 == 1) for i in range(count)]


def loud() -> list[Model]:
    """Return models to each of which something happens."""
    happens = enumerate(INCIDENTS.values())
    return [Model(f"incident-{i}", labels=labels, fault=fault, onset=MOMENT) for i, (fault, labels) in happens]


def lived(models: list[Model], folder: Path, days: float, step: float, slow: float) -> tuple[list[Fired], Counter]:
    """Return what fired while models lived, and what the rules of others say of the same data."""
    found = Counter()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        turns = [pool.submit(simulated, seed, model, folder, days, step) for seed, model in enumerate(models)]
        for turn in turns:
            found += turn.result()
            print(".", end="", file=sys.stderr, flush=True)
    return all_fired(folder, days, step + MINUTE, slow), found


def noise(fired: list[Fired], others: Counter, model_days: int) -> Iterator[str]:
    """Yield the table of what fires where nothing happens."""
    total = Counter(one.severity for one in fired)
    spoilt = {(one.model, (one.time - START) // DAY) for one in fired if one.severity in ("critical", "warning")}
    yield "| rule | alerts | of them pages | days of a model with any | hours before noon with any |"
    yield "|---|---:|---:|---:|---:|"
    share = f"{len(spoilt) / model_days:.1%}"
    yield f"| **all alerts on models** | **{total.total()}** | **{total['critical']}** | **{share}** | |"
    for rule, said in OTHERS.items():
        day, hour = (others[rule, part] / others["all", "days"] for part in ("day", "hour"))
        yield f"| {said} | {others[rule, 'new']:,} | | {day:.0%} | {hour:.0%} |"
    yield ""
    yield f"What fired: {_told(fired)}."


def _told(fired):
    """Return the alerts that fired, and how often."""
    counts = Counter((one.name, one.severity) for one in fired)
    return ", ".join(f"{name} ({severity}) {n}" for (name, severity), n in sorted(counts.items())) or "nothing"


def incidents(fired: list[Fired]) -> Iterator[str]:
    """Yield the table of what is noticed, how fast and by which alert."""
    yield "Ten models of 5,000 predictions a day. Each fault begins after eight days, on a Tuesday at noon, and stays."
    yield ""
    yield "| what happens | first noticed | by | first page | also |"
    yield "|---|---:|---|---|---|"
    for name, model in zip(INCIDENTS, loud(), strict=True):
        told = [one for one in fired if one.model == model.name and one.time >= MOMENT]
        yield f"| {name} | {' | '.join(_noticed(told))} |"
    early = [one for one in fired if one.time < MOMENT]
    yield ""
    yield f"Before anything happened to them, in {len(INCIDENTS) * ONSET:.0f} model-days, fired: {_told(early)}."


def _noticed(told):
    """Return after how long something was noticed, by what, when the first page came, and by what else."""
    if not told:
        return "not", "", "", ""
    names = list(dict.fromkeys(one.name for one in told))
    pages = [one for one in told if one.severity == "critical"]
    page = f"{_after(pages[0].time - MOMENT)}, {pages[0].name}" if pages else "none"
    return _after(told[0].time - MOMENT), names[0], page, ", ".join(names[1:])


def _after(seconds):
    return f"{seconds / MINUTE:.0f} min" if seconds < 2 * HOUR else f"{seconds / HOUR:.1f} h"


def page(count: int, days: int, folder: Path) -> Iterator[str]:
    """Yield both tables."""
    fired, others = lived(quiet(count), folder / "quiet", days, QUIET_STEP, SLOW_STEP)
    yield "### Where nothing happens"
    yield ""
    yield f"{count} models of 30 components, {days} days: {count * days} model-days."
    yield ""
    yield from noise(fired, others, count * days)
    cycle, _ = lived([Model("cycle", cycle=0.3)], folder / "cycle", days, QUIET_STEP, SLOW_STEP)
    yield ""
    yield "Of one model more, two of whose inputs follow the day by 0.3 standard deviations, with a reference of 10,000"
    yield f"rows of seven days, fired: {_told(cycle)}."
    yield ""
    yield "### Where something happens"
    yield ""
    yield from incidents(lived(loud(), folder / "loud", LOUD_DAYS, LOUD_STEP, STEP)[0])


def main() -> None:
    """Print the tables, or write them into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=20)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        lines = "\n".join(page(arguments.models, arguments.days, Path(folder)))
    if not arguments.write:
        print(lines)
        return
    before, rest = PAGE.read_text(encoding="utf-8").split(MARKERS[0])
    _, after = rest.split(MARKERS[1])
    PAGE.write_text(f"{before}{MARKERS[0]}\n\n{lines}\n\n{MARKERS[1]}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
