"""A configuration or profile that changes while the exporter runs: taken over without a loss, or refused."""

import http.client
import signal
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
import shop
import stack
from running import Site, get, scrape, until
from shop import value

from exporter.app import App
from exporter.profile import dump
from exporter.state import Store

PREDICTIONS = "model_predictions_total"
SUCCESSFUL = "prediction_exporter_config_last_reload_successful"
SUCCESS_TIME = "prediction_exporter_config_last_reload_success_timestamp_seconds"
COUNTED = ("_total", "_bucket", "_count", "_sum", "_pending", "_samples", "_score", "_run_length")


@pytest.fixture(params=["", "state: state.db\n"], ids=["memory", "file"])
def made(request, tmp_path):
    """A site whose exporter keeps its state, or does not."""
    site = Site(tmp_path)
    site.config.write_text(site.config.read_text() + request.param)
    return site


def change(site, old, new):
    text = site.config.read_text()
    assert old in text
    site.config.write_text(text.replace(old, new))


def known(found):
    return {key: n for key, n in found.items() if key[0].startswith("model_") and key[0].endswith(COUNTED)}


def settle(app, predictions):
    """Wait until so many predictions are counted and evaluated; returns a scrape."""
    until(app.addresses[0], lambda found: value(found, PREDICTIONS) == predictions)
    now = time.time()
    return until(app.addresses[0], lambda found: value(found, "prediction_exporter_evaluation_timestamp_seconds") > now)


def without_actuals(records):
    return [{key: part for key, part in record.items() if key != "actual"} for record in records]


def test_a_window_more_is_there_after_a_reload_and_all_else_is_as_before(made):
    records = shop.records(800)
    made.append(records[:300] + without_actuals(records[300:600]))
    with made.running() as app:
        before = settle(app, 600)
        change(made, "[1h, 500 rows]", "[1h, 500 rows, 2h, 1h vs previous]")
        assert app.reload() is None
        after = scrape(app.addresses[0])
        assert {key: after.get(key) for key in known(before)} == known(before)
        assert value(after, SUCCESSFUL) == 1
        assert value(after, SUCCESS_TIME) > value(before, SUCCESS_TIME)
        made.append([{"id": r["id"], "actual": r["actual"]} for r in records[300:600]])
        made.append(records[600:] + records[:10])
        found = settle(app, 800)
        assert value(found, "model_predictions_pending") == 0
        assert value(found, "model_actuals_total") == 800 + 10
        assert value(found, "model_actuals_duplicate_total") == 10
        assert value(found, "model_window_samples", component="size", role="input", window="2h") == 200
        assert value(found, "model_window_samples", component="size", role="input", window="1h") == 800


@pytest.mark.slow
def test_many_reloads_change_no_number_while_a_log_is_read(made):
    records = [record | {"id": None} for record in shop.records(30_000)]
    with made.running() as app:
        for part in range(12):
            made.append(records[part::12])
            assert app.reload() is None
        found = settle(app, 30_000)
        assert value(found, "prediction_exporter_records_total") == 30_000
        assert value(found, "model_window_samples", component="size", role="input", window="1h") == 30_000


@pytest.mark.slow
def test_waiting_predictions_are_handed_over_again_and_again(made):
    records = shop.records(3000)
    with made.running() as app:
        for part in range(10):
            made.append(without_actuals(records[part::10]))
            until(app.addresses[0], lambda found, part=part: value(found, PREDICTIONS) == 300 * (part + 1))
            made.append([{"id": r["id"], "actual": r["actual"]} for r in records[part // 2 :: 10][::2]])
            assert app.reload() is None
        made.append([{"id": r["id"], "actual": r["actual"]} for r in records])
        found = until(app.addresses[0], lambda found: value(found, "model_predictions_pending") == 0)
        assert value(found, "model_actuals_unmatched_total") == 0
        assert value(found, "model_score_samples", score="accuracy", window="1h") <= 3000


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("windows: [1h", "windows: [1 fortnight", "models[0].windows[0]"),
        ("shop@1.0.0.json", "shop@2.0.0.json", "cannot be read"),
        ("evaluation_interval: 100ms", "limits: {series: 10}", "limits.series"),
        ("evaluation_interval: 100ms", "state: other.db", "restart"),
    ],
)
def test_a_wrong_configuration_is_refused_said_and_the_old_one_goes_on(tmp_path, caplog, old, new, said):
    made = Site(tmp_path)
    records = shop.records(200)
    made.append(records[:100])
    with made.running() as app:
        settle(app, 100)
        right = made.config.read_text()
        change(made, old, new)
        assert said in app.reload()
        assert said in caplog.text
        found = scrape(app.addresses[0])
        assert value(found, SUCCESSFUL) == 0
        made.append(records[100:])
        settle(app, 200)
        made.config.write_text(right)
        assert app.reload() is None
        found = settle(app, 200)
        assert value(found, SUCCESSFUL) == 1
    assert "Traceback" not in caplog.text


def test_a_changed_profile_is_taken_over_and_what_does_not_fit_it_is_named(made, caplog):
    made.append(shop.records(300))
    with made.running() as app:
        settle(app, 300)
        profile = shop.profile()
        size = profile.components[0]
        grid = replace(size.measure.grid, edges=np.sort(size.measure.grid.edges * 1.5))
        reference = replace(size.reference, histogram=replace(size.reference.histogram, grid=grid))
        other = replace(size, measure=replace(size.measure, grid=grid), reference=reference)
        changed = dump(replace(profile, components=(other, *profile.components[1:])))
        (made.config.parent / "shop@1.0.0.json").write_bytes(changed)
        assert app.reload() is None
        found = settle(app, 300)
    assert value(found, "model_component_observations_total", component="size", role="input") == 0
    assert "have other bins" in caplog.text


def test_while_the_state_cannot_be_written_a_reload_is_refused_and_nothing_is_lost(tmp_path):
    made = Site(tmp_path)
    made.config.write_text(made.config.read_text() + "state: state.db\n")
    records = shop.records(300)
    made.append(records[:100])
    with made.running() as app:
        settle(app, 100)
        write = Store.write

        def full(*_):
            raise OSError("the disk is full")

        app._keeper.store.write = full
        made.append(records[100:200])
        settle(app, 200)
        assert "cannot be written" in app.reload()
        made.append(records[200:])
        settle(app, 300)
        app._keeper.store.write = write.__get__(app._keeper.store)
        assert app.reload() is None
        settle(app, 300)
    with made.running() as app:
        settle(app, 300)


def test_a_source_that_is_removed_is_read_no_more_and_a_new_one_is(made):
    records = shop.records(300)
    made.append(records[:100])
    with made.running() as app:
        settle(app, 100)
        (made.config.parent / "other.jsonl").write_bytes(shop.lines(records[100:200]))
        change(made, "{path: log.jsonl, name: log,", "{path: other.jsonl, name: other,")
        assert app.reload() is None
        settle(app, 200)
        made.append(records[200:])
        found = scrape(app.addresses[0])
        assert value(found, "prediction_exporter_source_up", source="other") == 1
        assert not [key for key in found if key[0].endswith("_source_up") and ("source", "log") in key[1]]
        change(made, "{path: other.jsonl, name: other,", "{path: log.jsonl, name: log,")
        assert app.reload() is None
        settle(app, 300)


def post(address, path="/-/reload"):
    with closing(http.client.HTTPConnection(address, timeout=30)) as client:
        client.request("POST", path)
        response = client.getresponse()
        return response.status, response.read().decode()


def test_a_reload_over_http_needs_a_flag(tmp_path):
    made = Site(tmp_path)
    with made.running() as app:
        assert post(app.addresses[0])[0] == 403
        assert get(app.addresses[0], "/-/reload")[0] == 405
    app = App(made.load(), str(made.config), ["127.0.0.1:0"], lifecycle=True)
    app.start()
    try:
        assert post(app.addresses[0])[0] == 200
        change(made, "windows: [1h", "windows: [1 fortnight")
        status, text = post(app.addresses[0])
        assert status == 500
        assert "models[0].windows[0]" in text
        assert get(app.addresses[0], "/-/ready")[0] == 200
    finally:
        app.stop()


@pytest.mark.slow
def test_sighup_reloads_and_standard_input_is_read_on(tmp_path):
    made = Site(tmp_path)
    change(made, "file: {path: log.jsonl, name: log, poll_interval: 0.01}", "stdin: {}")
    (address,) = stack.free_addresses(1)
    command = [sys.executable, "-m", "exporter", "run", "--web.listen-address", address]
    lines = shop.lines(shop.records(200))
    with subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            stack.eventually("it is ready", lambda: answers(address), 60)
            process.stdin.write(lines[:10_001])  # in the middle of a line
            process.stdin.flush()
            until(address, lambda found: value(found, PREDICTIONS) == lines[:10_001].count(b"\n"), 60)
            before = value(scrape(address), SUCCESS_TIME)
            change(made, "[1h, 500 rows]", "[1h, 2h]")
            for _ in range(10):  # also in the middle of a reload
                process.send_signal(signal.SIGHUP)
                time.sleep(0.02)
            until(address, lambda found: value(found, SUCCESS_TIME) > before, 60)
            process.stdin.write(lines[10_001:])
            process.stdin.close()
            found = until(address, lambda found: value(found, PREDICTIONS) == 200, 60)
            assert value(found, "prediction_exporter_records_rejected_total", reason="not_json") == 0
            process.terminate()
            assert process.wait(30) == 0
        finally:
            process.kill()


def answers(address):
    try:
        return get(address, "/-/ready")[0] == 200
    except OSError:
        return False
