"""Data that come as a stream: profiled and observed as if they were in memory, in bounded memory."""

import io
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from exporter import (
    AbsoluteRegressionError,
    ActualComponent,
    ElementExtractor,
    EvalComponent,
    InputComponent,
    KNNOutlierScorer,
    MeanScore,
    ModelProfile,
    OutputComponent,
    ProfileError,
    TextLength,
)
from exporter.profile import sample

ROWS = 3000


def components(*more):
    return [
        InputComponent("fare", ElementExtractor("fare")),
        InputComponent("zone", ElementExtractor("zone")),
        InputComponent("note", TextLength(), element="note"),
        OutputComponent("price", ElementExtractor(0)),
        ActualComponent("price", ElementExtractor(0)),
        EvalComponent("error", AbsoluteRegressionError()),
        *more,
    ]


SCORES = [MeanScore("mean_absolute_error", inputs=["error"])]


def rides(rows=ROWS, seed=0):
    random = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "fare": np.where(random.random(rows) < 0.1, np.nan, random.exponential(10, rows)),
            "zone": random.choice(["north", "centre", "airport"], rows),
            "note": ["a" * int(length) for length in random.integers(1, 30, rows)],
        }
    )
    price = random.normal(20, 5, rows)
    return table, price, price + random.normal(0, 1, rows)


def made(**data):
    profile = ModelProfile("taxi", "1", components(), SCORES)
    profile.build(**data)
    return profile


def facts(profile):
    """Return a built profile's file but for the time when it was built."""
    return profile.to_jcr() | {"built": 0, "sha256": ""}


def part(profile, name, role="input"):
    return next(c for c in profile.profile.components if (c.role, c.name) == (role, name))


# -- streams


def cut(data, size):
    return (data[i : i + size] for i in range(0, len(data), size))


STREAMS = {
    "single data": lambda table: iter(table.to_dict("records")),
    "DataFrames": lambda table: cut(table, 700),
    "tables of Arrow": lambda table: (pa.table(piece.reset_index(drop=True)) for piece in cut(table, 700)),
    "batches of Arrow": lambda table: iter(pa.table(table).to_batches(max_chunksize=700)),
    "a file of CSV": lambda table: pd.read_csv(io.StringIO(table.to_csv(index=False)), chunksize=700),
    "uneven, some empty": lambda table: (table[i:j] for i, j in [(0, 0), (0, 1), (1, 1), (1, 2000), (2000, ROWS)]),
}


@pytest.fixture(scope="module")
def expected():
    table, output, actual = rides()
    return made(input=table, output=output[:, None], actual=actual.tolist())


@pytest.mark.parametrize("form", STREAMS)
def test_a_profile_of_a_stream_is_that_of_the_data_in_memory(form, expected):
    table, output, actual = rides()
    profile = made(input=STREAMS[form](table), output=iter(output[:, None]), actual=actual.tolist())
    assert facts(profile) == facts(expected)


@pytest.mark.parametrize("form", STREAMS)
def test_what_is_observed_of_a_stream_is_what_is_observed_in_memory(form, expected):
    table, output, actual = rides(seed=1)
    columns = {name: np.array(column, object) for name, column in table.items()}
    once = expected.observe(input=columns, output=output, actual=actual)
    found = expected.observe(input=STREAMS[form](table), output=output, actual=iter(actual))
    for mine, its in zip(found.profile.components, once.profile.components, strict=True):
        assert mine.reference.presence == its.reference.presence
        assert mine.reference.bins().tolist() == its.reference.bins().tolist()
    assert found.profile.scores[0].reference == pytest.approx(once.profile.scores[0].reference)
    alone = expected.observe(input=STREAMS[form](table))
    assert [c.name for c in alone.profile.components] == ["fare", "zone", "note"]


def test_of_more_rows_than_are_held_a_seeded_sample_is_profiled(monkeypatch):
    monkeypatch.setattr(sample, "ROWS", 1000)
    table, output, actual = rides()
    place = np.arange(float(ROWS))

    def profiled(seed):
        profile = ModelProfile("taxi", "1", components(InputComponent("place", ElementExtractor("place"))), SCORES)
        data = cut(table.assign(place=place), 100)
        profile.build(input=data, output=iter(output), actual=iter(actual), seed=seed)
        return profile

    profile = profiled(0)
    assert {c.reference.presence.rows for c in profile.profile.components} == {1000}
    assert facts(profile) == facts(profiled(0)) != facts(profiled(1))
    for name, column in (("fare", table.fare), ("place", place)):
        values = np.sort(column[~np.isnan(column)])
        histogram = part(profile, name).reference.histogram
        found = np.cumsum(histogram.counts)[:-1] / histogram.n
        true = np.searchsorted(values, histogram.grid.edges, side="right") / len(values)
        assert np.abs(found - true).max() < 0.05
    assert part(profile, "fare").reference.presence.missing == pytest.approx(100, abs=30)
    assert profile.profile.scores[0].reference == pytest.approx(np.abs(output - actual).mean(), abs=0.08)


def test_extractors_read_no_more_data_than_the_sample_needs(monkeypatch):
    monkeypatch.setattr(sample, "ROWS", 100)
    read = []

    class Counting(str):
        __slots__ = ()

        def __len__(self):
            read.append(1)
            return 5

    profile = ModelProfile("m", "1", [InputComponent("x", TextLength())])
    profile.build(input=(Counting("abcde") for _ in range(20_000)))
    assert part(profile, "x").reference.n == 100
    assert len(read) < 5000


def test_where_an_extractor_learns_fewer_data_are_held(monkeypatch):
    monkeypatch.setattr(sample, "LEARNING", 200)
    random = np.random.default_rng(0)
    profile = ModelProfile(
        "m", "1", [InputComponent("far", KNNOutlierScorer(k=2)), InputComponent("x", ElementExtractor(0))]
    )
    profile.build(input=(row for row in random.normal(size=(5000, 3))))
    assert part(profile, "far").reference.n == 100
    assert part(profile, "x").reference.n == 200


def test_streams_of_different_lengths_are_an_error():
    table, output, actual = rides()
    for wrong in (iter(output[:-1]), output[:-1], [*output, 1.0], iter([*output, 1.0])):
        with pytest.raises(ProfileError, match="the data differ in length"):
            made(input=cut(table, 700), output=wrong, actual=actual)
    with pytest.raises(ProfileError, match="the data differ in length"):
        made(input=cut(table, 700), output=cut(pd.DataFrame({"0": output}), 600), actual=actual)
    with pytest.raises(ProfileError, match="no valid number"):
        made(input=iter([]), output=iter([]), actual=[])
    with pytest.raises(ProfileError, match="this is a int"):
        made(input=cut(table, 700), output=3, actual=actual)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_of_a_stream_counts_on(monkeypatch):
    monkeypatch.setattr("exporter.api.progress.INTERVAL", -1)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    made_of = ({"fare": 1.0 * i, "zone": "x", "note": "a"} for i in range(1500))
    profile = ModelProfile("taxi", "1", components()[:3])
    profile.build(input=made_of, silent=False)
    assert "1,500 of " in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\033[K")


# -- memory


STREAM = """
import sys
import numpy as np, pandas as pd
from exporter import ElementExtractor, InputComponent, ModelProfile, OutputComponent
rows, random = int(sys.argv[1]), np.random.default_rng(0)
names = [f"x{i}" for i in range(25)]
def tables():
    for begin in range(0, rows, 10_000):
        table = pd.DataFrame(random.normal(size=(10_000, 25)), columns=names)
        yield table.assign(x24=random.choice(["a", "b"], 10_000))
profile = ModelProfile("m", "1", [*(InputComponent(n, ElementExtractor(n)) for n in names), OutputComponent("y")])
profile.build(input=tables(), output=(float(i) for i in range(rows)))
today = profile.observe(input=tables(), output=(float(i) for i in range(rows)))
assert today.profile.components[0].reference.presence.rows == rows
status = open("/proc/self/status").read()  # a fork inherits the peak of getrusage
peak = int(status.split("VmHWM:")[1].split()[0])
print(profile.profile.components[0].reference.n, peak)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_rows():
    peaks = {}
    for rows in (250_000, 2_000_000):
        run = subprocess.run(
            [sys.executable, "-c", STREAM, str(rows)], capture_output=True, text=True, timeout=300, check=True
        )
        n, peak = map(int, run.stdout.split())
        assert n == 200_000
        peaks[rows] = peak / 1024  # MiB
    assert peaks[2_000_000] < 350
    assert peaks[2_000_000] < 1.3 * peaks[250_000]
