"""Turns what is known of the data's quality into metric families."""

import math
from collections import Counter
from collections.abc import Iterator

from exporter import catalog
from exporter.exposition.render import Family, HistogramLines, line
from exporter.plan import ModelPlan
from exporter.profile import Component
from exporter.quality import CHANGES, Quality, stuck_from
from exporter.segments import OTHER

FIELDS = 50


class QualityLines:
    """The families of one model's data quality."""

    def __init__(self, plan: ModelPlan) -> None:
        self._labels = plan.labels
        self._components = [(*plan.labels, c.name, c.role) for c in plan.prediction_components]
        self._stuck = [stuck_from(c.reference, c.unrest.dispersion) for c in plan.prediction_components]
        self._longest_gap = plan.profile.longest_gap
        self._detectors = plan.detectors
        self._scores = [
            HistogramLines(catalog.OUTLIER_SCORE, (*plan.labels, step.detector.name), step.edges)
            for step in plan.detectors
        ]

    def families(self, quality: Quality) -> Iterator[Family]:
        """Yield all families."""
        for metric, count in (
            (catalog.DUPLICATE_INPUTS, quality.repeats),
            (catalog.FUTURE, quality.future),
            (catalog.OUT_OF_ORDER, quality.disordered),
        ):
            yield Family(metric, line(metric, self._labels, count))
        if not math.isnan(self._longest_gap):
            yield Family(catalog.LONGEST_GAP, line(catalog.LONGEST_GAP, self._labels, self._longest_gap))
            yield Family(catalog.GAPS, line(catalog.GAPS, self._labels, quality.gaps))
        for here, run, limit in zip(self._components, quality.runs, self._stuck, strict=False):
            if run:
                yield Family(catalog.RUN_LENGTH, line(catalog.RUN_LENGTH, here, run))
            if run and limit:
                yield Family(catalog.STUCK, line(catalog.STUCK, here, run >= limit))
        yield from self._changes(quality)
        yield from self._outliers(quality)
        for name, checks, failures in quality.checks:
            checked = line(catalog.EXPECTATION_CHECKS, (*self._labels, name), checks)
            yield Family(catalog.EXPECTATION_CHECKS, checked)
            failed = line(catalog.EXPECTATION_FAILURES, (*self._labels, name), failures)
            yield Family(catalog.EXPECTATION_FAILURES, failed)

        for name, missing in quality.missing:
            text = line(catalog.SEQUENCE_MISSING, (*self._labels, name), missing)
            yield Family(catalog.SEQUENCE_MISSING, text)

    def _changes(self, quality: Quality) -> Iterator[Family]:
        totals: Counter[str] = Counter()
        fields: Counter[tuple[str, str]] = Counter()
        listed = list(dict.fromkeys(path for path, _ in quality.changes))[:FIELDS]
        for (path, change), count in quality.changes.items():
            totals[change] += count
            fields[path if path in listed else OTHER, change] += count
        for change in CHANGES:
            text = line(catalog.SCHEMA_CHANGES, (*self._labels, change), totals[change])
            yield Family(catalog.SCHEMA_CHANGES, text)
        for key, count in fields.items():
            yield Family(catalog.FIELD_CHANGES, line(catalog.FIELD_CHANGES, (*self._labels, *key), count))

    def _outliers(self, quality: Quality) -> Iterator[Family]:
        for step, lines, tally in zip(self._detectors, self._scores, quality.outliers, strict=False):
            here = (*self._labels, step.detector.name)
            summary = tally.scores
            if summary.histogram is not None and summary.moments is not None:
                text = lines.text(summary.histogram.outer_cumulative(), summary.moments.total)
                yield Family(catalog.OUTLIER_SCORE, text)
            yield Family(catalog.OUTLIERS, line(catalog.OUTLIERS, here, tally.outliers))
            yield Family(catalog.OUTLIER_THRESHOLD, line(catalog.OUTLIER_THRESHOLD, here, step.threshold))
            yield Family(catalog.OUTLIER_EXPECTED, line(catalog.OUTLIER_EXPECTED, here, step.expected))


def slipped(labels: tuple[str, ...], slips: tuple[tuple[Component, str], ...]) -> Iterator[Family]:
    """Yield the components that are in another unit."""
    for component, unit in slips:
        here = (*labels, component.name, component.role, unit)
        yield Family(catalog.SCALE_SLIP, line(catalog.SCALE_SLIP, here, 1))
