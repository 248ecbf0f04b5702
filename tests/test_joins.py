"""The joiner by hand-made stories, and against a plain list of all that happened, with rows held and in runs."""

import math
import time
from dataclasses import asdict
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.batch import Batch, Kind, is_later
from exporter.joins import Joiner, Kept, Memory, Tallies
from exporter.joins import ledger as ledgers
from exporter.joins.keys import LONGEST, keys_of

WAIT = 100.0
ONE = (Kept("output", numeric=True), Kept("actual", numeric=True, actual=True, awaited=True))
TWO = (*ONE, Kept("other", numeric=False, actual=True, awaited=True))
MISSING = object()


def joiner(wait=WAIT, limit=1000, columns=ONE):
    return Joiner(columns, wait, limit)


def batch(*records):
    """Records of (kind, id, output, actual, revision), of which the last may be left out."""
    kinds = np.array([record[0] for record in records], np.uint8)
    revisions = np.array([record[4] if len(record) > 4 else 0 for record in records], np.float64)
    ids = [record[1] for record in records]
    return Batch(kinds, (), np.full(len(kinds), math.nan), math.nan, ids=ids, revisions=revisions)


def take(made, at, *records, other=None):
    """Take records that all come at one time."""
    columns = [np.array([math.nan if r[place] is None else r[place] for r in records], float) for place in (2, 3)]
    if len(made.columns) > 2:
        columns.append(np.array([-1 if code is None else code for code in other], np.int32))
    joined = made.take(batch(*records), columns, np.full(len(records), float(at)))
    made.expire(float(at))
    return joined


def predict(made, key, at=0.0, value=1.0):
    return take(made, at, (Kind.PREDICTION, key, value, None))


def label(made, key, at=0.0, value=2.0, revision=0):
    return take(made, at, (Kind.ACTUAL, key, None, value, revision))


def both(made, key, at=0.0, value=1.0, actual=2.0):
    return take(made, at, (Kind.PREDICTION | Kind.ACTUAL, key, value, actual))


def fail(made, key, at=0.0):
    return take(made, at, (Kind.PREDICTION | Kind.FAILED, key, None, None))


def matches(joined):
    """Outcomes as (output, actual, delay, when)."""
    rows = joined.outcomes
    return list(zip(rows["output"], rows["actual"], joined.delays.tolist(), rows["at"], strict=True))


def corrections(joined):
    """Corrected outcomes as (number of the outcome, actual before, actual after)."""
    found = []
    for before, after in joined.corrections:
        assert before["row"].tolist() == after["row"].tolist()
        found += zip(before["row"].tolist(), before["actual"].tolist(), after["actual"].tolist(), strict=True)
    return found


def flush(made):
    made.ledger.flush(made.ledger.shelf)
    made.ledger.flushed()


def settled(made):
    """Put all that is held into a run, read from its pages."""
    flush(made)
    for run in made.ledger.runs:
        run.cache = None


@pytest.fixture(params=[False, True], ids=["held", "in runs"])
def between(request):
    """What happens between two batches: nothing, or all goes into a run."""
    return settled if request.param else lambda _made: None


def test_an_actual_finds_its_prediction_with_the_delay_between_them(between):
    made = joiner()
    assert matches(predict(made, "a", 10.0, 1.0)) == []
    between(made)
    assert matches(label(made, "a", 25.0, 2.0)) == [(1.0, 2.0, 15.0, 25.0)]
    assert made.pending == 0


def test_an_actual_that_comes_first_waits_for_its_prediction(between):
    made = joiner()
    assert matches(label(made, "a", 10.0, 2.0)) == []
    between(made)
    assert matches(predict(made, "a", 25.0, 1.0)) == [(1.0, 2.0, 0.0, 25.0)]
    assert made.pending == 0
    assert made.tallies == Tallies(actuals=1)


def test_each_actual_is_used_once_and_its_repetitions_are_duplicates(between):
    made, found = joiner(), []
    predict(made, "a")
    for _ in range(3):
        between(made)
        found.append(len(matches(label(made, "a"))))
    assert found == [1, 0, 0]
    assert made.tallies == Tallies(actuals=3, duplicate=2)


def test_a_repeated_early_actual_is_a_duplicate_and_the_first_one_counts(between):
    made = joiner()
    label(made, "a", 0.0, 7.0)
    between(made)
    label(made, "a", 1.0, 8.0)
    between(made)
    assert [actual for _, actual, *_ in matches(predict(made, "a", 2.0))] == [7.0]
    assert made.tallies == Tallies(actuals=2, duplicate=1)


def test_an_actual_beside_a_record_that_carried_both_is_a_duplicate_in_either_order(between):
    made = joiner()
    assert [actual for _, actual, *_ in matches(both(made, "a"))] == [2.0]
    between(made)
    assert matches(label(made, "a", 1.0)) == []
    label(made, "b", 2.0, 9.0)
    between(made)
    assert [actual for _, actual, *_ in matches(both(made, "b", 3.0))] == [2.0]
    assert made.tallies == Tallies(actuals=4, duplicate=2)


def test_records_without_an_id_join_nothing_but_what_they_carry_themselves():
    made = joiner()
    assert matches(predict(made, None)) == []
    assert matches(label(made, None)) == []
    assert [pair[:2] for pair in matches(both(made, None))] == [(1.0, 2.0)]
    assert made.pending == 0
    assert made.tallies == Tallies(actuals=2, unmatched=1)


def test_a_repeated_prediction_is_left_out_and_one_with_an_actual_is_that_actual_alone(between):
    made = joiner()
    assert predict(made, "a").kinds.tolist() == [Kind.PREDICTION]
    between(made)
    assert predict(made, "a").kinds.tolist() == [0]
    assert both(made, "a").kinds.tolist() == [Kind.ACTUAL]
    assert made.tallies == Tallies(actuals=1)
    between(made)
    assert predict(made, "a").kinds.tolist() == [0]


def test_a_failed_prediction_is_known_as_failed_alone(between):
    made = joiner()
    assert fail(made, "a").kinds.tolist() == [Kind.PREDICTION | Kind.FAILED]
    between(made)
    assert fail(made, "a").kinds.tolist() == [0]
    assert predict(made, "a").kinds.tolist() == [Kind.PREDICTION]
    between(made)
    assert (predict(made, "a").kinds.tolist(), fail(made, "a").kinds.tolist()) == ([0], [0])
    assert len(matches(label(made, "a"))) == 1


def test_a_prediction_is_known_after_it_was_joined_until_it_is_forgotten(between):
    made = joiner()
    predict(made, "a", 0.0)
    label(made, "a", 50.0)
    between(made)
    assert predict(made, "a", 149.0).kinds.tolist() == [0]
    assert predict(made, "a", 150.0).kinds.tolist() == [Kind.PREDICTION]


def test_a_prediction_that_waits_too_long_is_unlabelled_and_an_actual_unmatched(between):
    made = joiner()
    predict(made, "a", 0.0)
    label(made, "b", 1.0)
    between(made)
    made.expire(99.0)
    assert (made.pending, made.tallies) == (1, Tallies(actuals=1))
    made.expire(100.0)
    assert (made.pending, made.tallies) == (0, Tallies(actuals=1, unlabelled=1))
    for now in (101.0, 1e9):
        made.expire(now)
        assert made.tallies == Tallies(actuals=1, unmatched=1, unlabelled=1)


def test_an_actual_that_comes_after_the_wait_finds_nothing_even_before_the_prediction_was_swept_away(between):
    made = joiner()
    predict(made, "a", 0.0)
    between(made)
    assert matches(label(made, "a", 100.0)) == []
    assert made.tallies == Tallies(actuals=1, unlabelled=1)
    made.expire(200.0)
    assert made.tallies == Tallies(actuals=1, unmatched=1, unlabelled=1)


def test_what_is_over_the_limit_is_given_up_oldest_first(between):
    made = joiner(limit=3)
    for key in "abcde":
        predict(made, key)
        label(made, key.upper())
        between(made)
    assert (made.pending, made.tallies) == (3, Tallies(actuals=5, unmatched=2, unlabelled=2))
    assert len(matches(predict(made, "E"))) == 1
    assert [len(matches(label(made, key))) for key in "bcd"] == [0, 1, 1]
    assert matches(predict(made, "A")) == []


def test_a_clock_that_goes_back_gives_no_negative_delay_and_loses_nothing(between):
    made = joiner()
    predict(made, "a", 1000.0)
    predict(made, "b", 10.0)
    between(made)
    made.expire(10.0)
    assert made.pending == 2
    assert [delay for *_, delay, _ in matches(label(made, "a", 20.0))] == [0.0]
    assert [delay for *_, delay, _ in matches(label(made, "b", 30.0))] == [20.0]


# -- corrections and parts


def test_a_higher_revision_replaces_the_actual_of_an_outcome_and_a_lower_one_is_ignored(between):
    made = joiner()
    predict(made, "x")
    label(made, "x")
    predict(made, "a")
    label(made, "a", value=2.0)
    between(made)
    assert corrections(label(made, "a", value=5.0, revision=2)) == [(1, 2.0, 5.0)]
    between(made)
    assert corrections(label(made, "a", value=4.0, revision=1)) == []
    assert corrections(label(made, "a", value=4.0, revision=2)) == []
    between(made)
    assert corrections(label(made, "a", value=6.0, revision=3)) == [(1, 5.0, 6.0)]
    assert made.tallies == Tallies(actuals=6, duplicate=2, revised=2)


def test_a_correction_that_comes_before_its_prediction_replaces_what_waits(between):
    made = joiner()
    label(made, "a", 0.0, 2.0)
    between(made)
    assert corrections(label(made, "a", 1.0, 5.0, revision=1)) == []
    label(made, "a", 2.0, 7.0)
    between(made)
    assert [actual for _, actual, *_ in matches(predict(made, "a", 3.0))] == [5.0]
    assert made.tallies == Tallies(actuals=3, duplicate=1, revised=1)


def test_a_correction_of_an_outcome_of_the_same_batch_finds_it():
    made = joiner()
    predict(made, "x")
    label(made, "x")
    actuals = [(Kind.ACTUAL, "a", None, float(value), value) for value in (2, 3, 4)]
    joined = take(made, 0.0, (Kind.PREDICTION, "b", 1.0, None), (Kind.PREDICTION, "a", 1.0, None), *actuals)
    assert [pair[:2] for pair in matches(joined)] == [(1.0, 2.0)]
    assert corrections(joined) == [(1, 2.0, 3.0), (1, 3.0, 4.0)]
    assert corrections(label(made, "a", value=9.0, revision=9)) == [(1, 4.0, 9.0)]


def test_a_correction_of_an_old_outcome_comes_with_a_new_one(between):
    made = joiner()
    for number in range(20):
        both(made, f"x{number}")
    between(made)
    joined = take(made, 0.0, (Kind.PREDICTION | Kind.ACTUAL, "new", 1.0, 2.0), (Kind.ACTUAL, "x19", None, 7.0, 1))
    assert corrections(joined) == [(19, 2.0, 7.0)]
    assert joined.outcomes["row"].tolist() == [20]


def test_a_correction_is_placed_where_the_outcome_was(between):
    made = joiner()
    predict(made, "a", 1.0)
    label(made, "a", 5.0)
    between(made)
    ((before, after),) = label(made, "a", 50.0, 3.0, revision=1).corrections
    assert (before["at"].tolist(), after["at"].tolist()) == ([5.0], [5.0])


@pytest.mark.parametrize("revision", [math.nan, -3.0, 0.5])
def test_a_revision_that_is_no_positive_number_is_that_of_the_first_actual(revision):
    made = joiner()
    predict(made, "a")
    label(made, "a")
    label(made, "a", value=3.0, revision=revision)
    assert made.tallies == Tallies(actuals=2, duplicate=1)


def test_a_revision_beyond_all_bounds_is_the_highest():
    made = joiner()
    predict(made, "a")
    label(made, "a", revision=1e300)
    assert corrections(label(made, "a", revision=math.inf)) == []


def part(made, price, other, at=0.0, revision=0):
    return take(made, at, (Kind.ACTUAL, "a", None, price, revision), other=[other])


def test_an_actual_that_comes_in_parts_is_an_outcome_with_the_first_and_completed_by_the_others(between):
    made = joiner(columns=TWO)
    take(made, 0.0, (Kind.PREDICTION, "a", 1.0, None), other=[None])
    between(made)
    first = part(made, 2.0, None)
    assert (first.outcomes["actual"].tolist(), is_later(first.outcomes["other"]).tolist()) == ([2.0], [True])
    between(made)
    ((before, after),) = part(made, None, 1).corrections
    assert is_later(before["other"]).tolist() == [True]
    assert (after["actual"].tolist(), after["other"].tolist()) == ([2.0], [1])
    between(made)
    assert not part(made, 3.0, 0).corrections
    assert made.tallies == Tallies(actuals=3, duplicate=1)


def test_parts_that_come_before_their_prediction_are_put_together(between):
    made = joiner(columns=TWO)
    part(made, None, 1)
    between(made)
    part(made, 2.0, None)
    between(made)
    joined = take(made, 0.0, (Kind.PREDICTION, "a", 1.0, None), other=[None])
    assert (joined.outcomes["actual"].tolist(), joined.outcomes["other"].tolist()) == ([2.0], [1])
    assert made.tallies == Tallies(actuals=2)


def test_a_correction_of_one_part_leaves_the_others_as_they_were(between):
    made = joiner(columns=TWO)
    take(made, 0.0, (Kind.PREDICTION | Kind.ACTUAL, "a", 1.0, 2.0), other=[1])
    between(made)
    ((_, after),) = part(made, 3.0, None, revision=1).corrections
    assert (after["actual"].tolist(), after["other"].tolist()) == ([3.0], [1])


def test_an_actual_without_any_value_is_complete_and_has_none():
    made = joiner(columns=TWO)
    take(made, 0.0, (Kind.PREDICTION, "a", 1.0, None), other=[None])
    joined = part(made, None, None)
    assert (is_later(joined.outcomes["actual"]).tolist(), joined.outcomes["other"].tolist()) == ([False], [-1])


def test_a_value_that_the_reference_lacks_now_and_then_is_not_awaited():
    columns = (*ONE, Kept("other", numeric=False, actual=True, awaited=False))
    made = joiner(columns=columns)
    take(made, 0.0, (Kind.PREDICTION, "a", 1.0, None), other=[None])
    assert part(made, 2.0, None).outcomes["other"].tolist() == [-1]


# -- keys and size


def test_ids_have_the_same_key_whatever_others_they_come_with():
    ids = ["", "a", "a\0", "ab", "12345678", "123456789", "é", "x" * LONGEST, "x" * (LONGEST + 1), "x" * 5000]
    together = list(zip(*(part.tolist() for part in keys_of(ids)), strict=True))
    alone = [tuple(part.item() for part in keys_of([one])) for one in ids]
    assert together == alone
    assert len(set(together)) == len(ids)


def test_a_million_ids_have_as_many_keys_that_are_spread_evenly():
    keys, checks = keys_of([str(number) for number in range(1_000_000)])
    assert len(np.unique(keys)) == 1_000_000
    for bits in (keys >> np.uint64(54), keys & np.uint64(1023), checks >> 22, checks & 1023):
        counts = np.bincount(bits.astype(np.int64), minlength=1024)
        assert ((counts - 976.6) ** 2 / 976.6).sum() < 1023 + 6 * math.sqrt(2 * 1023)


def test_an_id_with_the_key_of_another_is_not_taken_for_it(monkeypatch):
    monkeypatch.setattr(
        "exporter.joins.joiner.keys_of",
        lambda ids: (np.zeros(len(ids), np.uint64), np.array([ord(one) for one in ids], np.uint32)),
    )
    made = joiner()
    predict(made, "a")
    assert matches(label(made, "b")) == []
    settled(made)
    assert predict(made, "c").kinds.tolist() == [Kind.PREDICTION]


def many(made, numbers, kind=Kind.PREDICTION, at=0.0):
    return take(made, at, *((kind, str(number), 1.0, 2.0 if kind & Kind.ACTUAL else None) for number in numbers))


def test_memory_is_bounded_by_the_limit_of_each_kind(monkeypatch):
    monkeypatch.setattr(ledgers, "CROWDED", 64)
    made = joiner(limit=50)
    for first in range(0, 5000, 50):
        numbers = range(first, first + 50)
        many(made, numbers)
        many(made, numbers[:25], Kind.ACTUAL)
        many(made, [f"early {number}" for number in numbers], Kind.ACTUAL)
        many(made, [f"failed {number}" for number in numbers], Kind.PREDICTION | Kind.FAILED)
        assert made.ledger.counts.max() <= 50
    assert made.tallies.unlabelled + made.pending == 2500
    assert sum(run.left for run in made.ledger.runs) + made.ledger.held < 600
    assert sum(map(len, made.ledger.shelf._pages.values())) < 100_000


def test_giving_up_at_the_limit_costs_the_same_for_each_record_however_many_wait():
    made = joiner(limit=200_000)
    many(made, range(200_000))
    start = time.process_time()
    for first in range(200_000, 300_000, 1000):
        many(made, range(first, first + 1000))
    assert made.pending == 200_000
    assert time.process_time() - start < 4.0  # CPU seconds, of which it takes a fifth


def test_runs_stay_few_and_what_has_gone_leaves_them(monkeypatch):
    monkeypatch.setattr(ledgers, "SLICE", 128)
    made = joiner(limit=10_000)
    for first in range(0, 10_000, 50):
        many(made, range(first, first + 50))
        settled(made)
    assert len(made.ledger.runs) < 25
    assert sum(run.left for run in made.ledger.runs) == made.pending == 10_000
    for first in range(0, 10_000, 50):
        assert len(many(made, range(first, first + 45), Kind.ACTUAL, at=1.0).outcomes) == 45
        settled(made)
    assert sum(run.rows for run in made.ledger.runs) < 25_000
    assert sum(map(len, made.ledger.shelf._pages.values())) < 25_000 * made.ledger.dtype.itemsize
    made.expire(1e9)
    flush(made)
    assert not made.ledger.runs
    assert not made.ledger.shelf._pages


def test_a_flush_that_was_not_kept_changes_nothing():
    made = joiner()
    predict(made, "a")
    flush(made)
    predict(made, "b")
    made.ledger.flush(Memory())  # a shelf that is lost
    assert [len(matches(label(made, key))) for key in "ab"] == [1, 1]
    flush(made)
    assert label(made, "a").kinds.tolist() == [Kind.ACTUAL]
    assert made.tallies.duplicate == 1


# -- against a list of everything that happened

events = st.lists(
    st.tuples(
        st.sampled_from(["predict", "label", "both"]), st.sampled_from("abcd"), st.integers(0, 60), st.integers(0, 2)
    ),
    max_size=40,
)


class Plain:
    """The same by looking through all that has happened; every record carries an id."""

    def __init__(self):
        self.known, self.tallies, self.outcomes, self.log = {}, dict.fromkeys(asdict(Tallies()), 0), 0, []

    def sweep(self, now):
        for key, entry in list(self.known.items()):
            if entry["at"] <= now - WAIT:
                lost = {"output": "unlabelled", "actual": "unmatched"}
                (has,) = [name for name in lost if name in entry] if "row" not in entry else [None]
                if has:
                    self.tallies[lost[has]] += 1
                del self.known[key]

    def see(self, kind, key, now, revision, value):
        self.sweep(now)
        entry = self.known.setdefault(key, {"at": now})
        if kind != "label" and "output" not in entry:
            old = entry.pop("actual", None)
            entry |= {"output": value, "at": now}
            if kind == "both":
                self.tallies["actuals"] += 1
                self.tallies["duplicate"] += old is not None
                old = (revision, value)
            if old is not None:
                self.join(entry, old)
        elif kind != "predict":
            self.label(entry, now, revision, value)

    def join(self, entry, actual):
        entry |= {"actual": actual, "row": self.outcomes}
        self.outcomes += 1
        self.log.append((entry["row"], entry["output"], actual[1]))

    def label(self, entry, now, revision, value):
        self.tallies["actuals"] += 1
        if "actual" not in entry:
            entry["at"] = now
            if "output" in entry:
                self.join(entry, (revision, value))
            entry["actual"] = (revision, value)
        elif revision > entry["actual"][0]:
            self.tallies["revised"] += 1
            if "row" in entry:
                self.log.append((entry["row"], entry["actual"][1], value))
            entry["actual"] = (revision, value)
        else:
            self.tallies["duplicate"] += 1


KINDS = {"predict": Kind.PREDICTION, "label": Kind.ACTUAL, "both": Kind.PREDICTION | Kind.ACTUAL}


def said(joined):
    rows = joined.outcomes
    return [
        *zip(rows["row"].tolist(), rows["output"].tolist(), rows["actual"].tolist(), strict=True),
        *corrections(joined),
    ]


@given(events=events, settle=st.lists(st.booleans(), min_size=40, max_size=40))
def test_any_story_ends_as_a_plain_list_of_it_says(events, settle):
    made, plain, found, now = joiner(), Plain(), [], 0.0
    for number, (kind, key, step, revision) in enumerate(events):
        now += step
        plain.see(kind, key, now, revision, float(number))
        found += said(take(made, now, (KINDS[kind], key, float(number), float(number), revision)))
        if settle[number]:
            settled(made)
    plain.sweep(now)
    assert found == plain.log
    assert asdict(made.tallies) == plain.tallies
    assert made.pending == sum("output" in entry and "row" not in entry for entry in plain.known.values())


@given(events=events, cuts=st.sets(st.integers(0, 40)))
def test_a_story_ends_the_same_however_it_is_cut_into_batches(events, cuts):
    records = [(KINDS[kind], key, float(n), float(n), revision) for n, (kind, key, _, revision) in enumerate(events)]
    edges = [0, *sorted(cut for cut in cuts if cut < len(records)), len(records)]
    whole, parts = joiner(), joiner()
    found = [sorted(said(take(whole, 0.0, *records)))] if records else [[]]
    several = []
    for start, end in pairwise(edges):
        if start < end:
            several += said(take(parts, 0.0, *records[start:end]))
    assert sorted(several) == found[0]
    assert whole.tallies == parts.tallies
    assert (whole.ledger.counts == parts.ledger.counts).all()
