"""Data quality: each fault raises its own signal and no other, and sound data raise none."""

import json
import math
import random
from dataclasses import replace
from itertools import pairwise

import msgspec
import numpy as np
import pytest
import running
import shop
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.decoders.native import NativeDecoder
from exporter.engine import Engine
from exporter.evaluate import evaluate
from exporter.exposition.families import ModelLines
from exporter.plan import fixed, plan
from exporter.quality import Consecutive, Expectation, Matches, Monotone, NotNull, Sum, That, Unique, slip, stuck_from
from exporter.quality.repeats import MEMORY, Repeats
from exporter.quality.runs import Runs
from exporter.quality.shape import Shape
from exporter.segments import parse_condition
from exporter.state import Checkpoint, Store, Watch
from exporter.summaries import Grid, Measure
from exporter.windows import WindowSpec

HOUR = (WindowSpec("1h", 3600.0),)

# -- runs


@given(
    values=st.lists(st.sampled_from([1.0, 2.0, math.nan]), max_size=40),
    places=st.lists(st.integers(0, 40), max_size=5),
)
def test_a_run_is_how_often_the_last_value_has_come_however_the_rows_were_cut(values, places):
    runs = Runs(2)
    ends = [0, *sorted(min(place, len(values)) for place in places), len(values)]
    for start, end in pairwise(ends):
        part = np.array(values[start:end])
        runs.add([part, np.where(np.isnan(part), -1, np.nan_to_num(part)).astype(np.int32)])
    length = 0
    while length < len(values) and values[-1 - length] == values[-1]:
        length += 1
    assert runs.lengths == [length, length]


def test_a_component_is_stuck_after_a_run_that_its_reference_makes_unlikely():
    of = fixed([0.0, 1.0]).of
    assert stuck_from(of(np.random.default_rng(1).normal(size=1000)), 1.0) == 10
    coin = Measure(levels=("a", "b")).of(np.arange(1000, dtype=np.int32) % 2)
    assert stuck_from(coin, 1.0) == 30
    assert stuck_from(coin, 4.0) == 120
    rare = Measure(levels=("a", "b")).of((np.arange(1000) == 7).astype(np.int32))
    assert stuck_from(rare, 1.0) > 5000
    assert stuck_from(Measure(levels=("a",)).of(np.zeros(1000, np.int32)), 1.0) == 0


# -- repeats


@settings(max_examples=30)
@given(seed=st.integers(0, 10), places=st.lists(st.integers(0, 6000), max_size=4))
def test_a_row_is_a_repeat_if_one_of_the_4096_before_is_the_same(seed, places):
    chance = random.Random(seed)
    rows = [(float(chance.randrange(3000)), chance.randrange(2)) for _ in range(6000)]
    repeats, last, expected = Repeats(), {}, 0
    for place, row in enumerate(rows):
        expected += place - last.get(row, -math.inf) <= MEMORY
        last[row] = place
    for start, end in pairwise([0, *sorted(places), 6000]):
        repeats.add(
            [np.array([row[0] for row in rows[start:end]]), np.array([row[1] for row in rows[start:end]], np.int32)]
        )
    assert repeats.count == expected


def test_rows_that_differ_in_one_column_or_in_order_are_no_repeats():
    repeats = Repeats()
    repeats.add([np.array([1.0, 2.0, 1.0, 0.0]), np.array([2.0, 1.0, 1.0, -0.0])])
    assert repeats.count == 0
    repeats.add([np.array([-0.0]), np.array([0.0])])
    assert repeats.count == 1


# -- fields


def seen(records):
    shape = Shape()
    for record in records:
        shape.add(record)
    return dict(shape.changes)


def row(**more):
    return {"input": {"age": 3, "name": "x"} | more, "output": 1}


def test_a_field_that_comes_goes_or_changes_its_type_is_counted_once():
    steady = [row()] * 100
    assert seen(steady) == {}
    assert seen(steady + [row(new=1)] * 100) == {("input.new", "appeared"): 1}
    assert seen(steady + [{"input": {"age": 3}, "output": 1}] * 100) == {("input.name", "disappeared"): 1}
    assert seen(steady + [row(age="3")] * 100) == {("input.age", "type"): 1}
    assert seen(steady + [{"input": {"age": 3}, "output": 1}] * 50 + steady) == {
        ("input.name", "disappeared"): 1,
        ("input.name", "appeared"): 1,
    }
    assert seen(steady + [row(age={"years": 3})] * 100) == {
        ("input.age", "disappeared"): 1,
        ("input.age.years", "appeared"): 1,
    }


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9, 0.99])
def test_fields_and_types_that_come_by_chance_change_nothing(share):
    for seed in range(20):
        chance, records = random.Random(seed), []
        for _ in range(2000):
            more = {"rare": 1} if chance.random() < share else {}
            more |= {
                "mixed": "n/a" if chance.random() < share else 1.5,
                "empty": None if chance.random() < share else 1,
            }
            records.append(row(**more))
        assert seen(records) == {}, seed


def test_labels_failures_and_odd_records_are_no_fields():
    odd = [{"actual": {"x": 1}}, {"error": "boom"}, {"output": None}, {"output": [1, 2]}, {"input": "text"}, {}]
    assert seen([row()] * 50 + odd * 3 + [row()] * 50) == {}
    deep = {"input": {}}
    for _ in range(50):
        deep = {"input": {"a": deep}}
    assert seen([deep] * 3) == {}
    assert len(Shape().save()) == 3


def test_fields_are_bounded():
    shape = Shape()
    for start in range(50):
        shape.add({"output": {f"field {start} {number}": 1 for number in range(100)}})
    assert len(shape.save()[2]) == 200


# -- units


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("x10", lambda x: x * 10),
        ("x1000", lambda x: x * 1000),
        ("/100", lambda x: x / 100),
        ("x1.8+32", lambda x: x * 1.8 + 32),
        ("(x-32)/1.8", lambda x: (x - 32) / 1.8),
    ],
)
def test_a_unit_that_slips_is_named(name, change):
    chance, measure = np.random.default_rng(2), fixed([0.0, 10.0, 20.0])
    reference = measure.of(chance.normal(20, 5, 5000))
    for seed in range(20):
        values = np.random.default_rng(seed).normal(20, 5, 400)
        assert slip(reference, measure.of(change(values))) == name
        assert slip(reference, measure.of(values)) is None
        assert slip(reference, measure.of(values + 10)) is None
        assert slip(reference, measure.of(change(values)[:99])) is None


def test_one_value_that_is_far_off_is_no_unit_that_slips():
    values = np.random.default_rng(2).normal(0, 1, 5400)
    measure = Measure(Grid.of(values[:5000]))
    far = values[5000:].copy()
    far[7] = 200.0
    assert 9 < far.std() < 11
    assert slip(measure.of(values[:5000]), measure.of(far)) is None
    assert slip(measure.of(values[:5000]), measure.of(values[5000:] * 10)) == "x10"


# -- expectations


def that(text):
    return That(parse_condition(text))


@pytest.mark.parametrize(
    ("rule", "failures"),
    [
        (that("input.a > 1 and input.b != 'x'"), 4),
        (NotNull("input.b"), 1),
        (Matches("input.b", "[a-z]"), 1),
        (Unique("input.b"), 1),
        (Monotone("input.a"), 1),
        (Sum(("input.a", "input.c"), 3.0, 0.01), 2),
    ],
)
@pytest.mark.parametrize("cut", [0, 2, 5])
def test_each_rule_counts_the_predictions_on_which_it_does_not_hold(rule, failures, cut):
    inputs = [
        {"a": 2, "b": "x", "c": 1},
        {"a": 2.5, "b": "x", "c": 0.5},
        {"a": 1, "b": "y", "c": 3},
        {"a": None, "b": "Z", "c": 3},
        {"a": 7, "b": None, "c": -3.999},
    ]
    planned = plan(shop.profile(), HOUR, expectations=(Expectation("rule", rule),))
    engine = Engine(planned)
    rows = [{"input": part} for part in inputs] + [{"actual": {"price": 1}, "id": "1"}]
    for batch in shop.batches(planned.schema, rows[:cut], rows[cut:]):
        engine.ingest(batch, 1.0)
    ((name, checks, failed),) = engine.state.quality.checks
    assert (name, failed) == ("rule", failures)
    assert checks == {Matches: 4, Unique: 4, Monotone: 4}.get(type(rule), 5)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{name: a}", "needs one of that, not_null, matches"),
        ("{name: a, unique: input.x, monotone: input.x}", "needs one of"),
        ("{name: a, matches: input.x}", "matches and pattern belong together"),
        ("{name: a, matches: input.x, pattern: '('}", "is not a regular expression"),
        ("{name: a, that: 'input.x >'}", "expected a number"),
        ("{name: a, unique: x}", "is not a path"),
        ("{name: a, unique: input.x}, {name: a, unique: input.y}", "'a' is the name of another expectation"),
    ],
)
def test_an_expectation_that_cannot_be_is_named_with_its_line(tmp_path, written, said):
    found = running.refused(tmp_path, f"expect: [{written}]")
    assert said in found
    assert "exporter.yml:3: models[0].expect" in found


# -- the latest flagged predictions


def test_the_latest_predictions_with_an_invalid_value_are_kept_by_id_and_reason():
    rows = shop.records(300)
    rows[250] = changed(rows[250], change=9.0, colour=None)
    rows[270] = changed(rows[270], open="maybe", size="x")
    engine = shop.engine(rows[:260], rows[260:], now=7.0)
    latest = {flag.id: flag.reasons for flag in engine.state.quality.flagged}
    assert latest["250"] == {"input change": "above", "input colour": "missing"}
    assert latest["270"] == {"input open": "unseen", "input size": "type"}
    assert [flag.id for flag in engine.state.quality.flagged].index("270") < list(latest).index("250")
    assert {flag.time for flag in engine.state.quality.flagged} == {7.0}
    many = shop.engine([changed(row, change=-9.0) for row in shop.records(5000)])
    assert [flag.id for flag in many.state.quality.flagged] == [str(n) for n in range(4999, 4899, -1)]
    assert msgspec.json.encode(many.state.quality.flagged)


# -- each fault its signal

RULES = (
    Expectation("size is sane", that("input.size < 1e9")),
    Expectation("shares", Sum(("input.share_a", "input.share_b"), 1.0, 1e-6)),
    Expectation("numbers", Consecutive("tags.number")),
)


def sound(number, chance):
    share = chance.random()
    made = shop.record(number, chance)
    inputs = made["input"] | {"share_a": share, "share_b": 1 - share}
    return made | {"input": inputs, "time": 1000.0 + number, "tags": {"number": number}}


def changed(record, **inputs):
    return record | {"input": record["input"] | inputs}


def without(record, name):
    return record | {"input": {key: value for key, value in record["input"].items() if key != name}}


FAULTS = {
    "nothing": (lambda row, _: row, set()),
    "stuck": (lambda row, _: changed(row, size=11.25), {"stuck size"}),
    "frozen": (lambda row, first: row | {"input": first["input"]}, {"stuck all", "duplicates"}),
    "gone": (lambda row, _: without(row, "change"), {"disappeared input.change", "missing change"}),
    "null": (lambda row, _: changed(row, change=None), {"missing change"}),
    "new field": (lambda row, _: changed(row, extra=1), {"appeared input.extra"}),
    "text": (lambda row, _: changed(row, change=str(row["input"]["change"])), {"type input.change", "type change"}),
    "unit": (
        lambda row, _: changed(row, size=row["input"]["size"] * 1000),
        {"slip size x1000", "above size", "outliers"},
    ),
    "category": (lambda row, _: changed(row, colour="mauve"), {"unseen colour", "stuck colour"}),
    "shares": (lambda row, _: changed(row, share_a=0.9), {"expectation shares"}),
    "lost": (lambda row, _: row | {"tags": {"number": row["tags"]["number"] * 2}}, {"lost", "expectation numbers"}),
    "silence": (lambda row, _: row | {"time": row["time"] + (row["time"] > 3500) * 60}, {"silence"}),
    "future": (lambda row, _: row | {"time": 9e9}, {"future"}),
    "order": (lambda row, _: row | {"time": row["time"] - (row["time"] % 2) * 5}, {"out of order"}),
}


def signals(text):
    """What a person would see: names of signals, from the metrics alone."""
    found = shop.read(text)

    def those(name, least=1, **labels):
        for (sample, pairs), value in found.items():
            if sample == name and value >= least and labels.items() <= dict(pairs).items():
                yield dict(pairs)

    stuck = {one["component"] for one in those("model_component_stuck", role="input")}
    yield from ["stuck all"] if len(stuck) == 4 else [f"stuck {name}" for name in stuck]
    yield from (f"{one['change']} {one['field']}" for one in those("model_schema_field_changes_total"))
    yield from (f"slip {one['component']} {one['slip']}" for one in those("model_component_scale_slip"))
    yield from (f"expectation {one['expectation']}" for one in those("model_expectation_failures_total"))
    yield from ("lost" for _ in those("model_sequence_missing_total"))
    yield from ("silence" for _ in those("model_prediction_gaps_total"))
    expected = shop.value(found, "model_outlier_expected_ratio") * shop.value(found, "model_outlier_score_count")
    yield from ("outliers" for _ in those("model_outliers_total", 5 * expected))
    yield from ("future" for _ in those("model_records_future_total"))
    yield from ("out of order" for _ in those("model_records_out_of_order_total"))
    yield from ("duplicates" for _ in those("model_duplicate_inputs_total", 10))
    yield from (
        f"{one['reason']} {one['component']}" for one in those("model_component_invalid_total", 20, role="input")
    )


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_raises_its_own_signal_and_no_other(fault):
    change, expected = FAULTS[fault]
    chance = random.Random(7)
    rows = [sound(number, chance) for number in range(3000)]
    rows[2000:] = [change(row, rows[0]) for row in rows[2000:]]
    planned = plan(replace(shop.profile(), longest_gap=1.0), (WindowSpec("10m", 600.0),), expectations=RULES)
    engine, decoder = Engine(planned), NativeDecoder([planned.schema], event_time=True)
    for start in range(0, 3000, 5):
        for _, batch in [*decoder.feed(shop.lines(rows[start : start + 5])), *decoder.flush()]:
            engine.ingest(batch, 5000.0)
    state, now = engine.state, 4000.0 if fault != "future" else 3000.0
    evaluation = evaluate(planned, state.predictions.windows(now), state.outcomes.windows(now))
    families = list(ModelLines(planned).families(state, evaluation))
    text = "".join(family.body for family in families).encode()
    assert set(signals(text)) == expected


@pytest.mark.slow
def test_thirty_days_of_sound_data_raise_no_signal():
    chance = random.Random(3)
    planned = plan(replace(shop.profile(), longest_gap=36.0), (WindowSpec("10m", 600.0),), expectations=RULES)
    engine, decoder = Engine(planned), NativeDecoder([planned.schema], event_time=True)
    raised, lines = set(), ModelLines(planned)
    for hour in range(30 * 24):
        rows = [sound(hour * 100 + number, chance) | {"time": hour * 3600.0 + number * 36} for number in range(100)]
        for _, batch in [*decoder.feed(shop.lines(rows)), *decoder.flush()]:
            engine.ingest(batch, 1e9)
        if hour % 24 != 23:
            continue
        state, now = engine.state, hour * 3600.0 + 3600
        evaluation = evaluate(planned, state.predictions.windows(now), state.outcomes.windows(now))
        body = "".join(family.body for family in lines.families(state, evaluation)).encode()
        raised |= {signal for signal in signals(body) if not signal.startswith(("above", "below"))}
    assert raised == set()


def test_what_is_known_of_quality_survives_a_restart(tmp_path):
    chance = random.Random(9)
    rows = [sound(number, chance) for number in range(600)]
    planned = plan(shop.profile(), HOUR, expectations=RULES)
    before, after = Engine(planned), Engine(planned)
    batches = list(shop.batches(planned.schema, rows[:300], rows[300:], event_time=True))
    before.ingest(batches[0], 5000.0)
    for engine in (before, after):
        store = Store(tmp_path / "state.db")
        checkpoint, watch = Checkpoint(store), Watch(engine, planned.bank.start())
        checkpoint.resume(watch)
        checkpoint.commit([watch], {}, [])
        engine.ingest(batches[1], 5000.0)
        store.close()
    assert replace(after.state.quality, outliers=()) == replace(before.state.quality, outliers=())
    assert json.loads(msgspec.json.encode(after.inspector.save()[2])) == json.loads(
        msgspec.json.encode(before.inspector.save()[2])
    )
