"""The joiner by hand-made stories, and against a plain list of everything that happened."""

import math
import time
from collections import Counter
from dataclasses import asdict

from hypothesis import given
from hypothesis import strategies as st

from exporter.joins import Joiner, Tallies

WAIT = 100.0


def joiner(wait=WAIT, limit=1000):
    return Joiner(wait, limit)


def predict(made, key, at=0.0, value=1.0):
    return made.predict([key], [(value,)], [at])


def label(made, key, at=0.0, value=2.0):
    return made.label([key], [(value,)], [at])


def test_an_actual_finds_its_prediction_with_the_delay_between_them():
    made = joiner()
    assert predict(made, "a", 10.0, 1.0) == []
    assert label(made, "a", 25.0, 2.0) == [((1.0,), (2.0,), 15.0, 25.0)]
    assert made.pending == 0


def test_an_actual_that_comes_first_waits_for_its_prediction():
    made = joiner()
    assert label(made, "a", 10.0, 2.0) == []
    assert predict(made, "a", 25.0, 1.0) == [((1.0,), (2.0,), 0.0, 25.0)]
    assert made.pending == 0
    assert made.tallies() == Tallies(actuals=1)


def test_each_actual_is_used_once_and_its_repetitions_are_duplicates():
    made = joiner()
    predict(made, "a")
    assert [len(label(made, "a")) for _ in range(3)] == [1, 0, 0]
    assert made.tallies() == Tallies(actuals=3, duplicate=2)


def test_a_repeated_early_actual_is_a_duplicate_and_the_first_one_counts():
    made = joiner()
    label(made, "a", 0.0, 7.0)
    label(made, "a", 1.0, 8.0)
    assert [match[1] for match in predict(made, "a", 2.0)] == [(7.0,)]
    assert made.tallies() == Tallies(actuals=2, duplicate=1)


def test_an_actual_beside_a_record_that_carried_both_is_a_duplicate_in_either_order():
    made = joiner()
    made.together(["a"], [0.0])
    assert label(made, "a", 1.0) == []
    label(made, "b", 2.0)
    made.together(["b"], [3.0])
    made.expire(1e9)
    assert made.tallies() == Tallies(actuals=4, duplicate=2)


def test_records_without_an_id_join_nothing_and_their_actuals_are_unmatched():
    made = joiner()
    assert predict(made, None) == []
    assert label(made, None) == []
    made.together([None], [0.0])
    assert made.pending == 0
    assert not made.known(None)
    assert made.tallies() == Tallies(actuals=2, unmatched=1)


def test_a_prediction_is_known_while_it_waits_and_after_it_was_joined_until_it_is_forgotten():
    made = joiner()
    assert not made.known("a")
    predict(made, "a", 0.0)
    made.together(["b"], [0.0])
    assert made.known("a")
    assert made.known("b")
    label(made, "a", 50.0)
    assert made.known("a")
    made.expire(149.0)
    assert made.known("a")
    assert not made.known("b")
    made.expire(150.0)
    assert not made.known("a")


def test_an_actual_alone_does_not_make_a_prediction_known():
    made = joiner()
    label(made, "a")
    assert not made.known("a")


def test_a_failed_prediction_is_known_as_failed_alone():
    made = joiner()
    made.fail(["a", None], [0.0, 0.0])
    assert made.failed("a")
    assert not made.known("a")
    assert not made.failed(None)
    assert not made.failed("b")
    made.expire(WAIT)
    assert not made.failed("a")
    assert made.tallies() == Tallies()


def test_a_prediction_that_waits_too_long_is_unlabelled_and_an_actual_unmatched():
    made = joiner()
    predict(made, "a", 0.0)
    label(made, "b", 1.0)
    made.expire(99.0)
    assert (made.pending, made.tallies()) == (1, Tallies(actuals=1))
    made.expire(100.0)
    assert (made.pending, made.tallies()) == (0, Tallies(actuals=1, unlabelled=1))
    made.expire(101.0)
    assert made.tallies() == Tallies(actuals=1, unmatched=1, unlabelled=1)
    made.expire(1e9)
    assert made.tallies() == Tallies(actuals=1, unmatched=1, unlabelled=1)


def test_an_actual_that_comes_after_the_wait_finds_nothing_even_before_the_prediction_was_swept_away():
    made = joiner()
    predict(made, "a", 0.0)
    assert label(made, "a", 100.0) == []
    assert made.tallies() == Tallies(actuals=1, unlabelled=1)
    made.expire(200.0)
    assert made.tallies() == Tallies(actuals=1, unmatched=1, unlabelled=1)


def test_a_prediction_that_comes_after_the_wait_of_its_early_actual_waits_itself():
    made = joiner()
    label(made, "a", 0.0)
    assert predict(made, "a", 100.0) == []
    assert made.pending == 1
    assert made.tallies() == Tallies(actuals=1, unmatched=1)


def test_what_is_over_the_limit_is_given_up_oldest_first():
    made = joiner(limit=3)
    for key in "abcde":
        predict(made, key)
        label(made, key.upper())
    made.expire(0.0)
    assert [made.known(key) for key in "abcde"] == [False, False, True, True, True]
    assert (made.pending, made.tallies()) == (3, Tallies(actuals=5, unmatched=2, unlabelled=2))
    assert len(predict(made, "E")) == 1
    assert predict(made, "A") == []


def test_a_clock_that_goes_back_gives_no_negative_delay_and_loses_nothing():
    made = joiner()
    predict(made, "a", 1000.0)
    predict(made, "b", 10.0)
    made.expire(10.0)
    assert made.pending == 2
    assert [match[2] for match in label(made, "a", 20.0)] == [0.0]
    assert [match[2] for match in label(made, "b", 30.0)] == [20.0]


def test_an_unknown_time_gives_nothing_up():
    made = joiner(limit=1)
    predict(made, "a")
    predict(made, "b")
    made.expire(math.nan)
    assert made.pending == 2


def test_tallies_kept_aside_do_not_change():
    made = joiner()
    kept = made.tallies()
    label(made, "a")
    assert kept == Tallies()


def test_memory_is_bounded_by_the_limit_of_each_kind():
    made = joiner(limit=50)
    for number in range(0, 5000, 10):
        keys = [str(number + place) for place in range(10)]
        made.predict(keys, [()] * 10, [0.0] * 10)
        made.label(keys[:5] + [f"early {key}" for key in keys], [()] * 15, [0.0] * 15)
        made.fail(keys, [0.0] * 10)
        made.expire(0.0)
        stores = (made._predictions, made._actuals, made._joined, made._failed)
        assert max(map(len, stores)) <= 50
    assert made.pending == 50
    tallies = made.tallies()
    assert tallies.unlabelled + made.pending == 2500
    assert tallies.unmatched + len(made._actuals) == 5000


def test_giving_up_at_the_limit_costs_the_same_for_each_record_however_many_wait():
    """Finding the oldest of a dict that is deleted from the front is quadratic if each is looked for from its start."""
    made = joiner(limit=400_000)
    made.predict(map(str, range(400_000)), [()] * 400_000, [0.0] * 400_000)
    start = time.process_time()
    for number in range(400_000, 600_000, 1000):
        made.predict([str(number + place) for place in range(1000)], [()] * 1000, [0.0] * 1000)
        made.expire(0.0)
    assert made.pending == 400_000
    assert time.process_time() - start < 2.0  # CPU seconds, of which it takes a tenth; looked for one by one, 8


# -- against a list of everything that happened

events = st.lists(
    st.tuples(st.sampled_from(["predict", "label", "both"]), st.sampled_from("abcd"), st.integers(0, 60)), max_size=40
)


class Plain:
    """The same by looking through all that has happened; every record carries an id."""

    def __init__(self):
        self.predictions, self.actuals, self.done = [], [], []
        self.matches, self.tallies = [], Counter()

    def sweep(self, now):
        for kept, name in ((self.predictions, "unlabelled"), (self.actuals, "unmatched"), (self.done, "forgotten")):
            self.tallies[name] += sum(now - at >= WAIT for _, at in kept)
            kept[:] = [(key, at) for key, at in kept if now - at < WAIT]

    @staticmethod
    def find(kept, key):
        return next((item for item in kept if item[0] == key), None)

    def see(self, kind, key, now):
        """Return whether the record was a repeated prediction."""
        self.sweep(now)
        repeated = kind != "label" and (self.find(self.predictions, key) or self.find(self.done, key))
        if not repeated:
            getattr(self, kind)(key, now)
        return bool(repeated)

    def predict(self, key, now):
        early = self.find(self.actuals, key)
        if early:
            self.actuals.remove(early)
            self.done.append((key, now))
            self.matches.append((key, 0.0, now))
        else:
            self.predictions.append((key, now))

    def both(self, key, now):
        self.tallies["actuals"] += 1
        early = self.find(self.actuals, key)
        if early:
            self.actuals.remove(early)
            self.tallies["duplicate"] += 1
        self.done.append((key, now))

    def label(self, key, now):
        self.tallies["actuals"] += 1
        found = self.find(self.predictions, key)
        if self.find(self.done, key) or self.find(self.actuals, key):
            self.tallies["duplicate"] += 1
        elif found:
            self.predictions.remove(found)
            self.done.append((key, now))
            self.matches.append((key, now - found[1], now))
        else:
            self.actuals.append((key, now))


@given(events=events)
def test_any_story_ends_as_a_plain_list_of_it_says(events):
    made, plain, matches, now = joiner(), Plain(), [], 0.0
    for kind, key, step in events:
        now += step
        made.expire(now)
        repeated = kind != "label" and made.known(key)
        assert plain.see(kind, key, now) == repeated
        if repeated:
            continue
        if kind == "both":
            made.together([key], [now])
        else:
            found = getattr(made, kind)([key], [(key,)], [now])
            matches += [(prediction[0], delay, at) for prediction, _, delay, at in found]
    assert matches == plain.matches
    assert all(value == plain.tallies[name] for name, value in asdict(made.tallies()).items())
    assert made.pending == len(plain.predictions)
