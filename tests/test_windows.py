"""Rings against a brute-force sum over the rows that a window should hold."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.plan import fixed
from exporter.summaries import Measure
from exporter.windows import (
    FOLD_ROWS,
    ROW_PANES,
    TIME_PANES,
    Correction,
    Earlier,
    RowRing,
    Stream,
    TimeRing,
    WindowSpec,
    add,
    earlier,
    ring,
    rings,
    summarise,
    total,
)

MEASURES = (fixed([0.0, 2.0, 5.0]), Measure(levels=("a", "b")))
LENGTHS = (1.0, 3.0, 20.0, 60.0, 3600.0, 86_400.0)


def columns(values):
    """A numeric and a category column of the same rows; every seventh value is missing."""
    values = np.asarray(values, np.int64)
    numbers = np.where(values % 7 == 0, np.nan, values.astype(np.float64))
    return numbers, (values % 4 - 1).astype(np.int32)


def known(summaries):
    """All that summaries say, as values that compare; sums of squares apart, which depend on the order of adding."""
    return [
        (
            summary.presence,
            None if summary.histogram is None else summary.histogram.counts.tolist(),
            None if summary.moments is None else (summary.moments.n, summary.moments.total, summary.moments.low),
            None if summary.categories is None else summary.categories.counts.tolist(),
        )
        for summary in summaries
    ]


def squares(summaries):
    return [summary.moments.m2 for summary in summaries if summary.moments is not None]


def brute(values):
    return summarise(columns(values), MEASURES)


def same(found, values):
    expected = brute(values)
    assert known(found) == known(expected)
    assert squares(found) == pytest.approx(squares(expected))


# -- by time


def pane(time, seconds):
    """The pane of a time in exact arithmetic."""
    return math.floor(Fraction(time) * TIME_PANES / Fraction(seconds))


def put(old, time, values):
    return old.add(summarise(columns(values), MEASURES), old.place(time))


quarters = st.integers(-400, 400_000).map(lambda number: number / 4)
rows = st.lists(st.integers(0, 9), max_size=5)
arrivals = st.lists(st.tuples(quarters, rows), max_size=40)


@given(seconds=st.sampled_from(LENGTHS), arrivals=arrivals, now=quarters)
def test_a_time_window_is_the_sum_of_the_rows_in_its_live_panes_in_whatever_order_they_come(seconds, arrivals, now):
    window = TimeRing(MEASURES, seconds)
    for time, values in arrivals:
        window = put(window, time, values)
    newest = max([pane(time, seconds) for time, _ in arrivals] + [pane(now, seconds)])
    live = [values for time, values in arrivals if pane(time, seconds) > newest - TIME_PANES]
    same(window.window(now), [value for values in live for value in values])


@given(
    seconds=st.sampled_from(LENGTHS),
    steps=st.lists(st.tuples(st.integers(-3, 30), rows), min_size=1, max_size=40),
)
def test_a_time_window_is_right_after_every_step_of_a_clock_that_pauses_and_goes_back(seconds, steps):
    window, seen, place = TimeRing(MEASURES, seconds), [], 1000
    for step, values in steps:
        place += step
        time = (place + 0.5) * seconds / TIME_PANES
        window = put(window, time, values)
        seen.append((place, values))
        newest = max(at for at, _ in seen)
        live = [value for at, values in seen if at > newest - TIME_PANES for value in values]
        same(window.window(time), live)


@pytest.mark.parametrize("seconds", [1.0, 7.0, 60.0, 900.0, 3600.0, 86_400.0, 604_800.0])
def test_a_time_exactly_on_a_boundary_belongs_to_the_pane_that_it_opens(seconds):
    window = TimeRing(MEASURES, seconds)
    length = Fraction(seconds) / TIME_PANES
    places = [place for place in [*range(-50, 2000), *range(10**6, 10**6 + 500)] if (place * length * 8) % 1 == 0]
    assert len(places) > 100
    assert [window.place(float(place * length)) for place in places] == places


def test_rows_leave_a_time_window_with_their_pane_and_not_before():
    window = put(TimeRing(MEASURES, 20.0), 100.0, [1, 2, 3])
    same(window.window(119.75), [1, 2, 3])
    same(window.window(120.0), [])


def test_late_rows_are_in_the_pane_of_their_own_time():
    window = put(put(TimeRing(MEASURES, 20.0), 100.0, [1]), 90.0, [2])
    same(window.window(100.0), [1, 2])
    same(window.window(109.75), [1, 2])
    same(window.window(110.0), [1])


def test_rows_older_than_the_window_are_counted_and_change_nothing_else():
    window = put(TimeRing(MEASURES, 20.0), 100.0, [1])
    late = put(window, 80.75, [9, 9])
    assert (window.late, late.late, late.panes) == (0, 2, window.panes)
    same(late.window(100.0), [1])
    same(put(window, 81.0, [9]).window(100.0), [1, 9])


def test_silence_empties_a_time_window_and_leaves_no_panes_once_rows_come_again():
    window = put(put(TimeRing(MEASURES, 20.0), 100.0, [1]), 10**9, [5])
    same(window.window(10**9), [5])
    assert len(window.panes) == 1


def test_a_clock_that_goes_back_does_not_take_rows_out_of_a_time_window():
    window = put(put(TimeRing(MEASURES, 20.0), 100.0, [1]), 95.0, [2])
    same(window.window(-1000.0), [1, 2])


def test_an_empty_time_window_is_the_summary_of_nothing():
    same(TimeRing(MEASURES, 20.0).window(5.0), [])


def test_a_time_ring_kept_aside_still_gives_its_old_sum():
    kept = []
    window = TimeRing(MEASURES, 20.0)
    for step in range(60):
        window = put(window, step * 0.75, [step])
        kept.append((window, step * 0.75, known(window.window(step * 0.75))))
    assert all(known(old.window(time)) == before for old, time, before in kept)


def test_a_time_ring_never_holds_more_panes_than_a_window():
    window = TimeRing(MEASURES, 20.0)
    for step in range(500):
        window = put(window, (step * 7919) % 500 / 2, [1])
        assert len(window.panes) <= TIME_PANES


# -- earlier windows


@given(
    before=st.sampled_from([None, 2, 2.5, 7, 24]),
    arrivals=st.lists(st.tuples(st.integers(0, 40_000).map(lambda n: n / 4), rows), max_size=60),
    pause=st.integers(0, 400),
)
def test_an_earlier_window_is_of_the_halves_around_it_and_shares_no_row_with_the_window(before, arrivals, pause):
    spec = WindowSpec("w", 100.0, earlier=Earlier(None if before is None else before * 100.0))
    window, reference, seen = ring(spec, MEASURES), earlier(spec, MEASURES), []
    for number, (time, values) in enumerate(sorted(arrivals)):
        coded = [1 + number % 6] * len(values)
        window, reference = put(window, time, coded), put(reference, time, coded)
        seen.append((time, coded))
    now = max([time for time, _ in seen], default=0.0) + pause
    last = math.floor(now / 50) - (3 if before is None else int(before * 2))
    first = last - (1 if before is None else 2)
    same(reference.window(now), [v for time, values in seen if first <= time // 50 <= last for v in values])
    assert first * 50 <= now - (before or 1) * 100 - 100  # the earlier window's begin, and its end:
    assert (last + 1) * 50 >= now - (before or 1.5) * 100
    assert (last + 1) * 50 <= now - 100  # where the window begins
    assert len(reference.panes) <= 5 + (before or 0) * 2


@given(
    values=st.lists(st.integers(0, 99), max_size=300),
    places=st.lists(st.integers(0, 300), max_size=12),
    length=st.sampled_from([1, 3, 10, 20, 50, 100]),
)
def test_the_rows_before_a_row_window_are_those_that_it_was_when_it_began(values, places, length):
    spec = WindowSpec("w", rows=length, earlier=Earlier())
    window, reference = ring(spec, MEASURES), earlier(spec, MEASURES)
    for batch in cut(values, places):
        window, reference = window.add(columns(batch)), reference.add(columns(batch))
    now = covered(values, length)
    same(window.window(0.0), now)
    same(reference.window(0.0), covered(values[: len(values) - len(now)], length) if len(values) > len(now) else [])


@given(values=st.lists(st.integers(0, 99), max_size=100), places=st.lists(st.integers(0, 100), max_size=8))
def test_the_first_rows_stand_still_once_there_are_all_of_them(values, places):
    reference = earlier(WindowSpec("w", 100.0, earlier=Earlier(rows=30)), MEASURES)
    for batch in cut(values, places):
        reference = reference.add(columns(batch))
    same(reference.window(1e9), values[:30] if len(values) >= 30 else [])


def test_a_window_is_held_once_whatever_it_is_compared_with():
    specs = [WindowSpec("w", 9.0), WindowSpec("w vs previous", 9.0, earlier=Earlier(), own="w")]
    assert list(rings(specs, MEASURES)) == ["w", "w vs previous"]


# -- by rows


def cut(values, places):
    """Values in batches that end at the places."""
    ends = [0, *sorted(place % (len(values) + 1) for place in places), len(values)]
    return [values[start:end] for start, end in itertools.pairwise(ends)]


def fill(length, batches):
    window = RowRing(MEASURES, length)
    for batch in batches:
        window = window.add(columns(batch))
    return window


def size_of(length):
    return max(1, length // ROW_PANES)


def covered(values, length):
    """The rows in the live panes: whole panes counted from the first row, and the one that is being filled."""
    size = size_of(length)
    last = (len(values) - 1) // size
    return values[max(last - length // size + 1, 0) * size :]


@given(
    values=st.lists(st.integers(0, 99), max_size=300),
    places=st.lists(st.integers(0, 300), max_size=12),
    length=st.sampled_from([1, 2, 3, 7, 10, 11, 19, 20, 25, 99, 100, 150, 1000]),
)
def test_a_row_window_is_the_last_rows_however_they_were_cut(values, places, length):
    window = fill(length, cut(values, places)).window(0.0)
    same(window, covered(values, length))
    assert known(window) == known(fill(length, [values]).window(0.0))


@pytest.mark.parametrize("length", [1, 2, 3, 5, 9, 10])
def test_a_row_window_of_at_most_ten_rows_is_exactly_the_last_rows(length):
    window = RowRing(MEASURES, length)
    for end in range(1, 40):
        window = window.add(columns([end]))
        same(window.window(0.0), list(range(max(1, end - length + 1), end + 1)))


@pytest.mark.parametrize("length", [11, 19, 20, 29, 64, 99, 100, 101, 199, 3000])
def test_a_full_row_window_holds_never_more_than_its_rows_and_at_least_four_fifths_of_them(length):
    window, held = RowRing(MEASURES, length), []
    for end in range(1, 3 * length, max(1, length // 37)):
        window = window.add(columns([1] * (end - window.seen)))
        if end >= length:
            held.append(window.window(0.0)[0].presence.rows)
    assert max(held) <= length
    assert min(held) >= 0.8 * length


def test_a_row_window_of_a_multiple_of_ten_reaches_its_full_length():
    assert fill(3000, [[1] * 7000, [2] * 2000]).window(0.0)[0].presence.rows == 3000


def test_a_row_window_that_is_larger_than_the_data_holds_all_of_it():
    same(fill(10**9, [[1, 2], [3], []]).window(0.0), [1, 2, 3])


def test_a_batch_larger_than_a_row_window_leaves_its_last_rows():
    values = list(range(10_000))
    same(fill(100, [values]).window(0.0), values[-100:])
    same(fill(100, [[5] * 73, values]).window(0.0), covered([5] * 73 + values, 100))


def test_an_empty_row_window_is_the_summary_of_nothing():
    same(RowRing(MEASURES, 10).window(0.0), [])
    assert RowRing(MEASURES, 10).add(columns([])).seen == 0


@pytest.mark.parametrize("batch", [1000, FOLD_ROWS - 1, FOLD_ROWS, FOLD_ROWS + 1, 3 * FOLD_ROWS])
def test_a_pane_that_folds_its_rows_loses_none(batch):
    values = [value % 97 for value in range(15 * FOLD_ROWS + 17)]
    batches = [values[start : start + batch] for start in range(0, len(values), batch)]
    length = 20 * FOLD_ROWS + 10  # two folds a pane
    window = fill(length, batches)
    same(window.window(0.0), values)
    assert all(len(pane.columns[0]) < FOLD_ROWS for pane in window.panes.values())


def test_a_row_ring_kept_aside_still_gives_its_old_sum():
    kept, window, values = [], RowRing(MEASURES, 30), []
    for step in range(50):
        added = [step % 11] * (step % 13)
        window = window.add(columns(added))
        values += added
        kept.append((window, covered(list(values), 30) if values else []))
    for old, expected in kept:
        same(old.window(0.0), expected)


def test_what_is_done_to_a_batch_after_it_was_added_does_not_reach_a_row_window():
    given_columns = columns([1, 2, 3])
    window = RowRing(MEASURES, 10).add(given_columns)
    given_columns[0][:] = 99.0
    given_columns[1][:] = 0
    same(window.window(0.0), [1, 2, 3])


@pytest.mark.parametrize("length", [10, 100_000])
def test_a_row_window_holds_no_array_that_is_larger_than_its_own_rows(length):
    window = fill(length, [[value % 50 for value in range(20_000)]] * 7)
    window.window(0.0)
    for pane in window.panes.values():
        for column in pane.columns:
            holder = column
            while isinstance(holder.base, np.ndarray):
                holder = holder.base
            assert holder.nbytes <= column.nbytes


def test_a_million_rows_do_not_make_a_row_window_grow():
    def held(window):
        return sum(column.nbytes for pane in window.panes.values() for column in pane.columns), len(window.panes)

    window, sizes = RowRing(MEASURES, 50_000), set()
    batch = columns([value % 50 for value in range(5000)])
    for _ in range(40):
        window = window.add(batch)
        if window.seen >= 50_000:
            sizes.add(held(window))
    assert len(sizes) == 1


# -- both


def test_the_ring_of_a_specification_is_by_rows_or_by_time():
    by_rows, by_time = (ring(spec, MEASURES) for spec in (WindowSpec("3 rows", None, 3), WindowSpec("1h", 3600.0)))
    assert isinstance(by_rows, RowRing)
    assert by_rows.rows == 3
    assert isinstance(by_time, TimeRing)
    assert by_time.seconds == 3600.0


def test_adding_summaries_of_different_components_is_an_error():
    with pytest.raises(ValueError, match="shorter"):
        add(brute([1]), brute([1])[:1])


def test_the_total_of_no_parts_is_the_summary_of_nothing_and_of_several_their_sum():
    same(total([], MEASURES), [])
    same(total([brute([1, 2]), brute([3])], MEASURES), [1, 2, 3])


# -- corrections

SPECS = (
    WindowSpec("1m", 60.0),
    WindowSpec("20 rows", None, 20),
    WindowSpec("1m vs", 60.0, earlier=Earlier(), own="1m"),
)


def counted(summaries):
    """What summaries say without the extremes, which a correction leaves as they were."""
    return [(s.presence, s.n, None if s.moments is None else s.moments.total, s.bins().tolist()) for s in summaries]


@given(
    values=st.lists(st.tuples(st.integers(0, 40), st.integers(1, 99), st.integers(1, 99)), min_size=1, max_size=60),
    chosen=st.sets(st.integers(0, 59)),
    timed=st.booleans(),
)
def test_windows_with_corrections_are_as_if_the_rows_had_come_like_this_at_once(values, chosen, timed):
    corrected, plain, time, times = Stream.of(MEASURES, SPECS), Stream.of(MEASURES, SPECS), 0.0, []
    for place, (step, old, new) in enumerate(values):
        time += step
        times.append(time)
        corrected = corrected.add(columns([old]), time, np.array([time]) if timed else None)
        plain = plain.add(columns([new if place in chosen else old]), time, np.array([time]) if timed else None)
    places = np.array(sorted(place for place in chosen if place < len(values)), np.int64)
    if len(places):
        before, after = (columns([values[place][side] for place in places]) for side in (1, 2))
        corrected = corrected.correct(Correction(before, after, np.array(times)[places], len(values) - places))
    for label, window in corrected.windows(time).items():
        wanted = plain.windows(time)[label]
        assert counted(window) == counted(wanted)
        np.testing.assert_allclose(squares(window), squares(wanted), atol=1e-6)
    grown = {old != new for place, (_, old, new) in enumerate(values) if place in chosen}
    assert (counted(corrected.total) != counted(total((brute([v[1] for v in values]),), MEASURES))) == (True in grown)


def test_a_correction_adds_what_is_new_to_the_total_and_takes_nothing_away():
    stream = Stream.of(MEASURES, SPECS).add(columns([1, 2]), 0.0, None)
    stream = stream.correct(Correction(columns([1]), columns([5]), np.array([0.0]), np.array([2])))
    assert stream.total[0].histogram.counts.tolist() == [0, 2, 1, 0]
    assert stream.total[1].presence.rows == 2  # both are of one category


def test_a_correction_of_rows_that_have_left_changes_no_window():
    stream = Stream.of(MEASURES, SPECS[:2])
    for time in range(0, 400, 10):
        stream = stream.add(columns([1]), float(time), None)
    before = {label: known(window) for label, window in stream.windows(390.0).items()}
    stream = stream.correct(Correction(columns([1]), columns([5]), np.array([0.0]), np.array([40])))
    assert {label: known(window) for label, window in stream.windows(390.0).items()} == before
