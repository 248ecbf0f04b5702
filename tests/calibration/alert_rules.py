"""Lets the real Prometheus judge simulated scrapes: blocks, recorded series, and each alert over the whole time."""

import re
import shutil
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import requests
from alert_world import DAY, START

sys.path.insert(0, str(Path(__file__).parents[1]))

from bundle import alerts, load, records, rules, run, selectors, tool
from stack import MILLISECONDS, free_addresses, running

STEP = 120.0  # seconds between two evaluations of a rule
SLOW_STEP = 600.0  # of most rules, where many models are judged
POINTS = 10_000  # of a query, at most
GROUPS = {group["name"]: group["rules"] for group in load("prometheus/rules/recording.yml")["groups"]}
FLEET = {rule["record"] for rule in GROUPS["fleet_drift"]}  # each model has one exporter here


@dataclass(frozen=True)
class Fired:
    """An alert that began to fire at a time (Unix seconds)."""

    name: str
    severity: str
    model: str
    labels: tuple[tuple[str, str], ...]
    time: float


def judged() -> list[dict]:
    """Return the alerts on models and of exporters that are down; what else these say of themselves is not made."""
    own = ("prediction_exporter_", "vector(")
    return [rule for rule in alerts() if not any(name in rule["expr"] for name in own)]


def expanded() -> tuple[list[dict], list[list[dict]]]:
    """Return the alerts, and the series to record for them, each list of such as need no later ones.

    What is recorded and read at the moment alone is put in its place; what is read over a time has to be recorded.
    """
    by_name = defaultdict(list)
    for rule in records():
        if rule["record"] not in FLEET:
            by_name[rule["record"]].append(f"({rule['expr']})")
    told = [rule["expr"] for rule in rules()]
    past = {name for name in by_name if any(re.search(rf"{name}(\{{[^}}]*\}})?(\[| offset)", text) for text in told)}
    now = {name: "(" + " or ".join(texts) + ")" for name, texts in by_name.items() if name not in past}

    def filled(text):
        found = re.search("|".join(rf"\b{name}\b" for name in now), text)
        return filled(text.replace(found[0], now[found[0]])) if found else text

    stored = {name: filled(" or ".join(by_name[name])) for name in past}
    order = TopologicalSorter(
        {name: {other for other in past if other in text} - {name} for name, text in stored.items()}
    )
    return [rule | {"expr": filled(rule["expr"])} for rule in judged()], [
        {"record": name, "expr": stored[name]} for name in order.static_order()
    ]


@cache
def read() -> frozenset[str]:
    """Return the names of the series that those rules read of an exporter."""
    told, stored = expanded()
    return frozenset(name for rule in (*told, *stored) for name, _ in selectors(rule["expr"]) if ":" not in name)


def imported(folder: Path, storage: Path):
    """Make blocks of the files of each day, and delete them."""
    for day in sorted((path for path in folder.iterdir() if path.name.isdigit()), key=lambda path: int(path.name)):
        text = folder / "day.om"
        with text.open("wb") as whole:
            for path in day.iterdir():
                with path.open("rb") as part:
                    shutil.copyfileobj(part, whole)
            whole.write(b"# EOF\n")
        _block(text, storage)
        shutil.rmtree(day)


@contextmanager
def prometheus(folder: Path, storage: Path, lookback: float) -> Iterator[str]:
    """Run Prometheus on blocks."""
    (folder / "prometheus.yml").write_text("global: {}\n")
    (address,) = free_addresses(1)
    options = {"storage.tsdb.path": storage, "storage.tsdb.retention.time": "100y", "web.listen-address": address}
    options |= {"query.lookback-delta": f"{lookback:.0f}s", "query.max-samples": 500_000_000, "query.timeout": "20m"}
    options |= {"config.file": "prometheus.yml", "log.level": "error"}
    command = [tool("prometheus"), *(f"--{name}={value}" for name, value in options.items())]
    with running(command, address, "/-/ready", folder):
        yield f"http://{address}"


def recorded(folder: Path, storage: Path, url: str, rule: dict, end: float):
    """Record a series from the start to the end."""
    lines = defaultdict(list)
    for labels, samples in _ranged(url, rule["expr"], end, STEP):
        inside = ",".join(f'{name}="{value}"' for name, value in labels)
        for time, value in samples:
            lines[(time - START) // DAY].append(f"{rule['record']}{{{inside}}} {value} {time:.0f}\n")
    for each in lines.values():
        text = folder / "day.om"
        text.write_text("".join(each) + "# EOF\n")
        _block(text, storage)


def _block(text, storage):
    run("promtool", "tsdb", "create-blocks-from", "openmetrics", "--quiet", "--max-block-duration=24h", text, storage)
    text.unlink()


def _ranged(url, expression, end, step):
    """Yield labels and samples of each series of an expression over the whole time."""
    found = defaultdict(list)
    span = step * POINTS
    for start in range(int(START + STEP), int(end), int(span)):
        asked = {"query": expression, "start": start, "end": min(start + span - step, end), "step": step}
        answer = requests.post(f"{url}/api/v1/query_range", data=asked, timeout=1200).json()
        assert answer["status"] == "success", (expression, answer)
        for series in answer["data"]["result"]:
            labels = tuple(sorted(pair for pair in series["metric"].items() if pair[0] != "__name__"))
            found[labels] += series["values"]
    yield from found.items()


def fired(url: str, rule: dict, end: float, step: float) -> Iterator[Fired]:
    """Yield each time that an alert has begun to fire, as Prometheus would have it with `for` and `keep_firing_for`.

    A `for` that is shorter than the step is taken for none.
    """
    wait, keep = _seconds(rule.get("for")), _seconds(rule.get("keep_firing_for"))
    for labels, samples in _ranged(url, rule["expr"], end, step):
        for begin in _begins([time for time, _ in samples], wait if wait >= step else 0, keep, step):
            named = dict(labels)
            model = named.get("model") or named.get("instance", "")
            yield Fired(rule["alert"], rule["labels"]["severity"], model, labels, begin)


def _begins(times, wait, keep, step):
    """Yield the times at which it begins to fire, of those at which its expression is true."""
    pending, last, firing = None, None, False
    for time in times:
        if last is None or time - last > step:
            firing = firing and time - last <= keep
            pending = None if firing else time
        if not firing and time - pending >= wait:
            firing = True
            yield time
        last = time


def _seconds(text):
    unit = text.lstrip("0123456789") if text else "s"
    return int(text[: -len(unit)]) * MILLISECONDS[unit] / 1000 if text else 0.0


def all_fired(folder: Path, days: float, lookback: float, slow_step: float) -> list[Fired]:
    """Return all that fired, in the order of time."""
    storage, end = folder / "blocks", START + days * DAY
    told, stored = expanded()
    imported(folder, storage)
    for rule in stored:
        with prometheus(folder, storage, lookback) as url:
            recorded(folder, storage, url, rule, end)
    with prometheus(folder, storage, lookback) as url:
        found = [one for rule in told for one in fired(url, rule, end, _step(rule, slow_step))]
        return sorted(found, key=lambda one: one.time)


def _step(rule, slow_step):
    """Return the seconds between two evaluations: few of pages that read what is counted by the minute."""
    minutely = any(name in rule["expr"] for name in ("model_prediction", "up{"))
    return STEP if minutely and rule["labels"]["severity"] == "critical" else slow_step
