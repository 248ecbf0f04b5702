"""Matchers of alerts by label, written as in Alertmanager: `severity = "critical"`, `alertname =~ "Model.+"`."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_FORM = re.compile(r'\s*([A-Za-z_][A-Za-z0-9_]*)\s*(=~|!~|!=|=)\s*(?:"([^"]*)"|([^\s"]*))\s*')


@dataclass(frozen=True, slots=True)
class Matcher:
    """A condition on one label; a label that an alert does not have is empty, and a pattern covers the whole value."""

    label: str
    pattern: re.Pattern[str]
    wanted: bool

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Say whether the labels meet the condition."""
        return (self.pattern.fullmatch(labels.get(self.label, "")) is not None) == self.wanted


def parse(text: str) -> Matcher:
    """Return the matcher that a text writes; ValueError where it writes none."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise ValueError(f'{text!r} is no matcher; write one such as severity = "critical" or model =~ "digits|shop"')
    label, operator, quoted, plain = found.groups()
    value = plain if quoted is None else quoted
    try:
        pattern = re.compile(value if "~" in operator else re.escape(value), re.DOTALL)
    except re.error as error:
        raise ValueError(f"{value!r} is not a regular expression: {error}") from None
    return Matcher(label, pattern, not operator.startswith("!"))


def all_match(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    """Say whether the labels meet every condition."""
    return all(matcher.matches(labels) for matcher in matchers)
