"""The laws that every plug-in of a table keeps: summaries, drift statistics, scores, extractors and decoders.

A plug-in is under its laws by being in its table; what a law needs to know of it is read from its own declarations.
"""

import copy
import inspect
import itertools
import math
import re
from functools import reduce

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from exporter import summaries
from exporter.batch import Fault, Field, absent, value_of
from exporter.decoders.columns import listing
from exporter.drift import BUILTIN as STATISTICS
from exporter.extractors import BUILTIN as EXTRACTORS
from exporter.extractors.ranking import Ranking
from exporter.extractors.relevance import Relevance
from exporter.scores import BUILTIN as SCORES
from exporter.summaries import (
    Categories,
    ComponentSummary,
    Domain,
    Grid,
    Histogram,
    Layout,
    Measure,
    Moments,
    Presence,
)

law = settings(derandomize=True, deadline=None, max_examples=30)

GRID = Grid.of(np.array([-2.5, -1, 0, 0, 0, 0.1, 1, 2, 3, 1e6]))
LEVELS = ("a", "b", "c")
NUMERIC = Measure(GRID, domain=Domain(-1.0, 2.0))
CATEGORY = Measure(levels=LEVELS)

NUMBERS = st.one_of(
    st.floats(-1e6, 1e6),
    st.integers(-3, 3).map(float),
    st.sampled_from([math.inf, -math.inf, *map(absent, Fault)]),
)
CODES = st.integers(-3, len(LEVELS))
numbers = arrays(np.float64, st.integers(0, 40), elements=NUMBERS)
codes = arrays(np.int32, st.integers(0, 40), elements=CODES)


# -- summaries: how each is taken of a column, and of nothing

TAKEN = {
    "Moments": (numbers, Moments.of, Moments()),
    "Histogram": (numbers, lambda column: Histogram.of(column, GRID), Histogram.empty(GRID)),
    "Categories": (codes, lambda column: Categories.of(column, LEVELS), Categories.empty(LEVELS)),
    "Presence": (numbers, lambda column: NUMERIC.of(column).presence, Presence()),
    "ComponentSummary": (numbers, NUMERIC.of, NUMERIC.empty()),
    "ComponentSummary of categories": (codes, CATEGORY.of, CATEGORY.empty()),
}
summary = pytest.mark.parametrize("name", TAKEN)


def facts(thing):
    """Return the counts in a summary, which add up exactly, and its other numbers, which do to rounding."""
    if isinstance(thing, ComponentSummary):
        parts = [facts(p) for p in (thing.presence, thing.moments, thing.histogram, thing.categories) if p is not None]
        return [count for counts, _ in parts for count in counts], [x for _, rest in parts for x in rest]
    if isinstance(thing, Histogram | Categories):
        return thing.counts.tolist(), []
    if isinstance(thing, Presence):
        return [thing.rows, *thing.reasons().values()], []
    return [thing.n, thing.low, thing.high], [thing.total, thing.m2, thing.mean]


def same(one, other):
    (counts, rest), (other_counts, other_rest) = facts(one), facts(other)
    scale = max([1.0, *(abs(x) for x in rest if math.isfinite(x))])
    return counts == other_counts and rest == pytest.approx(other_rest, rel=1e-9, abs=1e-9 * scale, nan_ok=True)


def test_every_summary_that_can_be_added_is_under_the_laws():
    addable = {name for name in summaries.__all__ if hasattr(getattr(summaries, name), "__add__")}
    assert addable == {name.split()[0] for name in TAKEN}


@summary
@law
@given(st.data())
def test_a_summary_of_two_columns_is_the_sum_of_theirs(name, data):
    columns, of, _ = TAKEN[name]
    one, other = data.draw(columns), data.draw(columns)
    assert same(of(one) + of(other), of(np.concatenate([one, other])))


@summary
@law
@given(st.data())
def test_the_order_and_the_grouping_of_a_sum_do_not_matter(name, data):
    columns, of, _ = TAKEN[name]
    a, b, c = (of(data.draw(columns)) for _ in range(3))
    assert same(a + b, b + a)
    assert same((a + b) + c, a + (b + c))


@summary
@law
@given(st.data())
def test_adding_nothing_changes_nothing(name, data):
    columns, of, empty = TAKEN[name]
    one = of(data.draw(columns))
    assert facts(empty + one) == facts(one) == facts(one + empty)
    assert facts(of(data.draw(columns)[:0])) == facts(empty)


@summary
@law
@given(st.data())
def test_taking_and_adding_leave_columns_and_summaries_as_they_were(name, data):
    columns, of, empty = TAKEN[name]
    one, other = data.draw(columns), data.draw(columns)
    bytes_before = one.tobytes()
    left, right = of(one), of(other)
    assert one.tobytes() == bytes_before
    before = copy.deepcopy([facts(part) for part in (left, right, empty)])
    added = left + right + empty + left
    for part in (added.categories, added.histogram) if isinstance(added, ComponentSummary) else (added,):
        if isinstance(part, Histogram | Categories):
            part.counts[:] = -1
    assert [facts(part) for part in (left, right, empty)] == before


@summary
@law
@given(st.data())
def test_the_order_of_the_rows_does_not_matter(name, data):
    columns, of, _ = TAKEN[name]
    one = data.draw(columns)
    assert same(of(one), of(one[::-1].copy()))
    assert same(of(one), of(np.concatenate([one[::2], one[1::2]])))


# -- drift statistics

KINDS = [(name, kind) for name, statistic in STATISTICS.items() for kind in sorted(statistic.kinds)]
drift = pytest.mark.parametrize(("name", "kind"), KINDS)
RANDOM = np.random.default_rng(11)
EXTREME = np.finfo(np.float64).max
HOSTILE = {
    "nothing": [],
    "one value": [3.0],
    "constant": [0.1] * 200,
    "constant elsewhere": [-7.7] * 300,
    "two values": [0.0, 1.0] * 150,
    "normal": RANDOM.normal(0, 1, 500),
    "far away": RANDOM.normal(1e6, 1, 500),
    "huge": RANDOM.normal(0, 1, 300) * 1e300,
    "extremes": [-EXTREME, EXTREME] * 100,
    "tiny": RANDOM.normal(0, 1, 300) * 1e-300,
    "small": RANDOM.normal(0, 1, 300) * 1e-150,
    "denormal": RANDOM.integers(0, 9, 300) * 5e-324,
    "infinite": [math.inf, -math.inf] * 100,
    "missing": [math.nan] * 200,
    "everything": [math.nan, math.inf, -math.inf, 0.0, 1.0, 1e300, -1e-300, 5e-324] * 50,
}
HOSTILE_COUNTS = [[0, 0, 0, 0], [1, 0, 0, 0], [500, 0, 0, 0], [0, 0, 0, 400], [100, 100, 100, 0], [2**50, 1, 0, 7]]


def hostile_pairs(kind):
    """Yield references and windows, each with all and with nothing in common."""
    if kind == "category":
        found = [ComponentSummary(Presence(), categories=Categories(LEVELS, np.array(c))) for c in HOSTILE_COUNTS]
        yield from itertools.product(found, found)
        return
    columns = [np.array(values, np.float64) for values in HOSTILE.values()]
    for reference in columns:
        if np.isfinite(reference).any():
            measure = Measure(Grid.of(reference))
            yield from ((measure.of(reference), measure.of(window)) for window in columns)


def drawn_pair(kind, data):
    """Draw two summaries on the bins of a common reference."""
    if kind == "category":
        counts = st.lists(st.integers(0, 10_000), min_size=4, max_size=4).map(np.array)
        pair = (Categories(LEVELS, data.draw(counts)), Categories(LEVELS, data.draw(counts)))
        return tuple(ComponentSummary(Presence(), categories=categories) for categories in pair)
    values = arrays(np.float64, st.integers(1, 60), elements=st.floats(-100, 100))
    reference, window = data.draw(values), data.draw(values)
    measure = Measure(Grid.of(np.concatenate([reference, window])))
    return measure.of(reference), measure.of(window)


def declared(function):
    """Return what a statistic's or score's docstring says: the upper end of its range, and whether it is symmetric."""
    text = inspect.getdoc(function)
    top = re.search(r"0 to (1|infinity)", text)
    assert top, f"the docstring does not say the range: {text}"
    return float(top.group(1).replace("infinity", "inf")), "symmetric" in text


@drift
def test_a_statistic_says_its_range_what_it_needs_and_a_threshold_within_the_range(name, kind):
    statistic = STATISTICS[name]
    top, _ = declared(statistic.measure)
    assert re.search(r"needs (300|20)\s+values", inspect.getdoc(statistic.measure))
    assert 0 < statistic.threshold < top
    assert all(statistic.needs(bins) >= 100 for bins in map(float, range(1, 30)))
    assert statistic.needs(50) >= statistic.needs(2)
    assert kind in ("numeric", "category")


@drift
@law
@given(st.data())
def test_drift_is_nothing_of_equal_data_the_same_both_ways_and_within_its_range(name, kind, data):
    reference, window = drawn_pair(kind, data)
    measure = STATISTICS[name].of
    top, symmetric = declared(STATISTICS[name].measure)
    there, back, itself = measure(reference, window), measure(window, reference), measure(reference, reference)
    assert math.isnan(there) or 0 <= there <= top
    assert math.isnan(itself) or itself == 0
    assert not symmetric or there == pytest.approx(back, rel=1e-9, abs=1e-12, nan_ok=True)


def doubled(taken, times):
    return reduce(lambda part, _: part + part, range(times), taken)


@drift
@law
@given(st.data())
def test_more_data_of_the_same_shares_is_no_drift(name, kind, data):
    reference, _ = drawn_pair(kind, data)
    value = STATISTICS[name].of(doubled(reference, 10), doubled(reference, 12))
    assert math.isnan(value) or value < 0.02


@drift
def test_no_data_is_no_number_and_any_data_is_a_number_in_the_range_or_none(name, kind):
    measure = STATISTICS[name].of
    top, _ = declared(STATISTICS[name].measure)
    for reference, window in hostile_pairs(kind):
        value = measure(reference, window)
        assert isinstance(value, float)
        assert math.isnan(value) or (0 <= value <= top and math.isfinite(value))
        assert math.isnan(value) or (reference.n and window.n) or STATISTICS[name].of_rows


@drift
def test_measuring_drift_leaves_the_summaries_as_they_were(name, kind):
    for reference, window in hostile_pairs(kind):
        before = copy.deepcopy((facts(reference), facts(window)))
        STATISTICS[name].of(reference, window)
        assert repr((facts(reference), facts(window))) == repr(before)


def sampled(kind, n, shift):
    random = np.random.default_rng(n)
    if kind == "numeric":
        return NUMERIC_REFERENCE.of(random.normal(shift, 1, n))
    shares = np.array([0.4, 0.3, 0.2, 0.1]) + shift * np.array([-0.35, 0, 0, 0.35])
    return CATEGORY.of(random.choice(4, n, p=shares).astype(np.int32))


def much(name, kind, n):
    """Much of the drift that a statistic is for: another spread, rows without a value, else other values."""
    random = np.random.default_rng(n)
    if name == "variance_shift":
        return NUMERIC_REFERENCE.of(random.normal(0, 3, n))
    if STATISTICS[name].of_rows:
        gone = random.random(n) < 0.5
        values = np.where(gone, np.nan, random.normal(0, 1, n)) if kind == "numeric" else np.where(gone, -1, 0)
        return (NUMERIC_REFERENCE if kind == "numeric" else CATEGORY).of(
            values if kind == "numeric" else values.astype(np.int32)
        )
    return sampled(kind, n, 1)


NUMERIC_REFERENCE = Measure(Grid.of(RANDOM.normal(0, 1, 20_000)))


@drift
def test_at_its_least_sample_a_statistic_is_under_its_threshold_without_drift_and_over_it_with_much(name, kind):
    statistic = STATISTICS[name]
    reference = sampled(kind, 20_000, 0)
    least = int(statistic.needs(np.array(len(reference.bins()))))
    still = [statistic.of(reference, sampled(kind, least + i, 0)) for i in range(40)]
    assert sum(value > statistic.threshold for value in still) <= 2
    moved = [statistic.of(reference, much(name, kind, least + i)) for i in range(40)]
    assert min(moved) > statistic.threshold


# -- scores

OPTIONS = {"output": "x", "actual": "x", "positive": "a", "level": 0.9, "classes": ["a", "b"], "k": 3}


def extractor_of(name):
    struct = EXTRACTORS[name]
    return msgspec.convert({key: OPTIONS[key] for key in struct.__struct_fields__}, struct)


def measures_of(reads):
    """Return how what a score reads of a component may be summarised."""
    extractor = extractor_of(reads.of[0]) if reads.of else None
    if hasattr(extractor, "edges"):
        edges = np.array(extractor.edges())
        return [Measure(Grid.fixed(edges), domain=Domain(edges[0], edges[-1]))]
    kinds = reads.levels or [extractor.levels()]
    return [Measure(GRID) if levels is None else Measure(levels=levels) for levels in kinds]


READ = [
    pytest.param(name, measures, id=f"{name}-{place}")
    for name, score in SCORES.items()
    for place, measures in enumerate(itertools.product(*map(measures_of, score.reads)))
]
# Scores that are not the mean of something over single records, so that a window may be worse than both its halves.
WHOLE = {"balanced_accuracy", "matthews_correlation", "median_absolute_error", "r2"}
WHOLE |= {"roc_auc", "average_precision", "expected_calibration_error"}
WHOLE |= {f"{by}_{kind}" for by in ("macro", "weighted") for kind in ("precision", "recall", "f1")}
AVERAGES = [param for param in READ if param.values[0] not in WHOLE]
score = pytest.mark.parametrize(("name", "measures"), READ)


def evaluated_by(measures, columns):
    """Return a summary of each column."""
    return [measure.of(column) for measure, column in zip(measures, columns, strict=True)]


def read_by(data, name, measures):
    """Draw a column, all of one length, of each component that a score reads; numbers are not above its range."""
    rows = data.draw(st.integers(0, 40))
    _, top = range_of(SCORES[name].measure)
    columns = []
    for measure in measures:
        most = min(measure.domain.high, 1e6) if measure.domain.high < math.inf else top
        number = arrays(np.float64, rows, elements=st.one_of(st.floats(0, min(most, 1e6)), NUMBERS))
        number = number.map(lambda column, most=most: np.minimum(np.abs(column), most))
        code = arrays(np.int32, rows, elements=st.integers(-3, len(measure.levels) - 1))
        columns.append(data.draw(code if measure.grid is None else number))
    return columns


def range_of(function):
    """Return the least and the largest value that a score's docstring names."""
    text = inspect.getdoc(function)
    found = re.search(r"(-infinity|-1|0) to (1|infinity)", text)
    assert found, f"the docstring does not say the range: {text}"
    return [float(end.replace("infinity", "inf")) for end in found.groups()]


@score
@law
@given(st.data())
def test_a_score_is_in_its_range_and_its_interval_with_its_n_and_of_nothing_it_is_undefined(name, measures, data):
    summaries = evaluated_by(measures, read_by(data, name, measures))
    before = copy.deepcopy([facts(summary) for summary in summaries])
    found = SCORES[name].measure(*summaries)
    least, most = range_of(SCORES[name].measure)
    assert isinstance(found.samples, int)
    assert 0 <= found.samples <= min(summary.n for summary in summaries)
    assert found.samples or math.isnan(found.value)
    assert math.isnan(found.value) or least <= found.value <= most
    assert math.isnan(found.lower) or least <= found.lower <= found.value <= found.upper <= most
    assert math.isnan(found.lower) == math.isnan(found.upper)
    assert repr([facts(summary) for summary in summaries]) == repr(before)


@score
def test_a_score_of_no_records_is_undefined_and_has_no_sample(name, measures):
    nothing = [np.zeros(0, np.int32 if measure.grid is None else np.float64) for measure in measures]
    found = SCORES[name].measure(*evaluated_by(measures, nothing))
    assert math.isnan(found.value)
    assert math.isnan(found.lower)
    assert math.isnan(found.upper)
    assert found.samples == 0


@pytest.mark.parametrize(("name", "measures"), AVERAGES)
@law
@given(st.data())
def test_a_score_of_two_windows_lies_between_theirs_and_their_samples_add_up(name, measures, data):
    one, other = (evaluated_by(measures, read_by(data, name, measures)) for _ in range(2))
    together = [a + b for a, b in zip(one, other, strict=True)]
    first, second, both = (SCORES[name].measure(*summaries) for summaries in (one, other, together))
    assert both.samples == first.samples + second.samples
    known = [found.value for found in (first, second) if not math.isnan(found.value)]
    assert not known or min(known) - 1e-6 <= both.value <= max(known) + 1e-6


def test_a_score_says_which_way_is_better():
    assert {score.preference for score in SCORES.values()} <= {"high", "low"}


# -- extractors of eval components

LISTS = {"output": Ranking(4), "actual": Relevance(3)}
OUTPUTS = [Field("x", "output", "output.x", levels) for levels in (None, LEVELS)]
ACTUALS = [Field("x", "actual", "actual.x", levels) for levels in (None, ("c", "a", "d"))]
for fields in (OUTPUTS, ACTUALS):
    (role,) = {field.role for field in fields}
    fields.append(Field("x", role, f"{role}.x", row=LISTS[role].row, width=LISTS[role].width))


def bound(name):
    """Return an extractor with the kinds of columns that it reads; ValueError is its word for the others."""
    extractor = extractor_of(name)
    found, refused = [], []
    for output, actual in itertools.product(OUTPUTS, ACTUALS):
        try:
            found.append((extractor, output, actual, extractor.bind(output, actual)))
        except ValueError as error:
            refused.append(str(error))
    assert found, f"{name} reads neither numbers nor categories nor lists"
    assert all(name in message for message in refused)
    return found


extraction = pytest.mark.parametrize(
    ("extractor", "output_field", "actual_field", "extract"), [b for name in EXTRACTORS for b in bound(name)]
)


def drawn_columns(data, *fields):
    """Draw a column of each field, all of one length."""
    rows = data.draw(st.integers(0, 30))
    return [drawn_column(data, field, rows) for field in fields]


def drawn_column(data, field, rows):
    if field.row is not None:
        listed = st.none() | st.sets(st.sampled_from("abcdef"), max_size=3).map(sorted)
        read = listing(field.row, field.width)
        some = data.draw(st.lists(listed, min_size=rows, max_size=rows))
        return np.frombuffer(b"".join(map(read, some))).reshape(-1, field.width).copy()
    if field.levels is not None:
        return data.draw(arrays(np.int32, rows, elements=CODES))
    return data.draw(arrays(np.float64, rows, elements=st.one_of(st.floats(), NUMBERS, st.floats(0, 1))))


def gone(column):
    column = value_of(column)
    return np.isnan(column) if column.dtype == np.float64 else column < 0


@extraction
@law
@given(data=st.data())
def test_what_is_extracted_has_a_row_for_each_and_is_missing_where_output_or_actual_is(
    extractor, output_field, actual_field, extract, data
):
    output, actual = drawn_columns(data, output_field, actual_field)
    found = extract(output, actual)
    assert found.shape == output.shape[:1]
    assert gone(found)[gone(output) | gone(actual)].all()
    if extractor.levels() is None:
        assert found.dtype == np.float64
    else:
        assert found.dtype == np.int32
        assert (found < len(extractor.levels())).all()


@extraction
@law
@given(data=st.data())
def test_extracting_is_done_row_by_row_and_leaves_the_columns_as_they_were(
    extractor, output_field, actual_field, extract, data
):
    output, actual = drawn_columns(data, output_field, actual_field)
    before = output.tobytes(), actual.tobytes()
    found = extract(output, actual)
    assert (output.tobytes(), actual.tobytes()) == before
    one_by_one = [extract(output[i : i + 1], actual[i : i + 1]) for i in range(len(output))]
    assert np.array_equal(found, np.concatenate([found[:0], *one_by_one]), equal_nan=extractor.levels() is None)
    found[:] = 0
    assert (output.tobytes(), actual.tobytes()) == before


@drift
def test_components_that_are_stacked_have_the_statistics_that_each_has_alone(name, kind):
    statistic = STATISTICS[name]
    if kind == "numeric":
        sizes = [lambda n: RANDOM.normal(3, 2, n), lambda n: RANDOM.integers(0, 4, n) * 1.0, lambda n: np.full(n, 7.0)]
        measures = [Measure(Grid.of(draw(2000))) for draw in sizes]
        pairs = [(m.of(draw(2000)), m.of(draw(700) * 1.1)) for m, draw in zip(measures, sizes, strict=True)]
    else:
        measures = [Measure(levels=tuple(map(str, range(levels)))) for levels in (1, 4, 9)]
        pairs = [
            (m.of(RANDOM.integers(0, len(m.levels) + 1, 2000, np.int32)), m.of(RANDOM.integers(-1, 2, 700, np.int32)))
            for m in measures
        ]
    layout = Layout.of([reference for reference, _ in pairs])
    reference, window = (layout.stack([pair[side] for pair in pairs]) for side in (0, 1))
    alone = [statistic.of(*pair) for pair in pairs]
    with np.errstate(all="ignore"):
        assert statistic.measure(reference, window) == pytest.approx(alone, rel=1e-9, abs=1e-12, nan_ok=True)
        for extra in (statistic.noise, statistic.p_value):
            if extra is not None:
                assert extra(reference, window).shape == (3,)
