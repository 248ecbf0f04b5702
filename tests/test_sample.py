"""Logs of more predictions than are held: a sample of them is profiled, each with its actual, in bounded memory."""

import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter import ModelProfile
from exporter.cli import main
from exporter.profile import ComponentSpec, ProfileSpec, build, columns_of, sample

law = settings(derandomize=True, deadline=None, max_examples=60)
SPEC = ProfileSpec(
    "m",
    "1",
    [
        ComponentSpec("x", "input.x", dtype="float"),
        ComponentSpec("c", "input.c", dtype="category"),
        ComponentSpec("t", "input.t", extractor={"text_length": {}}),
        ComponentSpec("v", "input.v", extractor={"knn_outlier_score": {"k": 1}}),
        ComponentSpec("y", "actual.y", dtype="float"),
        ComponentSpec("z", "actual.z", dtype="category"),
    ],
)


def lines(entries):
    return [json.dumps(entry).encode() for entry in entries]


def predictions(rows):
    random = np.random.default_rng(0)
    return [
        {"id": f"r{i}", "input": {"x": i, "c": "abc"[i % 3], "t": "a" * (i % 7), "v": random.normal(size=2).tolist()}}
        for i in range(rows)
    ]


def labels(rows):
    return [{"id": f"r{i}", "actual": {"y": i * 2, "z": "abc"[i % 3]}} for i in range(rows)]


def plain(raw):
    """Return the values of a column one by one."""
    return [raw.values[place] for place in raw.places] if hasattr(raw, "places") else list(raw)


@pytest.mark.parametrize("order", ["before", "after", "mixed", "twice"])
def test_a_sample_of_a_log_has_each_prediction_once_and_with_its_actual(order):
    before, after = predictions(5000), labels(5000)
    entries = {
        "before": [*after, *before],
        "after": [*before, *after],
        "mixed": [entry for pair in zip(before, reversed(after), strict=True) for entry in pair],
        "twice": [*before, *before[:3000], *after, *after, *before],
    }[order]
    columns = columns_of(SPEC, lines(entries), rows=300)
    assert columns.sampled
    x, c, t, v, y, z = (plain(columns.values[component.key]) for component in SPEC.components)
    assert len(x) == len(set(x)) == 300
    assert sorted(x) == x or order == "mixed"
    assert [2 * one for one in x] == y
    assert c == z == ["abc"[int(one) % 3] for one in x]
    assert t == [int(one) % 7 for one in x]
    assert v == [before[int(one)]["input"]["v"] for one in x]
    assert 1000 < np.mean(x) - 1250 < 1500  # the middle of 5000, give or take three standard errors
    again = columns_of(SPEC, lines([*before, *after]), rows=300)
    assert sorted(plain(again.values["input", "x"])) == sorted(x)  # whatever the order
    other = columns_of(SPEC, lines([*before, *after]), rows=300, seed=1)
    assert set(plain(other.values["input", "x"])) != set(x)


def test_a_log_that_fits_is_read_whole_and_in_order():
    entries = [*predictions(1200), *labels(1000)]
    columns = columns_of(SPEC, lines(entries), rows=1200)
    assert not columns.sampled
    assert plain(columns.values["input", "x"]) == list(range(1200))
    assert plain(columns.values["actual", "y"])[:1000] == [2 * i for i in range(1000)]
    assert np.isnan(plain(columns.values["actual", "y"])[1000:]).all()
    assert build(SPEC, columns, 0).components[3].reference.n == 600  # the half that was not learned from


def test_predictions_without_an_id_are_sampled_too():
    entries = [{"input": {"x": i, "c": "a", "t": "a", "v": [0, i]}} for i in range(5000)]
    columns = columns_of(SPEC, lines(entries), rows=300)
    x = plain(columns.values["input", "x"])
    assert len(set(x)) == 300
    assert 2000 < np.mean(x) < 3000


@law
@given(
    st.lists(
        st.tuples(st.integers(0, 12), st.sampled_from(["in", "actual", "both", "failed"]), st.integers(0, 5)),
        max_size=60,
    ),
    st.integers(1, 8),
)
def test_a_sample_of_any_log_is_a_part_of_what_is_read_whole(events, rows):
    spec = ProfileSpec("m", "1", [SPEC.components[0], SPEC.components[4]])
    entries = [
        {"id": name}
        | ({"actual": {"y": value}} if kind in ("actual", "both") else {})
        | ({"input": {"x": value}} if kind != "actual" else {})
        | ({"error": "x"} if kind == "failed" else {})
        for name, kind, value in events
    ]
    if not any(kind in ("in", "both") for _, kind, _ in events):
        return
    whole, found = (columns_of(spec, lines(entries), rows=count) for count in (10**6, rows))
    pairs = [
        list(zip(*(map(str, column.values[c.key]) for c in spec.components), strict=True)) for column in (whole, found)
    ]
    assert len(pairs[1]) == min(rows, len(pairs[0]))
    assert set(pairs[1]) <= set(pairs[0])


def test_building_of_a_sample_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sample, "ROWS", 500)
    (tmp_path / "log.jsonl").write_bytes(b"\n".join(lines([{"output": i / 7} for i in range(2000)])))
    assert main(["profile", "infer", "log.jsonl", "-o", "profile.yml"]) == 0
    capsys.readouterr()
    assert main(["profile", "build", "--reference", "log.jsonl", "-o", "."]) == 0
    captured = capsys.readouterr()
    assert captured.out == "model@1.0.0.json\n"
    assert captured.err == "500 of the predictions, drawn at random, are profiled\n"
    assert ModelProfile.load("model@1.0.0.json").profile.components[0].reference.n == 500


# -- memory


LOG = """
import json, sys
from exporter.profile import ComponentSpec, ProfileSpec, build, columns_of
paths = ["input.a", "input.b", "output.y", "actual.y"]
spec = ProfileSpec("m", "1", [ComponentSpec(path[-1], path, dtype="float") for path in paths])
spec.components.append(ComponentSpec("c", "input.c", dtype="category"))
rows = int(sys.argv[1])
def log():
    for i in range(rows):
        yield b'{"id": "r%d", "input": {"a": %d, "b": %d, "c": "c%d"}, "output": {"y": 1}}' % (i, i, i % 997, i % 5)
        if i % 2:
            yield b'{"id": "r%d", "actual": {"y": 1}}' % i
profile = build(spec, columns_of(spec, log()), 0)
status = open("/proc/self/status").read()  # a fork inherits the peak of getrusage
peak = int(status.split("VmHWM:")[1].split()[0])
print(profile.components[0].reference.n, peak)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_rows():
    peaks = {}
    for rows in (250_000, 2_000_000):
        run = subprocess.run(
            [sys.executable, "-c", LOG, str(rows)], capture_output=True, text=True, timeout=300, check=True
        )
        n, peak = map(int, run.stdout.split())
        assert n == 200_000
        peaks[rows] = peak / 1024  # MiB
    assert peaks[2_000_000] < 200
    assert peaks[2_000_000] < 1.3 * peaks[250_000]
