"""The goals of the alarm, on a small part of what `make calibration` measures."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent / "calibration"))

import alerts
import drift
import others
import peers_themselves
import statistic_table
import through_log

PEERS = Path(__file__).parent / "fixtures" / "peers.json"
EVIDENTLY = [one for one in json.loads(PEERS.read_text(encoding="utf-8")) if one["peer"] == "evidently"]
GRID = [
    (name, n)
    for name in ("mean by 0.25 sd", "mean by 0.5 sd", "sd by 1.2", "category by 10 points")
    for n in (500, 3_000)
]


@pytest.mark.slow
def test_nothing_is_found_where_nothing_has_changed():
    """Of 600 windows of 20 columns; at the stated rate there would be 0.06 alarms."""
    rng, alarms = np.random.default_rng(3), 0
    for _ in range(4):
        watch = drift.Watch(rng, drift.COLUMNS, 10_000)
        for _ in range(150):
            drawn = [drift.capped(column, column.draw(rng, 500)) for column in drift.COLUMNS]
            alarms += int(watch.step(drawn).any())
    assert alarms == 0


@pytest.mark.slow
@pytest.mark.parametrize(("name", "n"), GRID)
def test_a_change_is_found_in_time_and_its_alarm_ends_in_time(name, n):
    column, changed, goals = drift.CHANGES[name]
    found, ended = drift._delay(np.random.default_rng(n), column, changed, n)
    assert None not in found
    assert np.mean(found) <= 1.2 * goals[list(drift.CAPS).index(n)] + 0.5
    assert np.median(ended) <= 3


@pytest.mark.slow
def test_what_happens_to_a_simulated_model_is_told_of_it_and_of_no_other(tmp_path):
    """What docs/alerts.md measures in weeks of twenty models, on a day of two."""
    noon = alerts.START + alerts.DAY / 2
    models = [alerts.Model("quiet", 8_000), alerts.Model("loud", 8_000, fault=alerts.missing_column, onset=noon)]
    fired, others_say = alerts.lived(models, tmp_path, 1, alerts.LOUD_STEP, alerts.STEP)
    told = {one.name: one for one in reversed(fired)}
    assert {one.model for one in fired} == {"loud"}
    assert {"ModelComponentBroken", "ModelComponentMissing"} <= told.keys()
    assert dict(told["ModelComponentBroken"].labels)["component"] == "n2"
    assert 0 < told["ModelComponentBroken"].time - noon <= 20 * alerts.MINUTE
    assert others_say["all", "days"] == 2
    assert next(alerts.noise(fired, others_say, 2)).startswith("| rule | alerts |")


@pytest.mark.slow
def test_records_in_a_log_have_the_evidence_of_their_columns(tmp_path):
    """What docs/calibration.md measures on columns is what the exporter says of a log."""
    evidence, alarms = through_log.compared(tmp_path)
    np.testing.assert_allclose(evidence[0], evidence[1], rtol=0, atol=1e-9)
    np.testing.assert_array_equal(alarms[0], alarms[1])
    assert 3 <= alarms[0].sum() <= len(alarms[0]) // 2
    assert len(set(evidence[0].tolist())) >= 5


@pytest.mark.parametrize("said", EVIDENTLY, ids=lambda said: f"{said['shape']} {said['sizes']}")
def test_the_rule_of_evidently_is_what_evidently_itself_says(said):
    """The fixture is what Evidently 0.7.23 said, see `tests/calibration/peers_themselves.py`."""
    (reference, levels), (window, _) = (
        peers_themselves.drawn(said["shape"], rows, other) for other, rows in enumerate(said["sizes"])
    )
    value, drifted = others.evidently_default(reference, window, levels)
    assert value == pytest.approx(said["value"], rel=1e-9, abs=1e-12)
    assert drifted == said["drifted"]


def test_the_page_of_the_statistics_is_what_their_table_says():
    """`make docs` writes it."""
    assert statistic_table.PAGE.read_text(encoding="utf-8") == statistic_table.page()
