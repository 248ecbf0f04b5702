"""Conditions on a record, such as `input.weight > 90 and tags.site in ['A', 'B']`: read once, true or false by column.

The grammar: `or`, `and`, `not`, parentheses, and comparisons of one path with constants: < <= > >= with a number, ==
and != with a number or text, `in` and `not in` with a list of one kind. A value that is missing, or of the other kind,
equals nothing and is neither less nor greater; `!=` and `not in` hold of it.
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from exporter.batch import Column

Mask = NDArray[np.bool_]
Key = tuple[str, tuple[str, ...] | None]
_TOKEN = re.compile(
    r"\s*(?:(?P<number>-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?![\w.])|(?P<text>'[^']*'|\"[^\"]*\")"
    r"|(?P<word>[^\W\d][\w-]*(?:\.[\w-]+)*)|(?P<mark><=|>=|==|!=|[<>()\[\],]))"
)
_ORDER: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_DEEP = 50


@dataclass(frozen=True, slots=True)
class Comparison:
    """A path compared with numbers, or with texts; the columns of texts hold the codes of those texts."""

    path: str
    mark: str
    numbers: tuple[float, ...] = ()
    texts: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        """Return the column that is read."""
        return self.path, self.texts or None

    def holds(self, columns: Mapping[Key, Column]) -> Mask:
        """Return of each row whether the comparison holds, shape (rows,)."""
        column = columns[self.key]
        if self.mark in _ORDER:
            ordered: Mask = _ORDER[self.mark](column, self.numbers[0])
            return ordered
        coded = (column >= 0) & (column < len(self.texts))
        equal: Mask = np.asarray(coded if self.texts else np.isin(column, self.numbers))
        return equal if self.mark in ("==", "in") else ~equal


@dataclass(frozen=True, slots=True)
class Not:
    """Whatever does not hold."""

    part: "Node"

    def holds(self, columns: Mapping[Key, Column]) -> Mask:
        """Return of each row whether the part does not hold."""
        return ~self.part.holds(columns)


@dataclass(frozen=True, slots=True)
class Joined:
    """Parts of which all hold, or any."""

    parts: "tuple[Node, ...]"
    every: bool

    def holds(self, columns: Mapping[Key, Column]) -> Mask:
        """Return of each row whether they hold together."""
        masks = np.array([part.holds(columns) for part in self.parts])
        return np.asarray(masks.all(axis=0) if self.every else masks.any(axis=0))


Node = Comparison | Not | Joined


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition as written, and what was read."""

    text: str
    node: Node

    @property
    def columns(self) -> tuple[Key, ...]:
        """Return the columns that are read: path, and texts whose codes they hold (None: numbers)."""
        return tuple(_columns(self.node))

    def holds(self, columns: Mapping[Key, Column]) -> Mask:
        """Return of each row whether it holds, shape (rows,)."""
        return self.node.holds(columns)


def _columns(node: Node) -> Sequence[Key]:
    if isinstance(node, Comparison):
        return [node.key]
    parts = (node.part,) if isinstance(node, Not) else node.parts
    return list(dict.fromkeys(key for part in parts for key in _columns(part)))


def parse_condition(text: str) -> Condition:
    """Return the condition that is written; ValueError says at which column what was expected."""
    reader = _Reader(text)
    node = reader.either(0)
    reader.end()
    return Condition(text, node)


class _Reader:
    """A descent through the grammar, token by token."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[tuple[str, str, int]] = []
        self._place = at = 0
        while at < len(text.rstrip()):
            found = _TOKEN.match(text, at)
            if not found:
                start = at + len(text[at:]) - len(text[at:].lstrip())
                raise ValueError(f"column {start + 1}: {text[start]!r} is not a part of a condition")
            kind = str(found.lastgroup)
            self._tokens.append((kind, found[kind], found.start(kind)))
            at = found.end()
        self._tokens.append(("end", "", len(text)))

    def either(self, depth: int) -> Node:
        """Read parts that `or` joins."""
        return self._joined("or", self._both, depth, every=False)

    def end(self) -> None:
        """Require that nothing is left."""
        if self._tokens[self._place][0] != "end":
            raise self._expected("and, or, or the end")

    def _both(self, depth: int) -> Node:
        return self._joined("and", self._one, depth, every=True)

    def _joined(self, word: str, read: Callable[[int], Node], depth: int, *, every: bool) -> Node:
        parts = [read(depth)]
        while self._take(word):
            parts.append(read(depth))
        return parts[0] if len(parts) == 1 else Joined(tuple(parts), every)

    def _one(self, depth: int) -> Node:
        if depth > _DEEP:
            raise ValueError("the condition is nested too deeply")
        if self._take("not"):
            return Not(self._one(depth + 1))
        if self._take("("):
            node = self.either(depth + 1)
            self._need(")")
            return node
        return self._comparison()

    def _comparison(self) -> Node:
        kind, path, _ = self._tokens[self._place]
        if kind != "word" or "." not in path:
            raise self._expected("a path such as input.age or tags.site")
        self._place += 1
        mark = self._tokens[self._place][1]
        if mark in _ORDER:
            self._place += 1
            return Comparison(path, mark, numbers=(self._number(),))
        if mark in ("==", "!="):
            self._place += 1
            return Comparison(path, mark, *self._constants([self._constant()]))
        negated = self._take("not")
        if not self._take("in"):
            raise self._expected("in" if negated else "one of < <= > >= == != in, not in")
        return Comparison(path, "not in" if negated else "in", *self._constants(self._list()))

    def _list(self) -> list[float | str]:
        self._need("[")
        values = [self._constant()]
        while self._take(","):
            values.append(self._constant())
        self._need("]")
        return values

    def _constants(self, values: Sequence[float | str]) -> tuple[tuple[float, ...], tuple[str, ...]]:
        numbers = tuple(value for value in values if isinstance(value, float))
        texts = tuple(dict.fromkeys(value for value in values if isinstance(value, str)))
        if numbers and texts:
            raise ValueError("a list holds numbers or texts, not both")
        return numbers, texts

    def _constant(self) -> float | str:
        kind, text, _ = self._tokens[self._place]
        if kind == "text":
            self._place += 1
            return text[1:-1]
        return self._number()

    def _number(self) -> float:
        kind, text, _ = self._tokens[self._place]
        if kind != "number":
            raise self._expected("a number, or text in quotes")
        self._place += 1
        return float(text)

    def _take(self, text: str) -> bool:
        kind, found, _ = self._tokens[self._place]
        if kind == "text" or found != text:
            return False
        self._place += 1
        return True

    def _need(self, text: str) -> None:
        if not self._take(text):
            raise self._expected(repr(text))

    def _expected(self, what: str) -> ValueError:
        kind, found, at = self._tokens[self._place]
        return ValueError(f"column {at + 1}: expected {what}, not {'the end' if kind == 'end' else repr(found)}")
