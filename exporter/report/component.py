"""What both pages say of a profile and its components."""

from collections.abc import Sequence

from exporter.profile import Component, Profile
from exporter.report.markup import Html, joined, named, shortened, tag
from exporter.report.numbers import reasons
from exporter.report.words import moment, portion, share

BETTER = {"high": "higher is better", "low": "lower is better"}
Key = tuple[str, str]


def anchors(components: Sequence[Component]) -> dict[Key, str]:
    """Return the place of each component in a page, whatever its name."""
    return {component.spec.key: f"component-{place}" for place, component in enumerate(components, 1)}


def provenance(profile: Profile, checksum: int = 64) -> list[tuple[str, str]]:
    """Return the facts of where a profile comes from, with so many digits of its checksum."""
    predictions = max((_rows(c) for c in profile.components if c.role in ("input", "output")), default=0)
    labelled = max((_rows(c) for c in profile.components if c.role in ("actual", "eval")), default=0)
    found = [("version", profile.version), ("built", moment(profile.built)), ("records", f"{predictions:,}")]
    found += [("with actual", f"{labelled:,}")] if labelled else []
    return found + ([("sha256", profile.sha256[:checksum])] if profile.sha256 else [])


def _rows(component: Component) -> int:
    return component.reference.presence.rows


def component_name(component: Component) -> Html:
    """Return a component's name, and below it where it is logged and what extracts it."""
    return joined([named(component.name, 48), tag("div", shortened(_path(component), 60), class_="path")])


def search_text(component: Component) -> str:
    """Return what a search looks into."""
    return f"{component.name} {component.role} {component.dtype} {_path(component)}"


def _path(component: Component) -> str:
    extractor = next(iter(component.spec.extractor or ()), None)
    return " ".join(part for part in (component.spec.element, extractor and f"({extractor})") if part)


def invalid_share(component: Component) -> float:
    """Return the share of records that are invalid; NaN of none."""
    return portion(component.reference.presence.invalid, _rows(component))


def invalid_reasons(component: Component) -> list[Html]:
    """Return why records are invalid, a line for each reason."""
    rows = _rows(component)
    return [tag("p", f"{share(portion(amount, rows))} {words}", class_="soft") for words, amount in reasons(component)]
