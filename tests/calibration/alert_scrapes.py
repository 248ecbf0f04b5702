"""What Prometheus would have scraped of a simulated model, as files for its blocks, and what the rules of others say.

At an evaluation it is what the exporter shows, of the series that alerts read. Scrapes between two evaluations count
predictions to the minute, and values in proportion.
"""

from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from alert_rules import read
from alert_world import CATEGORIES, DAY, HOUR, INPUTS, MINUTE, START, Model, Running
from others import RULES, judged

from exporter import catalog

JOB = "prediction-exporter"
FIVE = 5 * MINUTE
FINE = {catalog.PREDICTIONS.name, catalog.FAILURES.name, catalog.LATENCY.name}
PROPORTIONAL = {catalog.OBSERVATIONS.name, catalog.INVALID.name}
SLOW = 1.0  # seconds, the bucket of the latency that rules read


@dataclass
class Scrapes:
    """Writes the samples of a model, a file a day; `wanted` are the names of series that rules read."""

    model: Model
    folder: Path
    wanted: frozenset[str]
    lines: list[str] = field(default_factory=list)
    counts: np.ndarray = field(default_factory=lambda: np.zeros(4))
    before: dict[str, float] = field(default_factory=dict)

    def forget(self):
        """Count from nought again."""
        self.counts, self.before = np.zeros(4), {}

    def add(self, now, interval, running, times, columns):
        """Take what happened in the interval before `now`, and what the exporter shows of it."""
        self._traffic(now, interval, times, columns)
        self._process(now, interval)
        shown = dict(self._shown(running.fleet.models[0]))
        for series, value in shown.items():
            if series.partition("{")[0] in PROPORTIONAL:
                start = self.before.get(series, 0.0)
                for moment in np.arange(now - interval + FIVE, now + 1, FIVE):
                    part = 1 - (now - moment) / interval
                    self._write(series, int(start + part * (value - start)), moment)
            else:
                self._write(series, value, now)
        self.before = shown

    def _shown(self, model):
        """Yield series and value, without those that are counted by the minute."""
        for family in model.families():
            if family.metric.name in FINE or not self.wanted & _series(family.metric):
                continue
            for line in family.body.splitlines():
                series, _, value = line.rpartition(" ")
                if series.partition("{")[0] in self.wanted and ("statistic=" not in series or '="psi"' in series):
                    yield series, float(value)

    def _traffic(self, now, interval, times, columns):
        failed, slow = columns["failed"], columns["latency"] > SLOW
        marks = np.array([np.ones(len(times)), failed, ~slow, np.ones(len(times))]).T
        who = f'model="{self.model.name}",version="1"'
        names = [f"{catalog.PREDICTIONS.name}{{{who}}}", f"{catalog.FAILURES.name}{{{who}}}"]
        names += [f'{catalog.LATENCY.name}_bucket{{{who},le="1.0"}}', f"{catalog.LATENCY.name}_count{{{who}}}"]
        grid = np.arange(now - interval + MINUTE, now + 1, MINUTE)
        sums = np.vstack([np.zeros(4), np.cumsum(marks, axis=0)])[np.searchsorted(times, grid, side="right")]
        for place, name in enumerate(names):
            for moment, value in zip(grid.tolist(), (self.counts[place] + sums[:, place]).tolist(), strict=True):
                self._write(name, int(value), moment)
        self.counts = self.counts + marks.sum(axis=0)

    def _process(self, now, interval):
        """Write of a server that is deployed anew every five days, and whose caches fill up in hours."""
        who = f'{{model="{self.model.name}",version="1"}}'
        for moment in np.arange(now - interval + FIVE, now + 1, FIVE):
            age = (moment - START) % (5 * DAY)
            memory = 5e8 * (1.3 - 0.3 * np.exp(-age / (3 * HOUR))) + 2e7 * np.sin(moment / 997)
            self._write(catalog.PROCESS_UP.name + who, 1, moment)
            self._write(catalog.PROCESS_START.name + who, moment - age, moment)
            self._write(catalog.PROCESS_MEMORY.name + who, int(memory), moment)

    def up(self, now, interval, *, restarted):
        """Write whether the exporter answered, which it did not at the first scrape after a restart."""
        for moment in np.arange(now - interval + MINUTE, now + 1, MINUTE):
            self._write("up{}", int(not (restarted and moment == now - interval + MINUTE)), moment)

    def _write(self, series, value, moment):
        name, _, rest = series.partition("{")
        labels = f'job="{JOB}",instance="{self.model.name}"{"," if rest != "}" else ""}{rest}'
        self.lines.append(f"{name}{{{labels} {value} {moment:.0f}\n")

    def close(self, day):
        """End the file of a day."""
        path = self.folder / f"{day}" / f"{self.model.name}.om"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(self.lines))
        self.lines = []


@cache
def _series(metric):
    return {metric.name, *(f"{metric.name}_{part}" for part in ("bucket", "sum", "count"))}


def simulated(seed: int, model: Model, folder: Path, days: float, interval: float) -> Counter:
    """Let a model live for some days, and write what is scraped of it; returns what the rules of others say.

    By rule and `day`, `hour` or `new`: days, and hours before noon, with any column that has drifted, and columns that
    have drifted and had not the day before.
    """
    rng, wanted = np.random.default_rng(seed), read()
    running = Running(model, folder / "exporters" / model.name, rng, interval)
    scrapes = Scrapes(model, folder, wanted)
    restarts = {int(step) for step in rng.choice(round(days * DAY / interval), max(1, round(days / 6)), replace=False)}
    found, today, before = Counter(), [], {}
    for step in range(round(days * DAY / interval)):
        now = START + (step + 1) * interval
        if step in restarts and model.forgets:
            running.start()
            scrapes.forget()
        times, columns = running.step(now)
        scrapes.up(now, interval, restarted=step in restarts)
        scrapes.add(now, interval, running, times, columns)
        today.append((times, columns))
        if (now - START) % DAY == 0:
            scrapes.close(int((now - START) // DAY) - 1)
            before = _others(running.reference, today, before, found)
            today = []
    scrapes.close(int(days))
    return found


def _others(reference, today, before, found):
    """Count what others say of a day and of an hour; returns the columns they say it of."""
    times = np.concatenate([times for times, _ in today])
    columns = {name: np.concatenate([columns[name] for _, columns in today]) for name in INPUTS}
    said = _judged(reference, columns)
    hour = (times % DAY >= 11 * HOUR) & (times % DAY < 12 * HOUR)
    hourly = _judged(reference, {name: values[hour] for name, values in columns.items()})
    for rule, names in said.items():
        found[rule, "day"] += bool(names)
        found[rule, "new"] += len(names - before.get(rule, set()))
        found[rule, "hour"] += bool(hourly[rule])
    found["all", "days"] += 1
    return said


def _judged(reference, columns):
    """Return the columns that have drifted, by rule."""
    said = {rule: set() for rule in RULES}
    for name, values in columns.items():
        pair = [each[~np.isnan(each)] if name not in CATEGORIES else each for each in (reference[name], values)]
        levels = CATEGORIES[name].levels if name in CATEGORIES else 0
        for rule, drifted in judged(*pair, levels, len(INPUTS)).items() if len(pair[1]) > 1 else ():
            if drifted:
                said[rule].add(name)
    return said
