"""Tags: what is known of the values of one datum, each a mapping that JSON can hold."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypedDict

from exporter.profile import Profile, ProfileError
from exporter.profile.values import Key

ERROR = "-error"
WARNING = "-warning"
Format = Literal["jcr", "tag", "simple"]
Tags = Any  # list[Tag]; where "simple" is asked for, a dict of values by name


class Tag(TypedDict):
    """The value of a component, or why it is invalid.

    `type` is profile-input, profile-output, profile-actual or profile-eval, and `name` the component; both end in
    `-error` where the value is why it is invalid, in `-warning` where it is why it is unusual. `group` is the profile,
    name@version.
    """

    type: str
    name: str
    value: Any
    group: str


def filter_errors(tags: Iterable[Tag]) -> list[Tag]:
    """Return the tags that say why a value is invalid."""
    return [tag for tag in tags if tag["type"].startswith("profile-") and tag["type"].endswith(ERROR)]


def flatten_jcr(tags: Iterable[Tag]) -> dict[str, Any]:
    """Return the values of tags by name."""
    return {tag["name"]: tag["value"] for tag in tags}


def formatted(tags: list[Tag], tag_format: Format) -> Tags:
    """Return tags as they are, or as values by name where "simple" ones are asked for."""
    return flatten_jcr(tags) if tag_format == "simple" else tags


def unbuilt(role: str, name: str, group: str) -> Tag:
    """Return the tag of a component that nothing is known of yet."""
    return {"type": f"profile-{role}{ERROR}", "name": f"{name}{ERROR}", "value": "unbuilt", "group": group}


def points(poi: Iterable[Tag] | Mapping[str, object], profile: Profile) -> dict[Key, object]:
    """Return a point of interest, tags or values by component, as values by (role, name); None is no value."""
    keys = [component.spec.key for component in profile.components]
    if isinstance(poi, Mapping):
        if unknown := set(poi) - {name for _, name in keys}:
            raise ProfileError(f"the point has {', '.join(sorted(unknown))}, which the profile does not have")
        return {(role, name): poi[name] for role, name in keys if name in poi}
    found: dict[Key, object] = {}
    for tag in poi:
        kind = tag["type"].removeprefix("profile-")
        if kind.endswith(ERROR):
            found.setdefault((kind.removesuffix(ERROR), tag["name"].removesuffix(ERROR)), None)
        elif tag["type"] != kind and not kind.endswith(WARNING):
            found[kind, tag["name"]] = tag["value"]
    return found
