"""Each drift statistic against an independent computation of it, and against what its docstring promises."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import chebyshev as scipy_chebyshev
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy, ks_2samp, wasserstein_distance

from exporter.drift import BUILTIN
from exporter.summaries import Categories, ComponentSummary, Grid, Measure, Presence

law = settings(derandomize=True, deadline=None, max_examples=80)
LEVELS = tuple("abcdefg")
RANDOM = np.random.default_rng(3)
DISTRIBUTIONS = {
    "normal": lambda n: RANDOM.normal(5, 2, n),
    "exponential": RANDOM.standard_exponential,
    "ties": lambda n: RANDOM.integers(0, 7, n).astype(np.float64),
    "half zero": lambda n: np.where(RANDOM.random(n) < 0.5, 0.0, RANDOM.normal(0, 1, n)),
    "heavy tail": lambda n: RANDOM.standard_t(2, n),
}
distribution = pytest.mark.parametrize("draw", DISTRIBUTIONS.values(), ids=DISTRIBUTIONS)


def measured(name, reference, window):
    return BUILTIN[name].of(reference, window)


def categories(counts):
    return ComponentSummary(Presence(), categories=Categories(LEVELS, np.array(counts)))


def numbers(reference, *windows):
    """Summarise reference values and windows on the reference's grid."""
    measure = Measure(Grid.of(reference))
    return [measure.of(values) for values in (reference, *windows)]


some_counts = st.lists(st.integers(0, 5000), min_size=8, max_size=8).filter(any)


# -- on the same bins, an independent computation gives the same


@law
@given(some_counts, some_counts)
def test_psi_is_the_sum_of_both_relative_entropies_of_counts_and_a_half(one, other):
    p, q = np.array(one) + 0.5, np.array(other) + 0.5
    expected = entropy(p, q) + entropy(q, p)
    assert measured("psi", categories(one), categories(other)) == pytest.approx(expected, abs=1e-9)


@law
@given(some_counts, some_counts)
def test_jensen_shannon_is_that_of_scipy_to_base_2(one, other):
    expected = jensenshannon(one, other, base=2)
    assert measured("jensen_shannon", categories(one), categories(other)) == pytest.approx(expected, abs=1e-7)


@law
@given(some_counts, some_counts)
def test_total_variation_and_chebyshev_are_half_the_sum_and_the_largest_of_the_differences(one, other):
    p, q = np.array(one) / sum(one), np.array(other) / sum(other)
    pair = categories(one), categories(other)
    assert measured("total_variation", *pair) == pytest.approx(sum(max(b - a, 0) for a, b in zip(p, q, strict=True)))
    assert measured("chebyshev", *pair) == pytest.approx(scipy_chebyshev(p, q))


@pytest.mark.parametrize("name", ["psi", "jensen_shannon"])
@distribution
def test_numbers_drift_as_categories_would_that_are_their_exposed_bins(name, draw):
    reference, window = numbers(draw(3000), draw(800) + 0.3)
    bins = [
        ComponentSummary(Presence(), categories=Categories(tuple(map(str, range(len(s.bins()) - 1))), s.bins()))
        for s in (reference, window)
    ]
    assert measured(name, reference, window) == measured(name, *bins) > 0


@pytest.mark.parametrize(
    ("name", "expected"),
    [("psi", 0.346574), ("jensen_shannon", 0.247544), ("total_variation", 0.25), ("chebyshev", 0.25)],
)
def test_a_statistic_worked_out_by_hand(name, expected):
    half, quarter = 500_000_000, 250_000_000
    pair = [[half, quarter, quarter, 0, 0, 0, 0, 0], [quarter, half, quarter, 0, 0, 0, 0, 0]]
    assert measured(name, *map(categories, pair)) == pytest.approx(expected, abs=1e-6)


# -- on the fine grid, close to the exact statistic of the values


@distribution
@pytest.mark.parametrize("shift", [0, 0.1, 1, -30])
def test_kolmogorov_smirnov_is_below_the_exact_one_by_at_most_the_largest_share_in_one_bin(draw, shift):
    values, live = draw(2000), draw(700) + shift
    reference, window = numbers(values, live)
    exact = ks_2samp(values, live, method="asymp").statistic
    inner = ~reference.histogram.grid.atoms
    shares = [s.histogram.counts / s.histogram.n for s in (reference, window)]
    largest = max(share[inner].max() for share in shares)
    found = measured("kolmogorov_smirnov", reference, window)
    assert exact - largest - 1e-9 <= found <= exact + 1e-9


@pytest.mark.parametrize("shift", [0, 1, 3])
def test_kolmogorov_smirnov_of_few_different_values_is_exact(shift):
    values = DISTRIBUTIONS["ties"](5000)
    live = DISTRIBUTIONS["ties"](3000) + shift
    reference, window = numbers(values, live)
    found = measured("kolmogorov_smirnov", reference, window)
    assert found == pytest.approx(ks_2samp(values, live, method="asymp").statistic, abs=1e-12)


@distribution
@pytest.mark.parametrize("change", [lambda x: x, lambda x: x + 0.2, lambda x: 0.8 * x, lambda x: x[: len(x) // 3]])
def test_wasserstein_is_that_of_scipy_but_for_the_width_of_the_bins_the_values_lie_in(draw, change):
    values = draw(3000)
    live = np.clip(change(draw(1000)), values.min(), values.max())
    reference, window = numbers(values, live)
    widths = np.diff(reference.histogram.grid.edges)
    moved = sum(s.histogram.counts[1:-1] @ widths / s.n for s in (reference, window))
    exact = wasserstein_distance(values, live)
    found = measured("wasserstein", reference, window) * values.std(ddof=1)
    assert abs(found - exact) <= moved + 1e-12
    assert found >= abs(values.mean() - live.mean()) * (1 - 1e-9)


def test_wasserstein_of_many_normal_values_is_within_a_hundredth_of_scipy():
    values, live = RANDOM.normal(0, 1, 20_000), np.clip(RANDOM.normal(0.3, 1.1, 20_000), -3, 3)
    found = measured("wasserstein", *numbers(values, live)) * values.std(ddof=1)
    assert found == pytest.approx(wasserstein_distance(values, live), abs=0.01)


@pytest.mark.parametrize("shift", [100, -100])
def test_wasserstein_sees_how_far_beyond_the_range_of_the_reference_values_have_gone(shift):
    values = RANDOM.normal(0, 2, 5000)
    near, far = (measured("wasserstein", *numbers(values, values + s)) for s in (shift, 10 * shift))
    assert near == pytest.approx(50, rel=0.05)
    assert far == pytest.approx(500, rel=0.05)


@distribution
@pytest.mark.parametrize(("scale", "offset"), [(1000, 0), (1e-6, 0), (2, 64)])
def test_drift_of_numbers_does_not_depend_on_their_unit(draw, scale, offset):
    values, live = draw(1000), draw(500) * 1.2
    plain, changed = numbers(values, live), numbers(scale * values + offset, scale * live + offset)
    for name, statistic in BUILTIN.items():
        if "numeric" in statistic.kinds:
            assert measured(name, *changed) == pytest.approx(measured(name, *plain), rel=0.02, abs=1e-3)


# -- the level without drift that a docstring gives


def level(name, n, m, make):
    return np.mean([measured(name, make(n), make(m)) for _ in range(200)])


def drawn(shares):
    shares = np.array(shares)
    return lambda n: categories(np.append(RANDOM.multinomial(n, shares), [0] * (8 - len(shares))))


SHARES = [0.3, 0.2, 0.2, 0.1, 0.1, 0.05, 0.03, 0.02]


@pytest.mark.parametrize(("n", "m"), [(2000, 2000), (10_000, 1000)])
def test_without_drift_the_statistics_of_categories_are_about_what_they_say(n, m):
    noise = 1 / n + 1 / m
    assert level("psi", n, m, drawn(SHARES)) == pytest.approx(7 * noise, rel=0.2)
    divergence = np.mean([measured("jensen_shannon", drawn(SHARES)(n), drawn(SHARES)(m)) ** 2 for _ in range(200)])
    assert divergence == pytest.approx(7 * noise / (8 * math.log(2)), rel=0.2)
    expected = sum(math.sqrt(p * (1 - p) * noise / (2 * math.pi)) for p in SHARES)
    assert level("total_variation", n, m, drawn(SHARES)) == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize(("n", "m"), [(2000, 2000), (10_000, 1000)])
def test_without_drift_kolmogorov_smirnov_is_about_what_it_says(n, m):
    measure = Measure(Grid.of(RANDOM.normal(0, 1, 10_000)))
    found = level("kolmogorov_smirnov", n, m, lambda count: measure.of(RANDOM.normal(0, 1, count)))
    assert found == pytest.approx(0.87 * math.sqrt(1 / n + 1 / m), rel=0.1)


# -- hard references


@pytest.mark.parametrize("value", [0.1, 1 / 3, 0.0, -1e9, 1e300])
@pytest.mark.parametrize(("n", "m"), [(1000, 3000), (100, 101), (7, 8192)])
def test_a_constant_that_stays_is_no_drift_and_has_no_unit_to_measure_distance_in(value, n, m):
    reference, window = numbers(np.full(n, value), np.full(m, value))
    assert measured("kolmogorov_smirnov", reference, window) == 0
    assert measured("jensen_shannon", reference, window) == 0
    assert math.isnan(measured("wasserstein", reference, window))


@pytest.mark.parametrize("direction", [-math.inf, math.inf])
def test_a_constant_that_moves_by_one_float_is_a_complete_change(direction):
    reference, window = numbers(np.full(500, 2.5), np.full(500, np.nextafter(2.5, direction)))
    assert measured("kolmogorov_smirnov", reference, window) == 1
    assert measured("jensen_shannon", reference, window) == 1
    assert measured("psi", reference, window) > 10


@pytest.mark.parametrize("value", [math.inf, -math.inf, 1e300, -1e300])
def test_values_beyond_the_range_of_the_reference_are_drift_even_where_they_are_infinite(value):
    reference, window = numbers(RANDOM.normal(0, 1, 1000), np.full(500, value))
    assert measured("kolmogorov_smirnov", reference, window) > 0.99
    assert measured("jensen_shannon", reference, window) > 0.99
    assert measured("psi", reference, window) > 5
    assert measured("wasserstein", reference, window) > 2


def test_a_reference_of_more_spread_than_a_float_holds_has_no_unit_to_measure_distance_in():
    reference, window = numbers(np.array([-1e300, 0.0, 1e300] * 50), np.zeros(200))
    assert math.isnan(measured("wasserstein", reference, window))
    assert 0 < measured("kolmogorov_smirnov", reference, window) < 1


@law
@given(some_counts, some_counts)
def test_what_has_nothing_in_common_is_at_distance_1_and_no_further(one, other):
    pair = [*one[:4], 0, 0, 0, 0], [0, 0, 0, 0, *other[4:]]
    if any(pair[0]) and any(pair[1]):
        for name in ("jensen_shannon", "total_variation"):
            assert 1 - 1e-9 <= measured(name, *map(categories, pair)) <= 1


def test_rounding_does_not_take_jensen_shannon_beyond_1():
    one = """2311 2262 343 2787 199 1798 1199 3300 3497 3016 1537 297 3438 1545 2318 1892 4958 2518 4223 3657 1822 4002
        1361 4464 76 3529 463 4975 4470"""
    other = """4174 1101 2805 2359 147 2955 2344 2121 4983 3980 4939 133 1056 934 2501 2107 2497 2254 4169 599 176 791
        1875 3971 3504"""
    counts = [[*map(int, one.split()), *[0] * 25], [*[0] * 29, *map(int, other.split())]]
    names = tuple(map(str, range(53)))
    pair = [ComponentSummary(Presence(), categories=Categories(names, np.array(c))) for c in counts]
    assert measured("jensen_shannon", *pair) == 1


def test_a_category_that_the_reference_does_not_have_is_drift():
    reference, window = categories([100, 100, 0, 0, 0, 0, 0, 0]), categories([0, 0, 0, 0, 0, 0, 0, 200])
    assert measured("jensen_shannon", reference, window) == 1
    assert measured("total_variation", reference, window) == 1


@pytest.mark.parametrize("name", BUILTIN)
def test_no_data_on_either_side_has_no_statistic(name):
    some, none = (categories([5, 0, 0, 0, 0, 0, 0, 0]), categories([0] * 8))
    if "numeric" in BUILTIN[name].kinds:
        some, none = numbers(np.arange(50.0), np.empty(0))
    assert math.isnan(measured(name, some, none))
    assert math.isnan(measured(name, none, some))
    assert math.isnan(measured(name, none, none))


@law
@given(arrays(np.float64, st.integers(2, 50), elements=st.floats(-1e6, 1e6)), st.floats(0, 1e6))
def test_moving_further_never_lowers_kolmogorov_smirnov_or_wasserstein(values, shift):
    reference, near, far = numbers(values, values + shift, values + 2 * shift)
    for name in ("kolmogorov_smirnov", "wasserstein"):
        steps = measured(name, reference, near), measured(name, reference, far)
        assert math.isnan(steps[0]) or steps[0] <= steps[1] * (1 + 1e-9) + 1e-9


def test_the_statistic_that_decides_whether_a_component_has_drifted_reads_numbers_and_categories():
    assert next(iter(BUILTIN.values())).kinds == {"numeric", "category"}
