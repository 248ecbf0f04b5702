"""What joining predictions with later actuals costs, with the state file, beside a dict that holds what waits.

Each way runs in a process of its own, in turn (A B A B); what ten million waiting predictions take is measured once.
`bench_join.py NAME` measures one way here and prints JSON.
"""

import json
import logging
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from statistics import median

import workload
from program import Exporter
from shared import Row, aligned, in_turn

ROUNDS = 5
PIECE = 1 << 16
WAITING = 10_000_000
PART = 1_000_000  # of them in a file
ACTUALS = workload.LABELLED * 4 // 5


def kept():
    """The real program takes in both logs and keeps its state; predictions per CPU second."""
    with Exporter(workload.PLACE / "kept") as program:
        before = program.cpu
        for log in ("predicted.jsonl", "actual.jsonl"):
            program.take(workload.PLACE / log)
        program.wait_for(workload.LABELLED, ACTUALS)
        return {"rate": workload.LABELLED / (program.cpu - before)}


def dictionary():
    """The limit: typed msgspec decodes the same fields of both logs, a dict holds what waits, nothing is counted."""
    import msgspec  # noqa: PLC0415 - each way imports what it measures

    inputs = msgspec.defstruct(
        "Input", [(name, float) for name in workload.NUMBERS] + [(name, str) for name in workload.CATEGORIES], gc=False
    )
    label = msgspec.defstruct("Label", [("label", str)], gc=False)
    fields = [(name, str) for name in ("id", "model", "version")]
    predicted = [*fields, ("time", str), ("input", inputs), ("output", label), ("latency_seconds", float)]
    decoders = [
        msgspec.json.Decoder(msgspec.defstruct("Record", found, gc=False))
        for found in (predicted, [*fields, ("actual", label)])
    ]
    waiting, correct, joined = {}, 0, 0
    began = time.process_time()
    for log, decoder in zip(("predicted.jsonl", "actual.jsonl"), decoders, strict=True):
        for record in _records(workload.PLACE / log, decoder):
            if log == "predicted.jsonl":
                waiting[record.id] = (record.output.label, record.time)
            elif found := waiting.pop(record.id, None):
                correct += found[0] == record.actual.label
                joined += 1
    if joined != ACTUALS:
        raise RuntimeError(f"{joined} were joined, {correct} of them correct")
    return {"rate": workload.LABELLED / (time.process_time() - began)}


def _records(path, decoder):
    rest = b""
    with path.open("rb") as log:
        while piece := log.read(PIECE):
            whole, _, rest = (rest + piece).rpartition(b"\n")
            yield from decoder.decode_lines(whole)


def commits():
    """The share of commits in all CPU time, from ready to the last record."""
    from exporter.app import App, keeper  # noqa: PLC0415 - as above
    from exporter.config import load  # noqa: PLC0415 - as above

    logging.disable()
    spent = [0.0]
    write = keeper.Keeper._write

    def timed(self):
        began = time.thread_time()
        write(self)
        spent[0] += time.thread_time() - began

    keeper.Keeper._write = timed
    with tempfile.TemporaryDirectory(prefix="prediction-exporter-bench-") as place:
        home = Path(shutil.copytree(workload.PLACE / "kept", place, dirs_exist_ok=True))
        (home / "logs").mkdir()
        app = App(load(str(home / "exporter.yml")), "exporter.yml", ["127.0.0.1:0"])
        app.start()
        began = time.process_time()
        for log in ("predicted.jsonl", "actual.jsonl"):
            os.link(workload.PLACE / log, home / "logs" / log)
        (model,) = app._fleet.models
        while model.engine.state.tallies.actuals < ACTUALS:
            time.sleep(0.05)
        taken = time.process_time() - began
        share = spent[0] / taken
        app.stop()
    return {"share": share}


def waiting():
    """Ten million predictions that wait: size of the state, memory, and what a restart takes until ready."""
    with Exporter(workload.PLACE / "kept") as program:
        before = program.cpu
        for part in range(WAITING // PART):
            log = program.logs / f"{part}.jsonl"
            with log.open("w") as file:
                file.writelines(
                    f'{{"id":"{number * 0x9E3779B97F4A7C15 % 2**64:016x}","output":{{"label":"yes"}}}}\n'
                    for number in range(part * PART, (part + 1) * PART)
                )
            program.wait_for((part + 1) * PART)
        rate, memory, peak = WAITING / (program.cpu - before), program.memory, program.peak
        time.sleep(3)  # for the last commit
        size = sum(path.stat().st_size for path in program.home.glob("state.db*")) / 1e9
        wall = program.restart()
        cpu, again = program.cpu, program.memory
        program.wait_for(WAITING)
        return {"rate": rate, "memory": memory, "peak": peak, "size": size, "wall": wall, "cpu": cpu, "again": again}


WAYS = {way.__name__: way for way in (kept, dictionary, commits, waiting)}


def rows(rounds: int = ROUNDS) -> Iterable[Row]:
    """Measure, and yield the table."""
    workload.prepare()
    found = in_turn(__file__, dict.fromkeys(("kept", "dictionary", "commits"), sys.executable), rounds)
    rates = {name: [one["rate"] for one in found[name]] for name in ("kept", "dictionary")}
    rate = median(rates["kept"])
    what = "Predictions joined with the actuals of 80 %, two logs, with the state file"
    yield Row(what, f"{rate:,.0f}/s", "≥ 80,000/s", rate >= 80_000)
    ratio = median(us / them for us, them in zip(rates["kept"], rates["dictionary"], strict=True))
    result = f"{median(rates['dictionary']):,.0f}/s; the exporter is {ratio:.2f} times as fast"
    yield Row("· the limit: msgspec decodes both logs, a dict joins them, nothing else", result)
    share = median(one["share"] for one in found["commits"])
    yield Row("· share of the state's commits in the CPU time", f"{100 * share:.0f} %", "≤ 10 %", share <= 0.1)
    ((many,),) = in_turn(__file__, {"waiting": sys.executable}, 1).values()
    yield Row("Ten million predictions that wait: state file", f"{many['size']:.2f} GB", "≤ 1 GB", many["size"] <= 1)
    memory = f"{many['memory']:.0f} MB, at most {many['peak']:.0f} MB"
    yield Row("· memory of the exporter", memory, "≤ 200 MB", many["peak"] <= 200)
    yield Row("· taken in, of 50 bytes each", f"{many['rate']:,.0f}/s")
    result = f"{many['cpu']:.2f} s CPU, {many['wall']:.2f} s, {many['again']:.0f} MB"
    yield Row("· a restart after a kill, until ready", result, "≤ 2 s CPU", many["cpu"] <= 2)


def main():
    """Measure one way, or all, and print."""
    if sys.argv[1:]:
        print(json.dumps(WAYS[sys.argv[1]]()))
        return
    print(aligned(rows()))


if __name__ == "__main__":
    main()
