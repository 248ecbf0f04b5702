"""Every drift statistic on raw values against scipy and peers, on bins within its stated error, and its noise."""

import json
import math
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from scipy.spatial import distance

from exporter.drift import BUILTIN
from exporter.summaries import Categories, ComponentSummary, Grid, Layout, Measure, Presence

sys.path.insert(0, str(Path(__file__).parent / "calibration"))

import peers_themselves

PEERS = json.loads((Path(__file__).parent / "fixtures" / "peers.json").read_text(encoding="utf-8"))
law = settings(derandomize=True, deadline=None, max_examples=60)
samples = arrays(np.float64, st.integers(2, 60), elements=st.integers(-8, 8).map(float) | st.floats(-50, 50))
RANDOM = np.random.default_rng(6)
EXACT = [name for name, statistic in BUILTIN.items() if statistic.exact is not None]


def exact(name, reference, window):
    return BUILTIN[name].raw(reference, window)


def spread(values):
    return float(np.std(values, ddof=1))


SCIPY = {
    "kolmogorov_smirnov": lambda a, b: stats.ks_2samp(a, b, method="asymp").statistic,
    "wasserstein": lambda a, b: stats.wasserstein_distance(a, b) / spread(a),
    "energy_distance": lambda a, b: stats.energy_distance(a, b) / np.sqrt(spread(a)),
    "mean_shift": lambda a, b: abs(np.mean(b) - np.mean(a)) / spread(a),
    "variance_shift": lambda a, b: abs(np.log(np.var(b, ddof=1) / np.var(a, ddof=1))),
}


@pytest.mark.parametrize("name", SCIPY)
@law
@given(samples, samples)
def test_on_raw_values_a_statistic_is_scipys(name, one, other):
    if spread(one) > 1e-6 and spread(other) > 1e-6:
        assert exact(name, one, other) == pytest.approx(SCIPY[name](one, other), rel=1e-9, abs=1e-9)


def test_cramer_von_mises_times_the_sample_is_scipys_statistic_where_no_values_are_equal():
    for m, n in ((50, 80), (300, 20), (1000, 1000)):
        one, other = RANDOM.normal(0, 1, m), RANDOM.normal(0.3, 1.2, n)
        expected = stats.cramervonmises_2samp(one, other).statistic
        assert m * n / (m + n) * exact("cramer_von_mises", one, other) == pytest.approx(expected, rel=1e-9)


def test_anderson_darling_is_the_sum_over_the_pooled_values():
    for m, n in ((40, 70), (200, 30)):
        one, other = RANDOM.normal(0, 1, m), RANDOM.normal(0.5, 1, n)
        pooled, total = np.sort(np.concatenate([one, other])), 0.0
        for place, value in enumerate(pooled[:-1], 1):
            share = place / (m + n)
            gap = np.mean(one <= value) - np.mean(other <= value)
            total += gap**2 / (share * (1 - share)) / (m + n)
        assert exact("anderson_darling", one, other) == pytest.approx(total, rel=1e-9)


@pytest.mark.parametrize("name", EXACT)
@law
@given(samples)
def test_of_the_same_values_a_raw_statistic_is_nothing(name, values):
    if spread(values) > 1e-6:
        assert exact(name, values, values) == pytest.approx(0, abs=1e-9)


def test_anderson_darling_is_scipys_but_for_its_unit():
    """Which is the standard deviation that scipy's has without drift: it depends on the sizes alone."""
    found = []
    for shift in (0.0, 0.2, 0.5, 1.0):
        one, other = RANDOM.normal(0, 1, 60), RANDOM.normal(shift, 1, 90)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its p-value is cut off
            theirs = stats.anderson_ksamp([one, other], midrank=False).statistic
        found.append((theirs, exact("anderson_darling", one, other)))
    (first, mine), *rest = found
    units = [(theirs - first) / (ours - mine) for theirs, ours in rest]
    assert units == pytest.approx([units[0]] * 3, rel=1e-9)


SYMMETRIC = ("kolmogorov_smirnov", "cramer_von_mises", "anderson_darling", "variance_shift")
RAW = {
    "nothing": [],
    "one value": [3.0],
    "constant": [0.1] * 50,
    "normal": RANDOM.normal(0, 1, 200),
    "far away": RANDOM.normal(1e9, 1, 100),
    "huge": [-1.7e308, 1.7e308, 1e308] * 20,
    "tiny": [5e-324, 0.0, 1e-310] * 20,
    "infinite": [math.inf, -math.inf, 1.0, 2.0],
    "missing": [math.nan] * 9,
}


@pytest.mark.parametrize("name", EXACT)
def test_a_raw_statistic_of_strange_values_is_finite_or_undefined_and_changes_nothing(name):
    columns = [np.array(values, np.float64) for values in RAW.values()]
    for one in columns:
        for other in columns:
            before = one.copy(), other.copy()
            found = exact(name, one, other)
            assert isinstance(found, float)
            assert math.isnan(found) or 0 <= found < math.inf
            assert math.isnan(found) or (np.isfinite(one).any() and np.isfinite(other).any())
            np.testing.assert_array_equal(one, before[0])
            np.testing.assert_array_equal(other, before[1])


@pytest.mark.parametrize("name", EXACT)
def test_a_raw_statistic_reads_the_finite_values_alone(name):
    one, other = RANDOM.normal(0, 1, 50), RANDOM.normal(1, 2, 40)
    assert exact(name, one, np.append(other, [math.nan, math.inf])) == exact(name, one, other)


@pytest.mark.parametrize("name", SYMMETRIC)
@law
@given(samples, samples)
def test_a_raw_statistic_is_symmetric_where_it_says_so(name, one, other):
    assert exact(name, one, other) == pytest.approx(exact(name, other, one), rel=1e-9, abs=1e-12, nan_ok=True)


def test_of_disjoint_values_kolmogorov_smirnov_is_1_and_distances_grow_with_the_gap():
    one, near, far = np.arange(50.0), np.arange(60.0, 90), np.arange(600.0, 630)
    assert exact("kolmogorov_smirnov", one, near) == exact("kolmogorov_smirnov", one, far) == 1
    for name in ("wasserstein", "energy_distance", "mean_shift"):
        assert exact(name, one, near) < exact(name, one, far)


def test_a_statistic_of_bins_has_no_raw_form():
    with pytest.raises(ValueError, match="no form of raw values"):
        BUILTIN["psi"].raw(np.ones(3), np.ones(3))


# -- the statistics of bins, against scipy


def shares(counts):
    """The share of each bin with half a count more in each, and as it is."""
    counts = np.array(counts, np.float64)
    return (counts + 0.5) / (counts + 0.5).sum(), counts / counts.sum()


BINS = {
    "psi": lambda p, q: stats.entropy(p[0], q[0]) + stats.entropy(q[0], p[0]),
    "kullback_leibler": lambda p, q: stats.entropy(p[0], q[0]),
    "jensen_shannon_divergence": lambda p, q: distance.jensenshannon(p[1], q[1], base=2) ** 2,
    "hellinger": lambda p, q: distance.euclidean(np.sqrt(p[1]), np.sqrt(q[1])) / math.sqrt(2),
    "chi_square_distance": lambda p, q: (q[0] / p[0]) @ q[0] - 1,
    "total_variation": lambda p, q: distance.cityblock(p[1], q[1]) / 2,
    "chebyshev": lambda p, q: distance.chebyshev(p[1], q[1]),
    "new_category_share": lambda p, q: max(q[1][-1] - p[1][-1], 0),
}
counts = st.lists(st.integers(0, 3000), min_size=5, max_size=5).filter(lambda c: sum(c) > 0)


def categories(counts):
    levels = tuple(map(str, range(len(counts) - 1)))
    return ComponentSummary(Presence(), categories=Categories(levels, np.array(counts)))


@pytest.mark.parametrize("name", BINS)
@law
@given(counts, counts)
def test_on_the_same_bins_a_statistic_is_scipys(name, one, other):
    found = BUILTIN[name].of(categories(one), categories(other))
    assert found == pytest.approx(BINS[name](shares(one), shares(other)), rel=1e-9, abs=1e-9)


@law
@given(counts, counts)
def test_jensen_shannon_is_the_root_of_its_divergence(one, other):
    pair = categories(one), categories(other)
    found = BUILTIN["jensen_shannon"].of(*pair) ** 2
    assert found == pytest.approx(BUILTIN["jensen_shannon_divergence"].of(*pair), rel=1e-9, abs=1e-15)


def test_the_share_of_rows_without_a_value_is_the_rise_of_it():
    before, after = (np.where(np.arange(1000) < gone, np.nan, 1.0) for gone in (100, 250))
    reference, window = summarised(before, after)
    for name in ("missing_share", "invalid_share"):
        assert BUILTIN[name].of(reference, window) == pytest.approx(0.15, rel=1e-9)
        assert BUILTIN[name].of(window, reference) == 0


# -- what Evidently 0.7.23 and NannyML 0.13.1 say of the same data, see tests/calibration/peers_themselves.py


def of_codes(name):
    """A statistic of codes of categories, with a bin for each."""

    def found(one, other):
        width = int(max(one.max(), other.max())) + 2
        return BUILTIN[name].of(*(categories(np.bincount(codes, minlength=width)) for codes in (one, other)))

    return found


ALIKE = {
    ("nannyml", "kolmogorov_smirnov"): lambda a, b: exact("kolmogorov_smirnov", a, b),
    ("nannyml", "wasserstein"): lambda a, b: exact("wasserstein", a, b) * spread(a),
    ("nannyml", "jensen_shannon"): of_codes("jensen_shannon"),
    ("nannyml", "hellinger"): of_codes("hellinger"),
    ("nannyml", "l_infinity"): of_codes("chebyshev"),
    ("nannyml", "chi2"): of_codes("chi_square"),
    ("evidently", "Wasserstein distance (normed)"): lambda a, b: exact("wasserstein", a, b) * spread(a) / np.std(a),
    ("evidently", "Jensen-Shannon distance"): lambda a, b: of_codes("jensen_shannon")(a, b) * math.sqrt(math.log(2)),
}
CORRECTED = ("chi2", "two")  # NannyML applies Yates' correction to two categories
SAME = [o for o in PEERS if (o["peer"], o["method"]) in ALIKE and (o["method"], o["shape"]) != CORRECTED]


@pytest.mark.parametrize("said", SAME, ids=lambda one: f"{one['peer']} {one['method']} {one['shape']} {one['sizes']}")
def test_peers_say_the_same_but_for_the_unit(said):
    one, other = (peers_themselves.drawn(said["shape"], rows, place)[0] for place, rows in enumerate(said["sizes"]))
    found = ALIKE[said["peer"], said["method"]](one, other)
    assert found == pytest.approx(said["value"], rel=1e-9, abs=1e-12)


@law
@given(counts, counts)
def test_chi_square_and_g_are_scipys_of_the_table_of_both_samples(one, other):
    table = np.array([one, other])[:, (np.array(one) + np.array(other)) > 0]
    if table.shape[1] < 2:
        return
    pair = [ComponentSummary(Presence(), categories=Categories(tuple("abcd"), np.array(c))) for c in (one, other)]
    layout = Layout.of(pair[:1])
    stacks = [layout.stack([summary]) for summary in pair]
    for name, family in (("chi_square", "pearson"), ("g_test", "log-likelihood")):
        expected = stats.chi2_contingency(table, correction=False, lambda_=family)
        assert BUILTIN[name].of(*pair) == pytest.approx(expected.statistic, rel=1e-9, abs=1e-7)
        assert BUILTIN[name].p_value(*stacks)[0] == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-9)


def summarised(reference, *windows):
    measure = Measure(Grid.of(reference))
    return [measure.of(values) for values in (reference, *windows)]


def test_the_p_value_of_the_mean_is_welchs_and_that_of_kolmogorov_smirnov_scipys_asymptotic_one():
    one, other = RANDOM.normal(0, 1, 4000), RANDOM.normal(0.04, 1.3, 900)
    layout = Layout.of(summarised(one))
    stacks = [layout.stack([summary]) for summary in summarised(one, other)]
    expected = stats.ttest_ind(one, other, equal_var=False).pvalue
    assert BUILTIN["mean_shift"].p_value(*stacks)[0] == pytest.approx(expected, rel=1e-9)
    shown = BUILTIN["kolmogorov_smirnov"].p_value(*stacks)[0]
    assert shown == pytest.approx(
        stats.kstwobign.sf(BUILTIN["kolmogorov_smirnov"].of(*summarised(one, other)) / np.sqrt(1 / 4000 + 1 / 900)),
        rel=1e-9,
    )


def test_the_noncentral_p_value_forgives_what_is_tolerated_and_nothing_more():
    pairs = {shift: [] for shift in (0.0, 0.05, 0.5)}
    for shift, found in pairs.items():
        for _ in range(60):
            one, other = RANDOM.normal(0, 1, 20_000), RANDOM.normal(shift, 1, 3000)
            reference, window = summarised(one, other)
            layout = Layout.of([reference])
            found.append(BUILTIN["chi_square_distance"].p_value(layout.stack([reference]), layout.stack([window]))[0])
    assert min(pairs[0.0]) > 1e-4
    assert min(pairs[0.05]) > 1e-4
    assert max(pairs[0.5]) < 1e-6


BINNED = {  # what the grid may take: so many times the largest share of a bin, its greatest width in sd, its root
    "kolmogorov_smirnov": (1, 0, 0),
    "cramer_von_mises": (2, 0, 0),
    "wasserstein": (0, 1, 0),
    "energy_distance": (0, 0, np.sqrt(2)),
    "mean_shift": (0, 0, 0),
    "variance_shift": (0, 0, 0),
}


@pytest.mark.parametrize("name", BINNED)
@pytest.mark.parametrize("shift", [0.0, 0.1, 0.5])
def test_on_bins_a_statistic_is_that_of_raw_values_within_its_stated_error(name, shift):
    for draw in (RANDOM.standard_normal, RANDOM.standard_exponential, lambda n: RANDOM.integers(0, 6, n) * 1.0):
        one, other = draw(5000), draw(2000) + shift
        other = np.clip(other, one.min(), one.max())
        reference, window = summarised(one, other)
        shares = [s.histogram.counts / s.n for s in (reference, window)]
        width = np.diff(reference.histogram.grid.edges).max() / spread(one)
        bound = np.dot(BINNED[name], (max(s.max() for s in shares), width, np.sqrt(width)))
        assert abs(BUILTIN[name].of(reference, window) - exact(name, one, other)) <= bound + 1e-9


@pytest.mark.parametrize("name", [name for name, s in BUILTIN.items() if s.noise is not None])
def test_without_drift_a_statistic_is_about_its_noise(name):
    rng = np.random.default_rng(12)
    kind = "numeric" if "numeric" in BUILTIN[name].kinds else "category"
    if kind == "numeric":
        measure = Measure(Grid.of(rng.normal(0, 1, 20_000)))
        pairs = [[measure.of(rng.normal(0, 1, n)) for n in (8000, 2000)] for _ in range(150)]
    else:
        measure = Measure(levels=tuple("abcde"))
        pairs = [[measure.of(rng.integers(0, 5, n, np.int32)) for n in (8000, 2000)] for _ in range(150)]
    layout = Layout.of([measure.empty()])
    stacks = [[layout.stack([summary]) for summary in pair] for pair in pairs]
    found = np.mean([BUILTIN[name].measure(*pair)[0] for pair in stacks])
    said = np.mean([BUILTIN[name].noise(*pair)[0] for pair in stacks])
    assert found == pytest.approx(said, rel=0.15)
