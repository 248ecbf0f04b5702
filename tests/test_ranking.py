"""Scores of rankings: each held to another implementation, and from lists in a log to the metrics."""

import math
import random
import time

import msgspec
import numpy as np
import pytest
import running
import shop
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import label_ranking_average_precision_score, ndcg_score

from exporter import ModelProfile, flatten_jcr
from exporter.batch import Fault, Field, fault_counts
from exporter.engine import Engine
from exporter.exposition.negotiate import Format
from exporter.extractors import BUILTIN as EXTRACTORS
from exporter.extractors.ranking import Ranking
from exporter.extractors.relevance import Relevance
from exporter.plan import plan
from exporter.profile import ProfileSpec, build, columns_of, dump, load, observe
from exporter.profile.spec import ComponentSpec, field_of
from exporter.profile.values import extracted
from exporter.segments import Ranges, Segment
from exporter.windows import WindowSpec

law = settings(derandomize=True, deadline=None, max_examples=60)
few = settings(derandomize=True, deadline=None, max_examples=30)
CATALOGUE = range(12)
RANKINGS = st.lists(st.permutations(CATALOGUE).map(lambda items: items[:8]), min_size=1, max_size=8)
GAINS = st.dictionaries(st.sampled_from(CATALOGUE), st.integers(0, 5), max_size=6)
KS = st.integers(1, 8)
EVALS = ("ndcg_at_k", "average_precision_at_k", "reciprocal_rank", "hit_at_k", "precision_at_k", "recall_at_k")
OUTPUT = ComponentSpec("items", "output.items", extractor={"ranking": {"depth": 8}})
ACTUAL = ComponentSpec("bought", "actual.bought", extractor={"relevance": {}})


def scored(name, k, rankings, gains):
    """The score of each ranking, as profile and engine come by it."""
    bound = EXTRACTORS[name]("items", "bought", k).bind(field_of(OUTPUT, None), field_of(ACTUAL, None))
    return bound(extracted(OUTPUT, rankings), extracted(ACTUAL, gains))


def by_hand(name, k, items, gains):
    """The same of one ranking in plain loops; None where nothing was relevant."""
    relevant = {item for item, gain in gains.items() if gain > 0}
    if not relevant:
        return None
    hits = [place for place, item in enumerate(items[:k], 1) if item in relevant]
    precisions = [sum(other <= place for other in hits) / place for place in hits]
    return {
        "average_precision_at_k": sum(precisions) / min(k, len(relevant)),
        "reciprocal_rank": 1 / hits[0] if hits else 0.0,
        "hit_at_k": 1.0 if hits else 0.0,
        "precision_at_k": len(hits) / k,
        "recall_at_k": len(hits) / len(relevant),
        "ndcg_at_k": sum(gains.get(item, 0) / math.log2(place + 1) for place, item in enumerate(items[:k], 1))
        / sum(g / math.log2(at + 2) for at, g in enumerate(sorted(gains.values(), reverse=True)[:k])),
    }[name]


@pytest.mark.parametrize("name", EVALS)
@law
@given(RANKINGS, st.data(), KS)
def test_a_score_is_what_plain_loops_say(name, rankings, data, k):
    gains = [data.draw(GAINS) for _ in rankings]
    found = scored(name, k, rankings, gains).tolist()
    for value, items, wanted in zip(found, rankings, gains, strict=True):
        hand = by_hand(name, k, items, wanted)
        if hand is None:
            assert value == -Fault.MISSING or math.isnan(value)
        else:
            assert value == pytest.approx(hand, abs=1e-12)


@few
@given(RANKINGS, st.data(), KS)
def test_ndcg_is_scikit_learns(rankings, data, k):
    gains = [data.draw(GAINS.filter(lambda gains: any(gains.values()))) for _ in rankings]
    truth = np.array([[wanted.get(item, 0) for item in CATALOGUE] for wanted in gains])
    said = np.array([[-items.index(item) if item in items else -100 for item in CATALOGUE] for items in rankings])
    theirs = [ndcg_score(*pair, k=k, ignore_ties=True) for pair in zip(truth[:, None], said[:, None], strict=True)]
    np.testing.assert_allclose(scored("ndcg_at_k", k, rankings, gains), theirs, atol=1e-9)


@few
@given(st.lists(st.permutations(CATALOGUE[:8]), min_size=1, max_size=8), st.data())
def test_average_precision_and_reciprocal_rank_of_whole_rankings_are_scikit_learns(rankings, data):
    several = [data.draw(st.sets(st.sampled_from(CATALOGUE[:8]), min_size=1)) for _ in rankings]
    said = np.array([[-items.index(item) for item in CATALOGUE[:8]] for items in rankings])
    for name, wanted in (("average_precision_at_k", several), ("reciprocal_rank", [{min(one)} for one in several])):
        truth = np.array([[item in one for item in CATALOGUE[:8]] for one in wanted])
        theirs = [
            label_ranking_average_precision_score(*pair) for pair in zip(truth[:, None], said[:, None], strict=True)
        ]
        found = scored(name, 8, rankings, [list(one) for one in wanted])
        np.testing.assert_allclose(found, theirs, atol=1e-9)


def test_many_rankings_at_once_have_the_scores_of_each_alone(monkeypatch):
    chance = random.Random(3)
    rankings = [chance.sample(CATALOGUE, 8) for _ in range(300)]
    gains = [dict.fromkeys(chance.sample(CATALOGUE, 3), 1) for _ in rankings]
    whole = scored("ndcg_at_k", 8, rankings, gains)
    monkeypatch.setattr("exporter.extractors.relevant.PAIRS", 100)
    np.testing.assert_allclose(scored("ndcg_at_k", 8, rankings, gains), whole, atol=1e-12)


@pytest.mark.parametrize(
    ("items", "wanted"),
    [
        (["a", "b", "a", "c"], [4, "a", "b", None, "c"]),
        ({"a": 0.1, "b": 0.7, "c": 0.1}, [3, "b", "a", "c"]),
        ([3, "3", 3.0, 4.5], [4, "3", None, None, "4.5"]),
        (np.array([3, 4]), [2, "3", "4"]),
        ([], [0]),
    ],
)
def test_a_ranking_is_read_from_lists_and_scores(items, wanted):
    empty = [None] * (9 - len(wanted))
    texts = [wanted[0], *wanted[1:], *empty]
    number = {text: Ranking(1).row([text])[1] for text in texts[1:] if text is not None}
    found = Ranking(8).row(items)
    assert [found[0], *(None if math.isnan(one) else one for one in found[1:])] == [
        wanted[0],
        *(None if text is None else number[text] for text in texts[1:]),
    ]
    assert Ranking(8).extract(items) == wanted[0]


@pytest.mark.parametrize("datum", ["abc", 7, [["a"]], [None], [True], {"a": "much"}, {"a": math.nan}, [math.nan]])
@pytest.mark.parametrize("extractor", [Ranking(), Relevance()])
def test_what_is_no_list_of_items_is_a_fault_of_its_own_row(extractor, datum):
    with pytest.raises(ValueError, match=r"item|items"):
        extractor.row(datum)
    spec = OUTPUT if isinstance(extractor, Ranking) else ACTUAL
    column = extracted(spec, [["a"], datum, None])
    assert column.shape == (3, spec.data_extractor().width)
    assert column[0, 0] == 1
    assert fault_counts(column[:, 0].copy()) == (1, 0, 1, 0)


def test_gains_are_not_negative_and_not_more_than_fit():
    with pytest.raises(ValueError, match="a gain is 0 or more"):
        Relevance().row({"a": -1})
    with pytest.raises(ValueError, match="3 items are relevant, and `most` is 2"):
        Relevance(2).row(["a", "b", "c"])
    assert Relevance(2).row({"a": 1, "b": 0, "c": 2})[0] == 2


@pytest.mark.parametrize(
    ("output", "actual", "message"),
    [
        ({"ranking": {"depth": 4}}, {"relevance": {}}, "needs a component of ranking with a depth of 5"),
        ({"relevance": {}}, {"relevance": {}}, "needs a component of ranking with a depth of 5"),
        ({"ranking": {}}, {"ranking": {}}, "needs a component of relevance"),
        ({"ranking": {}}, None, "needs a component of relevance"),
    ],
)
def test_components_that_hold_no_ranking_are_refused(output, actual, message):
    fields = [
        Field("x", role, f"{role}.x") if one is None else field_of(ComponentSpec("x", f"{role}.x", extractor=one), None)
        for role, one in (("output", output), ("actual", actual))
    ]
    with pytest.raises(ValueError, match=message):
        EXTRACTORS["recall_at_k"]("x", "x", 5).bind(*fields)


def test_a_list_that_comes_after_the_rest_of_its_actual_is_awaited_and_not_missing():
    rating = {"name": "rating", "element": "actual.rating", "dtype": "float"}
    spec = msgspec.convert(SPEC | {"components": [*SPEC["components"], rating]}, ProfileSpec)
    rows = [row | {"actual": row["actual"] | {"rating": 3.0 + at % 2}} for at, row in enumerate(records(200, seed=3))]
    made = Engine(plan(build(spec, columns_of(spec, shop.lines(rows).splitlines()), 0.0), (WindowSpec("1h", 3600.0),)))
    predictions, actuals = split(rows)
    parts = [[row | {"actual": {name: row["actual"][name]}} for row in actuals] for name in ("rating", "bought")]
    for part, known in zip(([*predictions, *parts[0]], parts[1]), (0, 200), strict=True):
        for batch in shop.batches(made.plan.schema, part):
            made.ingest(batch, 1000.0)
        found = {c.spec.key: s for c, s in zip(made.plan.outcome_components, made.state.outcomes.total, strict=True)}
        assert [found[key].presence.rows for key in (("actual", "bought"), ("eval", "ndcg_at_k"))] == [known, known]
        assert found["actual", "rating"].n == 200
    (window,) = made.state.outcomes.windows(1000.0).values()
    for score in made.plan.scores:
        value = score.score.measure(*(window[i] for i in score.components)).value
        assert value == pytest.approx(means(rows)[score.name], abs=1e-9)


def test_lists_that_no_page_holds_are_refused_with_what_to_do():
    lists = [
        {"name": f"bought{i}", "element": "actual.bought", "extractor": {"relevance": {"most": 100}}} for i in range(3)
    ]
    spec = msgspec.convert(SPEC | {"components": [*SPEC["components"], *lists]}, ProfileSpec)
    built = build(spec, columns_of(spec, shop.lines(list(records(60))).splitlines()), 0.0)
    with pytest.raises(ValueError, match=r"bytes would be kept of each prediction .* lower `depth` and `most`"):
        plan(built, ())


# -- from the log


SPEC = {
    "name": "shelf",
    "version": "1",
    "components": [
        {"name": "user", "element": "input.user", "dtype": "category"},
        {"name": "items", "element": "output.items", "extractor": {"ranking": {"depth": 8}}},
        {"name": "bought", "element": "actual.bought", "extractor": {"relevance": {"most": 5}}},
        *(
            {"name": name, "role": "eval", "extractor": {name: {"output": "items", "actual": "bought", "k": 5}}}
            for name in EVALS
        ),
    ],
    "scores": [
        {"name": "ndcg_at_k", "input": "ndcg_at_k"},
        {"name": "mean_average_precision_at_k", "input": "average_precision_at_k"},
        {"name": "mean_reciprocal_rank", "input": "reciprocal_rank"},
        {"name": "hit_rate", "input": "hit_at_k"},
        {"name": "precision_at_k", "input": "precision_at_k"},
        {"name": "recall_at_k", "input": "recall_at_k"},
    ],
}
KINDS = dict(zip((score["name"] for score in SPEC["scores"]), EVALS, strict=True))


def records(count, seed=1):
    chance = random.Random(seed)
    for number in range(count):
        items = chance.sample(CATALOGUE, 8)
        bought = {str(item): chance.randint(1, 3) for item in chance.sample(CATALOGUE, chance.randint(1, 4))}
        yield {
            "id": str(number),
            "input": {"user": chance.choice("ab")},
            "output": {"items": items},
            "actual": {"bought": bought if number % 3 else list(bought)},
        }


def profile():
    spec = msgspec.convert(SPEC, ProfileSpec)
    return load(dump(build(spec, columns_of(spec, shop.lines(list(records(400))).splitlines()), 0.0)))


def means(some):
    """What scores are of records, by plain loops."""
    rows = list(some)
    gains = [
        {int(i): 1 for i in row["actual"]["bought"]}
        if isinstance(row["actual"]["bought"], list)
        else {int(i): gain for i, gain in row["actual"]["bought"].items()}
        for row in rows
    ]
    pairs = list(zip((row["output"]["items"] for row in rows), gains, strict=True))
    return {name: np.mean([by_hand(kind, 5, *pair) for pair in pairs]) for name, kind in KINDS.items()}


def split(rows):
    return [{key: part for key, part in row.items() if key != "actual"} for row in rows], [
        {"id": row["id"], "actual": row["actual"]} for row in rows
    ]


def test_the_reference_and_the_windows_have_the_scores_of_the_log_whenever_actuals_come():
    built, rows = profile(), list(records(300, seed=2))
    for name, value in means(records(400)).items():
        assert next(s for s in built.scores if s.spec.name == name).reference == pytest.approx(value, abs=1e-9)
    predictions, actuals = split(rows)
    wrong = [row | {"actual": {"bought": ["0"]}} for row in actuals[:50]]
    revised = [row | {"revision": 1} for row in actuals[:50]]
    for log in (rows, [*predictions, *actuals], [*actuals, *predictions], [*predictions, *wrong, *actuals, *revised]):
        made = Engine(plan(built, [WindowSpec("1h", 3600.0), WindowSpec("1000 rows", rows=1000)]))
        for batch in shop.batches(made.plan.schema, log):
            made.ingest(batch, 1000.0)
        for window in made.state.outcomes.windows(1000.0).values():
            for score in made.plan.scores:
                found = score.score.measure(*(window[i] for i in score.components))
                assert found.value == pytest.approx(means(rows)[score.name], abs=1e-9)
                assert found.lower < found.value < found.upper
        counts = [summary.moments.mean for summary in made.state.outcomes.total[:1]]
        assert counts[0] == pytest.approx(np.mean([len(row["actual"]["bought"]) for row in rows]), abs=0.2)


def test_other_data_are_observed_with_the_same_scores():
    rows = list(records(150, seed=8))
    spec = msgspec.convert(SPEC, ProfileSpec)
    found = observe(profile(), columns_of(spec, shop.lines(rows).splitlines()), 0.0)
    assert {score.spec.name: score.reference for score in found.scores} == pytest.approx(means(rows), abs=1e-9)


def test_a_segment_is_cut_by_how_many_items_there_are():
    rows = [row | {"output": {"items": row["output"]["items"][: 2 + at % 5]}} for at, row in enumerate(records(100))]
    segments = (Segment("length", (Ranges("output.items", (4.0,)),)),)
    made = Engine(plan(profile(), [WindowSpec("1h", 3600.0)], segments=segments))
    for batch in shop.batches(made.plan.schema, rows):
        made.ingest(batch, 1000.0)
    assert {label: one.count for label, one in made.state.segments[0].items()} == {"<4": 40, ">=4": 60}


def test_rankings_that_wait_survive_a_restart(tmp_path):
    site = running.Site(tmp_path, "", profile())
    site.config.write_text(site.config.read_text() + "state: state.db\n")
    rows = list(records(600, seed=5))
    predictions, actuals = split(rows)
    site.append(predictions)
    with site.running() as app:
        running.until(app.addresses[0], lambda found: shop.value(found, "model_predictions_total") == 600)
    site.append(actuals)
    with site.running() as app:
        running.until(app.addresses[0], lambda found: shop.value(found, "model_actuals_total") == 600)
        app._fleet.evaluate(time.time())
        text = app._fleet.metrics(Format.TEXT)
    found = shop.read(text)
    for name, value in means(rows).items():
        assert shop.value(found, "model_score", score=name, window="1h") == pytest.approx(value, abs=1e-9)


def test_single_rankings_and_batches_are_judged_in_python_as_in_the_log(tmp_path):
    built, rows = profile(), list(records(60, seed=7))
    path = tmp_path / "shelf@1.json"
    path.write_bytes(dump(built))
    model = ModelProfile.load(path)
    for row, gain in zip(rows, scored("ndcg_at_k", 5, *columns(rows)).tolist(), strict=True):
        found = flatten_jcr(model.validate_eval(row["output"], row["actual"]))
        assert found["ndcg_at_k"] == pytest.approx(gain, abs=1e-12)
        assert flatten_jcr(model.validate_output(row["output"])) == {"items": 8.0}
    assert model.validate_outputs([row["output"] for row in rows])
    assert "items-error" in str(model.validate_output({"items": "none"}))


def columns(rows):
    gains = [row["actual"]["bought"] for row in rows]
    return [row["output"]["items"] for row in rows], gains
