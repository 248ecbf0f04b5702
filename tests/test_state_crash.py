"""Kills at any moment: what the exporter knows in the end is what one that was never killed knows."""

import random
import re
import signal
import time

import forked
import pytest
import shop
import stack
from running import get
from shop import value

from exporter.profile import dump

KILLS = 200
LINES = 1_000_000
PARTS = 400  # of the log as it grows
ROTATED = 8  # parts, after which the log is rotated
LATE = 300_000  # lines that a late actual comes later at most
PATIENCE = 300  # seconds, on a machine that is busy with something else
CONFIG = """
evaluation_interval: 5s
state: state.db
models:
  - profile: shop@1.0.0.json
    windows: [24h, 3000 rows]
    segments: [tags.machine]
    actuals: {wait: 30d, pending: 2_000_000}
sources:
  - file: {path: "logs/log.jsonl*", name: log, poll_interval: 0.02}
"""
RECORDS = "prediction_exporter_records_total"
KEPT = ("model_", RECORDS, "prediction_exporter_records_rejected")
BY_CLOCK = ("_timestamp_seconds", "model_actual_delay", "model_drift_", "model_global_drift", "model_segment_rank")
# what is equal to the last bit; other gauges contain squares, whose sums depend on the order in which they were added
EXACT = ("_total", "_bucket", "_count", "_samples", "_pending", "_score", "_length", "value_sum", "latency_seconds_sum")


def log_lines(chance):
    """Lines of a log: of the actuals 30 % late, 2 % of records repeated, 1 % orphans, and some parts and corrections.

    All numbers are multiples of 1/64, so that their sums are exact in whatever order they are added.
    """
    due = {}
    for number in range(LINES):
        if lines := due.get(number):
            yield lines.pop()
            if lines:
                due.setdefault(number + 1, []).extend(lines)
            continue
        size, sold = chance.randrange(1280) / 64, chance.random() < 0.4
        if chance.random() < 0.01:
            yield f'{{"id":"orphan-{number}","actual":{{"price":{size},"sold":"no"}}}}\n'
            continue
        colour, label = chance.choice(shop.COLOURS), "yes" if sold else "no"
        prediction = (
            f'{{"id":"{number}","input":{{"size":{size},"change":{size / 8 - 1},"colour":"{colour}","open":true}},'
            f'"output":{{"price":{2 * size},"sold":"{label}"}},'
            f'"latency_seconds":{size / 1024},"tags":{{"machine":"{number % 3}"}}}}\n'
        )
        yield prediction
        for gap, line in actuals(number, size, sold, chance):
            due.setdefault(number + gap, []).append(line)
        if chance.random() < 0.02:
            due.setdefault(number + chance.randrange(1, LATE), []).append(prediction)


def actuals(number, size, sold, chance):
    """The actuals of a prediction, and how many lines later they come."""
    price, label = 2 * size + chance.randrange(-64, 64) / 64, "yes" if sold ^ (chance.random() < 0.1) else "no"
    whole = f'{{"id":"{number}","actual":{{"price":{price},"sold":"{label}"}}}}\n'
    gap = chance.randrange(1000, LATE) if chance.random() < 0.3 else chance.randrange(1, 200)
    kind = chance.random()
    if kind < 0.05:
        yield gap, f'{{"id":"{number}","actual":{{"price":{price}}}}}\n'
        yield gap + chance.randrange(1, 5000), f'{{"id":"{number}","actual":{{"sold":"{label}"}}}}\n'
        return
    yield gap, whole
    if kind < 0.10:
        yield gap + chance.randrange(1, 5000), f'{{"id":"{number}","revision":1,"actual":{{"price":{size}}}}}\n'
    elif kind < 0.12:
        yield gap + chance.randrange(1, 5000), whole


def settled(address, total):
    """Wait until all is read and evaluated; returns what the exporter knows."""
    stack.eventually("it answers", lambda: answers(address), PATIENCE)
    seen = re.compile(rb"^" + RECORDS.encode() + rb'\{source="log"\} ([0-9.e+]+)$', re.MULTILINE)

    def read():
        found = seen.search(get(address)[1])
        return found is not None and float(found[1]) >= total

    stack.eventually("all is read", read, PATIENCE)
    evaluated = time.time()
    name = "prediction_exporter_evaluation_timestamp_seconds"
    stack.eventually("it is evaluated", lambda: value(shop.read(get(address)[1]), name) > evaluated, PATIENCE)
    return {
        key: number
        for key, number in shop.read(get(address)[1]).items()
        if key[0].startswith(KEPT) and not any(part in key[0] for part in BY_CLOCK)
    }


def answers(address):
    try:
        return get(address, "/-/ready")[0] == 200
    except OSError:
        return False


def site(home):
    (home / "logs").mkdir(parents=True)
    (home / "shop@1.0.0.json").write_bytes(dump(shop.profile()))
    (home / "exporter.yml").write_text(CONFIG)
    (address,) = stack.free_addresses(1)
    return address, forked.exporters(home, "run", "--web.listen-address", address, "--log.level", "error")


def calm(home, lines):
    """One exporter reads the whole log."""
    address, exporters = site(home)
    (home / "logs" / "log.jsonl").write_text("".join(lines))
    with exporters as server:
        process = server.start()
        found = settled(address, len(lines))
        server.end(process, signal.SIGTERM)
    return found


def killed(home, lines, chance):
    """Exporters are killed while the log grows and is rotated; the last one reads the rest, and another one nothing.

    Now and then one is stopped or told to reload.
    """
    address, exporters = site(home)
    log = home / "logs" / "log.jsonl"
    with exporters as server:
        process = server.start()
        for part in range(PARTS):
            if part % ROTATED == 0 and part:
                log.rename(home / "logs" / f"log.jsonl.{part:03}")
            with log.open("a") as file:
                file.writelines(lines[part * len(lines) // PARTS : (part + 1) * len(lines) // PARTS])
            if part * KILLS % PARTS == 0:
                await_moment(home, part, chance)
                server.end(process, signal.SIGKILL)
                process = server.start()
            elif part % 20 == 1:
                server.end(process, signal.SIGTERM)
                process = server.start()
            elif part % 20 == 11:
                server.send(process, signal.SIGHUP)
        settled(address, len(lines))
        server.end(process, signal.SIGTERM)
        process = server.start()
        found = settled(address, len(lines))
        server.end(process, signal.SIGTERM)
    return found


def await_moment(home, part, chance):
    """Wait for the moment of a kill: any one, one shortly after a rotation, while a commit or its merge is written."""
    written = [home / "state.db-wal", home / "state.db", None][part // 2 % 3]
    if part % ROTATED == 0:
        time.sleep(chance.random() * 0.2)
    elif written is None:
        time.sleep(chance.random() * 0.25)
    else:
        before, deadline = modified(written), time.monotonic() + 0.5
        while modified(written) == before and time.monotonic() < deadline:
            time.sleep(0.0001)
        time.sleep(chance.choice([0, 0, 0.0005]))


def modified(path):
    return path.stat().st_mtime_ns if path.exists() else 0


@pytest.mark.slow
def test_two_hundred_kills_change_no_number(tmp_path):
    chance = random.Random(8)
    lines = list(log_lines(chance))
    expected = calm(tmp_path / "calm", lines)
    found = killed(tmp_path / "killed", lines, chance)
    assert value(expected, RECORDS, source="log") == LINES
    assert value(expected, "model_actuals_revised_total") > 10_000
    assert not found.keys() ^ expected.keys()
    differ = {key: (number, found[key]) for key, number in expected.items() if not same(key, number, found[key])}
    assert not differ


def same(key, one, other):
    return one == other if key[0].endswith(EXACT) else other == pytest.approx(one, rel=1e-9)
