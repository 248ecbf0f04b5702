"""Fairness between groups: against Fairlearn and scikit-learn, and intervals against simulated truth."""

import math
from collections import Counter

import fairlearn.metrics as fairlearn
import numpy as np
import pytest
import shop
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import precision_score

from exporter.engine import Engine
from exporter.fairness import ALL, DIFFERENCES, METRICS, Group, Rate, against, katz, newcombe, overall
from exporter.plan import plan
from exporter.profile import build, columns_of
from exporter.segments import Fairness, Segment, Tag
from exporter.slicing import sliced
from exporter.windows import WindowSpec

HOUR = (WindowSpec("1h", 3600.0),)


def segment(reference=None):
    return (Segment("sex", (Tag("tags.sex"),), fairness=Fairness(reference)),)


def people(rates, seed=1, rows=400):
    """Rows by group, of which `rates` are the shares of the truly positive and of the wrongly judged."""
    chance, found = np.random.default_rng(seed), []
    for group, (positive, wrong) in rates.items():
        for row in shop.records(rows):
            truth = chance.random() < positive
            claim = truth ^ (chance.random() < wrong)
            output, actual = (
                row[role] | {"sold": "yes" if said else "no"} for role, said in (("output", claim), ("actual", truth))
            )
            found.append(row | {"id": None, "tags": {"sex": group}, "output": output, "actual": actual})
    return found


def read(rows, reference=None):
    engine = Engine(plan(shop.profile(), HOUR, segments=segment(reference)))
    for batch in shop.batches(engine.plan.schema, rows):
        engine.ingest(batch, 1000.0)
    found = sliced(engine.plan, engine.state.segments, 1000.0, Counter()).disparities
    return {(one.metric, one.group): one for one in found}


def arrays(rows):
    columns = [[row[role]["sold"] == "yes" for row in rows] for role in ("actual", "output")]
    return (*(np.array(column) for column in columns), np.array([row["tags"]["sex"] for row in rows]))


@pytest.mark.parametrize("seed", range(5))
def test_the_worst_of_any_two_groups_is_what_fairlearn_says(seed):
    rows = people({"f": (0.5, 0.1), "m": (0.4, 0.2), "x": (0.3, 0.05)}, seed)
    truth, claim, sex = arrays(rows)
    found = {metric: found.value for (metric, group), found in read(rows).items() if group == ALL}
    assert found.keys() == set(METRICS)
    ours = {"sensitive_features": sex}
    assert found["demographic_parity_difference"] == pytest.approx(
        fairlearn.demographic_parity_difference(truth, claim, **ours)
    )
    assert found["demographic_parity_ratio"] == pytest.approx(fairlearn.demographic_parity_ratio(truth, claim, **ours))
    assert found["equalized_odds_difference"] == pytest.approx(
        fairlearn.equalized_odds_difference(truth, claim, **ours)
    )
    assert found["equal_opportunity_difference"] == pytest.approx(
        fairlearn.equal_opportunity_difference(truth, claim, **ours)
    )
    for metric, score in (
        ("predictive_parity_difference", precision_score),
        ("error_rate_difference", lambda true, said: np.mean(true != said)),
        ("false_positive_rate_difference", fairlearn.false_positive_rate),
    ):
        frame = fairlearn.MetricFrame(metrics=score, y_true=truth, y_pred=claim, **ours)
        assert found[metric] == pytest.approx(frame.difference())


def test_a_group_is_held_against_the_rest_or_against_the_reference_group():
    rows = people({"f": (0.5, 0.1), "m": (0.4, 0.2), "x": (0.3, 0.05)})
    _, claim, sex = arrays(rows)
    rate = {group: claim[sex == group].mean() for group in "fmx"}
    rest, reference = read(rows), read(rows, "m")
    metric = "demographic_parity_difference"
    assert rest[metric, "f"].value == pytest.approx(rate["f"] - claim[sex != "f"].mean())
    assert reference[metric, "f"].value == pytest.approx(rate["f"] - rate["m"])
    assert (metric, "m") not in reference
    assert reference["demographic_parity_ratio", "x"].value == pytest.approx(rate["x"] / rate["m"])
    assert rest[metric, "f"].samples == 400


def test_small_groups_missing_ones_and_rare_denominators_say_nothing():
    rows = people({"f": (0.5, 0.1), "m": (0.4, 0.2)}) + people({"few": (0.5, 0.1)}, rows=99)
    rows += people({None: (0.9, 0.1)}) + people({"never": (0.0, 0.0)})
    found = read(rows)
    assert {group for _, group in found} == {"f", "m", "never", ALL}
    assert math.isnan(found["equal_opportunity_difference", "never"].value)
    assert math.isnan(found["demographic_parity_ratio", "never"].value)
    assert found["demographic_parity_difference", "never"].value < 0
    assert math.isnan(found["equal_opportunity_difference", ALL].value)


def test_labels_that_are_late_leave_parity_known_and_the_rest_open():
    rows = [{k: v for k, v in row.items() if k != "actual"} for row in people({"f": (0.5, 0.1), "m": (0.4, 0.2)})]
    found = read(rows)
    assert not math.isnan(found["demographic_parity_difference", "f"].value)
    assert math.isnan(found["equal_opportunity_difference", "f"].value)


cells = st.builds(Group, *[st.integers(0, 400)] * 6).filter(lambda group: group.selected <= group.rows)


@given(one=cells, other=cells)
def test_every_value_is_in_its_interval_and_in_its_range(one, other):
    for metric, value, lower, upper in against(one, other):
        if math.isnan(value):
            assert math.isnan(lower)
            continue
        least, most = (0.0, math.inf) if metric.endswith("ratio") else (-1.0, 1.0)
        assert least <= value <= most
        assert math.isnan(lower) or lower <= value + 1e-12 <= upper + 2e-12
    for _, value in overall([one, other]):
        assert math.isnan(value) or 0 <= value <= 1


@pytest.mark.parametrize(("interval", "truth"), [(newcombe, 0.2), (katz, 1.5)])
@pytest.mark.parametrize("rows", [100, 1000])
def test_intervals_hold_the_truth_in_93_to_98_of_100_simulations(interval, truth, rows):
    chance, held = np.random.default_rng(rows), 0
    for one, other in zip(
        chance.binomial(rows, 0.6, 2000).tolist(), chance.binomial(rows, 0.4, 2000).tolist(), strict=True
    ):
        low, high = interval(Rate(one, rows), Rate(other, rows))
        held += low <= truth <= high
    assert 0.93 <= held / 2000 <= 0.98


def test_a_profile_without_a_binary_output_cannot_be_asked_for_fairness():
    spec = shop.SPEC
    parts = [part for part in spec.components if "classification_error_type" not in (part.extractor or {})]
    scores = [score for score in spec.scores if score.input != "cell"]
    plain = type(spec)(spec.name, spec.version, parts, scores)
    profile = build(plain, columns_of(plain, shop.lines(shop.records(500)).splitlines()), 0.0)
    with pytest.raises(ValueError, match="segment sex: fairness needs an output that is a category"):
        plan(profile, HOUR, segments=segment())


def test_every_difference_has_a_rate():
    assert all(Group().rate(name) == Rate(0, 0) for name in DIFFERENCES.values())
