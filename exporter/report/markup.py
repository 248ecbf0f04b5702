"""HTML and SVG made of parts: text is escaped unless it is markup already, so that no name becomes markup."""

import re
from collections.abc import Iterable
from html import escape

_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_VOID = frozenset({"br", "col", "input", "link", "meta"})
_LEAVES = frozenset({"circle", "line", "path", "rect"})  # SVG elements that hold nothing but a title


class Html(str):
    """Text that is markup."""

    __slots__ = ()


def clean(text: str) -> str:
    """Return text that every encoding and parser takes: what cannot be shown is a replacement character."""
    return _UNPRINTABLE.sub("\ufffd", text)


def tag(element: str, /, *children: str, **attributes: str | float | bool | None) -> Html:
    """Return an element. Children that are not `Html` are escaped, and so are attributes.

    An attribute `class_` is `class`, `data_sort` is `data-sort`; None and False leave it out; a float is a coordinate.
    """
    head = element + "".join(
        [_attribute(key, value) for key, value in attributes.items() if value not in (None, False)]
    )
    if element in _VOID or (element in _LEAVES and not children):
        return Html(f"<{head}>" if element in _VOID else f"<{head}/>")
    return Html(f"<{head}>{joined(children)}</{element}>")


def joined(parts: Iterable[str]) -> Html:
    """Return parts one after the other; those that are not `Html` are escaped."""
    return Html("".join([part if isinstance(part, Html) else escape(clean(part)) for part in parts]))


def shortened(text: str, limit: int) -> str:
    """Return text on one line, with an ellipsis where it is longer than the limit; never empty."""
    line = " ".join(clean(text).split()) or "(blank)"
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"


def named(text: str, limit: int = 60) -> Html:
    """Return a name that stays within its element: cut to the limit, whole in its title."""
    short = shortened(text, limit)
    return tag("bdi", short, title=None if short == text else text)


def coordinate(value: float) -> str:
    """Return a length in pixels, to a tenth."""
    return f"{value:.1f}".removesuffix(".0")


def _attribute(key: str, value: str | float | None) -> str:
    name = key.removesuffix("_").replace("_", "-")
    if value is None or isinstance(value, bool):
        return f" {name}" if value else ""
    text = value if isinstance(value, str) else coordinate(value)
    return f' {name}="{escape(clean(text))}"'
