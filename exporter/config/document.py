"""YAML text as a graph of nodes that know their line; what is no safe YAML is refused with the line and the reason."""

from collections.abc import Iterator

import yaml

BYTES = 1 << 20
"""A longer file is no configuration."""
NODES = 200_000
"""Values after every alias is written out: a few lines of nested aliases can stand for billions."""


class YamlError(Exception):
    """Why the text is refused, and in which line."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


def compose(data: bytes) -> yaml.Node:
    """Return the root node of the one document in `data`, or raise `YamlError`."""
    if len(data) > BYTES:
        raise YamlError(1, f"the file has {len(data):,} bytes; at most {BYTES:,} are read")
    try:
        root = yaml.compose(data, yaml.SafeLoader)
    except yaml.reader.ReaderError as error:
        raise YamlError(_line_of(data, error), "the file is not text in UTF-8") from None
    except yaml.MarkedYAMLError as error:
        raise YamlError(line(error.problem_mark or error.context_mark), _syntax(error)) from None
    except RecursionError:
        raise YamlError(1, "the file is nested too deeply") from None
    if root is None:
        raise YamlError(1, "the file is empty")
    _measure(root)
    return root


def line(mark: yaml.Mark | None) -> int:
    """Return the line of a mark, counted from 1."""
    return 1 if mark is None else mark.line + 1


def pairs(node: yaml.MappingNode) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    """Yield the keys and values of a mapping, those that `<<` merges into it last and only where they are not set."""
    merged: list[tuple[yaml.ScalarNode, yaml.Node]] = []
    own: set[str] = set()
    for key, value in node.value:
        if key.tag == "tag:yaml.org,2002:merge":
            merged.extend(_merged(key, value))
        else:
            own.add(key.value if isinstance(key, yaml.ScalarNode) else "")
            yield key, value
    for key, value in merged:
        if key.value not in own:
            own.add(key.value)
            yield key, value


def _merged(key: yaml.Node, value: yaml.Node) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
    sources = value.value if isinstance(value, yaml.SequenceNode) else [value]
    for source in sources:
        if not isinstance(source, yaml.MappingNode):
            raise YamlError(line(key.start_mark), "'<<' merges a mapping or a list of mappings")
        yield from ((name, entry) for name, entry in pairs(source) if isinstance(name, yaml.ScalarNode))


def _syntax(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or error.context or "unreadable"
    if "'\\t'" in problem:
        return "a tab cannot indent YAML; use spaces"
    if "expected a single document" in (error.context or ""):
        return "the file holds several documents; write one"
    begun = f" ({error.context} from line {line(error.context_mark)})" if error.context and error.context_mark else ""
    return f"not valid YAML: {problem}{begun}"


def _line_of(data: bytes, error: yaml.reader.ReaderError) -> int:
    """Return the line of the position, which counts bytes until they are decoded and then characters."""
    decoded = error.encoding == "unicode"
    before = data.decode(errors="replace")[: error.position].encode() if decoded else data[: error.position]
    return before.count(b"\n") + 1


def _measure(root: yaml.Node) -> None:
    """Refuse aliases inside their own anchor, and graphs that are small only as long as nobody walks them."""
    sizes: dict[int, int] = {}
    size = _size(root, sizes, set())
    if size > NODES:
        raise YamlError(1, f"the file stands for {size:,} values once its aliases are written out; at most {NODES:,}")


def _size(node: yaml.Node, sizes: dict[int, int], above: set[int]) -> int:
    if id(node) in above:
        raise YamlError(line(node.start_mark), "an alias stands inside its own anchor")
    if id(node) not in sizes:
        above.add(id(node))
        sizes[id(node)] = 1 + sum(_size(child, sizes, above) for child in _children(node))
        above.discard(id(node))
    return sizes[id(node)]


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [child for pair in node.value for child in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []
