"""The state file: what is known over a restart, whoever else wants it, and what becomes of a damaged one."""

import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
import shop
import stack
from running import Site, get, until
from shop import value

from exporter import config
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


def test_a_file_that_cannot_be_written_is_said_counted_and_loses_nothing(tmp_path, caplog):
    made = site(tmp_path)
    made.append(shop.records(500))

    def break_disk(app):
        transaction = app._keeper._checkpoint._store.transaction
        calls = []

        def failing():
            calls.append(1)
            if len(calls) < 3:
                raise OSError("the disk is full")
            return transaction()

        app._keeper._checkpoint._store.transaction = failing

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
        checkpoint = Checkpoint(Store(tmp_path / "state.db"))
        watch = Watch(engine, engine.plan.bank.start())
        if engine is after:
            checkpoint.resume(watch)
        else:
            checkpoint.commit([watch], {}, [])
        checkpoint.close()
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
    keeper = Keeper(made.load().state, fleet)
    keeper._write()
    written = []
    keeper._checkpoint._store.write = written.append
    keeper._write()
    assert {key.rpartition("\x1f")[2] for parts in written for key in parts} <= {"facts"}
    keeper.close()


@pytest.mark.slow
def test_kills_at_any_moment_change_no_number(tmp_path):
    """Twenty kills while a rotating log with late, repeated and orphan actuals is read."""
    chance = random.Random(8)
    records = list(split(shop.records(20_000, seed=9)))
    late = [r for r in records if "actual" in r and chance.random() < 0.3]
    moved = {r["id"] for r in late}
    rows = [r for r in records if "input" in r or r["id"] not in moved] + late
    rows += chance.sample(rows, 400) + [{"id": f"orphan-{i}", "actual": records[1]["actual"]} for i in range(200)]
    config = (
        "evaluation_interval: 200ms\nmodels:\n  - profile: shop@1.0.0.json\n    windows: [24h, 3000 rows]\n"
        'sources:\n  - file: {path: "logs/log.jsonl*", name: log, poll_interval: 0.02}\n'
    )
    found = []
    for state, name in (("", "calm"), ("state: state.db\n", "killed")):
        home = tmp_path / name
        (home / "logs").mkdir(parents=True)
        (home / "shop@1.0.0.json").write_bytes(dump(shop.profile()))
        (home / "exporter.yml").write_text(config + state)
        found.append(final(home, rows, kills=20 if state else 0, chance=chance))
    calm, killed = found
    assert value(calm, PREDICTIONS) == 20_000
    differ = {key: (v, killed.get(key)) for key, v in calm.items() if not_the_same(key, v, killed.get(key))}
    assert not differ
    assert calm.keys() == killed.keys()


def not_the_same(key, one, other):
    exact = key[0].endswith(("_total", "_bucket", "_count", "_samples", "_pending"))
    return one != other if exact else other is None or not np.isclose(one, other, rtol=1e-9, atol=1e-9)


def started(address, home):
    command = [sys.executable, "-m", "exporter", "run", "--web.listen-address", address]
    return subprocess.Popen(command, cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def answers(address):
    try:
        return get(address, "/-/ready")[0] == 200
    except OSError:
        return False


def final(home, rows, *, kills, chance):
    """Write a log in parts, rotating it, while the exporter is killed again and again; returns the last scrape."""
    log, parts = home / "logs" / "log.jsonl", 40
    stops = set(chance.sample(range(parts), kills))
    (address,) = stack.free_addresses(1)
    running = None
    for part in range(parts):
        if running is None:
            running = started(address, home)
        if part % 7 == 6:
            log.rename(home / "logs" / f"log.jsonl.{part:02}")
        with log.open("a") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows[part::parts])
        if part in stops:
            time.sleep(chance.random() * 1.5)
            running.send_signal(signal.SIGKILL)
            running.wait()
            running = None
    running = running or started(address, home)
    try:
        stack.eventually("it answers", lambda: answers(address))
        wanted = len(rows)
        until(address, lambda found: value(found, "prediction_exporter_records_total", source="log") >= wanted, 60)
        time.sleep(1)
        ignored = ("model_drift_evidence", "model_drift_alarm", "model_drift_discovered", "model_actual_delay")
        scrape = kept(until(address, lambda _: True))
        return {key: v for key, v in scrape.items() if not key[0].startswith(ignored)}
    finally:
        running.kill()
        running.wait()
