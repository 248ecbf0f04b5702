"""Single YAML values as Python values; what the text is not, and what to write instead, is said in the error."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import yaml

_TEXT = "tag:yaml.org,2002:str"
_NULL = "tag:yaml.org,2002:null"
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9_]{0,30})")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?|[-+]?\.inf", re.IGNORECASE)
_YES: Final = {"true", "yes", "on"}
_NO: Final = {"false", "no", "off"}


def is_null(node: yaml.Node) -> bool:
    """Say whether nothing is written behind the key (or `null`)."""
    return node.tag == _NULL


def describe(node: yaml.Node) -> str:
    """Return what stands in the file, short enough for a message."""
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    if isinstance(node, yaml.SequenceNode):
        return "a list"
    return "nothing" if is_null(node) else quote(node.value)


def quote(text: str) -> str:
    """Return the text as one short line in quotes."""
    shown = text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004 - what fits a line
    return repr(shown)


def text_of(node: yaml.ScalarNode) -> str:
    """Return the text; what YAML takes for a number, a date or a truth value has to stand in quotes."""
    if node.tag != _TEXT:
        meant = {"bool": "yes or no", "int": "a number", "float": "a number", "timestamp": "a date"}
        read = meant.get(node.tag.rpartition(":")[2], "something else")
        raise ValueError(f'YAML reads {node.value} as {read}; put it in quotes: "{node.value}"')
    return str(node.value)


def integer(node: yaml.ScalarNode) -> int:
    """Return a whole number in decimal notation; underscores may group its digits."""
    if node.style is None and _INTEGER.fullmatch(node.value):
        return int(node.value.replace("_", ""))
    raise ValueError(f"{describe(node)} is not a whole number")


def number(node: yaml.ScalarNode) -> float:
    """Return a number; `1e-3` is one, though YAML 1.1 has it as text."""
    if node.style is None and _NUMBER.fullmatch(node.value):
        return float(node.value.replace("_", "").lower().replace(".inf", "inf"))
    raise ValueError(f"{describe(node)} is not a number")


def truth(node: yaml.ScalarNode) -> bool:
    """Return what `true` or `false` says."""
    word = node.value.lower()
    if node.style is not None or word not in _YES | _NO:
        raise ValueError(f"{describe(node)} is neither true nor false")
    return word in _YES


def anything(node: yaml.ScalarNode) -> object:
    """Return the value that YAML takes the text for."""
    for kind in ("null", "bool", "int", "float"):
        if node.tag == f"tag:yaml.org,2002:{kind}":
            return {"null": lambda _: None, "bool": truth, "int": integer, "float": number}[kind](node)
    return text_of(node)


SCALARS: Mapping[object, Callable[[yaml.ScalarNode], object]] = {
    str: text_of,
    int: integer,
    float: number,
    bool: truth,
    Path: lambda node: Path(text_of(node)),
    object: anything,
}
