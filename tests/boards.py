"""The queries of the dashboards, with the variables filled in as Grafana does."""

import re
from dataclasses import dataclass

from bundle import dashboards


@dataclass(frozen=True)
class Query:
    """A query of a panel; `instant` asks for the present."""

    board: str
    panel: str
    letter: str
    expr: str
    instant: bool

    def __str__(self):
        return f"{self.board}: {self.panel}, {self.letter}"


def queries():
    """Every query of every panel."""
    return [
        Query(board["title"], panel["title"], target["refId"], target["expr"], target.get("instant", False))
        for board in dashboards()
        for panel in board["panels"]
        for target in panel.get("targets", ())
    ]


def annotations():
    """The queries of what is marked on the boards."""
    return [each["expr"] for board in dashboards() for each in board["annotations"]["list"] if "expr" in each]


def names(text):
    """The variables that a text contains, Grafana's own ones left out."""
    return set(re.findall(r"\$\{?([a-z]\w*)", text))


def filled(text, **values):
    """A text as Grafana sends it; KeyError where a variable has no value."""
    return re.sub(r"\$\{?(?!\d)(\w+)\}?", lambda found: values[found[1]], text)
