"""The plots of a component: a small one for its row, and the figures of its details."""

from exporter.report import category, numeric
from exporter.report.markup import Html, joined, tag
from exporter.report.series import Plot


def small(plot: Plot) -> Html:
    """Return the plot of a table's row."""
    if plot.empty:
        return tag("p", "no values", class_="soft")
    return numeric.small(plot) if plot.histograms else category.small(plot)


def figures(plot: Plot) -> Html:
    """Return the large plots with their captions."""
    if plot.empty:
        return tag("p", "There are no values to draw.", class_="soft")
    if not plot.histograms:
        rest = category.remainder(plot)
        words = "Share of each category, with its 95% interval" + (f"; not drawn: {rest}" if rest else "")
        return _figure(words, category.large(plot))
    away = numeric.beyond(plot)
    words = "Share of values in equal ranges" + (f"; dotted, beyond the axis: {away}" if away else "")
    band = "Share of values up to each number, with its 95% band"
    return joined([_figure(words, numeric.histogram(plot)), _figure(band, numeric.cumulative(plot))])


def _figure(words: str, image: Html) -> Html:
    return tag("figure", tag("figcaption", words), image)


def legend() -> Html:
    """Return how reference and observed are told apart, in bars and in curves."""
    return tag("ul", *(tag("li", swatch(style), style) for style in ("reference", "observed")), class_="legend")


def swatch(style: str) -> Html:
    """Return a sample of a series: its bar and its line."""
    bar = tag("rect", x="1", y="2", width="15", height="12", class_=f"bar {style}")
    line = tag("path", d="M20 8H36", class_=f"curve {style}")
    return tag("svg", bar, line, viewBox="0 0 36 16", class_="swatch", aria_hidden="true")
