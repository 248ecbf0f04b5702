"""The whole program on a real log file: reading, serving, stopping, and what one failure costs."""

import itertools
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import msgspec
import psutil
import pytest
import shop
from running import Site, get, scrape, until
from shop import read, value

from exporter import app as package
from exporter import plan
from exporter.app import pipeline
from exporter.app.app import QUEUE_BATCHES
from exporter.drift import BUILTIN as STATISTICS
from exporter.drift import DEFAULT
from exporter.drift.psi import PSI
from exporter.exposition.negotiate import Format
from exporter.sources import Chunk

PREDICTIONS = "model_predictions_total"


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


def predicted(count):
    return lambda found: value(found, PREDICTIONS) >= count


def final(app):
    """The metrics of an exporter that has stopped."""
    return read(app._fleet.metrics(Format.TEXT))


# -- reading and serving


def test_records_that_are_appended_to_a_log_are_scraped_over_http(site):
    site.append(shop.records(300))
    with site.running() as app:
        until(app.addresses[0], predicted(300))
        site.append(shop.records(350)[300:])
        found = until(app.addresses[0], predicted(350))
    assert value(found, PREDICTIONS) == 350
    assert value(found, "prediction_exporter_records_total", source="log") == 350


def test_evaluations_follow_the_records(site):
    site.append(shop.records(600))
    with site.running() as app:
        found = until(app.addresses[0], lambda found: any(name == "model_score" for name, _ in found))
    assert value(found, "model_score", score="accuracy", window="1h") == pytest.approx(0.89, abs=0.03)
    assert value(found, "model_window_samples", component="size", window="500 rows") <= 500
    assert value(found, "model_drift_score", component="size", statistic="psi", window="1h") < 0.25


def test_the_exporter_is_ready_after_the_first_evaluation_and_healthy_at_once(site):
    gate = threading.Event()

    def hold(app):
        evaluate = app._fleet.evaluate
        app._fleet.evaluate = lambda now: (gate.wait(10), evaluate(now))

    with site.running(prepare=hold) as app:
        address = app.addresses[0]
        assert (get(address, "/-/healthy")[0], get(address, "/-/ready")[0]) == (200, 503)
        gate.set()
        until(address, lambda _: get(address, "/-/ready")[0] == 200)


def test_a_source_is_down_until_there_is_something_to_read(site):
    with site.running() as app:
        evaluated = ("prediction_exporter_evaluation_timestamp_seconds", ())
        found = until(app.addresses[0], lambda found: evaluated in found)
        assert value(found, "prediction_exporter_source_up") == 0
        site.append(shop.records(3))
        found = until(app.addresses[0], predicted(3))
        assert value(found, "prediction_exporter_source_up") == 1


def test_lines_without_a_record_are_counted_by_reason_and_cost_only_themselves(site):
    site.append(b'nonsense\n[1]\n{"model":"other","output":{}}\n{}\n' + b"x" * 2_000_000 + b"\n")
    site.append([{"id": 1, "output": {}}] * 2)
    with site.running() as app:
        until(app.addresses[0], predicted(1))
    found = final(app)
    rejected = {dict(labels)["reason"]: n for (name, labels), n in found.items() if "rejected" in name}
    assert rejected == {
        "not_json": 1,
        "not_object": 1,
        "unknown_model": 1,
        "empty_record": 1,
        "too_long": 1,
        "duplicate_id": 1,
    }
    assert value(found, "prediction_exporter_records_total") == 7


def test_every_counter_of_a_busy_exporter_was_there_and_zero_before_the_first_record(site):
    def counters(found):
        return {key: n for key, n in found.items() if key[0].endswith(("_total", "_bucket", "_count", "_sum"))}

    with site.running() as app:
        start = counters(scrape(app.addresses[0]))
        site.append(b"nonsense\n" + shop.lines([*shop.records(500), {"error": "boom"}, {"id": 7, "actual": {}}]))
        until(app.addresses[0], predicted(501))
    end = counters(final(app))
    assert {key for key in end if key not in start} == set()
    assert set(start.values()) == {0.0}
    assert len(end) > 200


# -- scrapes while records come in


def consistent(found):
    """Buckets that never fall along the edges, and a count that is the last of them."""
    buckets = defaultdict(list)
    for (name, labels), count in found.items():
        if name.endswith("_bucket"):
            rest = tuple(pair for pair in labels if pair[0] != "le")
            buckets[name.removesuffix("_bucket"), rest].append((float(dict(labels)["le"]), count))
    assert buckets
    for (name, labels), pairs in buckets.items():
        counts = [count for _, count in sorted(pairs)]
        assert counts == sorted(counts)
        assert counts[-1] == found[f"{name}_count", labels]


def test_concurrent_scrapes_while_records_come_in_are_consistent_fast_and_never_go_back(site):
    site.append(b"")
    seen, slowest, failures = defaultdict(list), [], []
    done = threading.Event()

    def look(address, number):
        try:
            while not done.is_set():
                began = time.monotonic()
                found = scrape(address)
                slowest.append(time.monotonic() - began)
                consistent(found)
                seen[number].append(found)
        except BaseException as error:
            failures.append(error)
            raise

    log = shop.lines({**row, "id": None} for row in shop.records(2000))
    with site.running() as app:
        lookers = [threading.Thread(target=look, args=(app.addresses[0], number)) for number in range(4)]
        for looker in lookers:
            looker.start()
        for _ in range(15):
            site.append(log)
        until(app.addresses[0], predicted(30_000))
        done.set()
        for looker in lookers:
            looker.join(10)
    assert not failures
    assert len({value(found, PREDICTIONS) for scrapes in seen.values() for found in scrapes}) > 2
    for scrapes in seen.values():
        for before, after in itertools.pairwise(scrapes):
            assert all(before[key] <= after[key] for key in before if key[0].endswith(("_total", "_bucket", "_count")))
    assert sorted(slowest)[len(slowest) // 2] < 0.5


# -- stopping


def test_stopping_counts_all_that_was_read_and_leaves_no_thread(site):
    before = set(threading.enumerate())
    site.append(shop.lines({**row, "id": None} for row in shop.records(3000)) * 10)
    with site.running() as app:
        until(app.addresses[0], predicted(1))
    found = final(app)
    assert value(found, "prediction_exporter_records_total") == value(found, PREDICTIONS) > 0
    assert set(threading.enumerate()) <= before


def test_a_restart_reads_the_log_again_from_its_beginning(site):
    site.append(shop.records(400))
    bodies = []
    for _ in range(2):
        with site.running() as app:
            until(app.addresses[0], predicted(400))
        bodies.append(told(final(app)))
    assert bodies[0] == bodies[1]


# -- what one failure costs


END = object()


class Script(msgspec.Struct):
    """A source that does what it is told, step by step; each time it fails it goes on behind the failure."""

    steps: list
    name: str = "script"
    decoder: str = "native"
    opened: int = 0

    def open(self, line_bytes):  # noqa: ARG002 - a script has no long lines
        self.opened += 1
        return self

    def chunks(self, stop):
        while self.steps:
            step = self.steps.pop(0)
            if step is END:
                return
            if isinstance(step, Exception):
                raise step
            yield step
        while not stop.wait(0.01):
            yield Chunk(b"")


def scripted(site, *steps):
    script = Script(list(steps))
    return script, msgspec.structs.replace(site.load(), sources=[script])


def lines(*numbers):
    return Chunk(shop.lines({"id": number, "output": {"price": number}} for number in numbers))


@pytest.fixture
def _impatient(monkeypatch):
    monkeypatch.setattr(pipeline, "BACKOFF", (0.01,))


@pytest.mark.usefixtures("_impatient")
def test_a_source_that_fails_is_started_again_where_it_was_and_the_failure_is_seen(site):
    script, configuration = scripted(site, lines(1, 2), OSError("gone"), ValueError("odd"), lines(3))
    with site.running(configuration) as app:
        found = until(app.addresses[0], predicted(3))
        assert value(found, PREDICTIONS) == 3
        assert value(found, "prediction_exporter_source_events_total", event="restarts") == 2
        found = until(app.addresses[0], lambda found: value(found, "prediction_exporter_source_up") == 1)
    assert script.opened == 1


def test_a_source_that_has_failed_is_down_until_it_comes_back(site, monkeypatch):
    monkeypatch.setattr(pipeline, "BACKOFF", (60.0,))
    _, configuration = scripted(site, lines(1), OSError("gone"), lines(2))
    with site.running(configuration) as app:
        restarts = "prediction_exporter_source_events_total"
        found = until(app.addresses[0], lambda found: value(found, restarts, event="restarts") == 1)
        assert value(found, "prediction_exporter_source_up") == 0
        assert get(app.addresses[0], "/-/healthy")[0] == 200
        began = time.monotonic()
        app.stop()
        assert time.monotonic() - began < 5
    assert value(final(app), PREDICTIONS) == 1


@pytest.mark.usefixtures("_impatient")
def test_a_source_that_cannot_be_opened_is_tried_again(site, monkeypatch):
    script, configuration = scripted(site, lines(1))
    opening = itertools.count()

    def fail_twice(self, line_bytes):
        if next(opening) < 2:
            raise PermissionError(line_bytes)
        return self

    monkeypatch.setattr(Script, "open", fail_twice)
    with site.running(configuration) as app:
        found = until(app.addresses[0], predicted(1))
    assert value(found, "prediction_exporter_source_events_total", event="restarts") == 2
    assert script.steps == []


def test_a_source_that_ends_is_down_and_what_it_gave_is_counted(site):
    _, configuration = scripted(site, Chunk(lines(1, 2).data, lag_bytes=5), END)
    with site.running(configuration) as app:
        until(app.addresses[0], predicted(2))
        found = until(app.addresses[0], lambda found: value(found, "prediction_exporter_source_up") == 0)
    assert value(found, "prediction_exporter_source_lag_bytes") == 0
    assert value(found, "prediction_exporter_records_total") == 2


@pytest.mark.usefixtures("_impatient")
def test_one_failing_source_leaves_the_others_working(site):
    bad = Script([OSError("gone")] * 1000, name="bad")
    good = Script([lines(1)], name="good")
    with site.running(msgspec.structs.replace(site.load(), sources=[bad, good])) as app:
        restarted = {"source": "bad", "event": "restarts"}
        until(app.addresses[0], lambda found: value(found, "prediction_exporter_source_events_total", **restarted) > 0)
        found = until(app.addresses[0], predicted(1))
        assert value(found, "prediction_exporter_source_events_total", source="good", event="restarts") == 0


def test_a_batch_that_cannot_be_taken_in_costs_only_itself(site):
    _, configuration = scripted(site, lines(1), lines(2), lines(3))

    def poison(app):
        engine = app._fleet.models[0].engine
        ingest, calls = engine.ingest, itertools.count()

        def fail_once(batch, now):
            if next(calls) == 1:
                raise MemoryError
            return ingest(batch, now)

        engine.ingest = fail_once

    with site.running(configuration, poison) as app:
        found = until(app.addresses[0], predicted(2))
    assert value(found, "prediction_exporter_evaluation_failures_total", kind="ingest", name="script") == 1
    assert value(final(app), PREDICTIONS) == 2


def test_an_evaluation_that_fails_is_counted_and_tried_again(site):
    def poison(app):
        evaluate, calls = app._fleet.evaluate, itertools.count()

        def fail_once(now):
            if next(calls) == 0:
                raise ArithmeticError
            evaluate(now)

        app._fleet.evaluate = fail_once

    name = "prediction_exporter_evaluation_failures_total"
    with site.running(prepare=poison) as app:
        found = until(app.addresses[0], lambda found: any(key[0] == "model_window_samples" for key in found))
    assert value(found, name, kind="evaluation") == 1


def test_an_extractor_that_fails_is_counted_by_name(site):
    def poison(app):
        engine = app._fleet.models[0].engine

        def boom(*_):
            raise RuntimeError

        first, *others = engine.plan.evals
        engine.plan = replace(engine.plan, evals=(replace(first, compute=boom), *others))

    site.append(shop.records(50))
    with site.running(prepare=poison) as app:
        found = until(app.addresses[0], predicted(50))
    name = "prediction_exporter_evaluation_failures_total"
    assert value(found, name, kind="extractor", name="absolute_error") >= 1
    assert value(found, name, kind="extractor", name="correct") == 0
    assert value(found, "model_component_invalid_total", component="error", reason="extractor") == 50
    assert value(found, "model_component_observations_total", component="right") == 50


def test_an_evaluation_that_takes_long_keeps_neither_scrapes_nor_records_waiting(site, monkeypatch):
    started, entered, release = threading.Event(), threading.Event(), threading.Event()

    def slow(reference, window):
        if started.is_set():
            entered.set()
            release.wait(3)
        return PSI.measure(reference, window)

    monkeypatch.setattr(plan.model, "STATISTICS", {**STATISTICS, "psi": replace(PSI, measure=slow)})
    site.append(shop.records(300))
    with site.running(prepare=lambda _: started.set()) as app:
        assert entered.wait(5)
        address, times = app.addresses[0], []
        for count in range(400, 1000, 100):
            site.append(shop.records(count)[count - 100 :])
            began = time.monotonic()
            found = until(address, predicted(count))
            times.append(time.monotonic() - began)
        began = time.monotonic()
        assert get(address, "/-/healthy")[0] == 200
        times.append(time.monotonic() - began)
        waiting = not release.is_set() and not any(name == "model_drift_score" for name, _ in found)
        release.set()
        until(address, lambda found: any(name == "model_drift_score" for name, _ in found))
    assert waiting
    assert sum(times) < 2.5


def test_a_statistic_that_fails_is_counted_by_name_and_the_others_are_scraped(site, monkeypatch):
    def boom(*_):
        raise RuntimeError

    monkeypatch.setattr(plan.model, "STATISTICS", {**STATISTICS, "psi": replace(PSI, measure=boom)})
    site.append(shop.records(1000))
    found = read(package.replay(site.load(), [str(site.log)]))
    assert value(found, "prediction_exporter_evaluation_failures_total", kind="drift", name="psi") == 1
    scored = {dict(labels)["statistic"] for name, labels in found if name == "model_drift_score"}
    assert scored == set(DEFAULT) - {"psi"}


@pytest.mark.parametrize(("count", "scraped"), [(0, set()), (99, set()), (299, {"psi", "jensen_shannon"})])
def test_no_statistic_is_scraped_below_the_sample_it_needs(site, count, scraped):
    """Of a component of three categories, which has four bins; without traffic there is no word on drift at all."""
    site.append(shop.records(count))
    found = read(package.replay(site.load(), [str(site.log)]))
    of_colour = {
        dict(labels)["statistic"]
        for name, labels in found
        if name in ("model_drift_score", "model_drift_noise_floor") and ("component", "colour") in labels
    }
    assert of_colour == scraped | ({"total_variation"} if scraped else set())
    if not count:
        fixed = ("threshold", "tolerance", "budget")
        assert not [name for name, _ in found if "drift" in name and not any(word in name for word in fixed)]


def test_a_slow_writer_makes_sources_wait_and_loses_nothing(site):
    _, configuration = scripted(site, *[lines(number) for number in range(40)])
    waiting = []

    def slow(app):
        ingest = app._fleet.ingest

        def late(*args):
            waiting.append(app._batches.qsize())
            time.sleep(0.005)
            ingest(*args)

        app._fleet.ingest = late

    with site.running(configuration, slow) as app:
        found = until(app.addresses[0], predicted(40))
    assert value(found, PREDICTIONS) == 40
    assert 0 < max(waiting) <= QUEUE_BATCHES


def test_what_waits_in_the_queue_when_the_exporter_stops_is_counted(site):
    script, configuration = scripted(site, *[lines(number) for number in range(QUEUE_BATCHES + 1)])
    gate = threading.Event()

    def hold(app):
        ingest = app._fleet.ingest
        app._fleet.ingest = lambda *args: (gate.wait(10), ingest(*args))

    with site.running(configuration, hold) as app:
        until(app.addresses[0], lambda _: not script.steps and app._batches.full())
        stopping = threading.Thread(target=app.stop)
        stopping.start()
        until(app.addresses[0], lambda found: value(found, "prediction_exporter_source_up") == 0)
        gate.set()
        stopping.join(10)
    assert value(final(app), PREDICTIONS) == value(final(app), "prediction_exporter_records_total") == QUEUE_BATCHES + 1


# -- one pass over finished logs


def told(found):
    """What does not depend on when records arrived."""
    clocks = ("delay", "last_prediction", "window", "quantile", "drift", "score")
    return {
        key: n for key, n in found.items() if key[0].startswith("model_") and not any(word in key[0] for word in clocks)
    }


def test_a_replay_gives_the_totals_of_a_live_run(site):
    log = shop.records(1500)
    late = [{"id": row["id"], "actual": row.pop("actual")} for row in log[::3]]
    site.append(log + late + log[:10] + [{"error": "boom"}] * 7 + [{"id": "early", "actual": {}}])
    replayed = read(package.replay(site.load(), [str(site.log)]))
    with site.running() as app:
        live = until(app.addresses[0], predicted(1507))
    assert told(replayed) == told(live)
    assert value(replayed, "prediction_exporter_records_total") == 2018
    assert value(replayed, "prediction_exporter_records_rejected_total", reason="duplicate_id") == 4


def timed(row, at):
    return row | {"time": at}


def test_a_replay_has_the_windows_of_the_time_when_its_log_ended(site):
    """A record a minute over ten hours: an hour's window holds the last of them, though all are read at once."""
    site.append([timed(row, 1_700_000_000 + 60 * place) for place, row in enumerate(shop.records(600))])
    found = read(package.replay(site.load(), [str(site.log)]))
    for component in ("size", "error"):
        assert 57 <= value(found, "model_window_samples", component=component, window="1h") <= 60
        assert value(found, "model_window_samples", component=component, window="500 rows") == 500
    assert value(found, "model_last_prediction_timestamp_seconds") == 1_700_000_000 + 60 * 599


def test_a_replay_finds_what_changed_in_the_end_of_a_long_quiet_time(site):
    """Evidence grows from one evaluation to the next, as it would have live; all at once nothing would be seen."""
    changed = [row | {"input": row["input"] | {"size": row["input"]["size"] + 3}} for row in shop.records(500, seed=4)]
    log = [*shop.records(6000, seed=3), *changed]
    site.append([row | {"id": str(place), "time": 1_700_000_000 + 60 * place} for place, row in enumerate(log)])
    found = read(package.replay(site.load(), [str(site.log)]))
    alarms = {dict(labels)["component"] for (name, labels), n in found.items() if name == "model_drift_alarm" and n}
    assert alarms == {"size"}


@pytest.mark.parametrize("far", [1e300, -1e300, 1e-300, math.nan, "never"])
def test_times_that_no_clock_tells_do_not_stop_a_replay(site, far):
    site.append([timed(row, (0, far, 1_700_000_000)[place % 3]) for place, row in enumerate(shop.records(1200))])
    assert value(read(package.replay(site.load(), [str(site.log)])), PREDICTIONS) == 1200


def test_several_logs_are_replayed_as_one(site):
    log, other = shop.records(900), site.log.with_name("other.jsonl")
    site.append(log)
    whole = package.replay(site.load(), [str(site.log)])
    site.log.write_bytes(shop.lines(log[:333]))
    other.write_bytes(shop.lines(log[333:]))
    parts = package.replay(site.load(), [str(site.log), str(other)])
    assert told(read(whole)) == told(read(parts))


def test_a_replay_tells_of_the_bytes_it_has_read(site):
    site.append(shop.records(100))
    told_bytes = []
    package.replay(site.load(), [str(site.log)], progress=told_bytes.append)
    assert sum(told_bytes) == site.log.stat().st_size


def test_a_log_that_cannot_be_read_to_its_end_is_an_error_and_no_smaller_number(site):
    broken = site.log.with_suffix(".gz")
    broken.write_bytes(b"\x1f\x8b no gzip")
    with pytest.raises(OSError, match=r"log\.gz cannot be read"):
        package.replay(site.load(), [str(broken)])


def test_the_counters_of_a_replay_are_there_though_nothing_happened(site):
    site.append([])
    found = read(package.replay(site.load(), [str(site.log)]))
    assert value(found, "prediction_exporter_records_total", source="replay") == 0
    assert value(found, "prediction_exporter_records_rejected_total", reason="not_json") == 0
    assert value(found, PREDICTIONS) == 0


# -- the program as a process


def started(site):
    """Start the program; returns the process and its address."""
    command = [sys.executable, "-m", "exporter", "run", "--config.file", str(site.config)]
    environment = os.environ | {"PYTHONPATH": str(Path(package.__file__).parents[2])}
    process = subprocess.Popen(
        [*command, "--web.listen-address", "127.0.0.1:0"], stderr=subprocess.PIPE, text=True, env=environment
    )
    for line in process.stderr:
        if "listening on" in line:
            return process, line.rsplit("listening on ", 1)[1].split('"')[0].strip()
    raise AssertionError(process.wait(10))


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_program_with_0(site, number):
    site.append(shop.records(100))
    process, address = started(site)
    with process:
        until(address, predicted(100))
        process.send_signal(number)
        assert process.wait(10) == 0


@pytest.mark.slow
def test_memory_and_threads_do_not_grow_while_records_and_scrapes_go_on(tmp_path):
    site = Site(tmp_path, "    actuals: {pending: 2000}")
    process, address = started(site)
    watched, log = psutil.Process(process.pid), shop.records(2000)
    sizes, threads = [], set()
    try:
        for part in range(30):
            site.append([row | {"id": f"{part} {row['id']}"} for row in log])
            until(address, predicted(2000 * (part + 1)))
            scrape(address)
            if part >= 15:
                sizes.append(watched.memory_info().rss)
                threads.add(watched.num_threads())
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        process.stderr.close()
    assert max(sizes) - sizes[0] < 4e6
    assert len(threads) <= 2
