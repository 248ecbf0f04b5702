"""The state file: what is known over a restart, whoever else wants it, and what becomes of a damaged one."""

import random
import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
import shop
from running import Site, get, until
from shop import value

from exporter import config
from exporter.app import keeper, pipeline
from exporter.app.app import App
from exporter.app.fleet import Fleet
from exporter.app.keeper import Keeper
from exporter.engine import Engine
from exporter.exposition.negotiate import Format
from exporter.profile import dump
from exporter.state import Checkpoint, StateError, Store, Watch

PREDICTIONS = "model_predictions_total"
KEPT = ("model_", "prediction_exporter_records")
MOVING = ("_timestamp_seconds", "model_process")


def kept(found):
    """The samples that a restart must not change."""
    return {key: v for key, v in found.items() if key[0].startswith(KEPT) and not key[0].endswith(MOVING)}


def site(tmp_path, text=""):
    tmp_path.mkdir(exist_ok=True)
    made = Site(tmp_path)
    windows = "[1h, 500 rows, 500 rows vs previous, 500 rows vs first 100 rows]"
    made.config.write_text(made.config.read_text().replace("[1h, 500 rows]", windows) + "state: data/state.db\n" + text)
    return made


def split(records):
    """Predictions, and their actuals as records of their own."""
    for record in records:
        yield {key: part for key, part in record.items() if key != "actual"}
        yield {"id": record["id"], "actual": record["actual"]}


def scraped(app):
    app._fleet.evaluate(time.time())
    return kept(shop.read(app._fleet.metrics(Format.TEXT)))


def test_a_restart_goes_on_where_the_exporter_was_stopped(tmp_path):
    records = shop.records(3000, seed=4)
    whole, halves = site(tmp_path / "whole"), site(tmp_path / "halves")
    whole.append(records)
    with whole.running() as app:
        until(app.addresses[0], lambda found: value(found, PREDICTIONS) == 3000)
    expected = scraped(app)
    for part in (records[:1400], records[1400:2900], records[2900:]):
        halves.append(part)
        with halves.running() as app:
            total = sum(len(p) for p in (records[:1400], records[1400:2900], records[2900:])[: seen(halves)])
            until(app.addresses[0], lambda found, total=total: value(found, PREDICTIONS) == total)
    found = scraped(app)
    for key, number in expected.items():
        if not key[0].startswith(("model_drift_evidence", "model_drift_discovered")):  # that depends on the steps
            assert found[key] == pytest.approx(number, rel=1e-9, nan_ok=True), key


def test_a_stop_in_the_middle_of_a_log_counts_no_record_twice(tmp_path, monkeypatch):
    monkeypatch.setattr(pipeline, "ROWS", 1_000_000)  # so that a stop finds what was read but not handed over
    made = site(tmp_path)
    made.append([record | {"id": None} for record in shop.records(20_000)])
    halted = threading.Event()

    def hold(app):
        feed = app._pipelines[0]._decoder.feed

        def fed(data):
            if data and not halted.is_set():
                halted.set()
                app._pipelines[0]._stop.set()
            return feed(data)

        app._pipelines[0]._decoder.feed = fed

    with made.running(prepare=hold):
        assert halted.wait(10)
    with made.running() as app:
        until(app.addresses[0], lambda found: value(found, "prediction_exporter_source_lag_bytes") == 0)
        until(app.addresses[0], lambda found: value(found, PREDICTIONS) >= 20_000)
    assert value(scraped(app), PREDICTIONS) == 20_000


def seen(site):
    """How often a site has been appended to, by the third of its records."""
    count = site.log.read_bytes().count(b"\n")
    return {1400: 1, 2900: 2, 3000: 3}[count]


def test_predictions_that_wait_find_their_actual_after_a_restart(tmp_path):
    made = site(tmp_path)
    records = shop.records(400, seed=4)
    made.append([{k: v for k, v in r.items() if k != "actual"} for r in records])
    with made.running() as app:
        until(app.addresses[0], lambda found: value(found, "model_predictions_pending") == 400)
    made.append([{"id": r["id"], "actual": r["actual"]} for r in records])
    with made.running() as app:
        found = until(app.addresses[0], lambda found: value(found, "model_actuals_total") == 400)
        assert value(found, "model_predictions_pending") == 0
    accuracy = {"score": "accuracy", "window": "1h"}
    assert value(scraped(app), "model_score_samples", **accuracy) == 400
    made.append([{"id": r["id"], "actual": r["actual"]} for r in records[:10]])
    with made.running() as app:
        until(app.addresses[0], lambda found: value(found, "model_actuals_duplicate_total") == 10)


def test_corrections_and_parts_find_their_outcome_after_a_restart(tmp_path):
    made = site(tmp_path)
    records = shop.records(100)
    made.append([{k: v for k, v in r.items() if k != "actual"} for r in records])
    made.append([{"id": r["id"], "actual": {"price": 1e6}} for r in records])
    with made.running() as app:
        until(app.addresses[0], lambda found: value(found, "model_actuals_total") == 100)
    made.append([{"id": r["id"], "actual": {"price": r["actual"]["price"]}, "revision": 1} for r in records])
    made.append([{"id": r["id"], "actual": {"sold": r["actual"]["sold"]}} for r in records])
    with made.running() as app:
        found = until(app.addresses[0], lambda found: value(found, "model_actuals_total") == 300)
        assert value(found, "model_actuals_revised_total") == 100
        assert value(found, "model_actuals_duplicate_total") == 0
        error = {"score": "mean_absolute_error", "window": "1h"}
        accuracy = {"score": "accuracy", "window": "1h"}
        scores = scraped(app)
    assert value(scores, "model_score", **error) < 2
    assert value(scores, "model_score_samples", **error) == 100
    assert value(scores, "model_score_samples", **accuracy) == 100


def test_the_evidence_and_the_alarm_survive(tmp_path):
    made = site(tmp_path)
    drifted = [r | {"input": r["input"] | {"size": r["input"]["size"] + 6}} for r in shop.records(2000, seed=3)]
    made.append(drifted)
    of_size = {"component": "size", "role": "input"}

    def alarmed(found):
        return [
            v for (name, labels), v in found.items() if name == "model_drift_alarm" and ("component", "size") in labels
        ]

    with made.running() as app:
        found = until(app.addresses[0], lambda found: alarmed(found) == [1])
        before = value(found, "model_drift_evidence", **of_size)
    with made.running() as app:
        found = until(app.addresses[0], lambda found: alarmed(found) == [1])
        assert value(found, "model_drift_evidence", **of_size) == before


def test_what_is_wrong_with_the_data_is_known_before_the_next_record(tmp_path):
    made = site(tmp_path)
    made.append(shop.records(100))
    with made.running() as app:
        until(app.addresses[0], lambda found: value(found, PREDICTIONS) == 100)
    expected = {key: run for key, run in scraped(app).items() if key[0] == "model_component_run_length"}
    assert len(expected) > 3
    with made.running() as app:
        until(app.addresses[0], lambda found: expected.items() <= found.items())


def test_two_exporters_do_not_share_a_file(tmp_path):
    made = site(tmp_path)
    with made.running(), pytest.raises(StateError, match="another exporter uses it"):
        App(made.load(), str(made.config), ["127.0.0.1:0"])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no database at all" * 100, "is left as it is"),
        (None, "database of another program"),
        ("newer", "a newer exporter has written it"),
    ],
)
def test_a_file_that_is_damaged_foreign_or_newer_is_refused_and_kept(tmp_path, content, said):
    path = tmp_path / "state.db"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is None:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("CREATE TABLE mine (x)")
    else:
        Store(path).close()
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("PRAGMA user_version=99")
    before = path.read_bytes()
    with pytest.raises(StateError, match=said):
        Store(path)
    assert path.read_bytes() == before


def damaged(data, chance):
    """A copy of a file with a bit that has changed, a block that was lost, or without its end."""
    found, at = bytearray(data), chance.randrange(len(data))
    match chance.randrange(4):
        case 0:
            return bytes(found[:at])
        case 1:
            found[at : at + 2000] = bytes(len(found[at : at + 2000]))
        case _:
            found[at] ^= 1 << chance.randrange(8)
    return bytes(found)


@pytest.mark.slow
def test_damage_anywhere_in_the_file_is_refused_or_changes_nothing(tmp_path):
    made, chance = site(tmp_path), random.Random(5)
    made.append([{k: v for k, v in r.items() if k != "actual"} for r in shop.records(3000)])
    with made.running() as app:
        until(app.addresses[0], lambda found: value(found, PREDICTIONS) == 3000)
    path = made.load().state
    whole, outcomes, reasons, left_alone = path.read_bytes(), [], set(), []
    for _ in range(100):
        broken = damaged(whole, chance) if outcomes else whole
        path.write_bytes(broken)
        fleet, store = Fleet(made.load()), None
        try:
            store = Store(path)
            Keeper(store, fleet)
        except StateError as error:
            reasons.add(str(error).partition(": ")[2].partition(" (")[0])
            left_alone.append(path.read_bytes() == broken)
        else:
            outcomes.append(kept(shop.read(fleet.metrics(Format.TEXT))))
        finally:
            if store is not None:
                store.close()
    assert len(left_alone) > 30
    assert all(left_alone)
    assert all(found == outcomes[0] for found in outcomes)
    assert any("damaged" in reason for reason in reasons)


def test_a_damaged_page_is_noticed_when_it_is_read(tmp_path):
    store = Store(tmp_path / "state.db")
    with store.transaction():
        first, last = [store.append(page) for page in (b"one", b"two")]
    assert store.read([first, last]) == b"onetwo"
    store._connection.execute("UPDATE page SET value = value || x'00' WHERE number = ?", (last,))
    assert store.read([first]) == b"one"
    for numbers in ([last], [first, last], [last, last + 1]):
        with pytest.raises(OSError, match="damaged"):
            store.read(numbers)
    store.close()


def test_a_file_that_cannot_be_written_is_said_counted_and_loses_nothing(tmp_path, caplog):
    made = site(tmp_path)
    made.append(shop.records(500))

    def break_disk(app):
        transaction = app._keeper.store.transaction
        calls = []

        def failing():
            calls.append(1)
            if len(calls) < 3:
                raise OSError("the disk is full")
            return transaction()

        app._keeper.store.transaction = failing

    with made.running(prepare=break_disk) as app:
        until(app.addresses[0], lambda found: value(found, "prediction_exporter_checkpoint_failures_total") == 2)
        until(app.addresses[0], lambda found: value(found, PREDICTIONS) == 500)
        until(
            app.addresses[0],
            lambda found: ("prediction_exporter_checkpoint_timestamp_seconds", ()) in found,
        )
    assert caplog.text.count("the disk is full") == 1
    with made.running() as app:
        until(app.addresses[0], lambda found: value(found, PREDICTIONS) == 500)


class Worn:
    """A connection to a disk from which pages cannot be read some times."""

    def __init__(self, connection, times):
        self._connection = connection
        self.times = times

    def __getattr__(self, name):
        return getattr(self._connection, name)

    def execute(self, text, *values):
        if "FROM page" in text and self.times > 0:
            self.times -= 1
            raise sqlite3.OperationalError("disk I/O error")
        return self._connection.execute(text, *values)


def test_a_file_that_cannot_be_read_is_waited_for_and_loses_nothing(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(keeper, "SECONDS", 0.05)
    made, records = site(tmp_path), shop.records(400)

    def wear(times):
        def prepare(app):
            store = app._keeper.store
            store._connection = Worn(store._connection, times)

        return prepare

    made.append([{k: v for k, v in r.items() if k != "actual"} for r in records])
    with made.running() as app:
        until(app.addresses[0], lambda found: value(found, "model_predictions_pending") == 400)
    made.append([{"id": r["id"], "actual": r["actual"]} for r in records])
    with made.running(prepare=wear(1_000_000)) as app:
        until(app.addresses[0], lambda found: value(found, "prediction_exporter_checkpoint_failures_total") > 2)
        assert get(app.addresses[0], "/-/ready")[0] == 200
    assert caplog.text.count("nothing is taken in until it can: ") == 1
    with made.running(prepare=wear(3)) as app:
        found = until(app.addresses[0], lambda found: value(found, "model_actuals_total") == 400)
        assert value(found, "model_predictions_pending") == 0
        assert value(found, "prediction_exporter_checkpoint_failures_total") == 3


def test_a_profile_with_other_bins_begins_anew_and_says_what_was_dropped(tmp_path, caplog):
    made = site(tmp_path)
    made.append(shop.records(500))
    with made.running() as app:
        until(app.addresses[0], lambda found: value(found, PREDICTIONS) == 500)
    other = shop.profile()
    component = other.components[0]
    grid = replace(component.measure.grid, edges=np.sort(component.measure.grid.edges * 1.5))
    histogram = replace(component.reference.histogram, grid=grid)
    moved = replace(
        component,
        measure=replace(component.measure, grid=grid),
        reference=replace(component.reference, histogram=histogram),
    )
    changed = replace(other, components=(moved, *other.components[1:]))
    (tmp_path / "shop@1.0.0.json").write_bytes(dump(changed))
    with made.running() as app:
        found = until(app.addresses[0], lambda found: value(found, PREDICTIONS) == 500)
    observed = {"component": "size", "role": "input"}
    assert value(found, "model_component_observations_total", **observed) == 0
    assert "no longer fits" in caplog.text
    assert "have other bins" in caplog.text


def test_windows_of_any_time_are_what_they_were(tmp_path):
    windows = [config.parse_window(text) for text in ("1m", "1m vs previous", "1m vs 3m", "1m vs first 50 rows")]
    log = [record | {"id": None, "time": 1000.0 + row} for row, record in enumerate(shop.records(600))]
    before = shop.engine(log[:500], log[500:], [log[0]], windows=windows, event_time=True, now=1e9)
    after = Engine(before.plan)
    for engine in (before, after):
        store = Store(tmp_path / "state.db")
        checkpoint = Checkpoint(store)
        watch = Watch(engine, engine.plan.bank.start())
        if engine is after:
            checkpoint.resume(watch)
        else:
            checkpoint.commit([watch], {}, [])
        store.close()
    assert after.state.late == before.state.late == {"1m": 2}
    for now in (1599.0, 1650.0, 1700.0):
        found, expected = after.state.predictions.windows(now), before.state.predictions.windows(now)
        assert {label: [s.n for s in window] for label, window in found.items()} == {
            label: [s.n for s in window] for label, window in expected.items()
        }
    assert all(window[0].n for window in before.state.predictions.windows(1599.0).values())


def test_what_is_not_changed_is_not_written_again(tmp_path):
    made = site(tmp_path)
    made.append(shop.records(500))
    with made.running() as app:
        until(app.addresses[0], lambda found: value(found, PREDICTIONS) == 500)
    fleet = Fleet(made.load())
    kept = Keeper(Store(made.load().state), fleet)
    kept._write()
    written = []
    kept._checkpoint._store.write = written.append
    kept._write()
    assert {key.rpartition("\x1f")[2] for parts in written for key in parts} <= {"facts"}
    kept.close()
