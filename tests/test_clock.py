"""Clocks that are set while the exporter runs: what it says, and what windows, alarms and waiting predictions see."""

import time

import numpy as np
import pytest
import shop
from running import Site, until
from shop import value

from exporter import catalog
from exporter.app.clock import BELIEVED_SECONDS, Clock
from exporter.app.fleet import Fleet
from exporter.telemetry import Telemetry
from exporter.windows import Stream, WindowSpec

HOUR, YEAR = 3600.0, 365 * 86_400.0


class Machine:
    """A clock that anybody can set, and the time since boot, which goes on."""

    def __init__(self):
        self.elapsed, self.ahead = 500.0, 1.7e9
        self.telemetry = Telemetry()
        self.clock = Clock(self.telemetry, lambda: self.elapsed + self.ahead, lambda: self.elapsed)

    def after(self, seconds, jump=0.0):
        """The time that the exporter takes it for, seconds later, when the clock was set too."""
        self.elapsed += seconds
        self.ahead += jump
        return self.clock.now()

    @property
    def jumps(self):
        return self.telemetry.snapshot()[catalog.CLOCK_JUMPS.name, ()]


def test_a_clock_that_wanders_is_followed():
    machine = Machine()
    for _ in range(100):
        assert machine.after(10.0, 0.5) == machine.elapsed + machine.ahead
    assert machine.jumps == 0


@pytest.mark.parametrize("jump", [-YEAR, -15.0, 15.0, YEAR])
def test_a_jump_that_is_put_right_within_a_minute_is_not_taken(jump, caplog):
    machine = Machine()
    before = machine.after(1.0)
    assert machine.after(1.0, jump) == pytest.approx(before + 1)
    assert machine.after(BELIEVED_SECONDS - 2) == pytest.approx(before + BELIEVED_SECONDS - 1)
    assert machine.after(1.0, -jump) == pytest.approx(before + BELIEVED_SECONDS)
    assert machine.jumps == 1
    assert caplog.text.count("the clock has jumped by") == 1


@pytest.mark.parametrize("jump", [-YEAR, YEAR])
def test_a_jump_that_stays_is_taken_after_a_minute(jump):
    machine = Machine()
    before = machine.after(1.0)
    machine.after(1.0, jump)
    assert machine.after(BELIEVED_SECONDS + 1) == pytest.approx(before + BELIEVED_SECONDS + 2 + jump)
    assert machine.jumps == 1


def test_windows_go_on_when_the_clock_was_put_back():
    plan = shop.planned()
    windows = [WindowSpec("1h", seconds=HOUR), WindowSpec("1h vs previous", seconds=HOUR)]
    measures = [component.measure for component in plan.prediction_components]
    columns = [np.zeros(10, np.float64 if measure.grid is not None else np.int32) for measure in measures]
    stream = Stream.of(measures, windows)
    now = 1.7e9
    for moment in (now - 60, now + YEAR, now + YEAR + 60, now, now + 60):
        stream = stream.add(columns, moment, None)
    assert stream.windows(now + 60)["1h"][0].presence.rows == 40
    for moment in range(1, 4):
        stream = stream.add(columns, now + 2 * HOUR + moment, None)
    assert stream.windows(now + 2 * HOUR + 60)["1h"][0].presence.rows == 30
    assert stream.windows(now + 3 * HOUR + 300)["1h"][0].presence.rows == 0
    assert stream.total[0].presence.rows == 80


def test_evidence_goes_on_when_the_clock_was_put_back(tmp_path):
    fleet = Fleet(Site(tmp_path).load())
    (model,) = fleet.models
    now = time.time()
    model.step(model.engine.state, now + YEAR)
    before = model.watch.evidence
    model.step(model.engine.state, now)
    assert model.watch.evidence is not before


def test_what_waits_is_not_given_up_as_the_clock_is_wrong_for_a_moment(tmp_path):
    made = Site(tmp_path)
    records = shop.records(200)
    made.append([{k: v for k, v in r.items() if k != "actual"} for r in records])
    ahead = [0.0]
    in_window = {"model": "shop", "version": "1.0.0", "score": "accuracy", "window": "1h"}
    labelled = ("model_score_samples", tuple(sorted(in_window.items())))

    def set_clock(app):
        app._clock = Clock(app._fleet.telemetry, lambda: time.time() + ahead[0])

    with made.running(prepare=set_clock) as app:
        until(app.addresses[0], lambda found: value(found, "model_predictions_pending") == 200)
        for row, ahead[0] in enumerate((YEAR, -YEAR, 0.0)):
            made.append([{"id": records[row]["id"], "actual": records[row]["actual"]}])
            until(app.addresses[0], lambda found, row=row: value(found, "model_actuals_total") == row + 1)
        found = until(app.addresses[0], lambda found: found.get(labelled) == 3)
    assert value(found, "prediction_exporter_clock_jumps_total") > 0
    assert value(found, "model_predictions_pending") == 197
    assert value(found, "model_predictions_unlabelled_total") == 0
    assert value(found, "model_actuals_unmatched_total") == 0
