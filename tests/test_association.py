"""How closely inputs and output go together: against scipy, by chance alone, and where a relation breaks unseen."""

import json
import math
import random
from dataclasses import replace
from functools import reduce
from itertools import pairwise
from operator import add

import msgspec
import numpy as np
import pytest
import shop
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from exporter.app.budget import series
from exporter.attributions import associated
from exporter.engine import Engine
from exporter.evaluate import evaluate
from exporter.exposition.families import ModelLines
from exporter.plan import plan
from exporter.profile import ProfileError, dump, load, model
from exporter.profile.association import LEVELS, Pairing, Side
from exporter.state import Checkpoint, Store, Watch
from exporter.windows import WindowSpec

HOUR = (WindowSpec("1h", 3600.0),)
PLAN = plan(shop.profile(), HOUR)
law = settings(derandomize=True, deadline=None, max_examples=20)


NUMBERS = Side(0, 0.5, 2.0), Side(0, 1.0, 3.0)


def strength(x, y, sides=NUMBERS):
    pairs = Pairing(("x",), sides[:1], sides[1], "y")
    (found,) = pairs.strengths(pairs.measure().of(pairs.lay_out([x, y])).sums)
    return found


def less_chance(explained, rows, groups):
    return math.sqrt(max(1 - (1 - explained) * (rows - 1) / (rows - groups), 0))


# -- against scipy


@law
@given(seed=st.integers(0, 1000), slope=st.floats(-1, 1))
def test_of_two_numbers_it_is_their_correlation_less_chance(seed, slope):
    x, noise = np.random.default_rng(seed).uniform(-3, 3, (2, 700))
    expected = stats.pearsonr(x, slope * x + noise).statistic
    assert strength(x, slope * x + noise) == pytest.approx(less_chance(expected**2, 700, 2), abs=1e-9)


@law
@given(seed=st.integers(0, 1000), apart=st.floats(0, 2))
def test_of_a_number_and_categories_it_is_the_correlation_ratio_less_chance(seed, apart):
    chance = np.random.default_rng(seed)
    codes = chance.integers(0, 3, 900).astype(np.int32)
    x = chance.uniform(-2, 2, 900) + apart * codes
    found = stats.f_oneway(*(x[codes == code] for code in range(3))).statistic
    ratio = found * 2 / (found * 2 + 897)
    expected = pytest.approx(less_chance(ratio, 900, 3), abs=1e-9)
    sides = Side(0, 1.0, 2.0), Side(4)
    assert strength(x, codes, sides) == expected
    assert strength(codes, x, sides[::-1]) == expected


@law
@given(seed=st.integers(0, 1000), share=st.floats(0, 1))
def test_of_two_categories_it_is_cramers_v_as_bergsma_corrects_it(seed, share):
    chance = np.random.default_rng(seed)
    x = chance.integers(0, 4, 800).astype(np.int32)
    y = np.where(chance.random(800) < share, x % 3, chance.integers(0, 3, 800)).astype(np.int32)
    table = stats.contingency.crosstab(x, y).count
    phi = stats.chi2_contingency(table, correction=False).statistic / 800
    rows, columns = 4 - 9 / 799, 3 - 4 / 799
    expected = math.sqrt(max(phi - 6 / 799, 0) / min(rows - 1, columns - 1))
    assert strength(x, y, (Side(5), Side(4))) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("sides", [(Side(0), Side(0)), (Side(0), Side(4)), (Side(4), Side(0)), (Side(4), Side(4))])
def test_what_is_independent_hardly_ever_seems_to_go_together(sides):
    def drawn(chance, side):
        return chance.integers(0, 3, 500).astype(np.int32) if side.categories else chance.normal(size=500)

    found = []
    for seed in range(200):
        chance = np.random.default_rng(seed)
        found.append(strength(drawn(chance, sides[0]), drawn(chance, sides[1]), sides))
    assert np.mean(np.array(found) > 0.1) < 0.05
    assert np.mean(found) < 0.04


# -- sums


@law
@given(seed=st.integers(0, 100), places=st.lists(st.integers(0, 3000), max_size=4))
def test_sums_add_up_however_the_rows_were_cut_and_leave_out_what_is_missing(seed, places):
    chance = np.random.default_rng(seed)
    x, z, y = chance.normal(size=(3, 3000))
    x[chance.random(3000) < 0.3], y[chance.random(3000) < 0.1] = math.nan, math.nan
    codes = np.where(chance.random(3000) < 0.2, -1, z > 0).astype(np.int32)
    pairs = Pairing(("x", "c"), (Side(0), Side(3)), Side(0), "y")
    measure, rows = pairs.measure(), pairs.lay_out([x, codes, y])
    cuts = pairwise([0, *sorted(places), 3000])
    summed = reduce(add, (measure.of(rows[start:end]) for start, end in cuts), measure.empty())
    np.testing.assert_allclose(summed.sums, measure.of(rows).sums, atol=1e-9)
    both = ~np.isnan(x) & ~np.isnan(y)
    np.testing.assert_allclose(pairs.strengths(summed.sums)[0], strength(x[both], y[both], (Side(0), Side(0))))


def test_what_never_moves_is_infinite_or_is_rare_is_no_error():
    flat, moving = np.full(600, 7.0), np.random.default_rng(1).normal(size=600)
    assert math.isnan(strength(flat, moving, (Side(0), Side(0))))
    assert math.isnan(strength(moving, np.zeros(600, np.int32), (Side(0), Side(3))))
    assert math.isnan(strength(np.zeros(600, np.int32), np.ones(600, np.int32), (Side(3), Side(3))))
    assert math.isnan(strength(moving[:499], moving[:499]))
    assert math.isnan(strength(moving * math.nan, moving))
    assert 0 <= strength(np.where(moving > 1, math.inf, moving), moving) <= 1
    many = np.arange(600, dtype=np.int32)
    assert 0 <= strength(many, moving, (Side(LEVELS + 1), Side(0))) <= 1


# -- in the engine


def ingested(rows, planned=PLAN, size=10_000):
    engine = Engine(planned)
    parts = [rows[start : start + size] for start in range(0, len(rows), size)]
    for batch in shop.batches(planned.schema, *parts):
        engine.ingest(batch, 1000.0)
    return engine


def strengths(engine):
    (reading,) = associated(engine.plan, engine.state.associations.windows(1000.0))
    return dict(zip(engine.plan.associations.pairing.inputs, reading.strengths, strict=True))


def scraped(engine):
    state = engine.state
    found = evaluate(engine.plan, state.predictions.windows(1000.0), state.outcomes.windows(1000.0))
    found = replace(found, associations=tuple(associated(engine.plan, state.associations.windows(1000.0))))
    families = list(ModelLines(engine.plan).families(state, found))
    return shop.read("".join(family.body for family in families).encode()), families


def test_an_input_that_the_output_no_longer_follows_is_seen_where_no_distribution_has_changed():
    sound, _ = scraped(ingested(shop.records(3000, 5)))
    rows, chance = shop.records(3000, 5), random.Random(1)
    prices = [row["output"]["price"] for row in rows]
    chance.shuffle(prices)
    for row, price in zip(rows, prices, strict=True):
        row["output"]["price"] = price
    broken, _ = scraped(ingested(rows))
    output = {"component": "price", "role": "output", "statistic": "psi"}
    for found in (sound, broken):
        assert shop.value(found, "model_association_reference", component="size") == pytest.approx(1, abs=0.01)
        assert shop.value(found, "model_drift_score", **output, window="1h") < 0.1
        assert shop.value(found, "model_association", component="change", window="1h") < 0.15
    assert shop.value(sound, "model_association", component="size", window="1h") == pytest.approx(1, abs=0.01)
    assert shop.value(broken, "model_association", component="size", window="1h") < 0.15


def test_one_prediction_in_four_is_looked_at_however_the_log_was_cut_and_few_say_nothing():
    assert all(math.isnan(value) for value in strengths(ingested(shop.records(1996))).values())
    whole = strengths(ingested(shop.records(2000)))
    assert whole["size"] > 0.9
    assert strengths(ingested(shop.records(2000), size=7)) == pytest.approx(whole)


def test_where_attributions_are_logged_there_is_no_proxy():
    explained = msgspec.structs.replace(shop.SPEC, attributions=["size"])
    planned = plan(shop.built(explained), HOUR)
    assert planned.associations is None
    engine = ingested(shop.records(700), planned)
    assert not [name for name, _ in scraped(engine)[0] if "association" in name]
    outputless = [one for one in shop.SPEC.components if one.resolved_role == "input"]
    bare = plan(shop.built(msgspec.structs.replace(shop.SPEC, components=outputless, scores=[])), HOUR)
    assert bare.associations is None
    assert ingested(shop.records(700), bare).state.count == 700


def test_the_stated_series_are_those_of_a_full_window():
    _, families = scraped(ingested(shop.records(2000)))
    lines = sum(one.body.count("\n") for one in families if "association" in one.metric.name)
    bare = plan(replace(shop.profile(), associations={}), HOUR)
    assert lines == 4 + 4
    assert series(PLAN, watched=False) - series(bare, watched=False) == lines


def test_sums_go_on_after_a_restart(tmp_path):
    rows, found = shop.records(2400), []
    for part in (rows[:501], rows[501:]):
        store = Store(tmp_path / "state.db")
        engine, checkpoint = Engine(PLAN), Checkpoint(store)
        watch = Watch(engine, PLAN.bank.start())
        checkpoint.resume(watch)
        for batch in shop.batches(PLAN.schema, part):
            engine.ingest(batch, 1000.0)
        checkpoint.commit([watch], {}, [])
        store.close()
        found.append(strengths(engine))
    assert found[1] == pytest.approx(strengths(ingested(rows)))


def test_a_profile_has_its_associations_back_from_its_file():
    saved = load(dump(shop.profile()))
    assert dict(saved.associations) == dict(shop.profile().associations)
    few = replace(shop.profile(), associations={"size": math.nan})
    assert math.isnan(load(dump(few)).associations["size"])
    file = json.loads(dump(saved)) | {"associations": {"size": 1.5}}
    with pytest.raises(ProfileError, match="associations"):
        load(json.dumps(file).encode())
    assert model.load(dump(saved)).associations["size"] > 0.99
