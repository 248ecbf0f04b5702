"""The page of two profiles compared: what is wrong first, then the scores and each component, the worst first."""

import math
from collections.abc import Mapping, Sequence

from exporter.contrast import ComponentContrast, Contrast, Issue, ScoreContrast
from exporter.plan import statistics
from exporter.profile import Profile
from exporter.report import notes
from exporter.report.component import BETTER, Key, anchors, component_name, invalid_reasons, provenance, search_text
from exporter.report.markup import Html, joined, named, shortened, tag
from exporter.report.numbers import category_rows, facts, making, number_table
from exporter.report.page import card, cards, document, fact_list
from exporter.report.plots import figures, legend, small, swatch
from exporter.report.series import Plot, observed_series, reference_series
from exporter.report.table import Cell, Column, Row, table, toolbar
from exporter.report.words import count, number, share

FIRST, FEW = 8, 12  # issues that are named at once where there are more than a few
_ISSUE, _CHECKSUM = 300, 12  # characters
_COLUMNS = (
    Column("Component", "name", "text", "ascending"),
    Column("Role", "role", "text", "ascending"),
    Column("Verdict", "verdict"),
    Column("Drift", "drift"),
    Column("Invalid", "invalid"),
    Column("Distribution", "plot", None),
)
_VERDICT = 2
_SCORES = {"good": "✓ within the limit", "bad": "✗ worse than allowed", "unknown": "? too few records to judge"}
_DRIFT = {"good": "✓ no drift", "bad": "✗ drifted", "unknown": "? too few values"}


def contrast_page(contrast: Contrast) -> str:
    """Return the view of a contrast as a self-contained HTML file."""
    issues = contrast.issues()
    components = _ranked(contrast, issues)
    places = anchors([component.reference for component in components])
    sections = [
        _head(contrast),
        _wrong(contrast, issues, places),
        cards("Scores and drift", [*(_score(contrast, score) for score in contrast.scores), _drifted(contrast)]),
        toolbar("Find a component") if components else Html(),
        _components(components, places),
        _skipped(contrast),
    ]
    return document(f"{contrast.reference.name}: what has changed", sections, notes.CONTRAST)


def _ranked(contrast: Contrast, issues: Sequence[Issue]) -> list[ComponentContrast]:
    """Return the components in the order of their issues, and behind them the others by their drift."""
    first = {(issue.role, issue.name): place for place, issue in reversed(list(enumerate(issues)))}
    return sorted(contrast.components, key=lambda c: (first.get(c.reference.spec.key, len(issues)), -c.severity))


def _head(contrast: Contrast) -> Html:
    title = tag("h1", named(contrast.reference.name), tag("span", ": what has changed", class_="soft"))
    sides = (("reference", contrast.reference), ("observed", contrast.observed))
    models = contrast.observed.name != contrast.reference.name
    parts = (_side(style, profile, [("model", profile.name)] if models else []) for style, profile in sides)
    return tag("header", title, tag("div", *parts, class_="sides"))


def _side(style: str, profile: Profile, model: Sequence[tuple[str, str]]) -> Html:
    return tag("div", tag("h2", swatch(style), style), fact_list([*model, *provenance(profile, _CHECKSUM)]))


def _wrong(contrast: Contrast, issues: Sequence[Issue], places: Mapping[Key, str]) -> Html:
    unknown = sum(c.drifted == "unknown" for c in contrast.components)
    few = tag("p", f"{count(unknown, 'component')} cannot be judged for drift: too few values.") if unknown else Html()
    if not issues:
        title = "✓ Nothing is wrong" + (" in what can be judged" if unknown else "")
        return tag("section", tag("h2", title, class_="good"), few)
    lines = [_line(issue, places) for issue in issues]
    first = len(lines) if len(lines) <= FEW else FIRST
    title = "✗ One thing is wrong" if len(issues) == 1 else f"✗ {len(issues)} things are wrong, the worst first"
    parts = [tag("h2", title, class_="bad"), tag("ol", *lines[:first], class_="issues"), _more(lines, first), few]
    return tag("section", *parts, class_="wrong")


def _more(lines: Sequence[Html], first: int) -> Html:
    if len(lines) == first:
        return Html()
    rest = tag("ol", *lines[first:], class_="issues", start=str(first + 1))
    return tag("details", tag("summary", count(len(lines) - first, "more issue")), rest)


def _line(issue: Issue, places: Mapping[Key, str]) -> Html:
    anchor = places.get((issue.role, issue.name))
    words = shortened(issue.text, _ISSUE)
    what = tag("a", words, href=f"#{anchor}") if anchor else tag("span", words)
    return tag("li", tag("div", tag("span", issue.kind, class_="kind"), tag("bdi", what)))


def _score(contrast: Contrast, score: ScoreContrast) -> Html:
    samples = next(s.samples for s in contrast.reference.scores if s.spec.name == score.name)
    direction = {"high": "fall", "low": "rise"}[score.preference]
    lines = [
        tag("span", _SCORES[score.verdict], class_=score.verdict),
        joined([f"{BETTER[score.preference]}; may {direction} by {number(score.limit)}"]),
        joined([f"{samples:,} → {count(score.samples, 'record')}"]),
    ]
    value = f"{number(score.reference)} → {number(score.observed)}"
    return card(shortened(score.name, 60), value, lines, worse=score.verdict == "bad")


def _drifted(contrast: Contrast) -> Html:
    verdicts = [component.drifted for component in contrast.components]
    judged = len(verdicts) - verdicts.count("unknown")
    lines = [f"{verdicts.count('bad')} of {judged} judged", f"{verdicts.count('unknown')} with too few values"]
    return card("Components drifted", share(contrast.drifted_share), [joined([line]) for line in lines])


def _components(components: Sequence[ComponentContrast], places: Mapping[Key, str]) -> Html:
    found = [
        _row(component, places[component.reference.spec.key], len(components) - place)
        for place, component in enumerate(components)
    ]
    title = tag("h2", "Components ", tag("span", f"{len(found):,}, the worst first", class_="amount"))
    shown = table("Components", _COLUMNS, found, sorted_by=_VERDICT) if found else tag("p", "None is in both profiles.")
    return tag("section", title, legend(), shown)


def _row(component: ComponentContrast, anchor: str, rank: int) -> Row:
    reference, observed = component.reference, component.observed
    plot = Plot(reference, [reference_series(reference), observed_series(observed)])
    rise = component.invalid_observed - component.invalid_reference
    cells = [
        Cell(component_name(reference), reference.name),
        Cell(joined([reference.role]), reference.role),
        Cell(_verdict(component), rank),
        Cell(_drift(component), math.nan if component.drifted == "unknown" else component.severity),
        Cell(_invalid(component), rise),
        Cell(small(plot)),
    ]
    return Row(anchor, reference.name, search_text(reference), cells, [figures(plot), *_numbers(component)])


def _verdict(component: ComponentContrast) -> Html:
    words = [tag("div", _DRIFT[component.drifted], class_=component.drifted)]
    if component.invalid == "bad":
        words.append(tag("div", "✗ more invalid", class_="bad"))
    if component.stuck is not None:
        words.append(tag("div", f"✗ always {shortened(component.stuck, 30)}", class_="bad"))
    return joined(words)


def _drift(component: ComponentContrast) -> Html:
    limits = {name: limit for name, (_, limit) in statistics(component.reference).items()}
    limits[component.judge] = component.threshold
    if all(map(math.isnan, component.drift.values())):
        return tag("span", "too few values to measure", class_="soft")
    rows = (_statistic(name, value, limits[name], component.judge) for name, value in component.drift.items())
    return tag("dl", *rows, class_="statistics")


def _statistic(name: str, value: float, limit: float, judge: str) -> Html:
    style = "judge" if name == judge else None
    words = tag("dt", name.replace("_", " "))
    if math.isnan(value):
        return tag("div", words, tag("dd", "too few values", class_="soft"), class_=style)
    side = tag("span", f"over {number(limit)}", class_="over") if value > limit else f"within {number(limit)}"
    return tag("div", words, tag("dd", f"{value:.3g} ", side), class_=style)


def _invalid(component: ComponentContrast) -> Html:
    shares = f"{share(component.invalid_reference)} → {share(component.invalid_observed)}"
    style = "bad" if component.invalid == "bad" else None
    return joined([tag("div", shares, class_=style), *invalid_reasons(component.observed)])


def _numbers(component: ComponentContrast) -> list[Html]:
    sides = (component.reference, component.observed)
    what = number_table("What it is", (), making(component.reference))
    values = number_table("Numbers", ("", "reference", "observed"), facts(sides))
    if component.reference.reference.categories is None:
        return [values, what]
    found = number_table("Categories", ("category", "reference", "observed"), category_rows(sides))
    return [joined([values, what]), found]


def _skipped(contrast: Contrast) -> Html:
    if not contrast.skipped:
        return Html()
    words = "In only one of the two profiles, or on other bins or categories:"
    lines = (tag("li", named(name, 80)) for name in contrast.skipped)
    title = tag("h2", "Not compared ", tag("span", count(len(contrast.skipped), "component"), class_="amount"))
    return tag("section", title, tag("p", words), tag("ul", *lines))
