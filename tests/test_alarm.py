"""The drift alarm against a slow computation of it, and against what it promises: few false alarms, short delays."""

import copy
import math
from dataclasses import fields
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, chi2

from exporter.alarm import Bank, Watched, calibrate
from exporter.alarm.alternatives import alternatives, row_scores
from exporter.alarm.block import CHUNK_ROWS, STEP_ROWS, Block
from exporter.alarm.counts import Numbers
from exporter.alarm.stream import Terms, shape, share
from exporter.summaries import Grid, Measure

law = settings(derandomize=True, deadline=None, max_examples=40)
RANDOM = np.random.default_rng(21)


def drawn_counts(bins, m, seed=1):
    rng = np.random.default_rng(seed)
    return rng.multinomial(m, rng.dirichlet(np.full(bins, 3.0))).astype(float)


# -- a slow computation, bin by bin and alternative by alternative


def slow_alternatives(p, *, ordered):
    bins, families = range(len(p)), []
    if ordered and len(p) >= 4:
        ranks = [sum(p[:b]) + p[b] / 2 for b in bins]
        raw = [NormalDist().inv_cdf(min(max(rank, 1e-6), 1 - 1e-6)) for rank in ranks]
        mean = sum(p[b] * raw[b] for b in bins)
        sd = math.sqrt(sum(p[b] * (raw[b] - mean) ** 2 for b in bins))
        z = [(value - mean) / sd for value in raw]
        skew = sum(p[b] * z[b] ** 3 for b in bins)
        curve = [value**2 - 1 - skew * value for value in z]
        mean = sum(p[b] * curve[b] for b in bins)
        sd = math.sqrt(sum(p[b] * (curve[b] - mean) ** 2 for b in bins))
        h = [(value - mean) / sd for value in curve]
        steps = (0.1, 0.15, 0.2, 0.3, 0.45, 0.7, 1.0, 1.5)
        families.append([[p[b] * math.exp(s * t * z[b]) for b in bins] for t in steps for s in (-1, 1)])
        steps = (0.05, 0.1, 0.15, 0.2, 0.3)
        families.append([[p[b] * math.exp(s * t * h[b]) for b in bins] for t in steps for s in (-1, 1)])
        ends = {0, len(p) - 1}
        families.append(
            [[(1 - e) * p[b] + (e / 2 if b in ends else 0) for b in bins] for e in (0.01, 0.02, 0.05, 0.1, 0.2)]
        )
    single = []
    for b in bins:
        for e in (0.01, 0.02, 0.05, 0.1, 0.2, 0.4):
            single.append([(1 - e) * p[c] + (e if c == b else 0) for c in bins])
            if p[b] > 1.25 * e:
                single.append([p[c] - (e if c == b else 0) for c in bins])
    families.append(single)
    if not ordered and len(p) >= 4:
        largest = sorted(bins, key=lambda b: -p[b])[:6]
        families.append(
            [
                [p[c] - (e if c == i else 0) + (e if c == j else 0) for c in bins]
                for i in largest
                for j in largest
                for e in (0.02, 0.05, 0.1, 0.2)
                if i != j and p[i] > 1.2 * e
            ]
        )
    families = [family for family in families if family]
    return [([v / sum(q) for v in q], 1 / len(families) / len(family)) for family in families for q in family]


def slow_score(q, p, radius):
    """The smallest mixture weight by search from below, and the logarithm of the ratio; None where there is none."""

    def excess(w):
        ratio = [b / ((1 - w) * a + w * b) for a, b in zip(p, q, strict=True)]
        mean = sum(a * r for a, r in zip(p, ratio, strict=True))
        second = sum(a * r * r for a, r in zip(p, ratio, strict=True))
        return mean + radius * math.sqrt(max(second - mean**2, 0)) - 1

    high = next((w for w in (k / 400 for k in range(1, 400)) if excess(w) <= 0), None)
    if high is None:
        return None
    low = high - 1 / 400
    for _ in range(12):
        middle = (low + high) / 2
        low, high = (low, middle) if excess(middle) <= 0 else (middle, high)
    return [math.log(b / ((1 - high) * a + high * b)) for a, b in zip(p, q, strict=True)]


class Slow:
    """One stream, as its formulas say."""

    def __init__(self, counts, streams, tolerance, *, ordered, phi=1.0):
        m = sum(counts) / phi
        filled = [c if c > 0 else 5 * phi for c in counts]
        self.p = [c / sum(filled) for c in filled]
        error = (1.25 if m < 3000 else 1) * 2 * math.log(streams * len(counts) / 0.01) / m
        self.radius, self.phi = math.sqrt(max(tolerance, error)), phi
        found = [(slow_score(q, self.p, self.radius), w) for q, w in slow_alternatives(self.p, ordered=ordered)]
        self.kept = [(s, w) for s, w in found if s is not None]
        self.r = [0.0] * len(self.kept)

    def step(self, counts):
        gains = [sum(c / self.phi * s for c, s in zip(counts, scores, strict=True)) for scores, _ in self.kept]
        self.r = [(1 + r) * math.exp(min(gain, 600)) for r, gain in zip(self.r, gains, strict=True)]
        total = sum(w for _, w in self.kept)
        return math.log(sum(w / total * r for r, (_, w) in zip(self.r, self.kept, strict=True)))


@pytest.mark.parametrize(("bins", "ordered"), [(12, True), (6, False), (2, False), (3, True), (30, False)])
@pytest.mark.parametrize(("m", "phi"), [(700, 1.0), (10_000, 1.0), (50_000, 4.0)])
def test_the_evidence_is_that_of_a_slow_computation(bins, ordered, m, phi):
    counts = drawn_counts(bins, m)
    slow = Slow(counts.tolist(), 20, 0.01, ordered=ordered, phi=phi)
    block = Block.of([shape(counts, Terms(20, 0.01), ordered=ordered, dispersion=phi)], [math.inf])
    assert len(slow.kept) == np.isfinite(block.log_weights).sum()
    evidence, total = block.start(), np.zeros((1, bins))
    moved = RANDOM.dirichlet(np.full(bins, 3.0)) * 0.1 + 0.9 * counts / counts.sum()
    for place in range(30):
        rows = RANDOM.multinomial(300, moved if 10 <= place < 15 else counts / counts.sum())
        total = total + rows
        evidence = block.step(evidence, total, float(place))
        assert evidence.log_m[0] == pytest.approx(slow.step(rows.tolist()), rel=1e-9, abs=1e-9)


# -- what each row says


@law
@given(st.integers(2, 20), st.booleans(), st.booleans(), st.floats(0.02, 0.4), st.integers(0, 1000))
def test_no_distribution_within_the_tolerance_makes_a_row_evidence_on_average(bins, ordered, upward, radius, seed):
    rng = np.random.default_rng(seed)
    expected = rng.dirichlet(np.full(bins, 2.0)) * 0.98 + 0.02 / bins
    against, weights = alternatives(expected, ordered=ordered, upward=upward)
    assert np.exp(weights).sum() == pytest.approx(1)
    assert against.sum(axis=1) == pytest.approx(1)
    scores, _ = row_scores(against, expected, radius)
    worst = np.exp(scores) - (np.exp(scores) @ expected)[:, None]
    directions = [*rng.normal(size=(20, bins)) * np.sqrt(expected), *(worst * expected)]
    for direction in directions:
        away = direction - expected * direction.sum()
        length = math.sqrt((away**2 / expected).sum())
        if length > 1e-9:
            inside = np.maximum(expected + away / length * radius, 0)
            if abs(inside.sum() - 1) < 1e-9:  # the boundary of the ball, where it is one of distributions
                assert (np.exp(scores) @ inside).max(initial=0) <= 1 + 1e-7


@law
@given(st.integers(4, 20), st.integers(0, 1000), st.floats(0, 1))
def test_a_loss_that_falls_never_makes_a_row_evidence_on_average(bins, seed, part):
    rng = np.random.default_rng(seed)
    expected = rng.dirichlet(np.full(bins, 2.0)) * 0.98 + 0.02 / bins
    scores, _ = row_scores(alternatives(expected, ordered=True, upward=True)[0], expected, 0.1)
    assert (np.diff(scores, axis=1) >= -1e-12).all()
    lower = expected.copy()
    source, target = sorted(rng.choice(bins, 2, replace=False))[::-1]
    lower[target] += part * lower[source]
    lower[source] *= 1 - part
    assert (np.exp(scores) @ lower).max(initial=0) <= 1 + 1e-9


@law
@given(st.integers(0, 500), st.integers(200, 100_000), st.floats(0, 1))
def test_no_share_up_to_the_limit_makes_a_row_evidence_and_the_limit_is_at_least_the_exact_one(hits, rows, part):
    stream = share(float(min(hits, rows)), float(rows), Terms(40, 0.01), slack=0.0025)
    limit = stream.expected[1]
    exact = beta.ppf(1 - 0.01 / 40, min(hits, rows) + 1, rows - min(hits, rows)) if hits < rows else 1
    assert limit >= min(exact, 0.999) - 1e-9
    if not hits:
        assert limit == pytest.approx(max(exact, 0.0025), rel=1e-9)
    inside = part * limit
    assert (np.exp(stream.scores) @ np.array([1 - inside, inside])).max() <= 1 + 1e-9


# -- every row once


def blocks():
    counts = drawn_counts(8, 5000)
    return Block.of([shape(counts, Terms(2, 0.01), ordered=True)] * 2, [20.0, 25.0]), counts / counts.sum()


@law
@given(st.lists(st.integers(0, 400), min_size=1, max_size=12), st.integers(0, 100))
def test_every_row_enters_once_whatever_the_steps_and_too_few_wait(sizes, seed):
    block, shares = blocks()
    rng, evidence, total = np.random.default_rng(seed), block.start(), np.zeros((2, 8))
    for place, size in enumerate(sizes):
        total = total + rng.multinomial(size, shares)
        before = copy.deepcopy([getattr(evidence, f.name) for f in fields(evidence)])
        after = block.step(evidence, total, float(place))
        again = [getattr(evidence, f.name) for f in fields(evidence)]
        assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(before, again, strict=True))
        waiting = (total - after.seen).sum(axis=1)
        assert ((waiting == 0) | (waiting < STEP_ROWS)).all()
        assert block.step(after, total, float(place)) is after  # the same rows do not count again
        evidence = after


@pytest.mark.parametrize("counts", [[0, 0, 0], [5000, 0, 0], [0, 0, 2**40], [2**40, 2**40, 2**40], [100, 0, 0]])
@pytest.mark.parametrize("reference", [[1000, 0, 0], [300, 300, 400], [1, 0, 0], [2**40, 1, 1]])
def test_strange_counts_never_fail_and_never_make_nan(counts, reference):
    block = Block.of([shape(np.array(reference, float), Terms(1, 0.01), ordered=True)], [12.0])
    evidence = block.start()
    for times in (1, 2, 3):
        evidence = block.step(evidence, times * np.array([counts], float), 1.0)
        assert not np.isnan(evidence.log_m).any()
        assert not np.isnan(evidence.log_r).any()


# -- the model's alarm


def watched(columns, **options):
    measures = [Measure(Grid.of(v)) if v.dtype == np.float64 else Measure(levels=tuple("abcde")) for v in columns]
    found = [Watched(m.of(v), **options) for m, v in zip(measures, columns, strict=True)]
    return measures, found


def run(bank, measures, windows):
    """The verdicts after each window of columns."""
    evidence, totals, found = bank.start(), [m.empty() for m in measures], []
    for place, columns in enumerate(windows):
        totals = [t + m.of(c) for t, m, c in zip(totals, measures, columns, strict=True)]
        evidence = bank.step(evidence, totals, float(place))
        found.append(bank.verdicts(evidence))
    return found


def normal(n=500, mean=0.0, sd=1.0):
    return RANDOM.normal(mean, sd, n)


def test_a_change_is_found_with_its_beginning_and_the_alarm_ends_soon_after_it():
    measures, found = watched([normal(10_000), normal(10_000)])
    bank = Bank.of(found, 0.01, 10_000)
    still, moved = [[normal(), normal()] for _ in range(30)], [[normal(mean=0.5), normal()] for _ in range(10)]
    course = run(bank, measures, [*still, *moved, *[[normal(), normal()] for _ in range(6)]])
    assert not any(one.firing for verdicts in course[:30] for one in verdicts)
    assert course[31][0].firing
    assert course[31][0].kind == "shape"
    assert 28 <= course[35][0].since <= 30
    assert not any(verdicts[1].firing for verdicts in course)
    assert not course[43][0].firing


def test_missing_values_and_new_categories_have_streams_of_their_own():
    columns = [normal(10_000), RANDOM.integers(0, 5, 10_000).astype(np.int32)]
    measures, found = watched(columns)
    bank = Bank.of(found, 0.01, 10_000)

    def window(missing, new):
        values, codes = normal(), RANDOM.integers(0, 5, 500).astype(np.int32)
        values[RANDOM.random(500) < missing] = np.nan
        codes[RANDOM.random(500) < new] = 5
        return [values, codes]

    course = run(bank, measures, [*[window(0, 0)] * 3, *[window(0.05, 0.05) for _ in range(5)]])
    assert not any(one.firing for one in course[2])
    assert [one.kind for one in course[-1]] == ["missing", "new"]
    assert all(one.firing for one in course[-1])


def test_a_main_component_alarms_sooner_than_the_others():
    _, found = watched([normal(10_000) for _ in range(4)])
    weighed = [Watched(one.reference, weight=5.0 if place == 0 else 1.0) for place, one in enumerate(found)]
    lines = Bank.of(weighed, 0.01, 1000).parts[0].block.lines
    assert lines[1] - lines[0] == pytest.approx(math.log(5))
    assert math.exp(-lines[0]) + 3 * math.exp(-lines[1]) == pytest.approx(0.8 / 1000)  # the rest is for missing values


def test_errors_alarm_where_they_rise_and_not_where_they_fall():
    right = Measure(levels=("false", "true"))
    reference = right.of((RANDOM.random(5000) < 0.9).astype(np.int32))
    loss = Measure(Grid.of(RANDOM.standard_exponential(5000)))
    found = [
        Watched(reference, harm=("false",), gaps=False),
        Watched(loss.of(RANDOM.standard_exponential(5000)), harm=("high",), gaps=False),
    ]
    bank = Bank.of(found, 0.01, 10_000)
    for factor, firing in ((1.6, [True, True]), (0.3, [False, False])):
        windows = [
            [(RANDOM.random(500) < 1 - 0.1 * factor).astype(np.int32), factor * RANDOM.standard_exponential(500)]
            for _ in range(20)
        ]
        assert [one.firing for one in run(bank, [right, loss], windows)[-1]] == firing


@pytest.mark.parametrize("steps", [20.0, 100.0])
def test_the_mean_time_to_a_false_alarm_is_at_least_what_was_asked_for(steps):
    """At the edge of the tolerance, where a false alarm is likeliest."""
    expected = np.full(6, 1 / 6)
    times = []
    for turn in range(40):
        rng = np.random.default_rng(turn)
        block = Block.of([shape(expected * 1e7, Terms(1, 0.01), ordered=True)], [math.log(steps)])
        tilt = np.linspace(-1, 1, 6)
        edge = expected * (1 + 0.1 * tilt / math.sqrt((expected * tilt**2).sum()))
        evidence, total, step = block.start(), np.zeros((1, 6)), 0
        while not evidence.firing[0] and step < 6 * steps:
            step += 1
            total = total + rng.multinomial(200, edge)
            evidence = block.step(evidence, total, float(step))
        times.append(step)
    assert np.mean(times) > steps


def test_an_alarm_does_not_end_while_the_change_goes_on():
    measures, found = watched([normal(10_000) for _ in range(10)])
    bank = Bank.of(found, 0.01, 10_000)
    course = run(bank, measures, [[normal(mean=0.4) for _ in range(10)] for _ in range(30)])
    firing = np.array([[one.firing for one in verdicts] for verdicts in course])
    assert firing[5:].all()
    assert CHUNK_ROWS == 500


def test_a_change_is_an_alarm_in_its_first_window_whatever_the_windows_before_were_like():
    """And it does not end as long as the change goes on: rows from before it are no recovery."""
    measures, found = watched([normal(10_000) for _ in range(20)])
    bank = Bank.of(found, 0.01, 10_000)
    still, moved = [[[normal(3000, mean) for _ in range(20)] for _ in range(3)] for mean in (0.0, 0.3)]
    course = [[one.firing for one in verdicts] for verdicts in run(bank, measures, [*still, *moved])]
    assert course[2:] == [[False] * 20, *[[True] * 20] * 3]


@pytest.mark.parametrize("draw", [RANDOM.standard_normal, RANDOM.standard_exponential])
@pytest.mark.parametrize("m", [1000, 10_000, 100_000])
def test_numbers_are_watched_in_tails_of_at_most_a_hundredth_or_20_rows_and_in_tenths_between(draw, m):
    reference = draw(m)
    summary = Measure(Grid.of(reference)).of(reference)
    (counts,) = Numbers.of([summary], [0]).read([summary])
    low, *inner, high = counts / m
    tail = max(0.01, 20 / m)
    assert tail / 2 <= min(low, high) <= max(low, high) <= tail
    np.testing.assert_allclose(inner[1:-1], 0.1, atol=0.004)


# -- the unrest of a reference


def test_rows_in_random_order_have_no_unrest():
    rng = np.random.default_rng(2)
    found = [calibrate(rng.integers(0, 12, 20_000), 12) for _ in range(300)]
    assert sum(unrest.dispersion > 1.0 for unrest in found) <= 2
    assert max(unrest.season for unrest in found) < 0.02


def test_repeated_rows_and_a_season_are_measured():
    repeated = calibrate(np.repeat(RANDOM.integers(0, 8, 3000), 10), 8)
    assert repeated.dispersion == pytest.approx(10, rel=0.25)
    mean = 0.5 * np.sin(np.arange(24_000) * 2 * np.pi / 12_000)
    season = calibrate(np.searchsorted([-1, -0.5, 0, 0.5, 1], RANDOM.normal(mean, 1)), 6)
    assert season.season > 0.05


@pytest.mark.parametrize("rows", [0, 1, 150, 500])
@pytest.mark.parametrize("bins", [1, 2, 12])
def test_too_few_rows_have_no_unrest(rows, bins):
    unrest = calibrate(np.zeros(rows, np.int64), bins)
    assert (unrest.dispersion, unrest.season) == (1.0, 0.0)


def test_the_quantile_of_chi_square_is_near_the_exact_one():
    from exporter.alarm.calibration import _chi_square_quantile  # noqa: PLC0415

    for freedom in (2, 5, 11, 29):
        for chance in (0.95, 0.999, 0.9999):
            assert _chi_square_quantile(chance, freedom) == pytest.approx(chi2.ppf(chance, freedom), rel=0.05)
