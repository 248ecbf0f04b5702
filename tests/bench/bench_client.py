"""What one call of the client costs a model server, beside the other ways to log a prediction, in the same run.

Each way runs in a process of its own, five rounds in turn (A B C A B C). A process serves 1,000 paced requests a
second: features, eight small products of matrices, the call, and a pause; another thread is busy a tenth of the time.
Caches are cold after a pause, so a call takes several times as long as in a loop. CPU time is that of the whole
process with any thread of the logger, less that of doing nothing: for calls in a loop, and "after pauses" for a
hundred calls every tenth of a second, where caches are cold again and waking the logger's thread counts.
`bench_client.py NAME` measures one way here and prints JSON.
"""

import asyncio
import http.client
import http.server
import importlib.util
import json
import logging
import multiprocessing
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from statistics import median

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # its idle threads would be counted

import numpy as np
from shared import Row, aligned, environment, in_turn

ROUNDS = 5
REQUESTS = 1500  # paced, of each round
PACE = 0.001
WARM_UP = 12
BURST = 100
BURSTS = 15
CRASH_RECORDS = 100_000
BOXKITE = ("boxkite==0.0.5", "prometheus_client==0.11.0")
FEATURES = 10
NANOSECONDS = 1000  # in a microsecond


class Way:
    """A way to log: `call` takes id, input, output, seconds and tags, and is awaited where it can be."""

    def __init__(self, call, settle=lambda: None, close=lambda: None):
        self.call = call
        self.settle = settle
        self.close = close


def nothing(_):
    """· nothing: the cost of measuring."""
    return Way(lambda *_: None)


def append(_):
    """· the least that a hand-over can be: nothing is copied, and nobody reads it."""
    queue = deque(maxlen=1000)
    return Way(lambda *record: queue.append((time.time(), record)))


def waking(place):
    """· the same, and a thread that wakes every tenth of a second for nothing."""
    stop = threading.Event()

    def wake():
        while not stop.wait(BURST * PACE):
            pass

    threading.Thread(target=wake).start()
    return Way(append(place).call, close=stop.set)


def _client(place, **options):
    from exporter.client import PredictionLog  # noqa: PLC0415 - each way imports what it needs

    return PredictionLog(Path(place) / "predictions.jsonl", model="bench", version="1.0.0", **options)


def prediction(place, **options):
    """Client: `log.prediction` of flat values, in a server with 1,000 requests a second."""
    log = _client(place, **options)

    def call(name, datum, output, seconds, tags):
        log.prediction(name, input=datum, output=output, latency_seconds=seconds, tags=tags)

    return Way(call, log.flush, log.close)


def nested(place):
    """· with a list in the output."""
    log = _client(place)

    def call(name, datum, output, seconds, tags):
        log.prediction(
            name, input=datum, output={"probability": [*output.values()]}, latency_seconds=seconds, tags=tags
        )

    return Way(call, log.flush, log.close)


def trace(place):
    """· `with log.trace`, around no work."""
    log = _client(place)

    def call(name, datum, output, _, tags):
        with log.trace(name, input=datum, tags=tags) as trace:
            trace.output = output

    return Way(call, log.flush, log.close)


def durable(place):
    """· with `durable`: written before it returns."""
    return prediction(place, durable=True)


def _record(name, datum, output, seconds, tags):
    return {"id": name, "time": time.time(), "input": datum, "output": output, "latency_seconds": seconds, "tags": tags}


def _logger(place):
    logger = logging.getLogger("predictions")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(logging.FileHandler(Path(place) / "predictions.log"))
    return logger


def log_json(place):
    """· `logging` to a file, the message is JSON."""
    logger = _logger(place)
    return Way(lambda *record: logger.info(json.dumps(_record(*record))))


def background_task(place):
    """· Starlette's BackgroundTasks, an async function that logs so."""
    from starlette.background import BackgroundTasks  # noqa: PLC0415 - as above

    logger = _logger(place)

    async def write(record):
        logger.info(json.dumps(record))

    async def call(*record):
        tasks = BackgroundTasks()
        tasks.add_task(write, _record(*record))
        await tasks()

    return Way(call)


def background_thread(place):
    """· Starlette's BackgroundTasks, a plain function that logs so, in the thread pool."""
    from starlette.background import BackgroundTasks  # noqa: PLC0415 - as above

    logger = _logger(place)

    async def call(*record):
        tasks = BackgroundTasks()
        tasks.add_task(lambda made: logger.info(json.dumps(made)), _record(*record))
        await tasks()

    return Way(call)


class _Collector(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def _collect(pipe):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Collector)
    pipe.send(server.server_port)
    server.serve_forever()


def http_post(_):
    """· a POST to a collector on this machine, over a connection that is kept."""
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=_collect, args=(there,), daemon=True)
    server.start()
    connection = http.client.HTTPConnection("127.0.0.1", here.recv())

    def call(*record):
        connection.request("POST", "/", json.dumps(_record(*record)), {"content-type": "application/json"})
        connection.getresponse().read()

    return Way(call, close=server.terminate)


def boxkite(place):
    """· boxkite 0.0.5: histograms in the process; its log goes nowhere."""
    from boxkite.monitoring.service import (  # noqa: PLC0415 - as above
        BaselineMetricCollector,
        ModelMonitoringService,
    )

    baseline, rng = str(Path(place) / "histogram.prom"), np.random.default_rng(1)
    columns = [(f"feature_{number}", rng.random(1000).tolist()) for number in range(FEATURES)]
    ModelMonitoringService.export_text(columns, inference=rng.random(1000).tolist(), path=baseline)
    nowhere = type("Nowhere", (), {"emit": lambda *_: None})()
    service = ModelMonitoringService(nowhere, BaselineMetricCollector(baseline))

    def call(_, datum, output, __, ___):
        features = [value for value in datum.values() if isinstance(value, float)]
        service.log_prediction(json.dumps(datum), features, output["probability"])

    return Way(call)


FLOOR = (nothing, append, waking)
OURS = (prediction, nested, trace, durable)
PEERS = (log_json, background_task, background_thread, http_post, boxkite)
WAYS = {way.__name__: way for way in (*FLOOR, *OURS, *PEERS)}
LIMITS = {"prediction": {"p50": 3, "p99": 30, "loop": 3}, "durable": {"p50": 15}}  # microseconds
LIMIT = {"p50": "p50", "p99": "p99", "loop": "CPU"}
TIMES = {"log_json": 4, "http_post": 20, "boxkite": 5}  # a prediction is to be so many times cheaper


def measure(name):
    """Measure one way in this process: microseconds."""
    with tempfile.TemporaryDirectory(prefix="bench-client-") as place:
        way = WAYS[name](place)
        try:
            return asyncio.run(_measure(way))
        finally:
            way.close()


async def _measure(way):
    rng = random.Random(1)
    for _ in range(WARM_UP):
        for _ in range(BURST):
            await _call(way, _request(rng))
        way.settle()
    bursts = await _bursts(way, [_request(rng) for _ in range(BURST)])
    loop = await _loop(way, [_request(rng) for _ in range(BURST)])
    times = sorted(await _paced(way, rng))
    return {"p50": times[len(times) // 2], "p99": times[len(times) * 99 // 100], "loop": loop, "bursts": bursts}


def _request(rng):
    datum = {f"feature_{number}": rng.random() for number in range(FEATURES)}
    datum |= {"zone": "centre", "plan": "basic", "device": "phone"}
    return f"request-{rng.random()}", datum, {"label": "a", "probability": rng.random()}, 0.0125, {"machine": "2"}


async def _call(way, request):
    began = time.perf_counter_ns()
    outcome = way.call(*request)
    if outcome is not None and hasattr(outcome, "__await__"):
        await outcome
    return (time.perf_counter_ns() - began) / NANOSECONDS


async def _bursts(way, requests):
    began = time.process_time()
    for _ in range(BURSTS):
        due = time.monotonic() + BURST * PACE
        for request in requests:
            await _call(way, request)
        time.sleep(max(0.0, due - time.monotonic()))  # noqa: ASYNC251 - nothing else is to run
    way.settle()
    return 1e6 * (time.process_time() - began) / (BURST * BURSTS)


async def _loop(way, requests):
    began = time.process_time()
    for _ in range(BURSTS):
        for request in requests:
            await _call(way, request)
    way.settle()
    return 1e6 * (time.process_time() - began) / (BURST * BURSTS)


async def _paced(way, rng):
    stop = threading.Event()
    busy = threading.Thread(target=_busy, args=(stop,), daemon=True)
    matrices, vector = [np.random.default_rng(1).random((64, 64)) for _ in range(8)], np.ones(64)
    busy.start()
    times, due = [], time.monotonic()
    for _ in range(REQUESTS):
        request = _request(rng)
        for matrix in matrices:
            _ = matrix @ vector
        times.append(await _call(way, request))
        due += PACE
        time.sleep(max(0.0, due - time.monotonic()))  # noqa: ASYNC251 - as above
    stop.set()
    busy.join()
    return times


def _busy(stop):
    while not stop.wait(9 * PACE):
        until = time.perf_counter() + PACE
        while time.perf_counter() < until:
            pass


def results(rounds):
    """Measure everything, in turn; boxkite where nothing else is, since it needs an old prometheus_client."""
    with tempfile.TemporaryDirectory(prefix="bench-boxkite-") as place:
        python = dict.fromkeys(WAYS, sys.executable) | {"boxkite": environment(place, BOXKITE)}
        if importlib.util.find_spec("starlette") is None:
            python |= dict.fromkeys(("background_task", "background_thread"))
        return in_turn(__file__, python, rounds)


def crash(*options):
    """Let eight processes write a log and kill four of them; returns what became of the records."""
    program = Path(__file__).parent.parent / "crash.py"
    command = [sys.executable, str(program), str(CRASH_RECORDS), *options]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def rows(rounds: int = ROUNDS) -> Iterable[Row]:
    """Measure, and yield the table."""
    found = results(rounds)
    middle = {name: _medians(runs, found["nothing"]) for name, runs in found.items()}
    yield from _costs(middle)
    yield from _peers(found, middle)
    yield from _crashes()


def _medians(runs, nothing):
    """Return the middle of each figure; CPU times are less those of doing nothing in the same round."""
    if not runs or None in runs:
        return None
    values = {key: median(run[key] for run in runs) for key in ("p50", "p99")}
    return values | {
        key: median(run[key] - base[key] for run, base in zip(runs, nothing, strict=True)) for key in ("loop", "bursts")
    }


def _costs(middle):
    for way in (*OURS, *FLOOR):
        figures, limits = middle[way.__name__], LIMITS.get(way.__name__, {})
        goal = ", ".join(f"{LIMIT[key]} ≤ {limit}" for key, limit in limits.items())
        met = all(figures[key] <= limit for key, limit in limits.items()) if limits else None
        yield Row(_title(way), _figures(figures), f"{goal} us" if goal else "", met)


def _peers(found, middle):
    for way in PEERS:
        name = way.__name__
        least = TIMES.get(name)
        goal = f"≥ {least} times" if least else ""
        if middle[name] is None:
            yield Row(_title(way), "could not be installed or does not run", goal)
            continue
        factor = median(them["p50"] / us["p50"] for us, them in zip(found["prediction"], found[name], strict=True))
        met = factor >= least if least else None
        yield Row(_title(way), f"{_figures(middle[name])}; a prediction is {factor:.0f} times cheaper", goal, met)


def _crashes():
    for options in ((), ("durable",)):
        outcome = crash(*options)
        lost = outcome["lost_by_survivors"] + outcome["lost_older"] + outcome["gaps"]
        lost += outcome["lost_by_killed"] if options else 0
        wrong = outcome["torn"] + outcome["repeated"] + lost
        text = f"{outcome['records']:,} records in {outcome['files']} files: {outcome['torn']} torn, {lost} lost, "
        text += f"{outcome['repeated']} twice; unflushed of the killed: {outcome['lost_by_killed']:,}"
        what = (
            f"Client: eight processes, {CRASH_RECORDS:,} records each, four are killed{', durable' if options else ''}"
        )
        yield Row(what, text, "none", wrong == 0)


def _title(way):
    return way.__doc__.rstrip(".")


def _figures(values):
    return "p50 {p50:.1f}, p99 {p99:.1f}, CPU {loop:.1f} (after pauses {bursts:.1f}) us".format(**values)


def main():
    """Measure one way, or all, and print."""
    if sys.argv[1:]:
        print(json.dumps(measure(sys.argv[1])))
        return
    print(aligned(rows()))


if __name__ == "__main__":
    main()
