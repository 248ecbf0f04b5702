"""How long the panels of the dashboards take in a real Prometheus that holds a day of 20 models with 30 components.

The series are those that the exporter exposes of one such model, under 20 names, scraped every 15 s. Components of the
other models than the one that is looked at are scraped every 5 min: no board reads more of them than the present.
`--markdown FILE` writes the slowest panels into a page between its markers.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import msgspec
import numpy as np
import remote_write
import requests

sys.path.insert(0, str(Path(__file__).parents[1]))

from boards import Query, filled, queries
from bundle import tool
from run import insert, machine
from stack import free_addresses, running

from exporter import catalog, config
from exporter.app.decoding import decoder_of
from exporter.app.fleet import Fleet
from exporter.exposition.negotiate import Format
from exporter.profile import build, columns_of, dump
from exporter.sources.images import Images

MODELS, NUMBERS, CATEGORIES, CLASSES, SITES = 20, 22, 4, 5, 4  # and an output, an actual and two of both
RECORDS = 6000
MISSING = 0.02  # of the first number
RIGHT = 0.8  # of the predictions at least
START, DAY = 1_767_225_600, 86_400
SLICE = 1800  # Prometheus takes nothing older than an hour before the newest
SCRAPE, RARE = 15, 300
SLOWEST = 12
RUNS = 3
LIMIT = 1.0
STEP = 120  # at which Grafana asks for a day in at most 600 points
GRAFANA = {
    "__rate_interval": f"{STEP + SCRAPE}s",
    "__range": "86400s",
    "__interval": f"{STEP}s",
    "window": "24h",
    "segment": "site",
}
CHOSEN = {"model": "model-00", "version": "1.0.0", "component": "number_0", "role": "input", "score": ".+"}
CHOSEN |= {"value": ".+", "against": ".+", "baseline": "1.0.0", "before": "6h", "instance": ".+"}
FLEET = CHOSEN | {"model": ".+", "version": ".+"}

SPEC = """\
name: model-00
version: 1.0.0
components:
{components}
  - {{name: label, element: output.label, dtype: category}}
  - {{name: label, element: actual.label, dtype: category}}
  - {{name: correct, role: eval, extractor: {{correct: {{output: label, actual: label}}}}, dtype: category}}
  - name: confused
    role: eval
    extractor: {{confusion: {{output: label, actual: label, classes: [0, 1, 2, 3, 4]}}}}
    dtype: category
scores:
  - {{name: accuracy, score: accuracy, input: correct, preference: high, threshold: 0.5}}
  - {{name: macro_f1, score: macro_f1, input: confused, preference: high, threshold: 0.5}}
"""
CONFIG = """\
models:
  - profile: model.json
    windows: [1h, 24h]
    segments: [tags.site]
sources:
  - file: {path: predictions.jsonl}
"""


@dataclass(frozen=True, slots=True)
class Series:
    """A series of the exporter: its labels, what it is worth at the end, and whether it counts up to that."""

    labels: dict[str, str]
    value: float
    counts: bool


def _log(random: np.random.Generator, begin: float, shift: float) -> bytes:
    def line(number: int) -> dict[str, object]:
        numbers = {f"number_{place}": value for place, value in enumerate(random.normal(shift, 1, NUMBERS).tolist())}
        if random.random() < MISSING:
            numbers["number_0"] = None
        kinds = {f"kind_{place}": f"k{random.integers(6)}" for place in range(CATEGORIES)}
        label = int(random.integers(CLASSES))
        actual = label if random.random() < RIGHT else int(random.integers(CLASSES))
        return {
            "id": f"{begin}-{number}",
            "time": begin + number / 2,
            "model": "model-00",
            "version": "1.0.0",
            "input": numbers | kinds,
            "output": {"label": label},
            "actual": {"label": actual},
            "latency_seconds": float(random.gamma(2, 0.01)),
            "tags": {"site": f"site-{random.integers(SITES)}"},
        }

    return b"".join(msgspec.json.encode(line(number)) + b"\n" for number in range(RECORDS))


def exposition(directory: Path) -> str:
    """Return what the exporter exposes of one model whose inputs have moved."""
    random = np.random.default_rng(7)
    inputs = [(f"number_{place}", "float") for place in range(NUMBERS)]
    inputs += [(f"kind_{place}", "category") for place in range(CATEGORIES)]
    each = (f"  - {{name: {name}, element: input.{name}, dtype: {dtype}}}" for name, dtype in inputs)
    (directory / "spec.yml").write_text(SPEC.format(components="\n".join(each)))
    spec = config.load_spec(str(directory / "spec.yml"))
    reference = columns_of(spec, _log(random, START, 0).splitlines())
    (directory / "model.json").write_bytes(dump(build(spec, reference, START)))
    (directory / "exporter.yml").write_text(CONFIG)
    fleet = Fleet(config.load(str(directory / "exporter.yml")))
    reader = decoder_of("native", fleet.schemas, Images(None, 1024))
    now = START + DAY
    for model, batch in (*reader.feed(_log(random, now - RECORDS / 2, 0.5)), *reader.flush()):
        fleet.ingest("predictions.jsonl", model, batch, now)
    fleet.evaluate(now)
    return fleet.metrics(Format.TEXT).decode()


def fleet_of(text: str) -> Iterator[Series]:
    """Yield the series of all models, and the alerts that fire about a third of them."""
    gauges = {metric.name for metric in catalog.METRICS if metric.kind == "gauge"}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        series, _, value = line.rpartition(" ")
        name, _, inside = series.partition("{")
        found = dict(_pair(pair) for pair in inside.removesuffix("}").split('",') if pair)
        for number in range(MODELS if "model" in found else 1):
            own = {"model": f"model-{number:02}"} if "model" in found else {}
            yield Series(_target({**found, **own, "__name__": name}), float(value), name not in gauges)
            if name == "model_drift_alarm" and value == "1" and number % 3 == 0:
                yield from _alert(_target({**found, **own}))
    for name, value in (("up", 1), ("scrape_duration_seconds", 0.02)):
        yield Series(_target({"__name__": name}), value, counts=False)


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition('="')
    return name, value.removesuffix('"')


def _target(labels: dict[str, str]) -> dict[str, str]:
    return {"job": "prediction-exporter", "instance": "exporter:8770"} | labels


def _alert(labels: dict[str, str]) -> Iterator[Series]:
    alert = {"alertname": "ModelComponentDrifted", "severity": "warning", **labels}
    yield Series({**alert, "__name__": "ALERTS", "alertstate": "firing"}, 1, counts=False)
    yield Series({**alert, "__name__": "ALERTS_FOR_STATE"}, START + DAY / 2, counts=False)


def fill(address: str, series: Iterable[Series]) -> tuple[int, int]:
    """Write a day of the series into Prometheus; returns how many series and samples."""
    groups: dict[int, list[Series]] = {SCRAPE: [], RARE: []}
    for each in series:
        of_another = "component" in each.labels and each.labels["model"] != CHOSEN["model"]
        groups[RARE if of_another and "ALERTS" not in each.labels["__name__"] else SCRAPE].append(each)
    prepared = [_prepared(step, group) for step, group in groups.items()]
    for begin in range(START, START + DAY, SLICE):
        print(f"\r{(begin - START) / DAY:.0%} of the day", end="", file=sys.stderr, flush=True)
        for step, heads, values, counts in prepared:
            times = np.arange(begin, begin + SLICE, step) + step
            grown = np.where(counts[:, None], (times - START) / DAY, 1.0)
            tails = remote_write.samples(times, values[:, None] * grown)
            remote_write.send(address, zip(heads, map(bytes, tails), strict=True))
    print(file=sys.stderr)
    return sum(map(len, groups.values())), sum(len(group) * DAY // step for step, group in groups.items())


def _prepared(step: int, group: list[Series]) -> tuple[int, list[bytes], np.ndarray, np.ndarray]:
    heads = [remote_write.labels(each.labels) for each in group]
    return step, heads, np.array([each.value for each in group]), np.array([each.counts for each in group])


def seconds(address: str, query: Query) -> tuple[float, int]:
    """Return how long a query takes, and how many series it returns."""
    asked = {"query": filled(query.expr, **GRAFANA, **(FLEET if query.board in {"Models", "Exporter"} else CHOSEN))}
    asked |= {"time": START + DAY} if query.instant else {"start": START, "end": START + DAY, "step": STEP}
    begin = time.perf_counter()
    answer = requests.post(f"http://{address}/api/v1/query{'' if query.instant else '_range'}", data=asked, timeout=120)
    taken = time.perf_counter() - begin
    body = answer.json()
    if body["status"] != "success":
        raise RuntimeError(f"{query}: {body['error']}")
    return taken, len(body["data"]["result"])


def panels(address: str) -> dict[str, tuple[float, int]]:
    """Return the seconds of each panel, its queries one after the other, and how many series it shows."""
    found: dict[str, tuple[float, int]] = {}
    for query in queries():
        runs = [seconds(address, query) for _ in range(RUNS)]
        name = f"{query.board}: {query.panel}"
        before = found.get(name, (0.0, 0))
        found[name] = before[0] + median(taken for taken, _ in runs), before[1] + runs[0][1]
    return dict(sorted(found.items(), key=lambda item: -item[1][0]))


def measured() -> tuple[str, dict[str, tuple[float, int]]]:
    """Return what was asked of, in words, and the seconds of each panel."""
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        (directory / "prometheus.yml").write_text("global: {}\n")
        (address,) = free_addresses(1)
        command = [tool("prometheus"), "--config.file=prometheus.yml", "--web.enable-remote-write-receiver"]
        command += [f"--web.listen-address={address}", "--log.level=warn"]
        command += ["--storage.tsdb.path=data", "--storage.tsdb.retention.time=100y"]
        with running(command, address, "/-/ready", directory):
            series, samples = fill(address, fleet_of(exposition(directory)))
            return f"{series:,} series with {samples / 1e6:.0f} million samples", panels(address)


def table(found: dict[str, tuple[float, int]]) -> str:
    """Lay the slowest panels out for a page."""
    head = "| panel | queries together | series |", "|---|--:|--:|"
    slowest = list(found.items())[:SLOWEST]
    lines = (f"| {name} | {taken * 1000:,.0f} ms | {series:,} |" for name, (taken, series) in slowest)
    return "\n".join((*head, *lines))


def main() -> int:
    """Measure and print; 1 where a panel takes too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="a page whose results are replaced")
    page = parser.parse_args().markdown
    size, found = measured()
    text = f"{machine()}; {size}.\n\n{table(found)}"
    print(text)
    if page:
        insert(page, text)
    return int(max(taken for taken, _ in found.values()) > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
