"""The things that are measured, each run in a process of its own: `python tests/bench/variants.py NAME` prints JSON."""

import json
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import workload
from program import Exporter

HEAVY = ("scipy", "pandas", "pyarrow", "sklearn", "PIL", "prometheus_client", "requests")
OBSERVED = 200_000  # records are enough for what costs 15 us each
PIECE = 1 << 16
EDGES = 20  # buckets of the peers' histograms; the exporter has as many at most


def exporter(home="inputs"):
    """The real program takes in a log; CPU seconds from ready to the last record in /metrics, start left out."""
    with Exporter(workload.PLACE / home) as program:
        before = program.cpu
        program.take(workload.PLACE / "records.jsonl")
        program.wait_for(workload.RECORDS)
        return {"rate": workload.RECORDS / (program.cpu - before)}


def segments():
    """The same with two segments of 20 slices."""
    return exporter("segments")


def actuals():
    """The same with the actuals of 80 % of the predictions in the log, joined by id."""
    with Exporter(workload.PLACE / "labelled") as program:
        before = program.cpu
        program.take(workload.PLACE / "joined.jsonl")
        program.wait_for(workload.LABELLED, workload.LABELLED * 4 // 5)
        return {"rate": workload.LABELLED / (program.cpu - before)}


def replay():
    """`replay`, by the records' own times, the whole process with its start."""
    command = [sys.executable, "-m", "exporter", "replay", "../records.jsonl"]
    return {"rate": workload.RECORDS / _children(command, workload.PLACE / "inputs")}


def decode():
    """The limit: typed msgspec decodes the same fields and does nothing with them."""
    import msgspec  # noqa: PLC0415 - each variant imports what it measures

    fields = [(name, float) for name in workload.NUMBERS] + [(name, str) for name in workload.CATEGORIES]
    part = msgspec.defstruct("Input", fields, gc=False)
    texts = [(name, str) for name in ("model", "version", "time")]
    decoder = msgspec.json.Decoder(
        msgspec.defstruct("Record", [*texts, ("input", part), ("latency_seconds", float)], gc=False)
    )
    rest, records = b"", 0
    began = time.process_time()
    with (workload.PLACE / "records.jsonl").open("rb") as log:
        while piece := log.read(PIECE):
            whole, _, rest = (rest + piece).rpartition(b"\n")
            records += len(decoder.decode_lines(whole))
    return {"rate": records / (time.process_time() - began)}


def observe():
    """What instrumenting the model server costs: observe() and inc() of the same components, without any parsing."""
    from prometheus_client import CollectorRegistry, Counter, Histogram  # noqa: PLC0415 - as above

    registry = CollectorRegistry()
    histograms = [
        Histogram(name, "h", buckets=_edges(place), registry=registry) for place, name in enumerate(workload.NUMBERS)
    ]
    counters = {}
    for name, levels in workload.CATEGORIES.items():
        family = Counter(name, "h", ["category"], registry=registry)
        counters[name] = {level: family.labels(level) for level in levels}
    rows = _rows(OBSERVED)
    began = time.process_time()
    for numbers, categories in rows:
        for histogram, value in zip(histograms, numbers, strict=True):
            histogram.observe(value)
        for children, value in zip(counters.values(), categories, strict=True):
            children[value].inc()
    return {"rate": OBSERVED / (time.process_time() - began)}


def mtail():
    """A regular expression over the same file, the whole process; nothing where mtail is not installed."""
    if not shutil.which("mtail"):
        return {}
    with tempfile.TemporaryDirectory() as home:
        program, output = Path(home) / "bench.mtail", Path(home) / "output"
        program.write_text(_mtail_program())
        once = ["--one_shot", "--one_shot_format=prometheus", "--address=127.0.0.1", "--port=0"]
        command = ["mtail", *once, f"--progs={program}", f"--logs={workload.PLACE / 'records.jsonl'}"]
        cpu = _children(command, home, output)
        counted = re.search(r"^feature_9_count{.*} (\S+)$", output.read_text(), re.MULTILINE)
        if not counted or float(counted[1]) != workload.RECORDS:
            raise RuntimeError(f"mtail did not count the records: {counted}")
        return {"rate": workload.RECORDS / cpu}


def _mtail_program():
    numbers = ",".join(rf'"{name}":(?P<{name}>-?\d+\.\d+)' for name in workload.NUMBERS)
    categories = ",".join(rf'"{name}":"(?P<{name}>[^"]*)"' for name in workload.CATEGORIES)
    lines = [
        f"histogram h_{name} buckets {', '.join(map(str, _edges(place)))} as {name!r}".replace("'", '"')
        for place, name in enumerate(workload.NUMBERS)
    ]
    lines += [f"counter c_{name} by category" for name in workload.CATEGORIES]
    lines += [f'/"input":{{{numbers},{categories}}}/ {{']
    lines += [f"  h_{name} = ${name}" for name in workload.NUMBERS]
    lines += [f"  c_{name}[${name}]++" for name in workload.CATEGORIES]
    return "\n".join([*lines, "}", ""])


def _edges(place):
    width = 1 + place / 3
    return [round(place + width * (step / 5 - 2), 4) for step in range(EDGES)]


def _rows(count):
    with (workload.PLACE / "records.jsonl").open() as log:
        inputs = [json.loads(next(log))["input"] for _ in range(count)]
    return [([row[name] for name in workload.NUMBERS], [row[name] for name in workload.CATEGORIES]) for row in inputs]


def memory_small():
    """Peak memory of the real program after 100,000 records."""
    with Exporter(workload.PLACE / "inputs") as program:
        with (workload.PLACE / "records.jsonl").open() as log, (program.logs / "some.jsonl").open("w") as some:
            some.writelines(next(log) for _ in range(100_000))
        program.wait_for(100_000)
        return {"peak": program.peak}


def memory_large():
    """Peak memory after the first and the last of ten logs of a million records; their first lines differ."""
    peaks = []
    with Exporter(workload.PLACE / "inputs") as program:
        for turn in range(1, 11):
            log = program.logs / f"{turn}.jsonl"
            with (workload.PLACE / "records.jsonl").open("rb") as records, log.open("wb") as copy:
                copy.write(b'{"model":"bench","version":"1.0.0","input":{"feature_0":%d}}\n' % turn)
                shutil.copyfileobj(records, copy, 1 << 20)
            program.wait_for(turn * (workload.RECORDS + 1))
            log.unlink()
            peaks.append(program.peak)
    return {"first": peaks[0], "peak": peaks[-1]}


def scrape():
    """Our renderer beside prometheus_client's; medians of five within this process."""
    from bench_scrape import rows  # noqa: PLC0415 - as above

    return {str(row.series): row._asdict() for row in rows()}


def evaluation():
    """One evaluation of 13 components in 3 windows, milliseconds."""
    fleet = _fed("inputs")
    return _milliseconds(lambda: fleet.evaluate(time.time()))


def slicing():
    """The drift, invalid shares and gaps of 40 slices of 13 components in 2 windows, milliseconds a 1,000 pairs."""
    from collections import Counter  # noqa: PLC0415 - as above

    from exporter.slicing import sliced  # noqa: PLC0415 - as above

    (model,) = _fed("segments").models
    slices = model.engine.state.segments
    pairs = len(sliced(model.plan, slices, time.time(), Counter()).readings)
    taken = _milliseconds(lambda: sliced(model.plan, slices, time.time(), Counter()))
    return {"milliseconds": taken["milliseconds"] * 1000 / pairs}


def _fed(home):
    """Return the models of a configuration with 100,000 records."""
    from exporter.app.fleet import Fleet  # noqa: PLC0415 - as above
    from exporter.config import load  # noqa: PLC0415 - as above
    from exporter.decoders.native import NativeDecoder  # noqa: PLC0415 - as above

    fleet = Fleet(load(str(workload.PLACE / home / "exporter.yml")))
    with (workload.PLACE / "records.jsonl").open("rb") as log:
        for index, batch in NativeDecoder(fleet.schemas).feed(log.read(50_000_000)):
            fleet.ingest("bench", index, batch, time.time())
    return fleet


def _milliseconds(work):
    """CPU time of something: median of 21 in this process."""
    from statistics import median  # noqa: PLC0415 - as above

    taken = []
    for _ in range(21):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return {"milliseconds": 1000 * median(taken)}


def version():
    """`--version`: wall and CPU seconds."""
    script = Path(sys.executable).with_name("prediction-exporter")
    began = time.perf_counter()
    cpu = _children([str(script), "--version"], ".")
    return {"wall": time.perf_counter() - began, "cpu": cpu}


def ready():
    """`run`: CPU seconds and resident megabytes when it is ready to be scraped."""
    with Exporter(workload.PLACE / "inputs") as program:
        return {"cpu": program.cpu, "memory": program.memory}


def imports():
    """Heavy modules that `--version` and `run` import until ready."""
    trace = [sys.executable, "-X", "importtime", "-m", "exporter", "--version"]
    text = subprocess.run(trace, check=True, capture_output=True, text=True).stderr
    with Exporter(workload.PLACE / "inputs", "-X", "importtime") as program:
        text += program.errors.read_text()
    modules = set(re.findall(r"\| +([\w.]+)$", text, re.MULTILINE))
    if "numpy" not in modules:
        raise RuntimeError("the list of imports is not complete")
    return {"heavy": sorted(module for module in modules if module.partition(".")[0] in HEAVY)}


def _children(command, home, output=None):
    """CPU seconds of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with Path(output or "/dev/null").open("wb") as out:
        subprocess.run(command, cwd=home, check=True, stdout=out)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]]()))
