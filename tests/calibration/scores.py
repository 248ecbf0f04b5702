"""Writes docs/scores.md: every score, and how often its 95 % interval holds the truth in simulated windows.

`make docs` runs it; the windows take a quarter of a minute.
"""

import inspect
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from exporter.batch import Field
from exporter.extractors import BUILTIN as EXTRACTORS
from exporter.extractors.ranking import Ranking
from exporter.extractors.relevance import Relevance
from exporter.scores import BUILTIN
from exporter.scores.score import CELLS
from exporter.summaries import Categories, ComponentSummary, Grid, Measure, Presence

WINDOWS, SIZES, POPULATION = 2000, (100, 1000, 10_000), 2_000_000
TEXT = Path(__file__).with_name("scores.md")


@dataclass(frozen=True)
class World:
    """Draws the summaries of a window of n records, and knows the score of all records there could be."""

    draw: Callable[[np.random.Generator, int], Sequence[ComponentSummary]]
    truth: float


def binary(name):
    """Return predictions of a class that three in ten have."""
    shares = np.array([0.24, 0.06, 0.06, 0.64])

    def draw(random, n):
        return [counts(random.multinomial(n, shares))]

    return World(draw, BUILTIN[name].measure(counts((shares * 1e12).astype(np.int64))).value)


def counts(cells):
    return ComponentSummary(Presence(), categories=Categories(CELLS, np.append(cells, 0)))


def regression(name, kind, **options):
    """Return a price between 10 and 20 that is predicted with a normal error."""
    extractor = EXTRACTORS[kind](output="x", actual="x", **options)
    bound = extractor.bind(Field("x", "output", None), Field("x", "actual", None))
    measure, actual_measure = (Measure(Grid.of(column)) for column in errors(np.random.default_rng(7), 50_000, bound))

    def draw(random, n):
        found, actual = errors(random, n, bound)
        return [measure.of(found), actual_measure.of(actual)][: len(BUILTIN[name].reads)]

    return World(draw, truth_of(name, draw))


def errors(random, n, bound):
    output = random.uniform(10, 20, n)
    actual = output + random.normal(0, 2, n)
    return bound(output, actual), actual


def probability(name, kind):
    """Return a probability that is right: what it is said of comes true as often as it says."""
    bound = scoring(kind)

    def column(random, n):
        chances = random.beta(2, 3, n)
        return bound(chances, (random.random(n) < chances).astype(np.int32))

    measure = Measure(Grid.of(column(np.random.default_rng(7), 50_000)))
    return World(draw := lambda random, n: [measure.of(column(random, n))], truth_of(name, draw))


def ranking(name):
    """Return a probability that says too much, of a class that three in ten have."""
    bound = scoring("class_score")
    measure = Measure(Grid.fixed(np.array(EXTRACTORS["class_score"]("p", "y", "yes").edges())))

    def rows(random, n):
        real = random.random(n) < 0.3
        return 1 / (1 + np.exp(-2.5 * random.normal(np.where(real, 1.0, -0.5), 1.0))), real

    chances, real = rows(np.random.default_rng(99), POPULATION)
    truth = RANKED[name](real, chances)

    def draw(random, n):
        chances, real = rows(random, n)
        return [measure.of(bound(chances, real.astype(np.int32)))]

    return World(draw, truth)


def calibration_error(real, chances, groups=10):
    """Return the mean distance of probability and share of positives in equal bins, of single records."""
    place = np.minimum((chances * groups).astype(int), groups - 1)
    return np.abs(np.bincount(place, real - chances, groups)).sum() / len(real)


OF_RANKINGS = {"ndcg_at_k", "average_precision_at_k", "reciprocal_rank", "hit_at_k", "precision_at_k", "recall_at_k"}
RANKED = {
    "roc_auc": roc_auc_score,
    "average_precision": average_precision_score,
    "expected_calibration_error": calibration_error,
}


def several(name):
    """Return predictions of four classes of different sizes."""
    shares = np.outer([0.4, 0.3, 0.2, 0.1], [0.1, 0.1, 0.05, 0.05]) + np.diag([0.3, 0.2, 0.15, 0.0])
    shares = np.pad(shares + np.diag([0, 0, 0, 1 - shares.sum()]), (0, 1)).ravel()
    levels = EXTRACTORS["confusion"]("y", "y", ("a", "b", "c", "d")).levels()

    def of(cells):
        return [ComponentSummary(Presence(), categories=Categories(levels, cells))]

    truth = SCORES[name].measure(*of((shares * 1e12).astype(np.int64))).value
    return World(lambda random, n: of(random.multinomial(n, shares)), truth)


@cache
def recommended():
    """Return fields and columns of rankings of ten of forty items, of which one to five are relevant."""
    random, rows, items = np.random.default_rng(99), 100_000, 40
    output, actual = Ranking(), Relevance()
    relevant = random.permuted(np.tile(np.arange(items), (rows, 1)), axis=1)[:, :5].astype(np.float64)
    relevant[np.arange(5) >= random.integers(1, 6, (rows, 1))] = np.nan
    gains = np.where(np.isnan(relevant), np.nan, random.integers(1, 4, (rows, 5)))
    row, place = np.nonzero(~np.isnan(relevant))
    order = random.normal(size=(rows, items))
    order[row, relevant[row, place].astype(int)] -= 1.5
    empty = np.full((rows, actual.most - 5), np.nan)
    counts = (~np.isnan(relevant)).sum(axis=1, keepdims=True)
    fields = Field("x", "output", None, row=output.row), Field("x", "actual", None, row=actual.row)
    said = np.hstack([np.full((rows, 1), 10.0), np.argsort(order, axis=1)[:, :10]])
    return fields, (said, np.hstack([counts, relevant, empty, gains, empty]))


def recommendation(name):
    """Return rankings, drawn from a population of them."""
    (kind,) = BUILTIN[name].reads[0].of
    fields, columns = recommended()
    extractor = EXTRACTORS[kind]("x", "x", 5)
    values = extractor.bind(*fields)(*columns)
    edges = getattr(extractor, "edges", None)
    measure = Measure(levels=extractor.levels()) if edges is None else Measure(Grid.fixed(np.array(edges())))

    def draw(random, n):
        return [measure.of(values[random.integers(len(values), size=n)])]

    return World(draw, BUILTIN[name].measure(measure.of(values)).value)


def scoring(kind):
    extractor = EXTRACTORS[kind](output="p", actual="y", positive="yes")
    return extractor.bind(Field("p", "output", None), Field("y", "actual", None, ("no", "yes")))


def truth_of(name, draw):
    return BUILTIN[name].measure(*draw(np.random.default_rng(99), POPULATION)).value


RECOMMENDED = [name for name, score in BUILTIN.items() if {*score.reads[0].of} & OF_RANKINGS]
VALUES = {
    "values": {"a": {"a": 10.0, "b": -50.0, "d": -90.0}, "b": {"b": 20.0, "a": -5.0}, "d": {"a": -5.0, "d": 80.0}}
}
SCORES = {name: score.bound(VALUES if name == "business_value" else {}) for name, score in BUILTIN.items()}
WORLDS = {
    **{name: (lambda name=name: binary(name)) for name, score in BUILTIN.items() if CELLS in score.reads[0].levels},
    "mean": lambda: regression("mean", "absolute_error"),
    "mean_error": lambda: regression("mean_error", "error"),
    "mean_absolute_error": lambda: regression("mean_absolute_error", "absolute_error"),
    "mean_absolute_percentage_error": lambda: regression("mean_absolute_percentage_error", "absolute_percentage_error"),
    "median_absolute_error": lambda: regression("median_absolute_error", "absolute_error"),
    "root_mean_squared_error": lambda: regression("root_mean_squared_error", "error"),
    "quantile_loss": lambda: regression("quantile_loss", "quantile_loss", level=0.8),
    "r2": lambda: regression("r2", "squared_error"),
    "log_loss": lambda: probability("log_loss", "log_loss"),
    "brier": lambda: probability("brier", "brier"),
    **{name: (lambda name=name: ranking(name)) for name in RANKED},
    **{name: (lambda name=name: several(name)) for name in BUILTIN if name.startswith(("macro_", "weighted_"))},
    "business_value": lambda: several("business_value"),
    **{name: (lambda name=name: recommendation(name)) for name in RECOMMENDED},
}
world = cache(lambda name: WORLDS[name]())


def coverage(name, n, windows=WINDOWS, seed=0):
    """Return the share of windows of n records whose interval holds the truth."""
    found, random = world(name), np.random.default_rng([seed, n])
    measured = [SCORES[name].measure(*found.draw(random, n)) for _ in range(windows)]
    return sum(one.lower <= found.truth <= one.upper for one in measured) / windows


def listed():
    """Return the table of all scores, from their own declarations."""
    yield "| score | reads | value and records; range | interval, bound and limits | better |"
    yield "|---|---|---|---|---|"
    for name, score in BUILTIN.items():
        first, _, rest = inspect.getdoc(score.measure).partition("\n\n")
        first = first.removeprefix("Return ").rstrip(".")
        cells = (f"`{name}`", " and ".join(map(read, score.reads)), first, rest, score.preference)
        yield f"| {' | '.join(cells)} |".replace("\n", " ").replace("|  |", "| |")


def read(reads):
    fixed = {kind: extractor.levels(None) for kind, extractor in EXTRACTORS.items() if kind != "confusion"}
    kinds = reads.of or [kind for kind, levels in fixed.items() if levels and levels in reads.levels]
    several = ", ".join(f"`{kind}`" for kind in kinds)
    return several or (f"the {reads.role} component" if reads.role else "any numbers")


def table(windows=WINDOWS):
    yield "| score | " + " | ".join(f"n = {n:,}" for n in SIZES) + " |"
    yield "|---|" + "---|" * len(SIZES)
    for name in BUILTIN:
        yield f"| `{name}` | " + " | ".join(f"{coverage(name, n, windows):.1%}" for n in SIZES) + " |"


def page(simulated):
    """Return the whole page with a table of coverage, its lines."""
    text = TEXT.read_text(encoding="utf-8").replace("{scores}", "\n".join(listed()))
    return text.replace("{coverage}", "\n".join(simulated))


if __name__ == "__main__":
    sys.stdout.write(page(table()))
