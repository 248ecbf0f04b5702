"""All watched models: their engines, latest evaluations and what a scrape says of them."""

import math
import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from exporter import __version__, catalog, profile
from exporter.app.budget import series
from exporter.attributions import associated, attributed
from exporter.batch import Batch, Schema
from exporter.config import Config, ModelConfig, segment_of
from exporter.engine import Engine, State
from exporter.estimation import confused, estimated
from exporter.evaluate import Evaluation, alarmed, evaluate
from exporter.explain import explain, explain_slices
from exporter.exposition.families import ModelLines, ordered, overflow, own_families
from exporter.exposition.negotiate import Format
from exporter.exposition.render import Family, line, render
from exporter.plan import Shown, plan, plug_ins
from exporter.process import ProcessSample, ProcessWatch
from exporter.quality import Flag
from exporter.slicing import sliced
from exporter.state import Watch
from exporter.telemetry import Telemetry


class Model:
    """One model: its engine, written by one thread, and its evaluation, made by another.

    `series` is how many a scrape shows of it at most.
    """

    def __init__(self, config: ModelConfig, categories: int, interval: float) -> None:
        reference = profile.load(Path(config.profile).read_bytes())
        self.plan = plan(
            reference,
            config.windows,
            latency_edges=config.latency_buckets,
            wait=config.actuals.wait,
            pending=config.actuals.pending,
            categories=categories,
            tolerance=config.alarm.tolerance,
            steps=config.alarm.false_alarm_budget / interval,
            more=config.statistics,
            segments=tuple(segment_of(written) for written in config.segments),
            expectations=tuple(written.expectation() for written in config.expect),
            level=config.outliers.quantile,
            shown=Shown(tuple(config.flagged.tags), config.flagged.values, config.flagged.ids),
        )
        self.series = series(self.plan, watched=config.process is not None)
        self.engine = Engine(self.plan)
        self.evaluation: Evaluation | None = None
        self.watch = Watch(self.engine, self.plan.bank.start())
        self._stepped = -math.inf
        self._budget = config.alarm.false_alarm_budget
        self._preferences = {score.name: score.reference.preference for score in self.plan.scores}
        self._lines = ModelLines(self.plan)
        self._watch = None if config.process is None else ProcessWatch(config.process)
        self._process: ProcessSample | None = None

    def look(self) -> None:
        """Read the watched process."""
        if self._watch is not None:
            self._process = self._watch.sample()

    def step(self, state: State, now: float, interval: float = 0.0) -> None:
        """Take what is new in a state into the evidence as of a time, if the last step is so many seconds ago."""
        if not 0 <= now - self._stepped < interval:  # less than 0: the clock was put back
            self._stepped = now
            totals = (*state.predictions.total, *state.outcomes.total)
            self.watch.evidence = self.plan.bank.step(self.watch.evidence, totals, now)

    def evaluate(self, now: float) -> Evaluation:
        """Evaluate the state as of a time (Unix seconds)."""
        state = self.engine.state
        self.step(state, now)
        found = evaluate(self.plan, state.predictions.windows(now), state.outcomes.windows(now))
        slicing = sliced(self.plan, state.segments, now, found.failures)
        streams = state.estimates.windows(now), state.checks.windows(now)
        estimates = tuple(estimated(self.plan, streams, found.realised, found.failures))
        confusions = tuple(confused(self.plan, streams[0]))
        put_down = tuple(attributed(self.plan, state.attributions.windows(now)))
        found = replace(
            found,
            slicing=slicing,
            estimates=estimates,
            confusions=confusions,
            attributions=put_down,
            associations=tuple(associated(self.plan, state.associations.windows(now))),
            time=now,
        )
        self.evaluation = alarmed(self.plan, found, self.watch.evidence)
        return self.evaluation

    def findings(self, window: str | None) -> Iterator[dict[str, object]]:
        """Yield what has changed in each window, or in one of them, as of the last evaluation."""
        latest, state = self.evaluation, self.engine.state
        now = time.time() if latest is None else latest.time
        windows = [stream.windows(now) for stream in (state.predictions, state.outcomes)]
        for spec in self.plan.windows:
            if window in (None, spec.label):
                yield {
                    "model": self.plan.labels[0],
                    "version": self.plan.labels[1],
                    "window": spec.label,
                    "evaluated": None if latest is None else latest.time,
                    "false_alarm_budget_seconds": self._budget,
                    "components": [] if latest is None else explain(self.plan, spec, windows, latest),
                    "slices": [] if latest is None else explain_slices(latest.slicing, spec.label, self._preferences),
                }

    @property
    def flagged(self) -> Sequence[Flag]:
        """Return the latest predictions with an invalid value and the latest outliers."""
        return self.engine.state.quality.flagged

    def families(self) -> Iterator[Family]:
        """Yield all families of the model."""
        yield from self._lines.families(self.engine.state, self.evaluation)
        if self._process is not None:
            for metric, value in _process(self._process):
                if value is not None:
                    yield Family(metric, line(metric, self.plan.labels, value))


def _process(sample: ProcessSample) -> Sequence[tuple[catalog.Metric, float | None]]:
    return (
        (catalog.PROCESS_UP, float(sample.up)),
        (catalog.PROCESS_START, sample.start_time),
        (catalog.PROCESS_MEMORY, sample.resident_memory),
        (catalog.PROCESS_CPU, sample.cpu_seconds),
        (catalog.PROCESS_FDS, sample.open_fds),
        (catalog.PROCESS_THREADS, sample.threads),
    )


class Fleet:
    """The models of a configuration, and the exporter's own telemetry; ValueError where they are over limits.series."""

    def __init__(self, config: Config, telemetry: Telemetry | None = None) -> None:
        self.telemetry = telemetry or Telemetry()
        self.models = [Model(model, config.limits.categories, config.evaluation_interval) for model in config.models]
        if (wanted := sum(model.series for model in self.models)) > config.limits.series:
            raise ValueError(
                f"limits.series: the models need {wanted:,} series, more than the {config.limits.series:,} allowed; "
                "use fewer windows or components, a lower limits.categories or a higher limit"
            )
        version = {"version": __version__, "python": platform.python_version()}
        self.telemetry.gauge(catalog.BUILD_INFO.name, 1, **version)
        for kind, name in {plug_in for model in self.models for plug_in in plug_ins(model.plan)}:
            self.telemetry.count(catalog.EVALUATION_FAILURES.name, 0, kind=kind, name=name)

    def loaded(self) -> None:
        """Take note that the configuration is in use."""
        self.telemetry.gauge(catalog.RELOAD_SUCCESSFUL.name, 1)
        self.telemetry.gauge(catalog.RELOAD_TIMESTAMP.name, time.time())

    @property
    def schemas(self) -> list[Schema]:
        """Return what decoders fill, in the order of the models."""
        return [model.plan.schema for model in self.models]

    def ingest(self, source: str, model: int, batch: Batch, now: float) -> None:
        """Take a batch of a source into a model's state; for the one writer."""
        engine = self.models[model].engine
        failures = engine.state.extractor_failures
        for reason, count in engine.ingest(batch, now).items():
            self.telemetry.count(catalog.RECORDS_REJECTED.name, count, source=source, reason=reason)
        for name, count in (engine.state.extractor_failures - failures).items():
            self.telemetry.count(catalog.EVALUATION_FAILURES.name, count, kind="extractor", name=name)

    def look(self) -> None:
        """Read the watched processes."""
        for model in self.models:
            model.look()

    def evaluate(self, now: float) -> None:
        """Evaluate all models at a time (Unix seconds)."""
        start = time.perf_counter()
        for model in self.models:
            for (kind, name), count in model.evaluate(now).failures.items():
                self.telemetry.count(catalog.EVALUATION_FAILURES.name, count, kind=kind, name=name)
        self.telemetry.gauge(catalog.EVALUATION_DURATION.name, time.perf_counter() - start)
        self.telemetry.gauge(catalog.EVALUATION_TIMESTAMP.name, now)

    def drift(self, chosen: Mapping[str, str]) -> list[dict[str, object]]:
        """Return what has changed by model and window; `chosen` may name a model, a version and a window."""
        models = self._chosen(chosen, "model", "version", "window")
        found = [answer for model in models for answer in model.findings(chosen.get("window"))]
        if not found:
            raise ValueError("no model has such a name, version and window")
        return found

    def flagged(self, chosen: Mapping[str, str]) -> list[dict[str, object]]:
        """Return the latest predictions with an invalid value and outliers; `chosen` may name a model and a version."""
        return [
            {"model": model.plan.labels[0], "version": model.plan.labels[1], "records": model.flagged}
            for model in self._chosen(chosen, "model", "version")
        ]

    def _chosen(self, chosen: Mapping[str, str], *names: str) -> list[Model]:
        if unknown := chosen.keys() - set(names):
            known = f"{', '.join(names[:-1])} and {names[-1]}"
            raise ValueError(f"unknown parameter {min(unknown)}: there are {known}")
        found = [
            model
            for model in self.models
            if chosen.get("model") in (None, model.plan.labels[0])
            and chosen.get("version") in (None, model.plan.labels[1])
        ]
        if not found:
            raise ValueError("no model has such a name and version")
        return found

    def metrics(self, fmt: Format) -> bytes:
        """Return the text of a scrape; it reads frozen states and waits for nothing."""
        families = [family for model in self.models for family in model.families()]
        families += own_families(self.telemetry.snapshot())
        overflown = sum(overflow(model.plan, model.engine.state) for model in self.models)
        families.append(Family(catalog.OVERFLOW, line(catalog.OVERFLOW, ("category",), overflown)))
        lines = sum(family.body.count("\n") for family in families)
        families.append(Family(catalog.SERIES, line(catalog.SERIES, (), lines + 1)))
        return render(ordered(families), fmt)
