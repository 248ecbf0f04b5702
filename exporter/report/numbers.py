"""The numbers behind a plot: moments, quantiles, counts of categories, and what a component is made of."""

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

from exporter.plan import statistics
from exporter.profile import Component
from exporter.report.intervals import wilson
from exporter.report.markup import Html, joined, named, shortened, tag
from exporter.report.words import DASH, count, domain, number, portion, share
from exporter.summaries import Histogram, Moments

QUANTILES = {0.01: "1%", 0.05: "5%", 0.25: "25%", 0.5: "50%, median", 0.75: "75%", 0.95: "95%", 0.99: "99%"}
CATEGORIES = 25  # that are named one by one
_NAME, _OPTION = 80, 120  # characters
_REASON = "of these "
_REASONS = {
    "type": "wrong type",
    "extractor": "extractor failed",
    "below": "below domain",
    "above": "above domain",
}


def reason_words(reason: str) -> str:
    """Return why values are invalid, in words."""
    return _REASONS.get(reason, reason)


def reasons(component: Component) -> list[tuple[str, int]]:
    """Return why rows are invalid, in words, and how many; the most frequent first."""
    found = component.reference.presence.reasons().items()
    return sorted(((reason_words(name), rows) for name, rows in found if rows), key=lambda pair: -pair[1])


def number_table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Html:
    """Return a table whose first column names what the others hold; the names of columns of two are left out."""
    head = tag("thead", tag("tr", *(tag("th", name, scope="col") for name in heads))) if heads else Html()
    body = (tag("tr", tag("th", row[0], scope="row"), *(tag("td", cell) for cell in row[1:])) for row in rows)
    return tag("table", tag("caption", caption), head, tag("tbody", *body), class_="numbers")


def facts(components: Sequence[Component]) -> list[list[str]]:
    """Return the numbers of one component, or of the same one in several profiles, a row for each number."""
    columns = [dict(_facts(component)) for component in components]
    names = [name for name in columns[0] if not name.startswith(_REASON) or any(c[name] != "0" for c in columns)]
    return [[name, *(column[name] for column in columns)] for name in names]


def _facts(component: Component) -> Iterator[tuple[str, str]]:
    summary, presence = component.reference, component.reference.presence
    yield "records", f"{presence.rows:,}"
    yield "values", f"{summary.n:,}"
    yield "invalid", _counted(presence.invalid, presence.rows)
    for name, rows in presence.reasons().items():
        yield f"{_REASON}{reason_words(name)}", _counted(rows, presence.rows)
    if summary.moments is not None and summary.histogram is not None:
        yield from _moments(summary.moments, summary.histogram)


def _moments(moments: Moments, histogram: Histogram) -> Iterator[tuple[str, str]]:
    yield "mean", number(moments.mean)
    yield "standard deviation", number(moments.deviation)
    yield "minimum", number(moments.low) if moments.n else DASH
    for quantile, name in QUANTILES.items():
        yield name, _quantile(histogram, quantile)
    yield "maximum", number(moments.high) if moments.n else DASH


def _quantile(histogram: Histogram, part: float) -> str:
    """Return a quantile; of one beyond the reference's range, only the side is known."""
    value = number(float(histogram.quantiles(np.array([part]))[0]))
    rank = part * histogram.n
    if histogram.n and rank <= histogram.counts[0]:
        return f"{value} or less"
    return f"over {value}" if histogram.n and rank > histogram.n - histogram.counts[-1] else value


def category_rows(components: Sequence[Component]) -> list[list[str]]:
    """Return how often each category is in each component: the most frequent first, `__other__` and the rest last."""
    counted = [c.reference.categories for c in components if c.reference.categories is not None]
    labels, counts = counted[0].labels, np.array([c.counts for c in counted])
    other = len(labels) - 1
    totals = [c.n for c in counted]
    order = np.argsort(-counts[:, :other].sum(axis=0), kind="stable").tolist()
    ranked = [code for code in order if counts[:, code].any()]
    shown = ranked[:CATEGORIES] + ([other] if counts[:, other].any() else [])
    rows = [[named(labels[code], _NAME), *_cells(counts[:, code].tolist(), totals)] for code in shown]
    if rest := ranked[CATEGORIES:]:
        words = count(len(rest), "more category", "more categories")
        rows.append([words, *_cells(counts[:, rest].sum(axis=1).tolist(), totals)])
    return rows


def _counted(part: int, n: int) -> str:
    return f"{part:,} ({share(portion(part, n))})" if part else "0"


def _cells(parts: Sequence[int], totals: Sequence[int]) -> list[str]:
    """Return the counts of several components; of a single one, its share and interval in cells of their own."""
    if len(parts) > 1:
        return [_counted(part, n) for part, n in zip(parts, totals, strict=True)]
    (part,), (n,) = parts, totals
    return [f"{part:,}", share(part / n), " to ".join(map(share, wilson(part, n)))]


def making(component: Component) -> list[tuple[str, Html]]:
    """Return where a component comes from and by what it is judged."""
    declared = "declared" if component.spec.domain is not None else "learned"
    limits = ", ".join(f"{name} {number(limit)}" for name, (_, limit) in statistics(component).items())
    found = [("name", tag("bdi", component.name)), ("domain", joined([f"{domain(component)} ({declared})"]))]
    if component.spec.element:
        found.append(("logged at", tag("code", component.spec.element)))
    return [*found, *_extractor(component), ("drift thresholds", joined([limits]))]


def _extractor(component: Component) -> Iterator[tuple[str, Html]]:
    if component.spec.extractor is None:
        return
    ((name, declared),) = component.spec.extractor.items()
    yield "extractor", tag("code", name)
    made = component.spec.eval_extractor() if component.spec.computed else component.spec.data_extractor()
    options = msgspec.structs.asdict(made) if isinstance(made, msgspec.Struct) else declared
    for option, value in options.items():
        yield f"option {option}", tag("code", _option(option, value))


def _option(name: str, value: object) -> str:
    if name == "fitted":
        return "learned from the reference" if value is not None else "nothing learned yet"
    if isinstance(value, bytes):
        return count(len(value), "byte")
    return shortened(msgspec.json.encode(value, enc_hook=str).decode(), _OPTION)
