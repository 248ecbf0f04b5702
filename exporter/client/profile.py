"""What the log needs of a profile, and what its tags say."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

ROLES = ("input", "output", "actual")
ERROR = "error"
WARNING = "warning"


class Profile(Protocol):
    """Judges a datum of each role by tags: mappings with `name`, `value` and `type`.

    A type that ends in "error" says that the component is invalid; its name may end in "-error" too. One that ends in
    "warning" is left out: the value itself says as much.
    """

    def validate_input(self, datum: Any, /) -> Iterable[Mapping[str, Any]]:  # noqa: ANN401 - the model's own
        """Judge an input."""

    def validate_output(self, datum: Any, /) -> Iterable[Mapping[str, Any]]:  # noqa: ANN401 - as above
        """Judge an output."""

    def validate_actual(self, datum: Any, /) -> Iterable[Mapping[str, Any]]:  # noqa: ANN401 - as above
        """Judge an actual."""


def judged(tags: Iterable[Mapping[str, Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the values of components and the reasons why some are invalid, each by component."""
    values: dict[str, Any] = {}
    invalid: dict[str, Any] = {}
    for tag in tags:
        name = str(tag["name"])
        if str(tag.get("type", "")).endswith(ERROR):
            invalid[name.removesuffix(f"-{ERROR}")] = tag["value"]
        elif not str(tag.get("type", "")).endswith(WARNING):
            values[name] = tag["value"]
    return values, invalid
