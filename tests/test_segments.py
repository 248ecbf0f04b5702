"""Segments: conditions, values that are told apart, slices against plain loops, and how they come into metrics."""

import json
import math
import random
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import msgspec
import numpy as np
import pytest
import running
import shop
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter import config
from exporter.app.budget import series
from exporter.app.fleet import Fleet
from exporter.decoders.native import NativeDecoder
from exporter.engine import Engine
from exporter.explain import explain_slices
from exporter.exposition.negotiate import Format
from exporter.exposition.segments import compared, traffic
from exporter.plan import plan
from exporter.profile import ComponentSpec, ProfileSpec, ScoreSpec
from exporter.segments import (
    FLOOR,
    MISSING,
    OTHER,
    Coder,
    Fairness,
    Filter,
    Ranges,
    Segment,
    Tag,
    Vocabulary,
    others,
    parse_condition,
)
from exporter.slicing import sliced
from exporter.state import Checkpoint, Store, Watch
from exporter.windows import WindowSpec

HOUR = (WindowSpec("1h", 3600.0),)

# -- conditions

ROWS = [{"age": age, "site": site} for age in (None, 1.0, 2.5, 90.0) for site in (None, "A", "B", "it's", "C")]
comparisons = st.one_of(
    st.tuples(st.just("input.age"), st.sampled_from(["<", "<=", ">", ">="]), st.sampled_from([1, 2.5, -3e2])),
    st.tuples(st.just("input.age"), st.sampled_from(["==", "!="]), st.sampled_from([1, 2.5])),
    st.tuples(st.just("tags.site"), st.sampled_from(["==", "!="]), st.sampled_from(["A", "it's", "Z"])),
    st.tuples(st.just("tags.site"), st.sampled_from(["in", "not in"]), st.lists(st.sampled_from("ABZ"), min_size=1)),
    st.tuples(st.just("input.age"), st.sampled_from(["in", "not in"]), st.lists(st.sampled_from([1, 90]), min_size=1)),
)
conditions = st.recursive(
    comparisons,
    lambda part: st.one_of(st.tuples(st.just("not"), part), st.tuples(part, st.sampled_from(["and", "or"]), part)),
)


def text(node):
    if node[0] == "not":
        return f"not ({text(node[1])})"
    if node[1] in ("and", "or"):
        return f"({text(node[0])}) {node[1]} ({text(node[2])})"
    path, mark, value = node
    return f"{path} {mark} {constant(value)}"


def constant(value):
    if isinstance(value, list):
        return "[" + ", ".join(map(constant, value)) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def holds(node, row):
    if node[0] == "not":
        return not holds(node[1], row)
    if node[1] in ("and", "or"):
        pair = holds(node[0], row), holds(node[2], row)
        return all(pair) if node[1] == "and" else any(pair)
    path, mark, value = node
    found = row[path.rpartition(".")[2]]
    if mark in ("==", "!=", "in", "not in"):
        equal = found in value if isinstance(value, list) else found == value
        return equal == (mark in ("==", "in"))
    return (
        found is not None and {"<": found < value, "<=": found <= value, ">": found > value, ">=": found >= value}[mark]
    )


def columns_of(condition):
    """The columns of `ROWS` that a condition reads, as a decoder would fill them."""
    found = {}
    for path, levels in condition.columns:
        values = [row[path.rpartition(".")[2]] for row in ROWS]
        if levels is None:
            found[path, levels] = np.array([value if isinstance(value, float) else np.nan for value in values])
        else:
            codes = [-1 if v is None else levels.index(v) if v in levels else len(levels) for v in values]
            found[path, levels] = np.array(codes, np.int32)
    return found


@given(node=conditions)
def test_a_condition_holds_of_the_rows_that_plain_python_says(node):
    condition = parse_condition(text(node))
    assert condition.holds(columns_of(condition)).tolist() == [holds(node, row) for row in ROWS]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", "column 1: expected a path such as input.age or tags.site, not the end"),
        ("age > 3", "column 1: expected a path such as input.age or tags.site, not 'age'"),
        ("input.age > ", "column 13: expected a number, or text in quotes, not the end"),
        ("input.age > 'x'", "column 13: expected a number"),
        ("input.age", "expected one of < <= > >= == != in, not in"),
        ("input.age > 3 input.size > 2", "column 15: expected and, or, or the end"),
        ("(input.age > 3", "expected ')'"),
        ("tags.site in 'A'", "expected '['"),
        ("tags.site in ['A', 3]", "a list holds numbers or texts, not both"),
        ("tags.site not like 'A'", "expected in, not 'like'"),
        ("input.age > 3; import os", "column 14: ';' is not a part of a condition"),
        ("__import__('os').system('x')", "'.' is not a part of a condition"),
        ("(" * 200 + "input.age > 3" + ")" * 200, "nested too deeply"),
        ("not " * 5000 + "input.age > 3", "nested too deeply"),
    ],
)
def test_a_condition_that_is_none_says_where_and_what_was_expected(written, said):
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - what it says is compared below
        parse_condition(written)
    assert said in str(raised.value)


@given(written=st.text("ab.<>=!()[]'\"1 -andornotin,", max_size=40))
def test_any_text_is_a_condition_or_a_clear_error(written):
    try:
        condition = parse_condition(written)
    except ValueError:
        return
    assert condition.columns


# -- values that are told apart


def vocabulary(limit=3):
    return Vocabulary(limit, lambda value: None if value is None else str(value))


def test_the_first_values_are_told_apart_and_the_others_are_not():
    known = vocabulary()
    codes = known.codes(["a", "b", None, "a", "c", "d", 3])
    assert codes.tolist() == [0, 1, -1, 0, 2, 3, 4]
    assert known.shown == {0: "a", 1: "b", 2: "c"}


def test_ranks_that_swap_every_day_for_a_month_change_nothing_that_is_told_apart():
    known, chance = vocabulary(20), random.Random(5)
    names = [f"m{number}" for number in range(40)]
    known.codes(names)
    first = dict(known.shown)
    for _ in range(30):
        weights = [chance.uniform(0.7, 1.3) for _ in names]
        known.codes(chance.choices(names, weights, k=5000))
    assert known.shown == first


def test_a_value_that_has_become_far_more_frequent_takes_the_place_of_the_rarest():
    known = vocabulary()
    known.codes([*"abc", *"ab" * 50, *"d" * 4])
    assert set(known.shown.values()) == {"a", "b", "d"}
    before = known.codes(["c"])[0]
    known.codes("c" * 200)
    assert known.shown[before] == "c"
    assert len(known.shown) == 3


def test_a_thousand_values_of_any_text_cost_bounded_memory_and_never_reuse_a_code():
    known, codes = vocabulary(20), set()
    for start in range(0, 20_000, 1000):
        found = known.codes([f'{number}"\n\\{{}}' for number in range(start, start + 1000)]).tolist()
        assert not codes & set(found)
        codes |= set(found)
    known.codes([str(number) + "x" * 1_000_000 for number in range(5)])
    known.codes(["y" * 1_000_000 + str(number) for number in range(5)])
    assert len(known.save()[1]) < 3000
    assert max(len(label) for label, *_ in known.save()[1]) == 256


def test_a_vocabulary_goes_on_where_it_was_saved():
    one, other = vocabulary(), vocabulary()
    one.codes("aabbbcdde")
    other.resume(msgspec.json.decode(msgspec.json.encode(one.save())))
    assert other.shown == one.shown
    assert other.codes("edcbaz").tolist() == one.codes("edcbaz").tolist()


# -- slices against plain loops

SEGMENTS = (
    Segment("machine", (Tag("tags.machine"),), values=3),
    Segment("size", (Ranges("input.size", (8.0, 12.0)),)),
    Segment("both", (Tag("tags.machine"), Ranges("input.size", (10.0,)))),
    Segment("wanted", (Filter(parse_condition("input.size > 9 and input.colour in ['red', 'blue']")),)),
)


def labels_of(row):
    """The slices of a row, by the plainest reading of what a segment is."""
    machine, size, colour = row.get("tags", {}).get("machine"), row["input"]["size"], row["input"]["colour"]
    number = "<8" if size < 8 else "8-12" if size < 12 else ">=12"
    half = "<10" if size < 10 else ">=10"
    name = None if machine is None else str(int(machine) if isinstance(machine, float) else machine)
    return [
        MISSING if name is None else name if name in ("1", "2", "3") else OTHER,
        number,
        MISSING if name is None else f"{name}, {half}",
        "true" if size > 9 and colour in ("red", "blue") else "false",
    ]


def log(count=400, seed=3):
    chance = random.Random(seed)
    rows = []
    for number, row in enumerate(shop.records(count, seed)):
        machine = [1, 2, 3][number] if number < 3 else chance.choice([1, "2", 3.0, "4", "five", None])
        extra = {"tags": {"machine": machine}} if machine is not None or number % 2 else {}
        if chance.random() < 0.05:
            extra |= {"error": "boom"}
        rows.append(row | extra)
    return rows


def late(rows):
    """Predictions, and later their actuals alone."""
    yield [{key: part for key, part in row.items() if key != "actual"} for row in rows]
    yield [{"id": row["id"], "actual": row["actual"]} for row in rows]


def made(*parts, segments=SEGMENTS, windows=HOUR, profile=shop.profile, **options):
    engine = Engine(plan(profile(), windows, segments=segments, **options))
    for batch in shop.batches(engine.plan.schema, *parts):
        engine.ingest(batch, 1000.0)
    return engine


def test_a_number_that_an_extractor_makes_cuts_like_one_that_is_logged():
    words = ComponentSpec("words", "input.text", extractor={"word_count": {}})
    spec = ProfileSpec("texts", "1", [words])
    texts = [{"input": {"text": "word " * (number % 8)}} for number in range(400)]
    profile = shop.built(spec, texts)
    segments = (Segment("long", (Ranges("input.words", (3.0, 6.0)),)),)
    engine = Engine(plan(profile, HOUR, segments=segments))
    for batch in shop.batches(engine.plan.schema, texts):
        engine.ingest(batch, 1000.0)
    assert {label: one.count for label, one in engine.state.segments[0].items()} == {"<3": 150, "3-6": 150, ">=6": 100}
    assert engine.plan.extra == {("input.words", None): 0}


@pytest.mark.parametrize("delayed", [False, True])
def test_slices_hold_what_a_plain_loop_over_the_rows_counts(delayed):
    rows = log()
    engine = made(*(late(rows) if delayed else [rows[:100], rows[100:101], rows[101:]]))
    names = [component.spec.key for component in engine.plan.prediction_components]
    for place, slices in enumerate(engine.state.segments):
        by_label = {}
        for row in rows:
            by_label.setdefault(labels_of(row)[place], []).append(row)
        assert slices.keys() == by_label.keys()
        for label, some in by_label.items():
            found, sound = slices[label], [row for row in some if "error" not in row]
            assert (found.count, found.failures, found.timed) == (len(some), len(some) - len(sound), len(some))
            assert found.seconds == pytest.approx(sum(row["latency_seconds"] for row in some))
            total = dict(zip(names, found.predictions.total, strict=True))
            assert total["input", "size"].moments.total == pytest.approx(sum(row["input"]["size"] for row in sound))
            assert total["input", "colour"].categories["red"] == sum(row["input"]["colour"] == "red" for row in sound)
            window = found.outcomes.rings["1h"].window(1000.0)
            right = window[engine.plan.cuts[place].joined.index(outcome(engine, "right"))].categories
            assert right["true"] == sum(row["output"]["sold"] == row["actual"]["sold"] for row in sound)
            assert right.n == len(sound)


def outcome(engine, name):
    return [component.name for component in engine.plan.outcome_components].index(name)


@settings(max_examples=20)
@given(
    seed=st.integers(0, 5),
    places=st.lists(st.integers(0, 200), max_size=5),
)
def test_slices_do_not_depend_on_where_the_log_was_cut_and_add_up_to_the_whole(seed, places):
    rows = log(200, seed)
    ends = [0, *sorted(places), 200]
    roomy = tuple(replace(segment, values=20) for segment in SEGMENTS)
    cut, whole = made(*[rows[a:b] for a, b in pairwise(ends)], segments=roomy), made(rows, segments=roomy)
    for one, other in zip(cut.state.segments, whole.state.segments, strict=True):
        assert {k: (s.count, s.failures, counts(s)) for k, s in one.items()} == {
            k: (s.count, s.failures, counts(s)) for k, s in other.items()
        }
        assert sum(s.count for s in one.values()) == whole.state.count
        for place, summary in enumerate(whole.state.predictions.total):
            assert sum(s.predictions.total[place].n for s in one.values()) == summary.n


def counts(one):
    return [summary.bins().tolist() for stream in (one.predictions, one.outcomes) for summary in stream.total]


def test_tags_of_any_form_are_a_slice_or_are_missing():
    tags = [{"machine": value} for value in (True, [1], {"a": 1}, "", 2.5, "é", -1)] + [None, "x", {}, [3]]
    rows = [row | {"tags": tag} for row, tag in zip(shop.records(len(tags)), tags, strict=True)]
    (slices,) = made(rows, segments=(Segment("machine", (Tag("tags.machine"),)),)).state.segments
    assert {label: one.count for label, one in slices.items()} == {"true": 1, "2.5": 1, "é": 1, "-1": 1, MISSING: 7}


def test_a_slice_that_gives_up_its_place_is_gone_and_the_rest_goes_on():
    segment = (Segment("machine", (Tag("tags.machine"),), values=1),)
    rows = [row | {"tags": {"machine": "a" if n < 5 else "b"}} for n, row in enumerate(shop.records(400))]
    engine = made(rows[:5], rows[5:15], rows[15:300], segments=segment)
    (slices,) = engine.state.segments
    assert "a" not in slices
    assert {label: one.count for label, one in slices.items()} == {OTHER: 10, "b": 285}


def estimates(engine):
    found = sliced(engine.plan, engine.state.segments, 1000.0, Counter()).estimates
    return {(one.place.segment, one.place.value, one.score): one.found for one in found}


def test_a_slice_is_estimated_as_if_its_predictions_were_all_there_are():
    rows = log(600)
    engine = made(next(late(rows)), profile=shop.wide)
    found = estimates(engine)
    assert {name for _, _, name in found} == {"mean_absolute_error", "precision", "accuracy", "macro_f1"}
    for place, segment in enumerate(SEGMENTS):
        for label in engine.state.segments[place]:
            alone = made([row for row in rows if labels_of(row)[place] == label], profile=shop.wide)
            steps, sums = alone.plan.estimates.steps, alone.state.estimates.windows(1000.0)["1h"]
            for score in (score for score in alone.plan.scores if score.estimate is not None):
                wanted = steps[score.estimate].score(score.score.measure, sums[score.estimate].sums).shown
                one = found[segment.name, label, score.name]
                for end in ("value", "samples", "lower", "upper"):
                    assert getattr(one, end) == pytest.approx(getattr(wanted, end), nan_ok=True, rel=1e-6)
    text = b"".join(family.body.encode() for family in compared(("shop", "1.0.0"), slicing_of(engine)))
    assert text.count(b"model_segment_estimated_score{") == sum(not math.isnan(one.value) for one in found.values())


def test_what_slices_are_estimated_from_survives_a_restart(tmp_path):
    before = made(profile=shop.wide)
    store, watch = Store(tmp_path / "state.db"), Watch(before, before.plan.bank.start())
    checkpoint = Checkpoint(store)
    checkpoint.resume(watch)
    for batch in shop.batches(before.plan.schema, log(300)):
        before.ingest(batch, 1000.0)
    checkpoint.commit([watch], {}, [])
    store.close()
    after, store = Engine(before.plan), Store(tmp_path / "state.db")
    Checkpoint(store).resume(Watch(after, after.plan.bank.start()))
    store.close()
    found, wanted = ({key: repr(one) for key, one in estimates(engine).items()} for engine in (after, before))
    assert found == wanted
    assert any("nan" not in one for one in wanted.values())


def slicing_of(engine):
    return sliced(engine.plan, engine.state.segments, 1000.0, Counter())


def test_others_is_the_sum_of_all_but_one():
    engine = made(log())
    windows = {label: one.predictions.total for label, one in engine.state.segments[0].items()}
    rest = others(windows)
    for label, summaries in rest.items():
        for place, summary in enumerate(summaries):
            assert summary.n == sum(window[place].n for name, window in windows.items() if name != label)
    assert others({"a": windows["1"]}) == {}
    assert others({}) == {}


# -- gaps and ranks


def gaps(engine, score="accuracy"):
    found = sliced(engine.plan, engine.state.segments, 1000.0, Counter())
    return {gap.place.value: gap for gap in found.gaps if gap.score == score}


def graded(shares, rows=200):
    """Rows of machines of which each is right in its share of the rows."""
    found = []
    for machine, share in shares.items():
        for number, row in enumerate(shop.records(rows)):
            right = number < share * rows
            sold = row["actual"]["sold"]
            claimed = sold if right else {"yes": "no", "no": "yes"}[sold]
            found.append(row | {"id": None, "tags": {"machine": machine}, "output": row["output"] | {"sold": claimed}})
    return found


MACHINES = (Segment("machine", (Tag("tags.machine"),)),)


def test_the_worst_slice_is_ranked_first_and_the_others_are_within_their_intervals():
    found = gaps(made(graded({"a": 0.95, "b": 0.5, "c": 0.94, "d": 0.96}), segments=MACHINES))
    assert {label: gap.rank for label, gap in found.items()} == {"a": 3, "b": 1, "c": 2, "d": 4}
    assert found["b"].gap == pytest.approx((0.95 + 0.94 + 0.96) / 3 - 0.5)
    assert found["b"].lower > 0.3
    assert all(found[label].lower < 0 for label in "acd")


@pytest.mark.slow
def test_slices_that_differ_by_chance_alone_are_seldom_called_worse():
    chance, called = random.Random(11), 0
    for _ in range(60):
        shares = {f"m{number}": sum(chance.random() < 0.9 for _ in range(200)) / 200 for number in range(8)}
        called += any(gap.lower > 0 for gap in gaps(made(graded(shares), segments=MACHINES)).values())
    assert called <= 6  # 1.5 are to be expected


def test_a_low_score_is_better_where_it_is_an_error():
    rows = [
        row
        | {
            "id": None,
            "tags": {"machine": "ab"[n % 2]},
            "output": row["output"] | {"price": 0.0 if n % 2 else row["actual"]["price"]},
        }
        for n, row in enumerate(shop.records(400))
    ]
    found = gaps(made(rows, segments=MACHINES), "mean_absolute_error")
    assert found["b"].rank == 1
    assert found["b"].gap > found["b"].lower > 0 > found["a"].gap


def test_a_slice_is_worth_what_its_predictions_are_worth_one_by_one():
    classes = {"output": "sold", "actual": "sold", "classes": ["no", "yes"]}
    worth = {"yes": {"yes": 9.0, "no": -4.0}, "no": {"yes": -2.5}}
    spec = msgspec.structs.replace(
        shop.SPEC,
        components=[*shop.SPEC.components, ComponentSpec("matrix", role="eval", extractor={"confusion": classes})],
        scores=[ScoreSpec("worth", "matrix", score={"business_value": {"values": worth}})],
    )
    rows = [row | {"tags": {"machine": str(place % 3)}} for place, row in enumerate(shop.records(1500))]
    for row in rows[1::3]:
        row["output"] = {**row["output"], "sold": "yes"}
    planned = plan(shop.built(spec), HOUR, segments=MACHINES)
    engine = Engine(planned)
    for batch in shop.batches(planned.schema, *late(rows)):
        engine.ingest(batch, 1000.0)
    found = gaps(engine, "worth")
    values = {machine: [] for machine in "012"}
    for row in rows:
        values[row["tags"]["machine"]].append(worth[row["output"]["sold"]].get(row["actual"]["sold"], 0.0))
    for machine, own in values.items():
        rest = [value for other, some in values.items() if other != machine for value in some]
        assert found[machine].found.value == pytest.approx(np.mean(own))
        assert found[machine].gap == pytest.approx(np.mean(rest) - np.mean(own))
        assert found[machine].lower < found[machine].gap < found[machine].upper
    assert found["1"].rank == 1
    assert found["1"].lower > 0


def test_a_slice_with_too_few_records_is_neither_ranked_nor_shown():
    rows = graded({"a": 0.9, "b": 0.9}) + graded({"few": 0.0}, rows=29) + graded({"one": 0.0}, rows=FLOOR - 1)
    engine = made(rows, segments=MACHINES)
    found = gaps(engine)
    assert set(found) == {"a", "b", "few"}
    assert found["few"].rank is None
    assert np.isnan(found["few"].gap)
    body = "".join(family.body for family in traffic(engine.plan, engine.state.segments))
    assert 'value="few"' in body
    assert 'value="one"' not in body


@pytest.mark.slow
def test_the_interval_of_a_gap_holds_the_truth():
    chance, held = np.random.default_rng(3), 0
    segment = Segment("machine", (Tag("tags.machine"),))
    coder = Coder(segment)
    assert coder.labels == {}
    for _ in range(200):
        shares = {"a": chance.binomial(200, 0.8) / 200, "b": chance.binomial(200, 0.9) / 200}
        gap = gaps(made(graded(shares), segments=MACHINES))["a"]
        held += gap.lower <= 0.1 <= gap.upper
    assert held >= 185  # 95 % for both slices together


def test_what_is_odd_about_a_slice_is_named():
    rows = graded({"a": 0.95, "b": 0.5, "c": 0.95}, rows=600)
    rows = [row | {"input": row["input"] | {"change": 9.0}} if row["tags"]["machine"] == "b" else row for row in rows]
    engine = made(rows, segments=MACHINES)
    slicing = sliced(engine.plan, engine.state.segments, 1000.0, Counter())
    preferences = {score.name: score.reference.preference for score in engine.plan.scores}
    found = explain_slices(slicing, "1h", preferences)
    assert {finding.value for finding in found} == {"b"}
    assert found[0].reasons[0].component == "change"
    assert "100.0% invalid, the rest 0.0%" in found[0].reasons[0].text
    assert json.loads(msgspec.json.encode(found))[0]["rank"] == 1


# -- state, caps, configuration


def test_slices_survive_a_restart(tmp_path):
    rows = log(300)
    predictions, actuals = late(rows)
    before = made()
    store = Store(tmp_path / "state.db")
    checkpoint, watch = Checkpoint(store), Watch(before, before.plan.bank.start())
    checkpoint.resume(watch)
    for batch in shop.batches(before.plan.schema, predictions, actuals[:100]):
        before.ingest(batch, 1000.0)
    checkpoint.commit([watch], {}, [])
    store.close()
    after = Engine(before.plan)
    store = Store(tmp_path / "state.db")
    checkpoint = Checkpoint(store)
    checkpoint.resume(Watch(after, after.plan.bank.start()))
    for engine in (before, after):
        for batch in shop.batches(engine.plan.schema, actuals[100:], log(50, seed=9)):
            engine.ingest(batch, 1001.0)
    for one, other in zip(before.state.segments, after.state.segments, strict=True):
        assert {k: (s.count, s.seconds, counts(s)) for k, s in one.items()} == {
            k: (s.count, s.seconds, counts(s)) for k, s in other.items()
        }
    store.close()


def test_a_thousand_values_stay_within_the_series_that_were_promised(tmp_path):
    planned = plan(shop.profile(), HOUR, segments=(replace(MACHINES[0], fairness=Fairness()),))
    promised = series(planned, watched=False)
    (tmp_path / "shop.json").write_bytes(shop.dumped())
    (tmp_path / "exporter.yml").write_text(
        "models: [{profile: shop.json, windows: [1h], segments: [{by: tags.machine, fairness: {}}]}]\n"
        "sources: [stdin: {}]\n"
    )
    fleet = Fleet(config.load(str(tmp_path / "exporter.yml")))
    names = [f'{number}"\n\\}} 1' for number in range(1000)]
    rows = [row | {"id": None, "tags": {"machine": names[n % 1000]}} for n, row in enumerate(shop.records(12_000))]
    rows[5]["tags"]["machine"] = "x" * 1_000_000
    decoder = NativeDecoder(fleet.schemas)
    for index, batch in [*decoder.feed(shop.lines(rows)), *decoder.flush()]:
        fleet.ingest("test", index, batch, 1000.0)
    fleet.evaluate(1000.0)
    found = shop.read(fleet.metrics(Format.TEXT))
    ours = [key for key in found if key[0].startswith("model_")]
    assert len(ours) <= promised
    values = {dict(labels)["value"] for name, labels in found if name == "model_segment_predictions_total"}
    assert OTHER in values
    assert len(values) <= 21
    assert sum(n for (name, _), n in found.items() if name == "model_segment_predictions_total") >= 11_990


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("tags", "'tags' is not a path"),
        ('{by: tags.a, where: "input.b > 1"}', "needs either by (a path, or two) or where (a condition)"),
        ('{where: "input.b > 1"}', "a segment by a condition needs a name"),
        ('{name: x, where: "input.b >"}', "column 10: expected a number"),
        ("{by: [tags.a, tags.b], edges: [1, 2]}", "edges are of one path"),
        ("{by: [tags.a]}", "too short"),
        ("{by: input.size, edges: [3, 1]}", "must be ascending"),
        ("{by: tags.a, components: [nothing]}", "no input or output is called nothing"),
        ("{by: tags.a, values: 0}", "at least 1"),
        ("tags.machine, input.machine", "there is a segment 'machine' already"),
    ],
)
def test_a_segment_that_cannot_be_is_named_with_its_line(tmp_path, written, said):
    found = running.refused(tmp_path, f"segments: [{written}]")
    assert said in found
    assert "exporter.yml:3: models[0].segments" in found


def test_a_segment_needs_a_window_by_time():
    with pytest.raises(ValueError, match="segment machine needs a window by time, such as 1h"):
        plan(shop.profile(), [WindowSpec("10 rows", rows=10)], segments=MACHINES)
