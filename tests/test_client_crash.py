"""Processes that are killed while they write one log with others: what they leave, and what it costs the others."""

import json
import random
import signal
import subprocess
import sys
import time

import crash
import pytest

from exporter.client import PredictionLog

RECORDS = 20_000
ATTEMPTS = 40  # a kill within a write is likely, not certain
WRITER = """
import itertools, sys
from exporter.client import PredictionLog
log = PredictionLog(sys.argv[1], durable=True, rotate_bytes=None)
text = "x" * 240_000
for number in itertools.count():
    log.prediction(f"killed-{number}", input=text, output=text, tags=text)
    if number == 0:
        print("writing", flush=True)
"""


@pytest.mark.slow
def test_killed_processes_lose_what_they_had_not_flushed_and_the_others_nothing():
    outcome = crash.crash(RECORDS, durable=False)
    assert (outcome.torn, outcome.repeated, outcome.lost_by_survivors, outcome.gaps) == (0, 0, 0, 0)
    assert outcome.lost_older == 0
    assert outcome.files > 10


@pytest.mark.slow
def test_killed_processes_lose_nothing_where_the_log_is_durable():
    outcome = crash.crash(RECORDS, durable=True)
    assert (outcome.torn, outcome.repeated, outcome.lost_by_survivors, outcome.gaps) == (0, 0, 0, 0)
    assert outcome.lost_by_killed == 0
    assert outcome.files > 10


@pytest.mark.slow
def test_a_process_killed_within_a_write_costs_no_record_of_another(tmp_path):
    path, torn = tmp_path / "predictions.jsonl", 0
    with PredictionLog(path, durable=True, rotate_bytes=None) as log:
        log.prediction("first", input="x" * 2000)
        for attempt in range(ATTEMPTS):
            _kill_within_a_write(path)
            torn += not path.read_bytes().endswith(b"\n")
            log.prediction(f"survivor-{attempt}")
            if torn == 3:
                break
        assert log.faults == {"torn_line": torn}
    ids = [json.loads(line)["id"] for line in path.read_bytes().splitlines() if line.strip()]
    assert torn
    assert [name for name in ids if not name.startswith("killed")] == [
        "first",
        *(f"survivor-{n}" for n in range(attempt + 1)),
    ]


def _kill_within_a_write(path):
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE) as writer:
        writer.stdout.readline()
        time.sleep(random.uniform(0.005, 0.02))
        writer.send_signal(signal.SIGKILL)
