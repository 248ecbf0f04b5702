"""The cost of a scrape: our renderer beside prometheus_client's, on the same histograms, in the same run."""

import gzip
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from prometheus_client import CollectorRegistry, Histogram, disable_created_metrics, generate_latest

from exporter.catalog import COMPONENT_VALUE
from exporter.exposition.negotiate import Format
from exporter.exposition.render import Family, HistogramLines, render

BUCKETS = 30  # and +Inf, _sum and _count: 33 series a child
SIZES = (1_000, 10_000, 100_000)
RUNS = 5


class Row(NamedTuple):
    """One size: CPU milliseconds (medians) and bytes."""

    series: int
    ours: float
    client: float
    times_faster: float
    gzip_level_1: float
    body_bytes: int
    gzip_bytes: int


def rows() -> list[Row]:
    """Measure all sizes."""
    return [_row(series) for series in SIZES]


def main() -> None:
    """Print the table."""
    print(f"CPU ms of one scrape, histograms with {BUCKETS} buckets, medians of {RUNS}")
    print(f"{'series':>9}{'ours':>9}{'prometheus_client':>19}{'ratio':>8}{'gzip -1':>9}{'bytes':>12}{'gzipped':>11}")
    for row in rows():
        print(
            f"{row.series:>9,}{row.ours:>9.2f}{row.client:>19.1f}{row.times_faster:>7.1f}x{row.gzip_level_1:>9.2f}"
            f"{row.body_bytes:>12,}{row.gzip_bytes:>11,}"
        )


def _row(series: int) -> Row:
    children = series // (BUCKETS + 3)
    random = np.random.default_rng(1)
    edges = np.linspace(0.1, BUCKETS / 10, BUCKETS)
    counts = random.integers(0, 100_000, (children, BUCKETS + 1))
    labels = [("digits", "3.0.0", f"input.pixel_{child}", "input") for child in range(children)]
    ours, client = _ours(labels, edges, counts), _client(labels, edges, counts)
    body = ours()
    if len(body.splitlines()) != len(client().splitlines()):
        raise AssertionError("the two renderers did not do the same work")
    ours_ms, client_ms = _medians(ours, client)
    (gzip_ms,) = _medians(lambda: gzip.compress(body, 1))
    gzipped = len(gzip.compress(body, 1))
    return Row(series, ours_ms, client_ms, client_ms / ours_ms, gzip_ms, len(body), gzipped)


def _ours(labels: list[tuple[str, ...]], edges: np.ndarray, counts: np.ndarray) -> Callable[[], bytes]:
    lines = [HistogramLines(COMPONENT_VALUE, values, edges) for values in labels]

    def scrape() -> bytes:
        cumulative = counts.cumsum(axis=1)
        body = "".join([child.text(row, 2.5) for child, row in zip(lines, cumulative, strict=True)])
        return render([Family(COMPONENT_VALUE, body)], Format.TEXT)

    return scrape


def _client(labels: list[tuple[str, ...]], edges: np.ndarray, counts: np.ndarray) -> Callable[[], bytes]:
    disable_created_metrics()
    registry = CollectorRegistry()
    metric = COMPONENT_VALUE
    histogram = Histogram(metric.name, metric.help, metric.labels, buckets=edges.tolist(), registry=registry)
    for values, row in zip(labels, counts.tolist(), strict=True):
        for bucket, count in zip(histogram.labels(*values)._buckets, row, strict=True):
            bucket.inc(count)  # observe() would take minutes
    return lambda: generate_latest(registry)


def _medians(*functions: Callable[[], object]) -> list[float]:
    """CPU milliseconds of each, taken in turn so that what else the machine does falls on all of them."""
    taken: list[list[float]] = [[] for _ in functions]
    for _ in range(RUNS):
        for function, times in zip(functions, taken, strict=True):
            began = time.process_time()
            function()
            times.append(1000 * (time.process_time() - began))
    return [statistics.median(times) for times in taken]


if __name__ == "__main__":
    main()
