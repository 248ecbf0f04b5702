"""A day of the demo in a real Prometheus: its models through the real exporter by a simulated clock.

A new version takes over a third of the digits at noon, a camera is out of focus from six in the evening on, labels come
late, and now and then a value or a line is not what it should be.
"""

import heapq
import math
from dataclasses import dataclass, field, replace

import msgspec
import numpy as np
from bundle import run, tool
from stack import free_addresses, running

from exporter import catalog, config
from exporter.app.decoding import decoder_of
from exporter.app.fleet import Fleet
from exporter.app.pipeline import declare
from exporter.demo import data
from exporter.demo.records import request
from exporter.demo.story import Schedule
from exporter.exposition.negotiate import Format
from exporter.process import ProcessSample
from exporter.sources.images import Images

START = 1_767_225_600.0  # a midnight in the past: blocks of Prometheus begin at even hours
DAY = 86_400.0
END = START + DAY
FAULT = (0.75, 2.0)  # from here on a camera is out of focus, as shares of the day
STEP = 600.0  # between two scrapes
RATE = 60  # requests of a model in a step, on average
NOON = START + DAY / 2
LABELS = 'job="prediction-exporter",instance="exporter:8770"'
SOURCE = "predictions.jsonl"
CONFIG = """
evaluation_interval: 10m
models:
  - profile: profiles/digits@3.0.0.json
    windows: [1h, 6h]
    segments: [{{by: tags.machine, fairness: {{}}}}]
    expect: [{{name: ink is a share, that: "input.ink <= 1"}}]
    process: {{pid: 1}}
  - profile: profiles/digits@3.1.0.json
    windows: [1h, 6h]
    segments: [tags.machine]
  - profile: profiles/diabetes@1.2.0.json
    windows: [1h, 6h]
    process: {{pid: 1}}
sources:
  - file: {{path: {source}}}
"""
MORE = """\
  - {name: four, element: output.four, dtype: float}
  - name: confused
    role: eval
    extractor: {confusion: {output: label, actual: label, classes: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]}}
    dtype: category
  - {name: squared, role: eval, extractor: {brier: {output: four, actual: label, positive: "4"}}, dtype: float}
scores:
  - {name: brier_of_four, score: brier, input: squared, preference: low, threshold: 0.05}
  - {name: macro_f1, score: macro_f1, input: confused, preference: high, threshold: 0.9}
"""


MORE_OF_ALL = {
    "score: precision, input: is_four,": "score: precision, input: is_four, estimate: four,",
    "version: 1.2.0\n": "version: 1.2.0\nattributions: [bmi, bp, s5]\n",
}


@dataclass
class Sure:
    """The digits, with the probability that it is a four, from which precision can be estimated."""

    model: object

    def __getattr__(self, name):
        """Return what the model has."""
        return getattr(self.model, name)

    def answer(self, datum):
        """Return the logged input and output."""
        asked, said = self.model.answer(datum)
        sure = said["confidence"]
        return asked, {**said, "four": sure if str(said["label"]) == "4" else (1 - sure) / 9}


@dataclass
class Day:
    """What happens in the day: lines of the log, step by step."""

    models: list
    random: np.random.Generator
    schedule: Schedule = field(default_factory=lambda: Schedule(START, DAY, FAULT, repeats=False))
    due: list = field(default_factory=list)
    number: int = 0

    def lines(self, begin):
        """Return what is logged in a step."""
        hour = (begin - START) / 3600
        written = [line for model in self.models for line in self._predictions(model, begin, hour)]
        while self.due and self.due[0][0] < begin + STEP:
            written.append(heapq.heappop(self.due)[2])
        return b"".join(msgspec.json.encode(line) + b"\n" for line in written) + b"not a record\n"

    def _predictions(self, model, begin, hour):
        share = {"3.1.0": 0.35 if begin >= NOON else 0.0, "3.0.0": 1.0 if begin < NOON else 0.65}.get(
            model.version, 0.5
        )
        rate = RATE * share * (1 + 0.6 * math.sin((hour - 9) / 24 * 2 * math.pi))
        for when in np.sort(self.random.uniform(begin, begin + STEP, self.random.poisson(rate))).tolist():
            self.number += 1
            head = {"id": f"{self.number}", "model": model.name, "version": model.version}
            index = int(self.random.integers(model.size))
            prediction, actual = request(model, index, self.random, self.schedule.blurs(when))
            if actual is not None and self.random.random() < 0.95:
                known = when + self.random.uniform(600, 1800)
                heapq.heappush(self.due, (known, self.number, head | {"time": known, "actual": actual}))
            yield head | {"time": when} | explained(spoiled(prediction, self.number, when > NOON))


def explained(prediction):
    """Return a prediction with what each feature contributed, of the model that says so."""
    usual, weights = {"bmi": 26.0, "bp": 94.0, "s5": 4.6}, {"bmi": 5.0, "bp": 1.1, "s5": 60.0}
    found = {name: prediction.get("input", {}).get(name) for name in usual}
    if not all(isinstance(value, float) for value in found.values()):
        return prediction
    parts = {name: weights[name] * (found[name] - usual[name]) for name in usual}
    return prediction | {"attributions": parts}


def spoiled(prediction, number, changed):
    """Return a prediction, every 25th of them with a value that cannot be right, and with a field more once changed."""
    if changed:
        prediction = prediction | {"tags": prediction["tags"] | {"gateway": "b"}}
    reasons = (("contrast", None), ("intensity", "n/a"), ("ink", 99), ("ink", -99), ("sex", "3"))
    name, value = reasons[number // 25 % len(reasons)]
    if number % 25 or name not in prediction.get("input", {}):
        return prediction
    return prediction | {"input": prediction["input"] | {name: value}}


def written(directory):
    """Write the files of the demo with estimates and a second version of the digits; returns the models."""
    random = np.random.default_rng(3)
    digits, diabetes = data.trained(random)
    models = [Sure(digits), Sure(replace(digits, version="3.1.0")), diabetes]
    data.write(directory, models[::2], random, START - 7 * DAY)
    for model in models:
        text = data.SPECS[model.name].replace("3.0.0", model.version)
        if model.name == "digits":
            text = text.replace("scores:\n", MORE)
        for plain, estimated in MORE_OF_ALL.items():
            text = text.replace(plain, estimated)
        spec = directory / f"profile-{model.version}.yml"
        spec.write_text(text)
        log = (directory / f"reference-{model.name}.jsonl").read_bytes().replace(b"3.0.0", model.version.encode())
        records = (explained(msgspec.json.decode(line)) for line in log.splitlines())
        profile = directory / f"profiles/{model.name}@{model.version}.json"
        profile.write_bytes(data._profile(spec, b"\n".join(map(msgspec.json.encode, records)), START - 7 * DAY))
    (directory / "exporter.yml").write_text(CONFIG.format(source=SOURCE))
    return models


def scrapes(directory):
    """Yield the time and the text of every scrape of the day."""
    models = written(directory)
    fleet = Fleet(config.load(str(directory / "exporter.yml")))
    fleet.loaded()
    declare(fleet.telemetry, SOURCE)
    reader = decoder_of("native", fleet.schemas, Images(None, 1024))
    day = Day(models, np.random.default_rng(4))
    for step in range(1, int(DAY / STEP) + 1):
        now = START + step * STEP
        log = day.lines(now - STEP)
        for model, batch in (*reader.feed(log), *reader.flush()):
            fleet.ingest(SOURCE, model, batch, now)
        _health(fleet, log, reader.rejects, step)
        fleet.evaluate(now)
        yield now, fleet.metrics(Format.TEXT).decode()


def _health(fleet, log, rejects, step):
    """Say of the exporter and of the model servers what only threads and processes know."""
    telemetry = fleet.telemetry
    telemetry.count(catalog.RECORDS.name, log.count(b"\n"), source=SOURCE)
    for metric, value in (
        (catalog.SOURCE_UP, 1),
        (catalog.SOURCE_LAG_BYTES, len(log) % 999),
        (catalog.SOURCE_LAG_SECONDS, 2),
    ):
        telemetry.gauge(metric.name, value, source=SOURCE)
    for metric, value in (
        (catalog.QUEUE, step % 3),
        (catalog.STATE_BYTES, 1e6 + 100 * step),
        (catalog.CHECKPOINT, START + step * STEP),
    ):
        telemetry.gauge(metric.name, value)
    telemetry.count(catalog.CHECKPOINT_FAILURES.name, 0)
    telemetry.count(catalog.SOURCE_EVENTS.name, step % 20 == 0, source=SOURCE, event="rotations")
    for reason, count in rejects.items():
        telemetry.count(catalog.RECORDS_REJECTED.name, count, source=SOURCE, reason=reason)
    rejects.clear()
    started = START if step < 100 else START + 100 * STEP
    memory = 2e8 + 1e5 * (step % 100)
    for model in fleet.models:
        if model._watch is not None:
            model._process = ProcessSample(True, started, memory, 12.0 * step, 20 + step % 5, 8)


def samples(now, text, firing):
    """Yield the lines of a scrape as Prometheus would store them, its own series and alerts included.

    `firing` is since when alerts fire, and is brought up to date.
    """
    begun = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            series, _, value = line.rpartition(" ")
            name, brace, labels = series.partition("{")
            inside = f"{LABELS},{labels}" if brace else f"{LABELS}}}"
            yield f"{name}{{{inside} {value} {now:.0f}\n"
            if name == "model_drift_alarm" and value == "1":
                begun[f'alertname="ModelComponentDrifted",severity="warning",{labels[:-1]}'] = now
            if name == "model_score" and 'score="accuracy",window="1h"' in labels and float(value) < 0.9:
                begun[f'alertname="ModelScoreWorse",severity="critical",{LABELS},{labels[:-1]}'] = now
    since = begun | {alert: firing[alert] for alert in begun.keys() & firing.keys()}
    firing.clear()
    firing.update(since)
    for alert, start in since.items():
        yield f'ALERTS{{{alert},alertstate="firing"}} 1 {now:.0f}\n'
        yield f"ALERTS_FOR_STATE{{{alert}}} {start:.0f} {now:.0f}\n"
    count = text.count("\n")
    for name, value in (("up", 1), ("scrape_duration_seconds", 0.02), ("scrape_samples_scraped", count)):
        yield f"{name}{{{LABELS}}} {value} {now:.0f}\n"


def blocks(directory, storage):
    """Write the blocks of the day into Prometheus's folder, two hours at a time; returns the last scrape."""
    files, firing = {}, {}
    for now, text in scrapes(directory):
        hours = math.ceil((now - START) / 7200)
        files.setdefault(hours, []).extend(samples(now, text, firing))
    for hours, lines in files.items():
        file = directory / f"{hours}.om"
        file.write_text("".join(lines) + "# EOF\n")
        run("promtool", "tsdb", "create-blocks-from", "openmetrics", "--quiet", file, storage)
    return text


def prometheus(directory, storage):
    """Run Prometheus on the blocks."""
    (directory / "prometheus.yml").write_text("global: {}\n")
    (address,) = free_addresses(1)
    command = [
        tool("prometheus"),
        "--config.file=prometheus.yml",
        f"--storage.tsdb.path={storage}",
        "--storage.tsdb.retention.time=100y",
        f"--query.lookback-delta={STEP * 1.5:.0f}s",
        f"--web.listen-address={address}",
        "--log.level=warn",
    ]
    return running(command, address, "/-/ready", directory)
