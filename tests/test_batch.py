"""Columns and the faults that they carry in place of a value."""

import itertools
import math
import struct
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.batch import Batch, Fault, Kind, absent, fault_counts

law = settings(derandomize=True, deadline=None, max_examples=100)
NUMBERS = st.one_of(st.floats(allow_nan=False), st.sampled_from([math.inf, -math.inf, 0.0, -0.0, 5e-324]))
CELLS = st.lists(st.one_of(NUMBERS, st.sampled_from(list(Fault))), max_size=60)


def counted(cells):
    return tuple(sum(cell is fault for cell in cells) for fault in Fault)


@law
@given(CELLS)
def test_faults_in_a_numeric_column_are_counted_by_kind_and_numbers_are_not(cells):
    column = np.array([absent(cell) if isinstance(cell, Fault) else cell for cell in cells], np.float64)
    assert fault_counts(column) == counted(cells)


@law
@given(st.lists(st.one_of(st.integers(0, 50), st.sampled_from(list(Fault))), max_size=60))
def test_faults_in_a_category_column_are_counted_by_kind_and_codes_are_not(cells):
    column = np.array([-cell if isinstance(cell, Fault) else cell for cell in cells], np.int32)
    assert fault_counts(column) == counted(cells)


@pytest.mark.parametrize("fault", Fault)
def test_a_fault_is_a_nan_and_outlives_packing_copying_selecting_and_joining(fault):
    assert math.isnan(absent(fault))
    packed = np.frombuffer(struct.pack("=Bd", 1, absent(fault)), np.dtype([("k", "u1"), ("x", "f8")]))["x"]
    for column in (packed, packed.copy(), packed[np.array([True])], np.concatenate([packed, [1.0]])):
        assert fault_counts(column) == counted([fault])


@pytest.mark.parametrize("nan", [math.nan, -math.nan, float("nan"), np.float64("nan"), math.inf - math.inf])
def test_a_nan_that_nobody_marked_is_missing(nan):
    assert fault_counts(np.array([1.0, nan])) == (1, 0, 0, 0)


def test_the_fault_of_a_number_goes_through_arithmetic():
    assert fault_counts(np.abs(np.array([absent(Fault.TYPE)]) - np.array([2.0]))) == (0, 1, 0, 0)


def test_counting_faults_leaves_the_column_as_it_was():
    column = np.array([absent(Fault.EXTRACTOR), 1.0, absent(Fault.TYPE)])
    before = column.tobytes()
    fault_counts(column)
    assert column.tobytes() == before


def test_what_a_record_says_can_be_told_apart_in_one_number():
    combinations = {sum(kinds) for n in range(4) for kinds in itertools.combinations(Kind, n)}
    assert combinations == set(range(8))


@pytest.mark.parametrize("rows", [0, 3])
def test_a_batch_has_as_many_rows_as_kinds(rows):
    assert Batch(np.ones(rows, np.uint8), (), np.zeros(rows), math.nan).rows == rows


@pytest.mark.parametrize("count", [1, 2, 7])
def test_the_parts_of_a_batch_hold_all_that_it_holds_in_its_order(count):
    times = np.arange(20.0)
    whole = Batch(
        kinds=np.arange(20, dtype=np.uint8),
        columns=(np.arange(20) * 1.5, np.arange(20, dtype=np.int32)),
        latency=np.arange(20) / 100,
        newest=19.0,
        times=times,
        ids=[str(i) for i in range(20)],
        tags={"tags.zone": [f"zone {i}" for i in range(20)]},
        samples=[{"id": "3"}, {"id": "17"}],
        revisions=np.arange(20.0),
        oldest=0.0,
    )
    parts = list(whole.parts(count))
    assert len(parts) == count
    assert max(part.rows for part in parts) - min(part.rows for part in parts) <= 1
    assert [part.newest for part in parts] == [part.times[-1] for part in parts]
    together = {
        "kinds": np.concatenate([p.kinds for p in parts]).tolist(),
        "columns": [np.concatenate(c).tolist() for c in zip(*(p.columns for p in parts), strict=True)],
        "latency": np.concatenate([p.latency for p in parts]).tolist(),
        "newest": parts[-1].newest,
        "times": np.concatenate([p.times for p in parts]).tolist(),
        "ids": [one for p in parts for one in p.ids],
        "tags": {"tags.zone": [one for p in parts for one in p.tags["tags.zone"]]},
        "samples": [one for p in parts for one in p.samples],
        "revisions": np.concatenate([p.revisions for p in parts]).tolist(),
        "oldest": parts[0].oldest,
    }
    assert together.keys() == {field.name for field in fields(Batch)}
    for name, values in together.items():
        expected = getattr(whole, name)
        if name == "columns":
            expected = [column.tolist() for column in expected]
        assert values == (expected.tolist() if isinstance(expected, np.ndarray) else expected)


def test_a_part_without_any_time_knows_no_newest():
    kinds, times = np.ones(4, np.uint8), np.array([1.0, 2.0, math.nan, math.nan])
    early, late = Batch(kinds, (), np.zeros(4), 2.0, times).parts(2)
    assert early.newest == 2.0
    assert math.isnan(late.newest)
