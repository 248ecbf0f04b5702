"""What a profile costs to build, beside whylogs on the same table in the same run, and what it costs to judge a datum.

Each way runs in a process of its own, three rounds in turn (A B A B). CPU time is that of profiling alone: the table,
a million rows of 20 numbers and 5 categories, is there already, and so is its memory. whylogs is installed into an
environment of its own, since it needs an old numpy. `bench_profile.py NAME` measures one way here and prints JSON.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from statistics import median

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # its idle threads would be counted
os.environ["WHYLOGS_NO_ANALYTICS"] = "True"  # it would report its use

import numpy as np
from shared import Row, aligned, environment, in_turn

ROUNDS = 3
ROWS = 1_000_000
NUMBERS = 20
CATEGORIES = 5
DATA = 20_000  # that are judged
WHYLOGS = ("whylogs==1.6.4", "numpy<2", "pandas<3")


def table():
    """Return the table; categories are text, as a reader of CSV leaves them."""
    import pandas as pd  # noqa: PLC0415 - judging a datum needs none

    random = np.random.default_rng(1)
    draws = (random.normal, random.lognormal, random.exponential, random.random)
    columns = {f"number_{i}": draws[i % len(draws)](size=ROWS) for i in range(NUMBERS)}
    columns["number_0"][::20] = np.nan
    for i in range(CATEGORIES):
        levels = np.array([f"level {j}" for j in range(5 * i + 3)], object)
        columns[f"category_{i}"] = levels[random.integers(0, len(levels), ROWS)]
    return pd.DataFrame(columns)


def build(frame):
    """ModelProfile.build."""
    from exporter import InputComponent, ModelProfile, generate_components  # noqa: PLC0415 - each imports its own

    profile = ModelProfile("bench", "1", generate_components(frame.dtypes, InputComponent))
    profile.build(input=frame)
    assert all(component.reference.presence.rows == len(frame) for component in profile.profile.components)


def stream(frame):
    """The same of a stream of tables of 10,000 rows, of which 200,000 are held."""
    from exporter import InputComponent, ModelProfile, generate_components  # noqa: PLC0415 - as above

    profile = ModelProfile("bench", "1", generate_components(frame.dtypes, InputComponent))
    profile.build(input=(frame[begin : begin + 10_000] for begin in range(0, len(frame), 10_000)))


def whylogs(frame):
    """whylogs 1.6.4: why.log."""
    import whylogs as why  # noqa: PLC0415 - as above

    assert len(why.log(frame).view().get_columns()) == NUMBERS + CATEGORIES


WAYS = {way.__name__: way for way in (build, stream, whylogs)}


def measure(name):
    """Measure one way in this process: seconds of CPU time, and the most MiB beyond what was there."""
    frame = table()
    WAYS[name](frame[:1000])  # imports what it needs
    Path("/proc/self/clear_refs").write_text("5")  # what has been the peak so far is forgotten
    before, began = _memory("VmRSS"), time.process_time()
    WAYS[name](frame)
    return {"seconds": time.process_time() - began, "memory": _memory("VmHWM") - before}


def _memory(what):
    status = Path("/proc/self/status").read_text()
    return int(status.partition(f"{what}:")[2].split()[0]) / 1024


def judge():
    """Measure the judging of a datum in this process: microseconds, the middle and the slowest of a hundred."""
    from exporter import ElementExtractor, InputComponent, ModelProfile  # noqa: PLC0415 - as above

    random = np.random.default_rng(1)
    columns = {name: random.normal(size=DATA) for name in ("a", "b", "c")}
    columns |= {"d": random.integers(0, 100, DATA), "e": random.choice(["x", "y", "z"], DATA)}
    profile = ModelProfile("bench", "1", [InputComponent(name, ElementExtractor(name)) for name in columns])
    profile.build(input=columns)
    data = [dict(zip(columns, row, strict=True)) for row in zip(*(c.tolist() for c in columns.values()), strict=True)]
    times = []
    for datum in data:
        began = time.perf_counter_ns()
        profile.validate_input(datum)
        times.append((time.perf_counter_ns() - began) / 1000)
    began = time.process_time()
    profile.validate_inputs(columns).invalid.sum()
    times.sort()
    batch = 1e6 * (time.process_time() - began) / DATA
    return {"p50": times[DATA // 2], "p99": times[DATA * 99 // 100], "batch": batch}


def results(rounds):
    """Measure everything, in turn."""
    with tempfile.TemporaryDirectory(prefix="bench-whylogs-") as place:
        python = dict.fromkeys((*WAYS, "judge"), sys.executable) | {"whylogs": environment(place, WHYLOGS)}
        return in_turn(__file__, python, rounds)


def rows(rounds: int = ROUNDS) -> Iterable[Row]:
    """Measure, and yield the table."""
    found = results(rounds)
    size = f"{ROWS / 1e6:g} M rows, {NUMBERS} numbers and {CATEGORIES} categories"
    yield Row(f"Profile of a DataFrame, {size}", _figures(found["build"]))
    yield Row("· of a stream of it", _figures(found["stream"]))
    if found["whylogs"] and None not in found["whylogs"]:
        pairs = zip(found["build"], found["whylogs"], strict=True)
        factor = median(them["seconds"] / us["seconds"] for us, them in pairs)
        result = f"{_figures(found['whylogs'])}; a profile takes 1/{factor:.0f} of its time"
        yield Row("· whylogs 1.6.4: why.log of the same DataFrame", result, "≤ 1/10", factor >= 10)
    else:
        yield Row("· whylogs 1.6.4: why.log of the same DataFrame", "could not be installed or does not run", "≤ 1/10")
    p50, p99, batch = (_middle(found["judge"], key) for key in ("p50", "p99", "batch"))
    yield Row("Validation of a datum of five components, p50", f"{p50:.1f} us; p99 {p99:.1f} us", "< 50 us", p50 < 50)
    yield Row("· in a batch", f"{batch:.2f} us")


def _middle(found, key):
    return median(one[key] for one in found)


def _figures(found):
    return f"{_middle(found, 'seconds'):.2f} s CPU, {_middle(found, 'memory'):.0f} MiB"


def main():
    """Measure one way, or all, and print."""
    if sys.argv[1:]:
        (name,) = sys.argv[1:]
        print(json.dumps(judge() if name == "judge" else measure(name)))
        return
    print(aligned(rows()))


if __name__ == "__main__":
    main()
