"""Texts with placeholders, `${labels.model}`: what they may name is checked when they are read."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_PLACEHOLDER = re.compile(r"\$(?:\$|\{([^}]*)\})")
_MAPPINGS = ("labels", "annotations")
FIELDS = (
    "response",
    "incident",
    "status",
    "fingerprint",
    "starts_at",
    "starts_at_milliseconds",
    "ends_at",
    "ends_at_milliseconds",
    "generator_url",
    "external_url",
)
Values = Mapping[str, object]
"""What placeholders stand for, by their name: all of FIELDS, and `labels.NAME` and `annotations.NAME` of an alert."""


@dataclass(frozen=True, slots=True)
class Template:
    """A text with placeholders; `$$` is a dollar sign."""

    text: str

    def fill(self, values: Values, escape: Callable[[str], str] = str) -> str:
        """Return the text with each placeholder replaced by its value, escaped; what an alert lacks is empty."""
        return _PLACEHOLDER.sub(lambda found: escape(str(values.get(found[1], ""))) if found[1] else "$", self.text)

    @property
    def names(self) -> list[str]:
        """What the placeholders name."""
        return [found[1] for found in _PLACEHOLDER.finditer(self.text) if found[0] != "$$"]


def parse(text: str) -> Template:
    """Return the template of a text; ValueError where a placeholder names nothing that there is."""
    template = Template(text)
    for name in template.names:
        mapping, dot, label = name.partition(".")
        if name not in FIELDS and not (mapping in _MAPPINGS and dot and label):
            raise ValueError(f"${{{name}}} is unknown; known: {', '.join(FIELDS)}, labels.NAME, annotations.NAME")
    return template


def check(content: object) -> None:
    """Raise ValueError where a text anywhere in a structure of lists and mappings has a placeholder of no value."""
    if isinstance(content, str):
        parse(content)
    for child in _children(content):
        check(child)


def fill(content: Any, values: Values) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """Return a structure with its texts filled in; a text that is one placeholder becomes the value, a number too."""
    if isinstance(content, str):
        whole = _PLACEHOLDER.fullmatch(content)
        return values.get(whole[1], "") if whole and whole[1] else Template(content).fill(values)
    if isinstance(content, Mapping):
        return {key: fill(value, values) for key, value in content.items()}
    return [fill(value, values) for value in content] if isinstance(content, list) else content


def _children(content: object) -> list[object]:
    if isinstance(content, Mapping):
        return [*content.keys(), *content.values()]
    return content if isinstance(content, list) else []
