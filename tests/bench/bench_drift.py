"""What finding drift costs, beside Evidently, NannyML and scipy on the same tables in the same run.

A table has 20 numbers and 5 categories; the reference has 100,000 rows. Raw columns go in and drift of every column
comes out; what a way can learn of the reference beforehand is not counted. Each way runs in a process of its own, in
turn. `bench_drift.py NAME` measures one way here and prints JSON.
"""

import json
import os
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterable
from statistics import median

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # its idle threads would be counted

import numpy as np
import peers
from shared import Row, aligned, in_turn

ROUNDS = 3
REFERENCE = 100_000
NUMBERS, CATEGORIES = 20, 5
SIZES = (3_000, 100_000, 1_000_000)
GOALS = {3_000: 5, 100_000: 50, 1_000_000: 500}  # milliseconds
REPEATS = {3_000: 15, 100_000: 5, 1_000_000: 3}
PEERS = {
    "scipy": "scipy: `ks_2samp` and `chi2_contingency` of each column",
    "nannyml": "NannyML 0.13.1: Jensen-Shannon and Kolmogorov-Smirnov, Jensen-Shannon and chi-square",
    "evidently": "Evidently 0.7.23: `DataDriftPreset`",
}
ONCE = {"evidently": 1_000_000}  # a minute: one round of it is enough


def table(rows, seed):
    """Return a table as a DataFrame; categories are text, as a reader of CSV leaves them."""
    import pandas as pd  # noqa: PLC0415 - counts need none

    random = np.random.default_rng(seed)
    draws = (random.normal, random.lognormal, random.exponential, random.random)
    columns = {f"number_{i}": draws[i % len(draws)](size=rows) for i in range(NUMBERS)}
    for i in range(CATEGORIES):
        levels = np.array([f"level {j}" for j in range(5 * i + 3)], object)
        columns[f"category_{i}"] = levels[random.integers(0, len(levels), rows)]
    return pd.DataFrame(columns)


def ours(reference):
    """`exporter.compare` with the profile of the reference."""
    from exporter import ModelProfile, compare  # noqa: PLC0415 - each way imports its own

    profile = ModelProfile.infer(input=reference)
    profile.build(input=reference)
    compare(profile, reference)
    return lambda window: list(compare(profile, window).values())


def anew(reference):
    """`exporter.compare` with the reference itself, which is profiled each time."""
    from exporter import compare  # noqa: PLC0415 - as above

    return lambda window: list(compare(reference, window).values())


def scipy(reference):
    """The tests that most people write by hand."""
    from scipy.stats import chi2_contingency, ks_2samp  # noqa: PLC0415 - as above

    numbers, categories = reference.columns[:NUMBERS], reference.columns[NUMBERS:]
    counts = {name: reference[name].value_counts() for name in categories}

    def of_categories(name, window):
        found = window[name].value_counts()
        return chi2_contingency([counts[name].to_numpy(), found.reindex(counts[name].index, fill_value=0).to_numpy()])

    return lambda window: [
        *(ks_2samp(reference[name].to_numpy(), window[name].to_numpy(), method="asymp") for name in numbers),
        *(of_categories(name, window) for name in categories),
    ]


def nannyml(reference):
    """Its univariate drift with its default methods, on one chunk; fitted beforehand."""
    import nannyml as nml  # noqa: PLC0415 - as above

    columns = list(reference.columns)
    methods = {
        "continuous_methods": ["jensen_shannon", "kolmogorov_smirnov"],
        "categorical_methods": ["jensen_shannon", "chi2"],
    }

    def fitted(rows):
        return nml.UnivariateDriftCalculator(column_names=columns, chunk_size=rows, **methods).fit(reference)

    calculators = {rows: fitted(rows) for rows in SIZES}
    return lambda window: calculators[len(window)].calculate(window).to_df().columns.levels[0][:-1]


def evidently(reference):
    """Its preset."""
    from evidently import Dataset, Report  # noqa: PLC0415 - as above
    from evidently.presets import DataDriftPreset  # noqa: PLC0415 - as above

    known, report = Dataset.from_pandas(reference), Report([DataDriftPreset()])
    return lambda window: report.run(Dataset.from_pandas(window), known).dict()["metrics"][1:]


WAYS = {way.__name__: way for way in (ours, anew, scipy, nannyml, evidently)}


def measure(name):
    """Measure one way in this process: median CPU milliseconds by number of rows."""
    name, _, only = name.partition("@")
    reference = table(REFERENCE, seed=1)
    compare = WAYS[name](reference)
    compare(table(3_000, seed=2))  # imports what it needs
    sizes = [int(only)] if only else [size for size in SIZES if size != ONCE.get(name)]
    return {str(size): _milliseconds(compare, table(size, seed=3)) for size in sizes}


def _milliseconds(compare, window):
    taken = []
    for _ in range(REPEATS[len(window)]):
        began = time.process_time()
        assert len(compare(window)) == NUMBERS + CATEGORIES
        taken.append(time.process_time() - began)
        if taken[-1] > 1:
            break
    return 1000 * median(taken)


def counts(components=25):
    """Milliseconds of one evaluation from counts: of all default statistics, and of those with the evidence."""
    from exporter import ElementExtractor, InputComponent, ModelProfile  # noqa: PLC0415 - as above
    from exporter.alarm.discovery import discovered  # noqa: PLC0415 - as above
    from exporter.evaluate import compare  # noqa: PLC0415 - as above
    from exporter.plan import plan  # noqa: PLC0415 - as above

    random, names = np.random.default_rng(1), [f"column_{i}" for i in range(components)]
    few = components // 5

    def columns(rows):
        numbers = {name: random.normal(size=rows) for name in names[few:]}
        return numbers | {name: random.choice(list("abcde"), rows) for name in names[:few]}

    profile = ModelProfile("bench", "1", [InputComponent(name, ElementExtractor(name)) for name in names])
    profile.build(input=columns(10_000))
    totals = tuple(c.reference for c in profile.observe(input=columns(3_000)).profile.components)
    planned = plan(profile.profile, ())
    start = planned.bank.start()
    taken = []
    for _ in range(101):
        began = time.process_time()
        for group in planned.prediction_groups:
            compare(group, group.stack(totals), Counter(), group.reference)  # noqa: PD013 - no DataFrame
        between = time.process_time()
        evidence = planned.bank.step(start, totals, 0.0)
        planned.bank.verdicts(evidence)
        discovered(planned.bank, evidence)
        taken.append((between - began, time.process_time() - began))
    alone, together = zip(*taken, strict=True)
    return {"statistics": 1000 * median(alone), "with_evidence": 1000 * median(together)}


def rows(rounds: int = ROUNDS) -> Iterable[Row]:
    """Measure, and yield the table."""
    os.environ.update(peers.QUIET)
    theirs = peers.interpreter()
    small, large = counts(25), counts(500)
    yield _within("Drift of 25 components by all default statistics, from counts", small["statistics"], 1)
    yield _within("Drift of 500 components, with evidence, from counts", large["with_evidence"], 10)
    pythons = {"ours": sys.executable, "anew": sys.executable, "scipy": sys.executable}
    pythons |= {"nannyml": theirs, "evidently": theirs}
    found = in_turn(__file__, pythons, rounds)
    for name, size in ONCE.items():
        (once,) = in_turn(__file__, {f"{name}@{size}": pythons[name]}, 1).values()
        found[name] = [one and one | (once[0] or {}) for one in found[name]] if once else found[name]
    for size in SIZES:
        yield from _sized(size, found)


def _within(what, milliseconds, goal):
    return Row(what, f"{milliseconds:.2f} ms", f"≤ {goal} ms", milliseconds <= goal)


def _sized(size, found):
    """Yield the rows of one size of windows."""
    mine = [one[str(size)] for one in found["ours"]]
    what = f"Drift of a window of {size:,} rows, {NUMBERS} numbers and {CATEGORIES} categories"
    yield Row(what, f"{median(mine):.1f} ms", f"≤ {GOALS[size]} ms", median(mine) <= GOALS[size])
    again = median(one[str(size)] for one in found["anew"])
    yield Row("· with a reference of 100,000 rows profiled anew", f"{again:,.0f} ms")
    for name, text in PEERS.items():
        if not found[name] or None in found[name]:
            yield Row(f"· {text}", "could not be installed or does not run")
            continue
        theirs = [one[str(size)] for one in found[name]]
        factor = median(other / one for other, one in zip(theirs, mine, strict=True))
        goal = ("≥ 100 times", factor >= 100) if (name, size) == ("evidently", 100_000) else ()
        yield Row(f"· {text}", f"{median(theirs):,.0f} ms, {factor:,.0f} times as long", *goal)


def main():
    """Measure one way, or all, and print."""
    warnings.simplefilter("ignore")  # of the others' dependencies
    if sys.argv[1:]:
        print(json.dumps(measure(sys.argv[1])))
        return
    print(aligned(rows()))


if __name__ == "__main__":
    main()
