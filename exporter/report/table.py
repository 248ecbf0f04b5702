"""Tables of components that sort by any column and can be searched; without a script they are plain tables."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from exporter.report.markup import Html, shortened, tag


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading, the class of its cells, what it sorts by (None: it does not), and which way at first."""

    heading: str
    style: str
    kind: Literal["text", "number"] | None = "number"
    first: Literal["ascending", "descending"] = "descending"


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell shows, and the text or number that it sorts by; NaN and nothing come last."""

    content: Html
    key: str | float = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A component: its place in the page, its name, the text that a search looks into, its cells, its details.

    The details are parts that stand side by side below the cells.
    """

    anchor: str
    name: str
    text: str
    cells: Sequence[Cell]
    details: Sequence[Html]


def table(caption: str, columns: Sequence[Column], rows: Sequence[Row], sorted_by: int | None = None) -> Html:
    """Return a table; `sorted_by` is the column that its rows are already sorted by, its first way."""
    heads = (_head(column, place == sorted_by) for place, column in enumerate(columns))
    widths = tag("colgroup", *(tag("col", class_=column.style) for column in columns))
    head = tag("thead", tag("tr", *heads))
    hidden = tag("caption", caption, class_="hidden")
    return tag("table", hidden, widths, head, *(_body(columns, row) for row in rows), class_="components")


def toolbar(label: str) -> Html:
    """Return the search, which the script shows: without it there is nothing that could search."""
    field = tag("label", label, tag("input", type="search", autocomplete="off", spellcheck="false"))
    return tag("div", field, tag("output", class_="soft"), class_="toolbar", hidden=True)


def _head(column: Column, is_sorted: bool) -> Html:
    sortable = {"data_kind": column.kind, "data_first": column.first} if column.kind else {}
    return tag("th", column.heading, scope="col", aria_sort=column.first if is_sorted else None, **sortable)


def _body(columns: Sequence[Column], row: Row) -> Html:
    cells = [_cell(place, column, cell) for place, (column, cell) in enumerate(zip(columns, row.cells, strict=True))]
    summary = tag("summary", "Details", tag("span", f" of {shortened(row.name, 60)}", class_="hidden"))
    details = tag("details", summary, tag("div", *(tag("div", part) for part in row.details), class_="detail"))
    more = tag("tr", tag("td", details, colspan=str(len(columns))), class_="more")
    return tag("tbody", tag("tr", *cells), more, id=row.anchor, data_find=row.text)


def _cell(place: int, column: Column, cell: Cell) -> Html:
    sort = _key(cell.key) if column.kind else None
    if place == 0:
        return tag("th", cell.content, scope="row", class_=column.style, data_sort=sort)
    return tag("td", cell.content, class_=column.style, data_label=column.heading, data_sort=sort)


def _key(key: str | float) -> str:
    """Return what the script compares; nothing for what is not known."""
    if isinstance(key, str) or math.isnan(key):
        return key if isinstance(key, str) else ""
    return repr(float(key)).replace("inf", "Infinity")
