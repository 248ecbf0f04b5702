"""The page of one profile: its scores, and each component with its distribution."""

from collections.abc import Mapping, Sequence

from exporter.profile import Component, Profile, ScoreReference
from exporter.report import notes
from exporter.report.component import (
    BETTER,
    Key,
    anchors,
    component_name,
    invalid_reasons,
    invalid_share,
    provenance,
    search_text,
)
from exporter.report.markup import Html, joined, named, shortened, tag
from exporter.report.numbers import category_rows, facts, making, number_table
from exporter.report.page import card, cards, document, fact_list
from exporter.report.plots import figures, small
from exporter.report.point import MISSING, Point, locate
from exporter.report.series import Plot, reference_series
from exporter.report.table import Cell, Column, Row, table, toolbar
from exporter.report.words import count, domain, number, share

ROLES = {"input": "Inputs", "output": "Outputs", "actual": "Actuals", "eval": "Evaluations"}
_COLUMNS = (
    Column("Component", "name", "text", "ascending"),
    Column("Type", "type", "text", "ascending"),
    Column("Values", "values"),
    Column("Domain", "domain", "text", "ascending"),
    Column("Invalid", "invalid"),
)
_POINT = Column("This point", "point")
_PLOT = Column("Distribution", "plot", None)


def profile_page(profile: Profile, point: Mapping[Key, object] | None = None) -> str:
    """Return the view of a profile as a self-contained HTML file.

    `point` is a point of interest: values by (role, name), drawn in the plots with their percentile, and with the
    reason where they are invalid. A value of None is one that is missing.
    """
    points = {c.spec.key: locate(c, point[c.spec.key]) for c in profile.components if point and c.spec.key in point}
    unknown = [" ".join(key) for key in point or () if key not in {c.spec.key for c in profile.components}]
    sections = [
        _head(profile),
        cards("Scores on the reference", [_score(score) for score in profile.scores]),
        _point_section(profile, points, unknown) if point is not None else Html(),
        toolbar("Find a component"),
        *(_role(profile, role, points, pointed=point is not None) for role in ROLES),
    ]
    title = f"{profile.name} {profile.version}: profile"
    return document(title, sections, notes.PROFILE + (notes.POINT if point is not None else ()))


def _head(profile: Profile) -> Html:
    title = tag("h1", named(profile.name), tag("span", ": profile", class_="soft"))
    return tag("header", title, fact_list(provenance(profile)))


def _score(score: ScoreReference) -> Html:
    words = (f"threshold {number(score.threshold)}", BETTER[score.preference], count(score.samples, "record"))
    lines = [joined([word]) for word in words]
    return card(shortened(score.spec.name, 60), number(score.reference), lines)


def _role(profile: Profile, role: str, points: Mapping[Key, Point], *, pointed: bool) -> Html:
    components = [component for component in profile.components if component.role == role]
    if not components:
        return Html()
    places = anchors(profile.components)
    columns = (*_COLUMNS, *((_POINT,) if pointed else ()), _PLOT)
    found = [_row(c, places[c.spec.key], points.get(c.spec.key), pointed=pointed) for c in components]
    title = tag("h2", ROLES[role], " ", tag("span", count(len(components), "component"), class_="amount"))
    return tag("section", title, table(ROLES[role], columns, found))


def _row(component: Component, anchor: str, point: Point | None, *, pointed: bool) -> Row:
    plot = Plot(component, [reference_series(component)], point)
    invalid = invalid_share(component)
    cells = [
        Cell(component_name(component), component.name),
        Cell(joined([component.dtype]), component.dtype),
        Cell(joined([f"{component.reference.n:,}"]), component.reference.n),
        Cell(joined([domain(component)]), domain(component)),
        Cell(joined([share(invalid), *invalid_reasons(component)]), invalid),
        *([_point_cell(point)] if pointed else []),
        Cell(small(plot)),
    ]
    return Row(anchor, component.name, search_text(component), cells, [figures(plot), *_numbers(component)])


def _numbers(component: Component) -> list[Html]:
    what = number_table("What it is", (), making(component))
    values = number_table("Numbers", (), facts([component]))
    if component.reference.categories is None:
        return [values, what]
    heads = ("category", "count", "share", "95% interval")
    return [joined([values, what]), number_table("Categories", heads, category_rows([component]))]


def _point_cell(point: Point | None) -> Cell:
    if point is None:
        return Cell(tag("span", "not given", class_="soft"))
    words = [tag("strong", shortened(point.text, 40), title=point.text)]
    words += [tag("p", f"✗ invalid: {point.fault}", class_="bad")] if point.fault else []
    words += [tag("p", point.place)] if point.place else []
    return Cell(joined(words), point.rank)


def _point_section(profile: Profile, points: Mapping[Key, Point], unknown: Sequence[str]) -> Html:
    wrong = [c for c in profile.components if c.spec.key in points and points[c.spec.key].fault]
    rare = [c for c in profile.components if c.spec.key in points and points[c.spec.key].unusual and c not in wrong]
    places = anchors(profile.components)
    lines = [_point_line(c, places[c.spec.key], points[c.spec.key]) for c in (*wrong, *rare)]
    listed = tag("ul", *lines) if lines else Html()
    missed = tag("p", f"Not in this profile: {shortened(', '.join(unknown), 400)}") if unknown else Html()
    return tag("section", tag("h2", "Point of interest"), _point_verdict(len(wrong), len(points)), listed, missed)


def _point_verdict(wrong: int, given: int) -> Html:
    if not given:
        return tag("p", "No value of a component of this profile is given.")
    if wrong:
        return tag("p", f"✗ {wrong:,} of {count(given, 'value')} invalid", class_="bad")
    return tag("p", f"✓ nothing invalid in {count(given, 'value')}", class_="good")


def _point_line(component: Component, anchor: str, point: Point) -> Html:
    link = tag("a", named(component.name), href=f"#{anchor}")
    return tag("li", component.role, " ", link, f" is {_state(point)}")


def _state(point: Point) -> str:
    if point.fault == MISSING:
        return point.fault
    return f"{shortened(point.text, 40)}: {f'invalid, {point.fault}' if point.fault else f'unusual, {point.place}'}"
