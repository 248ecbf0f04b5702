"""Moments, grids, histograms, categories and presence, against numpy and brute force."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from exporter.batch import Fault, absent
from exporter.summaries import Categories, ComponentSummary, Domain, Grid, Histogram, Measure, Moments, Presence
from exporter.summaries.categories import OTHER
from exporter.summaries.histogram import FINE_EDGES, HEAVY_SHARE, OUTER_EDGES

law = settings(derandomize=True, deadline=None, max_examples=100)
EXTREME = np.finfo(np.float64).max
RANDOM = np.random.default_rng(7)


def floats(low=-1e6, high=1e6, **options):
    return arrays(np.float64, st.integers(1, 80), elements=st.floats(low, high, **options))


def anything():
    special = st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -0.0, 5e-324, 1e300, -EXTREME, absent(Fault.TYPE)])
    small = st.integers(-5, 5).map(float)
    return arrays(np.float64, st.integers(0, 80), elements=st.one_of(st.floats(), special, small))


# -- moments


@law
@given(floats())
def test_moments_are_those_of_numpy(values):
    moments = Moments.of(values)
    assert (moments.n, moments.low, moments.high) == (len(values), values.min(), values.max())
    assert moments.total == pytest.approx(values.sum(), rel=1e-12, abs=1e-6)
    assert moments.mean == pytest.approx(values.mean(), rel=1e-12, abs=1e-9)
    if len(values) > 1:
        assert moments.deviation == pytest.approx(values.std(ddof=1), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("mean", [1e9, -1e9, 1e12])
def test_a_large_mean_does_not_drown_the_spread_however_the_values_are_merged(mean):
    values = mean + RANDOM.normal(0, 1, 10_000)
    merged = Moments()
    for part in np.split(values, [1, 7, 8, 5000, 5001]):
        merged += Moments.of(part)
    for moments in (Moments.of(values), merged):
        assert moments.deviation == pytest.approx(values.std(ddof=1), rel=1e-6)
        assert moments.mean == pytest.approx(values.mean(), rel=1e-15)


@pytest.mark.parametrize("value", [0.1, 1 / 3, -0.7, 1e300, 5e-324, 123456.789])
@pytest.mark.parametrize("n", [2, 3, 1000, 4097])
def test_equal_values_have_their_value_as_mean_and_no_spread(value, n):
    values = np.full(n, value)
    for moments in (Moments.of(values), Moments.of(values[:1]) + Moments.of(values[1:])):
        assert moments.mean == value
        assert moments.deviation == 0


def test_moments_leave_out_nan_and_infinities():
    moments = Moments.of(np.array([math.nan, 1.0, math.inf, 3.0, -math.inf, absent(Fault.TYPE)]))
    assert (moments.n, moments.total, moments.low, moments.high) == (2, 4.0, 1.0, 3.0)


@pytest.mark.parametrize("values", [[], [math.nan], [math.inf, -math.inf]])
def test_nothing_has_no_mean_and_no_spread(values):
    moments = Moments.of(np.array(values))
    assert moments == Moments()
    assert math.isnan(moments.mean)
    assert math.isnan(moments.deviation)


def test_one_value_has_a_mean_and_no_spread():
    moments = Moments.of(np.array([4.0]))
    assert moments.mean == 4
    assert math.isnan(moments.deviation)


@pytest.mark.parametrize(
    "values", [[1e300, -1e300], [EXTREME, EXTREME / 2], [EXTREME] * 9 + [-EXTREME] * 9, [1e200, 0.0]]
)
def test_numbers_too_large_to_be_summed_cost_the_spread_and_nothing_else(values):
    moments = Moments.of(np.array(values)) + Moments.of(np.array(values))
    assert (moments.n, moments.low, moments.high) == (2 * len(values), min(values), max(values))
    assert not math.isfinite(moments.deviation)
    assert math.isnan(moments.mean) or min(values) <= moments.mean <= max(values)


# -- grids

ADVERSARIES = {
    "normal": RANDOM.normal(3, 2, 20_000),
    "a million different": RANDOM.random(1_000_000),
    "zipf": RANDOM.zipf(1.3, 50_000).astype(np.float64),
    "lognormal": RANDOM.lognormal(0, 3, 20_000),
    "heavy ties": np.concatenate([np.repeat(np.arange(60.0), 200), RANDOM.random(3000) * 100]),
    "63 point masses and a continuum": np.concatenate([np.repeat(np.arange(63.0), 1700), RANDOM.random(1700) - 5]),
    "a dozen point masses in a continuum": np.concatenate([np.repeat(np.arange(12.0), 500), RANDOM.random(4000) * 12]),
    "mostly zero": np.concatenate([np.zeros(9000), RANDOM.exponential(1, 1000)]),
    "two values": np.array([0.0, 1.0] * 50),
    "one value": np.full(1000, 0.1),
    "a single number": np.array([-3.5]),
    "negative": -RANDOM.exponential(1, 5000),
    "denormal": RANDOM.integers(0, 2000, 5000) * 5e-324,
    "huge range": np.concatenate([10.0 ** RANDOM.integers(-300, 300, 5000), -(10.0 ** RANDOM.integers(-300, 300, 50))]),
    "whole float range": np.concatenate([np.linspace(-EXTREME / 2, EXTREME / 2, 900) * 2, [EXTREME]]),
    "lowest float alone": np.full(5, -EXTREME),
    "neighbours": np.nextafter(1.0, np.arange(3.0)),
    "253 different": np.arange(253.0),
    "254 different": np.arange(254.0),
    "255 different": np.arange(255.0),
    "256 different": np.repeat(np.arange(256.0), 3),
    "with nan and infinities": np.concatenate([RANDOM.normal(0, 1, 500), [math.nan, math.inf, -math.inf] * 20]),
}
adversary = pytest.mark.parametrize("values", ADVERSARIES.values(), ids=ADVERSARIES)


def distinct_by_bin(grid, values):
    distinct, counts = np.unique(values[np.isfinite(values)], return_counts=True)
    return distinct, counts, np.searchsorted(grid.edges, distinct, side="left")


@adversary
def test_edges_ascend_are_finite_and_few(values):
    grid = Grid.of(values)
    assert 1 <= len(grid.edges) <= FINE_EDGES == 255
    assert np.isfinite(grid.edges).all()
    assert (np.diff(grid.edges) > 0).all()


@adversary
def test_the_exposed_edges_are_at_most_twenty_of_the_fine_ones_with_the_first_and_last(values):
    grid = Grid.of(values)
    assert 1 <= len(grid.outer) <= OUTER_EDGES == 20
    assert (np.diff(grid.outer) > 0).all()
    assert (grid.outer[0], grid.outer[-1]) == (0, len(grid.edges) - 1)
    assert grid.outer_edges.tolist() == [grid.edges[i] for i in grid.outer]


@adversary
def test_nothing_of_the_reference_is_in_the_open_bins_unless_no_float_is_below_it(values):
    finite = values[np.isfinite(values)]
    counts = Histogram.of(finite, Grid.of(values)).counts
    assert counts[0] == (finite == -EXTREME).sum()
    assert counts[-1] == 0
    assert counts.sum() == len(finite)


@adversary
def test_a_point_mass_is_in_a_bin_of_its_own_and_marked(values):
    grid = Grid.of(values)
    distinct, counts, bins = distinct_by_bin(grid, values)
    alone = np.bincount(bins, minlength=len(grid.atoms)) == 1
    assert alone[bins[counts >= HEAVY_SHARE * counts.sum()]].all()
    marked = grid.atoms[bins]
    assert (grid.edges[bins[marked]] == distinct[marked]).all()
    inner = np.arange(1, len(grid.edges))
    assert (grid.atoms[inner] == alone[inner]).all()
    assert not grid.atoms[[0, -1]].any()


@adversary
def test_a_bin_that_is_no_point_mass_holds_little_of_the_reference(values):
    grid = Grid.of(values)
    _, counts, _ = distinct_by_bin(grid, values)
    heavy = (counts >= HEAVY_SHARE * counts.sum()).sum()
    shares = Histogram.of(values[np.isfinite(values)], grid).counts / counts.sum()
    assert (shares[~grid.atoms][1:] <= 1 / (253 - 2 * heavy) + HEAVY_SHARE).all()


@pytest.mark.parametrize("name", ["normal", "a million different", "lognormal", "negative"])
def test_continuous_data_is_exposed_in_bins_of_at_most_a_tenth(name):
    shares = Histogram.of(ADVERSARIES[name], Grid.of(ADVERSARIES[name])).outer_counts() / len(ADVERSARIES[name])
    assert shares.max() < 0.11


def test_a_heavy_value_is_exposed_between_edges_of_its_own():
    values = ADVERSARIES["mostly zero"]
    outer = Grid.of(values).outer_edges
    assert 0.0 in outer
    assert Histogram.of(values, Grid.of(values)).outer_counts().max() == 9000


@pytest.mark.parametrize("value", [0.0, 0.1, -7.25, 1e300, 5e-324])
def test_beside_a_constant_reference_the_next_float_on_either_side_is_in_another_bin(value):
    grid = Grid.of(np.full(50, value))
    live = np.array([np.nextafter(value, -np.inf), value, value, np.nextafter(value, np.inf)])
    assert Histogram.of(live, grid).counts.tolist() == [1, 2, 1]
    assert Histogram.of(live, grid).outer_counts().tolist() == [1, 2, 1]


def test_laying_a_grid_leaves_the_values_as_they_were():
    values = ADVERSARIES["with nan and infinities"].copy()
    before = values.tobytes()
    Grid.of(values)
    assert values.tobytes() == before


# -- histograms


@law
@given(floats(allow_infinity=False, allow_nan=False, low=-9, high=9), anything())
def test_a_histogram_is_a_brute_force_count_of_what_is_above_one_edge_and_not_above_the_next(reference, live):
    grid = Grid.of(reference)
    edges = [-math.inf, *grid.edges, math.inf]
    expected = [sum(low < x <= high for x in live) for low, high in itertools.pairwise(edges)]
    expected[0] += int((live == -math.inf).sum())
    assert Histogram.of(live, grid).counts.tolist() == expected


@law
@given(floats(), anything())
def test_the_exposed_counts_are_those_of_prometheus_le_and_the_last_is_all(reference, live):
    histogram = Histogram.of(live, Grid.of(reference))
    expected = [int((live <= edge).sum()) for edge in histogram.grid.outer_edges] + [int((~np.isnan(live)).sum())]
    assert histogram.outer_cumulative().tolist() == expected
    assert histogram.outer_counts().tolist() == np.diff(expected, prepend=0).tolist()
    assert histogram.n == expected[-1]


@adversary
@pytest.mark.parametrize("shift", [0, 0.5, 1e9])
def test_a_quantile_is_in_the_bin_of_the_exact_one_and_one_beyond_the_range_is_the_outermost_edge(values, shift):
    grid = Grid.of(values)
    finite = np.sort(values[np.isfinite(values)])
    live = finite[len(finite) // 3 :] + shift if np.abs(finite).max() < EXTREME else finite
    shares = np.array([0, 1e-9, 0.05, 0.25, 1 / 3, 0.5, 0.75, 0.95, 1])
    found = Histogram.of(live, grid).quantiles(shares)
    for share, quantile in zip(shares, found, strict=True):
        exact = live[max(math.ceil(share * len(live)), 1) - 1]
        place = np.searchsorted(grid.edges, exact, side="left")
        low, high = grid.edges[[max(place - 1, 0), min(place, len(grid.edges) - 1)]].tolist()
        slack = max(1e-12 * max(abs(low), abs(high)), 1e-323)
        assert low - slack <= quantile <= high + slack
        if place < len(grid.edges) and exact == high and grid.atoms[place]:
            assert quantile == high


def test_quantiles_of_much_data_are_close_to_those_of_numpy():
    values = ADVERSARIES["normal"]
    shares = np.linspace(0.05, 0.95, 19)
    found = Histogram.of(values, Grid.of(values)).quantiles(shares)
    assert found == pytest.approx(np.quantile(values, shares), abs=0.02)


def test_nothing_has_no_quantile():
    assert np.isnan(Histogram.empty(Grid.of(np.arange(3.0))).quantiles(np.array([0.5]))).all()


@adversary
def test_the_point_that_stands_for_a_bin_is_in_it(values):
    grid = Grid.of(values)
    points = Histogram.empty(grid).points()
    assert (points[0], points[-1]) == (grid.edges[0], grid.edges[-1])
    assert (grid.edges[:-1] <= points[1:-1]).all()
    assert (points[1:-1] <= grid.edges[1:]).all()
    assert (points[grid.atoms] == np.append(grid.edges, np.nan)[grid.atoms]).all()


def test_histograms_on_different_edges_are_not_added():
    one, other = Histogram.empty(Grid.of(np.arange(3.0))), Histogram.empty(Grid.of(np.arange(4.0)))
    with pytest.raises(ValueError, match="edges"):
        one + other
    assert (one + Histogram.empty(Grid.of(np.arange(3.0)))).n == 0


# -- categories


@law
@given(st.lists(st.integers(-3, 3), max_size=50))
def test_categories_are_counted_and_negative_codes_are_none(codes):
    categories = Categories.of(np.array(codes, np.int32), ("a", "b", "c"))
    expected = Counter(code for code in codes if code >= 0)
    assert categories.counts.tolist() == [expected[code] for code in range(4)]
    assert [categories[name] for name in ("a", "b", "c", OTHER)] == categories.counts.tolist()
    assert categories.labels == ("a", "b", "c", OTHER)
    assert categories.n == sum(expected.values())


def test_counts_of_different_categories_are_not_added():
    with pytest.raises(ValueError, match="categories"):
        Categories.empty(("a",)) + Categories.empty(("b",))


# -- components


@law
@given(anything(), st.tuples(st.floats(-10, 10), st.floats(-10, 10)).map(sorted))
def test_a_numeric_component_counts_every_row_once_as_valid_or_by_what_is_wrong_with_it(column, ends):
    domain = Domain(*ends)
    summary = Measure(Grid.of(np.arange(-4.0, 4.0)), domain=domain).of(column)
    values = column[~np.isnan(column)]
    presence = summary.presence
    assert presence.rows == len(column)
    assert presence.missing + presence.type + presence.extractor == len(column) - len(values) == len(column) - summary.n
    assert presence.type == (column.view(np.int64) == np.array(absent(Fault.TYPE)).view(np.int64)).sum()
    assert presence.below == (values < domain.low).sum()
    assert presence.above == (values > domain.high).sum()
    assert presence.invalid == sum(presence.reasons().values()) <= presence.rows
    assert summary.histogram.counts.tolist() == Histogram.of(column, summary.histogram.grid).counts.tolist()
    assert summary.moments.n == np.isfinite(values).sum()
    if summary.moments.n and np.abs(values[np.isfinite(values)]).max() < 1e100:
        assert summary.moments.total == pytest.approx(Moments.of(column).total, rel=1e-9)


def test_the_ends_of_a_domain_are_valid_and_an_infinity_beyond_them_is_not():
    column = np.array([-math.inf, -1.0, 0.0, 1.0, math.inf])
    presence = Measure(Grid.of(np.arange(3.0)), domain=Domain(-1.0, 1.0)).of(column).presence
    assert (presence.below, presence.above) == (1, 1)


@pytest.mark.parametrize(("complete", "unseen"), [(True, 2), (False, 0)])
def test_a_value_that_is_no_level_is_invalid_only_where_the_levels_are_complete(complete, unseen):
    codes = np.array([0, 1, 2, 2, -Fault.MISSING, -Fault.TYPE, -Fault.EXTRACTOR], np.int32)
    summary = Measure(levels=("a", "b"), complete=complete).of(codes)
    assert summary.presence == Presence(7, 1, 1, 1, unseen=unseen)
    assert summary.categories.counts.tolist() == [1, 1, 2]
    assert summary.n == 4
    assert summary.bins().tolist() == [1, 1, 2]


def test_drift_of_numbers_is_measured_on_the_exposed_bins():
    measure = Measure(Grid.of(ADVERSARIES["normal"]))
    summary = measure.of(ADVERSARIES["normal"])
    assert summary.bins().tolist() == summary.histogram.outer_counts().tolist()


def test_numbers_and_categories_are_not_added():
    numbers, categories = Measure(Grid.of(np.arange(3.0))).empty(), Measure(levels=("a",)).empty()
    for one, other in ((numbers, categories), (categories, numbers)):
        with pytest.raises(ValueError, match="cannot be added"):
            one + other


def test_a_summary_of_nothing_at_all_has_no_bins():
    with pytest.raises(ValueError, match="no bins"):
        ComponentSummary(Presence()).bins()


def test_the_reasons_of_presence_are_those_of_the_metric():
    assert list(Presence().reasons()) == ["missing", "type", "extractor", "below", "above", "unseen"]
