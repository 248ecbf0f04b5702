"""Which pairs of numbers a sample suggests to watch: their correlation against pandas', and the lines of the spec."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from exporter.api.spec_text import spec_text
from exporter.config import load_spec
from exporter.profile import build, columns_of, infer, problems
from exporter.profile.pairs import LEAST, correlations, strongest

RANDOM = np.random.default_rng(4)


def entries(n=400):
    first, second, noise = RANDOM.normal(size=(3, n))
    return [
        {
            "model": "flats",
            "input": {"size": a, "rooms": {"all": a + 0.3 * c}, "height": b, "depth": -b * 5, "town": "xy"[i % 2]},
            "output": {"rent": a},
        }
        for i, (a, b, c) in enumerate(zip(first.tolist(), second.tolist(), noise.tolist(), strict=True))
    ]


def pairs_of(records):
    return strongest(records, infer(records).components)


@pytest.mark.parametrize("holes", [0.0, 0.3])
def test_the_correlations_are_those_of_pandas(holes):
    values = RANDOM.normal(size=(300, 6)) @ RANDOM.normal(size=(6, 6)) * [1, 1e6, 1e-6, 1, 1, 1] + [0, 0, 0, 1e6, -5, 0]
    values[RANDOM.random(values.shape) < holes] = np.nan
    found, rows = correlations(values)
    assert found == pytest.approx(pd.DataFrame(values).corr().to_numpy(), rel=1e-9, abs=1e-9)
    present = ~np.isnan(values)
    assert rows.tolist() == [[float((a & b).sum()) for a in present.T] for b in present.T]


@settings(derandomize=True, deadline=None, max_examples=200)
@given(arrays(np.float64, st.tuples(st.integers(1, 8), st.integers(2, 4)), elements=st.floats()))
def test_any_numbers_have_a_correlation_between_minus_one_and_one_or_none(values):
    found, rows = correlations(values)
    assert np.array_equal(np.isnan(found), np.isnan(found).T)
    known = found[~np.isnan(found)]
    assert (np.abs(known) <= 1 + 1e-6).all()
    assert rows.max() <= len(values)


def test_constants_have_no_correlation():
    values = np.column_stack([np.full(200, 0.1), np.arange(200), np.arange(200)])
    values[100:, 2] = np.nan
    found, _ = correlations(values)
    assert np.isnan(found[0]).all()
    assert found[1, 2] == pytest.approx(1)


def test_the_strongest_pairs_of_the_input_come_first_by_their_paths():
    records = entries()
    found = pairs_of(records)
    assert [pair.spec.name for pair in found] == ["height_depth_correlation", "size_all_correlation"]
    assert [pair.spec.extractor["correlation"]["of"] for pair in found] == [["height", "depth"], ["size", "rooms.all"]]
    assert found[0].correlation == pytest.approx(-1)
    size, rooms = ([record["input"][key] for record in records] for key in ("size", "rooms"))
    assert found[1].correlation == pytest.approx(np.corrcoef(size, [room["all"] for room in rooms])[0, 1])
    assert {pair.rows for pair in found} == {400}


def test_a_pair_of_which_too_few_records_have_both_is_no_pair():
    records = entries(LEAST)
    assert len(pairs_of(records)) == 2
    del records[0]["input"]["size"]
    assert [pair.spec.name for pair in pairs_of(records)] == ["height_depth_correlation"]


def test_no_more_than_ten_are_suggested():
    records = [
        {"input": {f"x{place}": value + place for place in range(8)}} for value in RANDOM.normal(size=200).tolist()
    ]
    assert len(pairs_of(records)) == 10


@pytest.mark.parametrize("records", [[], [{"input": {"x": 0.5}}] * 200, [{"output": {"x": 0.5, "y": 1.5}}] * 200])
def test_where_there_is_no_pair_of_inputs_none_is_suggested(records):
    assert pairs_of(records) == []


def test_the_lines_are_comments_that_make_a_spec_once_they_are_uncommented(tmp_path):
    records = entries()
    text = spec_text(records, None, None)
    assert text.count("# Numbers that go together.") == 1
    path = tmp_path / "profile.yml"
    path.write_text(text)
    assert not [component for component in load_spec(str(path)).components if component.extractor]
    path.write_text(re.sub(r"(?m)^  # - ", "  - ", text))
    spec = load_spec(str(path))
    assert problems(spec) == []
    profile = build(spec, columns_of(spec, [json.dumps(record).encode() for record in records]), 0.0)
    means = {c.name: c.reference.moments.mean for c in profile.components if c.spec.extractor}
    assert means == {
        "height_depth_correlation": pytest.approx(-1, abs=0.25),
        "size_all_correlation": pytest.approx(0.95, abs=0.25),
    }


def test_where_nothing_goes_together_nothing_is_said_of_it():
    assert "go together" not in spec_text([{"input": {"x": 0.5}}] * 200, None, None)
