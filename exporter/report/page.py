"""The document around a page: one file without network, whose style and script the policy names by their hashes."""

import base64
import hashlib
from collections.abc import Sequence
from importlib import resources

from exporter.report.markup import Html, joined, tag


def _part(name: str) -> Html:
    return Html(resources.files(__package__).joinpath(name).read_text("utf-8"))


STYLE, SCRIPT = _part("style.css"), _part("script.js")


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


POLICY = (
    f"default-src 'none'; style-src {_source(STYLE)}; script-src {_source(SCRIPT)}; img-src data:; "
    "base-uri 'none'; form-action 'none'"
)
_HEAD = joined(
    [
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name="viewport", content="width=device-width,initial-scale=1"),
        tag("link", rel="icon", href="data:,"),
    ]
)


def _pattern(name: str, *parts: Html, turned: bool = False) -> Html:
    size = {"width": "5", "height": "5", "patternUnits": "userSpaceOnUse"}
    return tag("pattern", *parts, id=name, **size, patternTransform="rotate(45)" if turned else None)


_DEFINITIONS = tag(
    "svg",
    _pattern(
        "stripes",
        tag("rect", width="5", height="5", class_="stripe-back"),
        tag("line", x1="0", x2="0", y1="0", y2="5", class_="stripe"),
        turned=True,
    ),
    *(
        _pattern(f"dots-{style}", tag("circle", cx="2.5", cy="2.5", r="1.1", class_=f"dot-{style}"))
        for style in ("reference", "observed")
    ),
    width="0",
    height="0",
    class_="definitions",
    aria_hidden="true",
)


def document(title: str, sections: Sequence[Html], notes: Sequence[tuple[str, str]]) -> str:
    """Return a page; `notes` are the terms that it explains at its end."""
    head = tag("head", _HEAD, tag("title", title), tag("style", STYLE))
    footer = tag("footer", tag("details", tag("summary", "How to read this page"), _terms(notes)))
    body = tag("body", _DEFINITIONS, tag("main", *sections, footer), tag("script", SCRIPT, type="module"))
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


def _terms(notes: Sequence[tuple[str, str]]) -> Html:
    return tag("dl", *(part for term, words in notes for part in (tag("dt", term), tag("dd", words))))


def fact_list(facts: Sequence[tuple[str, str]]) -> Html:
    """Return facts by name, in a line as long as there is room."""
    return tag("dl", *(tag("div", tag("dt", name), tag("dd", value)) for name, value in facts), class_="facts")


def card(title: str, value: str, lines: Sequence[Html], *, worse: bool = False) -> Html:
    """Return one number that matters, with the lines that say what it means."""
    shown = tag("p", value, class_="value")
    return tag(
        "li", tag("h3", title), shown, *(tag("p", line) for line in lines), class_="card worse" if worse else "card"
    )


def cards(title: str, some: Sequence[Html]) -> Html:
    """Return a section of cards; nothing without any."""
    if not some:
        return Html()
    return tag("section", tag("h2", title), tag("ul", *some, class_="cards"))
