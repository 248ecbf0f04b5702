"""Attributions: means and ranking against independent ones, intervals in simulation, from the log to the metrics."""

import json
import math
from dataclasses import replace

import msgspec
import numpy as np
import pandas as pd
import pytest
import shop
from hypothesis import given, settings
from hypothesis import strategies as st
from running import Site, until
from sklearn.metrics import ndcg_score

from exporter import ElementExtractor, InputComponent, ModelProfile, OutputComponent, config
from exporter.app.budget import series
from exporter.attributions import attributed, interval, ndcg
from exporter.client import PredictionLog
from exporter.config import ConfigError
from exporter.decoders.native import NativeDecoder
from exporter.engine import Engine
from exporter.evaluate import evaluate
from exporter.exposition.families import ModelLines
from exporter.plan import plan
from exporter.profile import ComponentSpec, ProfileError, build, columns_of, dump, infer, load, model
from exporter.profile.attributions import explained
from exporter.state import Checkpoint, Store, Watch
from exporter.windows import WindowSpec

WINDOWS = (WindowSpec("1h", 3600.0), WindowSpec("600 rows", None, 600))
FEATURES = ("size", "change", "colour", "open")
MEANS = (4.0, 2.0, 1.0, 0.5)
SPEC = msgspec.structs.replace(shop.SPEC, attributions=list(FEATURES))
law = settings(derandomize=True, deadline=None, max_examples=60)


def explaining(records, means=MEANS, seed=3):
    return list(shop.explained(records, FEATURES, means, seed))


def built(spec=SPEC, means=MEANS):
    return build(spec, columns_of(spec, shop.lines(explaining(shop.records(2000), means)).splitlines()), 1.0)


PROFILE = built()
PLAN = plan(PROFILE, WINDOWS)


def ingested(*parts, planned=PLAN):
    engine = Engine(planned)
    for batch in shop.batches(planned.schema, *parts):
        engine.ingest(batch, 1000.0)
    return engine


def readings(engine):
    return {one.window: one for one in attributed(engine.plan, engine.state.attributions.windows(1000.0))}


def families(engine):
    state = engine.state
    found = evaluate(engine.plan, state.predictions.windows(1000.0), state.outcomes.windows(1000.0))
    found = replace(found, attributions=tuple(attributed(engine.plan, state.attributions.windows(1000.0))))
    return list(ModelLines(engine.plan).families(state, found))


def scraped(engine):
    return shop.read("".join(family.body for family in families(engine)).encode())


# -- the ranking

GAINS = st.one_of(st.floats(0, 1e3), st.integers(0, 3).map(float))


@law
@given(pairs=st.lists(st.tuples(GAINS, GAINS), min_size=2, max_size=12).filter(lambda p: max(a for a, _ in p) > 1e-6))
def test_the_agreement_of_two_rankings_is_that_of_scikit_learn(pairs):
    reference, window = np.array(pairs).T
    assert float(ndcg(reference, window)) == pytest.approx(ndcg_score([reference], [window]), rel=1e-9)


def test_many_rankings_at_once_are_each_as_alone():
    chance = np.random.default_rng(1)
    reference, window = chance.integers(1, 5, (2, 50, 6)).astype(float)
    alone = [float(ndcg(*pair)) for pair in zip(reference, window, strict=True)]
    np.testing.assert_allclose(ndcg(reference, window), alone)


@pytest.mark.parametrize("live", [MEANS, (2.0, 4.0, 1.0, 0.5), (0.5, 1.0, 2.0, 4.0)])
def test_intervals_hold_the_true_agreement_at_least_as_often_as_they_say(live):
    def estimated(chance, means):
        drawn = chance.exponential(means, (600, 4))
        return drawn.mean(axis=0), drawn.std(axis=0, ddof=1) / math.sqrt(600)

    true, held = float(ndcg(np.array(MEANS), np.array(live))), 0
    for seed in range(100):
        chance = np.random.default_rng(seed)
        low, high = interval(estimated(chance, MEANS), estimated(chance, live))
        held += low - 1e-12 <= true <= high + 1e-12
    assert held >= 90


def test_an_interval_is_about_that_of_drawing_the_rows_anew():
    chance = np.random.default_rng(5)
    reference, window = chance.exponential(MEANS, (600, 4)), chance.exponential((1.0, 2.0, 1.1, 0.5), (600, 4))
    rows = chance.integers(0, 600, (2, 1000, 600))
    drawn = ndcg(reference[rows[0]].mean(axis=1), window[rows[1]].mean(axis=1))
    means = [(one.mean(axis=0), one.std(axis=0, ddof=1) / math.sqrt(600)) for one in (reference, window)]
    np.testing.assert_allclose(interval(*means), np.quantile(drawn, (0.025, 0.975)), atol=0.02)


# -- from the log to the metrics


def test_means_are_those_of_the_explained_predictions_of_a_window():
    rows = shop.records(900)
    told = explaining(rows[300:])
    told[0] |= {"error": "boom"}
    del told[1]["attributions"]["change"]
    told[2]["attributions"] = {"size": "big", "change": None, "colour": 3, "open": [1]}
    told[3]["attributions"] = {"other": 3.0}
    told[4]["attributions"] = 7
    told[5]["attributions"] = {}
    known = told[6:] + told[1:3]
    engine = ingested(rows[:300], told)
    values = [
        [abs(value) if isinstance(value := one["attributions"].get(name), float | int) else 0.0 for name in FEATURES]
        for one in known
    ]
    found = readings(engine)
    assert found["1h"].samples == len(known) == 596
    np.testing.assert_allclose(found["1h"].means, np.mean(values, axis=0))
    body = scraped(engine)
    for name, mean in zip(FEATURES, np.mean(values, axis=0), strict=True):
        got = shop.value(body, "model_attribution_mean_absolute", feature=name, window="1h")
        assert got == pytest.approx(mean)
    for name, mean in zip(FEATURES, MEANS, strict=True):
        assert shop.value(body, "model_attribution_reference", feature=name) == pytest.approx(mean, rel=0.1)
    assert shop.value(body, "model_attribution_samples", window="1h") == 596


def test_a_ranking_that_stays_is_1_and_one_that_turns_is_below_with_its_interval():
    same = readings(ingested(explaining(shop.records(1000), seed=9)))["1h"]
    assert (same.ndcg, same.upper) == (1.0, 1.0)
    turned = readings(ingested(explaining(shop.records(1000), MEANS[::-1], seed=9)))["1h"]
    assert turned.ndcg == pytest.approx(ndcg_score([PROFILE.attributions.means], [turned.means]))
    assert turned.lower <= turned.ndcg <= turned.upper < 0.9


def test_few_explained_predictions_say_nothing():
    few = scraped(ingested(explaining(shop.records(29))))
    assert not [name for name, _ in few if name in ("model_attribution_mean_absolute", "model_attribution_ndcg")]
    assert shop.value(few, "model_attribution_samples", window="1h") == 29
    some = scraped(ingested(explaining(shop.records(499))))
    assert len([name for name, _ in some if name == "model_attribution_mean_absolute"]) == 8
    assert not [name for name, _ in some if name.startswith("model_attribution_ndcg")]
    none = scraped(ingested(shop.records(100)))
    assert shop.value(none, "model_attribution_samples", window="1h") == 0


def test_a_window_of_rows_counts_the_explained_ones():
    rows = explaining(shop.records(3000))
    for row in rows[::2]:
        del row["attributions"]
    found = readings(ingested(rows[:1500], rows[1500:]))
    assert 540 <= found["600 rows"].samples <= 600
    assert found["1h"].samples == 1500


def test_numbers_of_any_size_cost_nothing_but_themselves():
    rows = explaining(shop.records(1000))
    for row, value in zip(rows, ["1e400", "-1e308", "1e308", "NaN", "null", "{}", '"x"'] * 3, strict=False):
        row["attributions"]["size"] = f"@{value}@"
    text = shop.lines(rows).replace(b'"@', b"").replace(b'@"', b"").replace(b'\\"', b'"')
    engine = Engine(PLAN)
    decoder = NativeDecoder([PLAN.schema])
    for _, batch in [*decoder.feed(text), *decoder.flush()]:
        engine.ingest(batch, 1000.0)
    found = readings(engine)["1h"]
    assert found.samples > 990
    assert math.isnan(found.ndcg) or 0 <= found.ndcg <= 1
    assert scraped(engine)


def test_attributions_are_components_where_a_profile_declares_them():
    part = ComponentSpec("size_part", "attributions.size", role="output", dtype="float")
    spec = msgspec.structs.replace(SPEC, components=[*SPEC.components, part])
    planned = plan(built(spec), WINDOWS)
    moved = explaining(shop.records(2000, 5), (8.0, 2.0, 1.0, 0.5))
    body = scraped(ingested(moved, planned=planned))
    assert shop.value(body, "model_drift_score", component="size_part", statistic="psi", window="1h") > 0.1
    assert shop.value(body, "model_attribution_mean_absolute", feature="size", window="1h") == pytest.approx(8, rel=0.1)


def test_the_stated_series_are_those_of_a_full_window():
    full = families(ingested(explaining(shop.records(2000))))
    lines = sum(one.body.count("\n") for one in full if one.metric.name.startswith("model_attribution"))
    assert lines == 4 + 2 * (4 + 4)
    bare = plan(replace(shop.profile(), associations={}), WINDOWS)
    assert series(PLAN, watched=False) - series(bare, watched=False) == lines


def test_what_is_known_survives_a_restart_but_not_other_features(tmp_path):
    rows, turned = explaining(shop.records(1200)), list(FEATURES[::-1])
    other = built(msgspec.structs.replace(SPEC, attributions=turned))
    found = []
    for planned, part in ((PLAN, rows[:600]), (PLAN, rows[600:]), (plan(other, WINDOWS), ())):
        engine, store = Engine(planned), Store(tmp_path / "state.db")
        checkpoint, watch = Checkpoint(store), Watch(engine, planned.bank.start())
        checkpoint.resume(watch)
        for batch in shop.batches(planned.schema, part):
            engine.ingest(batch, 1000.0)
        checkpoint.commit([watch], {}, [])
        store.close()
        found.append(readings(engine)["1h"])
    whole = readings(ingested(rows))["1h"]
    assert (found[1].samples, found[2].samples) == (1200, 0)
    np.testing.assert_allclose(found[1].means, whole.means)


# -- the reference


def test_the_reference_holds_the_means_of_the_explained_rows_alone():
    rows = explaining(shop.records(2000))
    for row in rows[::3]:
        del row["attributions"]
    found = build(SPEC, columns_of(SPEC, shop.lines(rows).splitlines()), 1.0).attributions
    values = np.abs([[row["attributions"][name] for name in FEATURES] for row in rows if "attributions" in row])
    assert found.samples == len(values)
    np.testing.assert_allclose(found.means, values.mean(axis=0))
    np.testing.assert_allclose(found.errors, values.std(axis=0, ddof=1) / math.sqrt(len(values)))


def test_a_row_without_any_attribution_is_not_explained_and_one_that_is_missing_contributed_nothing():
    columns = np.array([[1.0, math.nan, math.nan], [-2.0, 3.0, math.nan]])
    assert [column.tolist() for column in explained(columns)] == [[1.0, 0.0], [2.0, 3.0]]


def test_a_profile_has_its_attributions_back_from_its_file():
    saved = load(dump(PROFILE))
    assert dump(saved) == dump(PROFILE)
    assert saved.attributions.features == FEATURES
    assert saved.attributions.means.tolist() == PROFILE.attributions.means.tolist()


@pytest.mark.parametrize(
    "damage",
    [
        {"features": ["size"]},
        {"means": [0.0] * 4},
        {"means": [-1.0, 1.0, 1.0, 1.0]},
        {"errors": []},
        {"samples": 3},
        {"features": ["size", "size", "open", "change"]},
        {"features": [], "means": [], "errors": []},
    ],
)
def test_attributions_that_cannot_be_are_refused(damage):
    file = json.loads(dump(PROFILE))
    file["attributions"] |= damage
    whole = msgspec.convert(file, model._File)
    with pytest.raises(ProfileError, match="attributions"):
        load(msgspec.json.encode(msgspec.structs.replace(whole, sha256=model._checksum(whole))))


def test_the_python_api_takes_attributions_as_a_table_or_a_stream_of_them():
    chance = np.random.default_rng(2)
    inputs = pd.DataFrame(chance.normal(size=(500, 2)), columns=["a", "b"])
    shap = inputs * [3.0, -1.0]
    components = [*(InputComponent(name, ElementExtractor(name)) for name in "ab"), OutputComponent("y")]
    data = {"output": inputs["a"].tolist()}
    whole, streamed = ModelProfile("m", "1", components), ModelProfile("m", "1", components)
    whole.build(inputs, **data, attributions=shap)
    parts = [slice(start, start + 100) for start in range(0, 500, 100)]
    tables = {"input": (inputs[part] for part in parts), "attributions": (shap[part] for part in parts)}
    streamed.build(output=iter(data["output"]), **tables)
    for one in (whole, streamed):
        found = one.profile.attributions
        assert found.features == ("a", "b")
        np.testing.assert_allclose(found.means, shap.abs().mean())
    with pytest.raises(ProfileError, match="rename the feature"):
        whole.build(inputs, **data, attributions=shap.rename(columns={"a": "a.b"}))


def test_features_are_inferred_from_the_log():
    spec = infer(explaining(shop.records(100)))
    assert spec.attributions == list(FEATURES)
    assert infer(shop.records(100)).attributions == []
    nested = [{"output": 1, "attributions": {"input": {"age": 1.0}, "x.y": 2.0, "text": "a"}}] * 3
    assert infer(nested).attributions == ["input.age"]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("[size, size]", "attributions[1]: size is declared twice"),
        ("[size, size.x]", "attributions[1]: size.x is declared twice, or is a part of another"),
        ("[a..b]", "attributions[0]: 'a..b' is not a path"),
        (f"[{', '.join(f'f{n}' for n in range(101))}]", "attributions: name up to 100 features"),
    ],
)
def test_features_that_cannot_be_are_named_with_their_line(tmp_path, written, said):
    path = tmp_path / "profile.yml"
    component = "{name: x, element: input.x, dtype: float}"
    path.write_text(f"name: m\nversion: '1'\ncomponents: [{component}]\nattributions: {written}\n")
    with pytest.raises(ConfigError) as raised:
        config.load_spec(str(path))
    assert said in str(raised.value)
    assert "profile.yml:4" in str(raised.value)


def test_a_reference_without_attributions_where_a_spec_has_features_is_no_reference():
    with pytest.raises(ProfileError, match="0 records of the reference carry attributions; it takes 30"):
        build(SPEC, columns_of(SPEC, shop.lines(shop.records(200)).splitlines()), 1.0)


@pytest.mark.slow
def test_attributions_that_a_client_logs_reach_the_metrics(tmp_path):
    site = Site(tmp_path, profile=PROFILE)
    with PredictionLog(site.log, model="shop", version="1.0.0") as log:
        for row in explaining(shop.records(600), MEANS[::-1]):
            log.prediction(row["id"], input=row["input"], output=row["output"], attributions=row["attributions"])
        with log.trace("last", input=row["input"]) as trace:
            trace.output = row["output"]
            trace.explain({"size": 1.0})
    with site.running() as app:
        found = until(app.addresses[0], lambda found: any(name == "model_attribution_ndcg" for name, _ in found))
    assert shop.value(found, "model_attribution_samples", window="1h") == 601
    assert shop.value(found, "model_attribution_ndcg_upper", window="1h") < 0.9
