"""Models that are simulated for the noise of alerts: their traffic, records, labels and faults.

Records are lines of JSON, which the exporter's own code reads, joins and evaluates.
"""

import heapq
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
from columns import SKEWED, coded, zipf

from exporter import config
from exporter.app.decoding import decoder_of
from exporter.app.fleet import Fleet
from exporter.app.pipeline import declare
from exporter.profile import ComponentSpec, ProfileSpec, ScoreSpec, build, columns_of, dump
from exporter.sources.images import Images

START = 1_767_571_200.0  # a Monday, midnight
DAY, HOUR, MINUTE = 86_400.0, 3_600.0, 60.0
REFERENCE = 10_000  # rows
SOURCE = "predictions"
SITES = ("a", "b", "c", "d", "e")
CONFIG = """
evaluation_interval: {interval:.0f}s
models:
  - profile: profile.json
    windows: [1h, 24h]
    segments: [{{by: tags.site, components: [n0], fairness: {{}}}}]
    actuals: {{wait: 2d}}
sources:
  - stdin: {{}}
"""
NUMBERS: dict[str, Callable] = {
    **{f"n{i}": lambda rng, n: rng.normal(size=n) for i in range(8)},
    **{f"n{i}": lambda rng, n: rng.lognormal(size=n) for i in range(8, 12)},
    **{f"n{i}": lambda rng, n: rng.standard_t(3, n) for i in range(12, 15)},
    **{f"n{i}": lambda rng, n: rng.standard_exponential(n) for i in range(15, 18)},
    **{f"n{i}": lambda rng, n: rng.gamma(2, size=n) for i in range(18, 20)},
    **{f"n{i}": lambda rng, n: rng.normal(size=n) for i in range(20, 22)},
}
CATEGORIES = {"c0": coded(SKEWED), "c1": coded([0.9, 0.1]), "c2": zipf(20), "c3": zipf(200)}
INPUTS = (*NUMBERS, *CATEGORIES)
SPEC = ProfileSpec(
    "",
    "1",
    [
        *[ComponentSpec(name, f"input.{name}", dtype="float") for name in NUMBERS],
        *[ComponentSpec(name, f"input.{name}", dtype="category") for name in CATEGORIES],
        ComponentSpec("label", "output.label", dtype="category"),
        ComponentSpec("probability", "output.probability", dtype="float"),
        ComponentSpec("label", "actual.label", dtype="category"),
        ComponentSpec(
            "cell",
            role="eval",
            extractor={"classification_error_type": {"output": "label", "actual": "label", "positive": "yes"}},
        ),
    ],
    [ScoreSpec(name, "cell") for name in ("accuracy", "precision", "recall", "f1")],
)
ENCODE = msgspec.json.Encoder().encode
Columns = dict[str, np.ndarray]


def never(*_):
    """Change nothing."""


@dataclass(frozen=True)
class Model:
    """A model: predictions a day, how labels come, whether restarts lose what is known, what happens to it, and when.

    `fault` changes columns in place, given how many seconds ago it began (at least 0) and a generator. `cycle` is how
    far two inputs follow the day, in standard deviations.
    """

    name: str
    rate: float = 5_000.0
    labels: str = "hours"
    forgets: bool = False
    fault: Callable = never
    onset: float = math.inf
    cycle: float = 0.0


def traffic(times: np.ndarray) -> np.ndarray:
    """Return the rate of predictions at Unix times, 1 on average: by day as 1 to 9, on weekends two fifths."""
    hours, days = (times - START) / HOUR % 24, (times - START) // DAY % 7
    return (1 + 0.8 * np.sin((hours - 9) * math.pi / 12)) * np.where(days >= 5, 0.4, 1.0) * 7 / 5.8


def drawn(rng: np.random.Generator, model: Model, times: np.ndarray) -> Columns:
    """Return the columns of predictions at times; what is right is `actual`, codes stand for categories."""
    n = len(times)
    columns = {name: draw(rng, n) for name, draw in NUMBERS.items()}
    for name in ("n20", "n21"):
        columns[name] += model.cycle * np.sin((times - START) * 2 * math.pi / DAY)
    columns |= {name: column.draw(rng, n) for name, column in CATEGORIES.items()}
    columns["n3"][rng.random(n) < 0.02] = np.nan
    columns |= {
        "site": rng.choice(5, n, p=SKEWED),
        "latency": rng.lognormal(-3, 0.8, n),
        "failed": rng.random(n) < 0.001,
    }
    columns |= {"right": rng.random(n) < 0.9, "labelled": rng.random(n) < 0.95, "late": np.zeros(n)}
    since = times - model.onset
    if n and since[-1] >= 0:
        model.fault(columns, np.maximum(since, 0), rng)
    columns["probability"] = 1 / (1 + np.exp(-1.5 * np.nan_to_num(columns["n0"]) - 0.7 * np.nan_to_num(columns["n1"])))
    columns["label"] = columns["probability"] > 0.5
    return columns


def records(columns: Columns, times: np.ndarray, first: int) -> Iterator[tuple[dict, dict]]:
    """Yield prediction and actual (with its id) of each row; ids count from `first`."""
    lists = {name: [None if v != v else v for v in columns[name].tolist()] for name in NUMBERS}  # noqa: PLR0124 - NaN
    lists |= {name: [f"level {code}" for code in columns[name].tolist()] for name in CATEGORIES}
    label, actual = columns["label"], columns["label"] == columns["right"]
    rest = (times, columns["probability"], label, actual, columns["site"], columns["latency"], columns["failed"])
    for number, (row, (time, chance, says, truth, site, latency, failed)) in enumerate(
        zip(zip(*lists.values(), strict=True), zip(*(each.tolist() for each in rest), strict=True), strict=True), first
    ):
        head = {"id": str(number)}
        prediction = head | {"time": time, "input": dict(zip(INPUTS, row, strict=True)), "tags": {"site": SITES[site]}}
        prediction |= {"latency_seconds": latency}
        prediction |= (
            {"error": "x"} if failed else {"output": {"label": "yes" if says else "no", "probability": chance}}
        )
        yield prediction, head | {"actual": {"label": "yes" if truth else "no"}}


def due(rng: np.random.Generator, labels: str, times: np.ndarray) -> np.ndarray:
    """Return when the actuals of predictions at times come: after hours or minutes, or in the night of the next day."""
    if labels == "nightly":
        return times - (times - START) % DAY + DAY + 2 * HOUR + rng.uniform(0, HOUR, len(times))
    return times + (rng.exponential(4 * HOUR, len(times)) if labels == "hours" else rng.uniform(600, 2_400, len(times)))


@dataclass
class Running:
    """The exporter of a model, at work by a simulated clock."""

    model: Model
    folder: Path
    rng: np.random.Generator
    interval: float
    fleet: Fleet = field(init=False)
    waiting: list = field(default_factory=list)
    number: int = 0

    def __post_init__(self):
        """Build the profile of the week before."""
        self.folder.mkdir(parents=True, exist_ok=True)
        grid = START - 7 * DAY + np.arange(0, 7 * DAY, MINUTE)
        chance = traffic(grid)
        times = np.sort(
            self.rng.choice(grid, REFERENCE, p=chance / chance.sum()) + self.rng.uniform(0, MINUTE, REFERENCE)
        )
        self.reference = drawn(self.rng, self.model, times)
        self.reference["failed"][:] = False
        lines = [ENCODE(prediction | actual) for prediction, actual in records(self.reference, times, 0)]
        spec = msgspec.structs.replace(SPEC, name=self.model.name)
        self.folder.joinpath("profile.json").write_bytes(dump(build(spec, columns_of(spec, lines), START)))
        self.folder.joinpath("exporter.yml").write_text(CONFIG.format(interval=self.interval))
        self.start()

    def start(self):
        """Start the exporter with nothing known."""
        self.fleet = Fleet(config.load(str(self.folder / "exporter.yml")))
        declare(self.fleet.telemetry, SOURCE)
        self.reader = decoder_of("native", self.fleet.schemas, Images(None, 1024))

    def step(self, now: float) -> tuple[np.ndarray, Columns]:
        """Let what happens until `now` happen and be evaluated; returns the predictions' times and columns."""
        middle = np.array([now - self.interval / 2])
        count = self.rng.poisson(self.model.rate / DAY * self.interval * traffic(middle)[0])
        times = np.sort(self.rng.uniform(now - self.interval, now, count))
        columns = drawn(self.rng, self.model, times)
        kept = columns.pop("kept", np.ones(count, bool))
        times, columns = times[kept], {name: values[kept] for name, values in columns.items()}
        log = self._log(times, columns, now)
        for model, batch in (*self.reader.feed(log), *self.reader.flush()):
            self.fleet.ingest(SOURCE, model, batch, now)
        self.fleet.evaluate(now)
        return times, columns

    def _log(self, times, columns, now):
        lines, come = [], due(self.rng, self.model.labels, times) + columns["late"]
        rows = zip(records(columns, times, self.number), come.tolist(), columns["labelled"].tolist(), strict=True)
        for (prediction, actual), moment, labelled in rows:
            lines.append(ENCODE(prediction))
            if labelled and "error" not in prediction:
                heapq.heappush(self.waiting, (moment, self.number, actual))
            self.number += 1
        while self.waiting and self.waiting[0][0] <= now:
            moment, _, actual = heapq.heappop(self.waiting)
            lines.append(ENCODE(actual | {"time": moment}))
        return b"\n".join(lines) + b"\n"
