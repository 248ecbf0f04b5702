"""Measures everything beside its peers and its limits, in one run on one machine, and prints what it found.

Each thing runs in a process of its own (of the exporter variants.py; the client, profiles and drift have programs of
their own), five rounds in turn (A B C A B C); of memory, profiles and drift, three rounds.
Results are medians, ratios are medians of the ratios of each round. `--markdown FILE` writes the table into a page
between its markers.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from statistics import median

import bench_client
import bench_drift
import bench_join
import bench_profile
import workload
from shared import Row, aligned

ROUNDS = 5
MEMORY_ROUNDS = 3  # a peak varies less than a time
IN_TURN = (
    "exporter",
    "decode",
    "observe",
    "mtail",
    "replay",
    "actuals",
    "segments",
    "version",
    "ready",
    "evaluation",
    "slicing",
)
MEMORY = ("memory_small", "memory_large")
ONCE = ("scrape", "imports")
MARKERS = ("<!-- results -->", "<!-- end of results -->")

Results = dict[str, list[dict[str, float]]]


def measure(rounds: int) -> Results:
    """Run everything that is about the exporter."""
    workload.prepare()
    results: Results = {}
    plan = [*IN_TURN * rounds, *MEMORY * min(rounds, MEMORY_ROUNDS), *ONCE]
    for place, name in enumerate(plan, 1):
        print(f"\r{place}/{len(plan)} {name:<14}", end="", file=sys.stderr, flush=True)
        results.setdefault(name, []).append(run(name))
    print(file=sys.stderr)
    return results


def run(name: str) -> dict[str, float]:
    """Measure one thing in a process of its own."""
    command = [sys.executable, str(Path(__file__).with_name("variants.py")), name]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def rows(rounds: int) -> Iterable[Row]:
    """Measure, and yield the table."""
    results = measure(rounds)
    yield from ingest(results)
    yield from memory(results)
    yield from scrapes(results)
    yield from start(results)
    yield from bench_join.rows(rounds)
    yield from bench_drift.rows(min(rounds, bench_drift.ROUNDS))
    yield from bench_profile.rows(min(rounds, bench_profile.ROUNDS))
    yield from bench_client.rows(rounds)


def ingest(results: Results) -> Iterable[Row]:
    ours = middle(results, "exporter", "rate")
    yield Row("Ingest: file to rendered metrics", rate(ours), "≥ 300,000/s", ours >= 300_000)
    peers = (
        ("decode", "the limit: msgspec decodes the same fields, nothing else", "≥ 0.3 times", 0.3),
        ("observe", "prometheus_client: observe() of the same values, no parsing", "≥ 4 times", 4),
        ("mtail", "mtail: one regular expression over the same file", "≥ 2.5 times", 2.5),
    )
    for name, text, goal, least in peers:
        if not results[name][0]:
            yield Row(f"· {text}", "not installed", goal)
            continue
        ratios = [us["rate"] / them["rate"] for us, them in zip(results["exporter"], results[name], strict=True)]
        result = f"{rate(middle(results, name, 'rate'))}; the exporter is {median(ratios):.2f} times as fast"
        yield Row(f"· {text}", result, goal, median(ratios) >= least)
    yield Row("Ingest with the actuals of 80 % joined by id, predictions", rate(middle(results, "actuals", "rate")))
    sliced = middle(results, "segments", "rate")
    yield Row(
        "Ingest with two segments of 20 slices, 13 components in each", rate(sliced), "≥ 150,000/s", sliced >= 150_000
    )
    yield Row("`replay` of the same file, by event time, with its start", rate(middle(results, "replay", "rate")))
    evaluation = middle(results, "evaluation", "milliseconds")
    yield Row("Evaluation of 13 components in 3 windows", f"{evaluation:.1f} ms")
    pairs = middle(results, "slicing", "milliseconds")
    yield Row("Evaluation of 1,000 components of slices", f"{pairs:.1f} ms", "≤ 20 ms", pairs <= 20)


def memory(results: Results) -> Iterable[Row]:
    small, first, large = (
        middle(results, *key) for key in (("memory_small", "peak"), ("memory_large", "first"), ("memory_large", "peak"))
    )
    yield Row("Peak memory after 100,000 records", f"{small:.1f} MB")
    yield Row("Peak memory after 1 million records", f"{first:.1f} MB")
    yield Row("Peak memory after 10 million records", f"{large:.1f} MB", "≤ 80 MB", large <= 80)
    yield Row("· more than after 100,000", f"{large - small:.1f} MB", "≤ 2 MB", large - small <= 2)


def scrapes(results: Results) -> Iterable[Row]:
    (sizes,) = results["scrape"]
    for series, found in sizes.items():
        factor = found["times_faster"]
        result = f"{found['ours']:.1f} ms; prometheus_client {found['client']:.0f} ms, {factor:.0f} times as long"
        goal = ("≥ 15 times", factor >= 15) if series == "100000" else ()
        yield Row(f"Scrape of {int(series):,} series", result, *goal)


def start(results: Results) -> Iterable[Row]:
    wall, cpu = middle(results, "version", "wall"), middle(results, "version", "cpu")
    yield Row("`--version`", f"{wall:.3f} s, {cpu:.3f} s CPU", "< 0.3 s", wall < 0.3)
    cpu, resident = middle(results, "ready", "cpu"), middle(results, "ready", "memory")
    yield Row("`run` until ready to be scraped", f"{cpu:.2f} s CPU, {resident:.1f} MB", "< 0.5 s CPU", cpu < 0.5)
    (heavy,) = results["imports"]
    found = ", ".join(heavy["heavy"]) or "none"
    yield Row("· heavy modules imported by then (scipy, pandas, pyarrow, sklearn, …)", found, "none", found == "none")


def middle(results: Results, name: str, value: str) -> float:
    return median(result[value] for result in results[name])


def rate(records: float) -> str:
    return f"{records:,.0f}/s"


def machine() -> str:
    """Say what kind of machine this is."""
    cpu = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    parts = (cpu[1] if cpu else platform.machine(), f"{os.cpu_count()} CPUs", f"{gigabytes:.0f} GiB")
    system = f"Linux {platform.release().partition('-')[0]}, Python {platform.python_version()}"
    return f"{', '.join(parts)}, {system}, load {os.getloadavg()[2]:.1f} in the last 15 minutes"


def markdown(table: list[Row]) -> str:
    """Lay the table out for a page."""
    lines = [("", "Result", "Goal", "Met"), ("---",) * 4, *(row.cells for row in table)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def insert(page: Path, body: str) -> None:
    """Replace what stands between the markers of a page."""
    before, _, rest = page.read_text().partition(MARKERS[0])
    _, _, after = rest.partition(MARKERS[1])
    if not after:
        raise SystemExit(f"{page} lacks the markers {' and '.join(MARKERS)}")
    page.write_text(f"{before}{MARKERS[0]}\n{body}\n{MARKERS[1]}{after}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="a page whose results are replaced")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    arguments = parser.parse_args()
    table = list(rows(arguments.rounds))
    print(f"{machine()}\n\n{aligned(table)}")
    if arguments.markdown:
        insert(
            arguments.markdown,
            f"{machine()}; medians of {arguments.rounds}, rates per CPU second.\n\n{markdown(table)}",
        )


if __name__ == "__main__":
    main()
