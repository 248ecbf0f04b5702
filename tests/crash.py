"""Many processes write one rotating log at once while some of them are killed; then every record is looked for.

`python tests/crash.py RECORDS [durable]` prints what came of it as JSON.
"""

import json
import mmap
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from exporter.client import PredictionLog

PROCESSES = 8
KILLED = 4
RATE = 5000  # records a second of each process
ROTATE_BYTES = 2_000_000
KEEP = 10_000
SLOT = 0.01  # seconds; how finely it is known when a record was handed over
SLOTS = 1 << 16
COUNT = struct.Struct("=q")
GRACE = 1.0  # seconds in which a busy machine is to find time for a flush that is due every 0.1


class Outcome(NamedTuple):
    """What became of the records."""

    records: int
    torn: int
    repeated: int
    lost_by_survivors: int
    lost_by_killed: int
    lost_older: int  # of the killed, handed over longer than GRACE before
    gaps: int  # of the killed, lost although a later one is there
    files: int


def main():
    """Run once and print the outcome."""
    outcome = crash(int(sys.argv[1]), durable="durable" in sys.argv[2:])
    print(json.dumps(outcome._asdict()))


def crash(records, *, durable):
    """Let PROCESSES write so many records each, kill KILLED of them on the way, and return the outcome."""
    with tempfile.TemporaryDirectory(prefix="client-crash-") as place:
        path = Path(place) / "logs" / "predictions.jsonl"
        diaries = [Path(place) / f"diary-{number}" for number in range(PROCESSES)]
        for diary in diaries:
            diary.write_bytes(bytes(COUNT.size * SLOTS))
        command = [sys.executable, __file__, "write", str(path), str(records), str(int(durable))]
        workers = [subprocess.Popen([*command, str(diary)]) for diary in diaries]
        _begun(diaries)
        _kill(workers[:KILLED], records / RATE)
        if any(worker.wait(120) for worker in workers[KILLED:]):
            raise RuntimeError("a writer failed")
        return _outcome(path, [_handed_over(diary) for diary in diaries], records)


def _begun(diaries):
    """Wait until each worker has handed something over: a busy machine takes its time to start them."""
    deadline = time.monotonic() + 60
    while not all(diary.read_bytes().strip(b"\0") for diary in diaries):
        if time.monotonic() > deadline:
            raise RuntimeError("a writer does not begin")
        time.sleep(0.01)


def _kill(workers, seconds):
    """Kill workers at random times of a run that takes so many seconds."""
    rng = random.Random(seconds)
    began = time.monotonic()
    for worker, moment in zip(workers, sorted(rng.uniform(0.3, 0.9) * seconds for _ in workers), strict=True):
        time.sleep(max(0.0, began + moment - time.monotonic()))
        worker.send_signal(signal.SIGKILL)
    for worker in workers:
        if worker.wait(10) != -signal.SIGKILL:
            raise RuntimeError("a writer ended before it was killed")


def _handed_over(diary):
    """Return how many records a worker had handed over, and how many of them at least GRACE before its end."""
    counts = [count for (count,) in COUNT.iter_unpack(diary.read_bytes())]
    last = max(slot for slot, count in enumerate(counts) if count)
    before = counts[: max(1, last - int(GRACE / SLOT))]
    return max(counts), max(before)


def _outcome(path, handed_over, records):
    files = sorted(path.parent.iterdir())
    found, torn = [Counter() for _ in range(PROCESSES)], 0
    for file in files:
        for line in file.read_bytes().splitlines():
            try:
                writer, number = json.loads(line)["id"].split("-")[1:]
            except ValueError:
                torn += bool(line.strip())
                continue
            found[int(writer)][int(number)] += 1
    survivors, killed = found[KILLED:], found[:KILLED]
    return Outcome(
        records=sum(map(len, found)),
        torn=torn,
        repeated=sum(count - 1 for numbers in found for count in numbers.values()),
        lost_by_survivors=sum(records - len(numbers) for numbers in survivors),
        lost_by_killed=sum(
            max(count - len(numbers), 0) for numbers, (count, _) in zip(killed, handed_over, strict=False)
        ),
        lost_older=sum(max(old - len(numbers), 0) for numbers, (_, old) in zip(killed, handed_over, strict=False)),
        gaps=sum(max(numbers, default=-1) + 1 - len(numbers) for numbers in killed),
        files=len(files),
    )


def write(path, records, durable, diary):
    """Be one of the processes: hand records over at RATE, and note in the diary how many that are by now."""
    with Path(diary).open("r+b") as file, mmap.mmap(file.fileno(), 0) as counts:
        log = PredictionLog(path, durable=bool(int(durable)), rotate_bytes=ROTATE_BYTES, keep=KEEP, on_sigterm=False)
        writer, began = diary.rsplit("-", 1)[1], time.monotonic()
        for number in range(int(records)):
            log.prediction(
                f"writer-{writer}-{number}", input={"text": "x" * (number % 400), "number": number}, output=[number]
            )
            now = time.monotonic() - began
            COUNT.pack_into(counts, COUNT.size * int(now / SLOT), number + 1)
            if number / RATE > now:
                time.sleep(0.001)
        log.close()


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(*sys.argv[2:])
    else:
        main()
