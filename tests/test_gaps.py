"""Gaps: numbers of a sequence that never came, and times without a prediction that the reference did not have."""

import math
import random
from collections import defaultdict
from itertools import pairwise

import msgspec
import numpy as np
import pytest
import shop
from hypothesis import given, settings
from hypothesis import strategies as st
from running import Site, until

from exporter import config
from exporter.config import ConfigError
from exporter.engine import Engine
from exporter.exposition.families import ModelLines
from exporter.plan import plan
from exporter.profile import ProfileError, build, columns_of, dump, load, model
from exporter.quality import Consecutive, Expectation
from exporter.quality.counters import KNOWN, Counters
from exporter.state import Checkpoint, Store, Watch
from exporter.windows import WindowSpec

HOUR = (WindowSpec("1h", 3600.0),)
RULES = (Expectation("counted", Consecutive("input.number", "tags.machine")),)


def numbered(numbers, machine="1"):
    return [{"input": {"number": number}, "output": {}, "tags": {"machine": machine}} for number in numbers]


def counted(*parts, rules=RULES):
    planned = plan(shop.profile(), HOUR, expectations=rules)
    engine = Engine(planned)
    for batch in shop.batches(planned.schema, *parts):
        engine.ingest(batch, 1.0)
    (check,) = engine.state.quality.checks
    return (*check[1:], dict(engine.state.quality.missing)["counted"])


# -- sequences


@settings(derandomize=True, max_examples=50)
@given(
    rows=st.lists(st.tuples(st.sampled_from([*range(6), math.nan, 2.5]), st.sampled_from("ab")), max_size=30),
    places=st.lists(st.integers(0, 30), max_size=3),
)
def test_a_number_follows_if_it_is_one_more_than_that_of_its_counter_before(rows, places):
    last, expected, missing = {}, [], 0
    for number, key in rows:
        if not math.isnan(number):
            expected.append(key not in last or number == last[key] + 1)
            missing += max(int(number - last.get(key, number) - 1), 0)
            last[key] = number
    counters, found = Counters(), []
    for start, end in pairwise([0, *sorted(places), 30]):
        part = rows[start:end]
        found += counters.add(np.array([number for number, _ in part]), [key for _, key in part])
    assert (found, counters.missing) == (expected, missing)


def test_records_that_never_came_are_counted():
    assert counted(numbered([7, 8, 9]), numbered([10, 15, 16])) == (6, 1, 4)


def test_numbers_count_on_by_tag_and_those_of_a_restarted_counter_from_there():
    mixed = [row for pair in zip(numbered(range(5)), numbered(range(100, 105), "2"), strict=True) for row in pair]
    assert counted(mixed) == (10, 0, 0)
    assert counted(mixed, rules=(Expectation("counted", Consecutive("input.number")),))[1] == 9
    assert counted(numbered([5, 6, 0, 1, 2])) == (5, 1, 0)
    assert counted(numbered([5, 5, 6])) == (3, 1, 0)


def test_rows_without_a_number_or_with_a_key_that_is_none_are_not_looked_at():
    odd = numbered([1, None, "two", True, 2], "1") + numbered([9], ["list"]) + numbered([9], {"an": "object"})
    assert counted(odd)[:2] == (2, 0)
    assert counted([{"actual": {"price": 1.0}, "id": "x"}], numbered([1, 2])) == (2, 0, 0)


def test_counters_are_bounded_however_many_and_long_their_keys_are():
    counters = Counters()
    for start in range(0, 3 * KNOWN, 1000):
        counters.add(np.zeros(1000), [f"{number}{'x' * 3000}" for number in range(start, start + 1000)])
    _, kept = counters.save()
    assert len(kept) == KNOWN
    assert max(len(key) for key, _ in kept) == 256
    counters.add(np.array([0.0, 1e300, -1e300, math.inf, 1.0]), ["a"] * 5)
    assert counters.missing < 1e10


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{name: a, monotone: input.x, by: tags.machine}", "by belongs to sequence"),
        ("{name: a, sequence: input.x, unique: input.x}", "needs one of"),
        ("{name: a, sequence: x}", "is not a path"),
    ],
)
def test_a_sequence_that_cannot_be_is_named_with_its_line(tmp_path, written, said):
    (tmp_path / "shop.json").write_bytes(shop.dumped())
    path = tmp_path / "exporter.yml"
    path.write_text(f"models:\n  - profile: shop.json\n    expect: [{written}]\nsources: [stdin: {{}}]\n")
    with pytest.raises(ConfigError) as raised:
        config.load(str(path))
    assert said in str(raised.value)
    assert "exporter.yml:3: models[0].expect" in str(raised.value)


# -- time


def timed(times, seed=1):
    """Sound records at some times, Unix seconds."""
    return [row | {"time": time} for row, time in zip(shop.records(len(times), seed), times, strict=True)]


def profile_of(times):
    return build(shop.SPEC, columns_of(shop.SPEC, shop.lines(timed(times)).splitlines()), 1.0)


STEADY = profile_of([float(number) for number in range(300)])


def gaps(times, profile=STEADY, size=50, *, event_time=True, now=1e9):
    planned = plan(profile, HOUR)
    engine, rows = Engine(planned), timed(times)
    parts = [rows[start : start + size] for start in range(0, len(rows), size)]
    for batch in shop.batches(planned.schema, *parts, event_time=event_time):
        engine.ingest(batch, now)
    return engine


def test_a_profile_knows_the_longest_time_between_two_predictions_of_its_reference():
    times = [float(number) for number in range(100)]
    assert profile_of(times).longest_gap == 1
    assert profile_of([*times, 130.0, 131.0]).longest_gap == 31
    assert profile_of([*times, 50.0, 101.5]).longest_gap == 2.5, "one that comes late ends no silence"
    assert math.isnan(profile_of([7.0] * 100).longest_gap)
    assert math.isnan(shop.profile().longest_gap)
    failed = [{"error": "boom", "input": {}, "time": number} for number in range(100, 200)]
    log = shop.lines([*timed(times), *failed, *timed([201.0])])
    assert build(shop.SPEC, columns_of(shop.SPEC, log.splitlines()), 1.0).longest_gap == 2
    saved = load(dump(STEADY))
    assert saved.longest_gap == 1
    whole = msgspec.json.decode(dump(STEADY)) | {"longest_gap": 0.0}
    file = msgspec.json.decode(msgspec.json.encode(whole))
    with pytest.raises(ProfileError):
        load(msgspec.json.encode(file))
    assert model.load(dump(saved)).longest_gap == 1


@pytest.mark.parametrize("event_time", [True, False])
def test_silences_of_more_than_twice_the_longest_of_the_reference_are_counted(event_time):
    first, second = np.arange(1000.0, 1100.0), np.arange(1105.0, 1155.0)
    engine = gaps([*first, *second, *(second + 51), *(second + 110)], event_time=event_time)
    assert engine.state.quality.gaps == 2
    found = shop.read("".join(f.body for f in ModelLines(engine.plan).families(engine.state, None)).encode())
    assert shop.value(found, "model_prediction_gaps_total") == 2
    assert shop.value(found, "model_reference_longest_gap_seconds") == 1


def test_a_batch_that_spans_hours_is_no_silence():
    assert gaps(np.arange(0.0, 20_000.0), size=10_000, event_time=False).state.quality.gaps == 0


def test_records_without_a_time_of_the_future_or_late_end_no_silence():
    steady = list(np.arange(0.0, 50.0))
    assert gaps([*steady, 9e9, *np.arange(50.0, 100.0)], now=1e6).state.quality.gaps == 0
    assert gaps([*steady, None, "noon", *np.arange(50.0, 100.0)]).state.quality.gaps == 0
    assert gaps([*steady, *steady, *np.arange(50.0, 100.0)]).state.quality.gaps == 0
    engine = gaps(steady)
    for batch in shop.batches(
        engine.plan.schema, [{"id": "3", "actual": {"price": 1.0}, "time": 500.0}], event_time=True
    ):
        engine.ingest(batch, 1e6)
    assert engine.state.quality.gaps == 0


def test_a_profile_without_times_tells_no_silence():
    engine = gaps([0.0, 1e6], shop.profile())
    body = "".join(f.body for f in ModelLines(engine.plan).families(engine.state, None))
    assert engine.state.quality.gaps == 0
    assert "gap" not in body


def test_sound_traffic_by_chance_hardly_ever_is_a_silence():
    """As long a log as the reference has a gap of more than twice its longest once in a thousand logs of 1,000."""
    chance, found = np.random.default_rng(1), 0
    for _ in range(300):
        reference, live = chance.exponential(1.0, (2, 1000))
        found += (live > 2 * reference.max()).sum()
    assert found <= 3


def test_gaps_and_sequences_go_on_after_a_restart(tmp_path):
    rows = [
        row | {"input": row["input"] | {"number": number}, "tags": {"machine": "1"}}
        for number, row in enumerate(timed([*np.arange(0.0, 50.0), *np.arange(80.0, 130.0)]))
    ]
    planned = plan(STEADY, HOUR, expectations=RULES)
    for part in (rows[:50], rows[52:]):
        store = Store(tmp_path / "state.db")
        engine, checkpoint = Engine(planned), Checkpoint(store)
        watch = Watch(engine, planned.bank.start())
        checkpoint.resume(watch)
        for batch in shop.batches(planned.schema, part, event_time=True):
            engine.ingest(batch, 1e6)
        checkpoint.commit([watch], {}, [])
        store.close()
    assert engine.state.quality.gaps == 1
    assert engine.state.quality.missing == (("counted", 2),)
    assert engine.state.quality.checks == (("counted", 98, 1),)


@pytest.mark.slow
def test_a_running_exporter_says_how_many_records_are_missing(tmp_path):
    rules = "    expect: [{name: counted, sequence: input.number, by: tags.machine}]"
    site, chance = Site(tmp_path, rules), random.Random(1)
    rows, number = [], defaultdict(int)
    for row in shop.records(500):
        machine = chance.choice("12")
        number[machine] += 1
        rows.append(row | {"input": row["input"] | {"number": number[machine]}, "tags": {"machine": machine}})
    kept = [row for place, row in enumerate(rows) if place not in (100, 200, 201)]
    site.append(kept)
    with site.running() as app:
        found = until(app.addresses[0], lambda found: shop.value(found, "model_expectation_checks_total") >= 497)
    assert shop.value(found, "model_sequence_missing_total", expectation="counted") == 3
    assert 2 <= shop.value(found, "model_expectation_failures_total", expectation="counted") <= 3
