"""From components and scores as Python declares them to the spec from which a profile is built."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, get_args

import msgspec

from exporter.api.components import (
    Component,
    Domain,
    EvalComponent,
    LoggedComponent,
    key_of,
)
from exporter.api.data import Data
from exporter.api.datum import plain
from exporter.api.evaluations import options_of
from exporter.api.scores import Score
from exporter.api.sequence import SequenceSimpleExtractor
from exporter.decoders.columns import guarded
from exporter.extractors.element import Element
from exporter.profile import ComponentSpec, Profile, ProfileError, ProfileSpec, ScoreSpec, problems
from exporter.profile.infer import are_times, dtype_of
from exporter.profile.values import Key

SAMPLE = 10_000
NUMBERS: Mapping[str, tuple[str, ...]] = {  # the roles in which an eval extractor reads numbers alone
    "error": ("output", "actual"),
    "absolute_error": ("output", "actual"),
    "squared_error": ("output", "actual"),
    "absolute_percentage_error": ("output", "actual"),
    "log_loss": ("output",),
    "brier": ("output",),
}


def checked(components: Sequence[Component], scores: Sequence[Score]) -> None:
    """Raise ProfileError where something is no component or score, or one is declared twice."""
    for part, kind in ((components, Component), (scores, Score)):
        if strange := [one for one in part if not isinstance(one, kind)]:
            names = ", ".join(choice.__name__ for choice in get_args(kind))
            raise ProfileError(f"{strange[0]!r:.80} is none of {names}")
    keys = [key_of(component) for component in components]
    if twice := [key for place, key in enumerate(keys) if key in keys[:place]]:
        raise ProfileError(f"{' '.join(twice[0])} is declared twice")


def supplied(components: Sequence[Component], given: Mapping[str, object]) -> None:
    """Raise ProfileError where components need data of a role of which none are given."""
    roles = dict.fromkeys(role for role, _ in map(key_of, components) if role != "eval")
    if missing := [role for role in roles if given[role] is None]:
        raise ProfileError(f"components need data that are not given: {', '.join(missing)}")


def renamed(profile: Profile, name: str, version: str) -> Profile:
    """Return a profile under another name and version; ProfileError where a file could not be called so."""
    if set(name + version) & set("@/"):
        raise ProfileError(f"a name or version must not hold @ or /: {name}@{version}")
    return replace(profile, name=name, version=version, sha256="")


def spec_of(
    identity: tuple[str, str],
    components: Sequence[Component],
    scores: Sequence[Score],
    domains: Mapping[str, Domain],
    data: Mapping[str, Data],
) -> ProfileSpec:
    """Return the spec of a name and version; ProfileError with what is wrong.

    `data` by role say what values are whose dtype is left out.
    """
    if unknown := set(domains) - {component.name for component in components}:
        raise ProfileError(f"domains are given of {', '.join(sorted(unknown))}, which no component is called")
    declared = [_declared(component, components, domains) for component in components]
    numeric = {key for spec in declared for key in _numbers_of(spec)}
    if lacking := [f"{' '.join(spec.key)}: {why}" for spec in declared if (why := _unknown(spec, data))]:
        raise ProfileError("; ".join(lacking))
    found = [_typed(spec, data.get(spec.resolved_role), numeric) for spec in declared]
    drawn_up = ProfileSpec(*identity, found, [_score(score) for score in scores])
    try:
        spec = msgspec.convert(msgspec.to_builtins(drawn_up), ProfileSpec)
    except (msgspec.ValidationError, TypeError, ValueError) as error:
        raise ProfileError(str(error)) from None
    if wrong := problems(spec):
        raise ProfileError("; ".join(f"{_place(spec, key)}: {message}" for key, message in wrong))
    return spec


def _declared(component: Component, others: Sequence[Component], domains: Mapping[str, Domain]) -> ComponentSpec:
    domain = domains.get(component.name, component.domain)
    bounds = None if domain is None else [plain(bound) for bound in _ordered(domain)]
    if isinstance(component, ComponentSpec):
        return msgspec.structs.replace(component, domain=bounds)
    common: dict[str, Any] = {
        "name": component.name,
        "dtype": None if component.dtype is None else str(component.dtype),
        "domain": bounds,
        "thresholds": dict(component.thresholds),
        "main": component.main,
        "importance": component.importance,
        "soft_domain": None if component.soft_domain is None else [plain(bound) for bound in component.soft_domain],
    }
    if isinstance(component, EvalComponent):
        return ComponentSpec(**common, role="eval", extractor=_evaluation(component, others))
    element, extractor = _read(component)
    return ComponentSpec(**common, element=element, extractor=extractor)


def _read(component: LoggedComponent) -> tuple[str, dict[str, dict[str, Any]] | None]:
    """Return the path of a component, and the extractor of what is there where it is not the value itself."""
    base = ".".join(filter(None, (component.role, component.element)))
    extractor = component.extractor
    if extractor is None:
        return base, None
    if isinstance(extractor, SequenceSimpleExtractor):
        extractor = extractor.extractor
    elif (path := _path(extractor)) is not None:
        return f"{base}.{path}", None
    short, options = options_of(extractor)
    return base, {short: options}


def _ordered(domain: Iterable[Any]) -> Iterable[Any]:
    return sorted(domain, key=str) if isinstance(domain, set | frozenset) else domain


def _evaluation(component: EvalComponent, others: Sequence[Component]) -> dict[str, dict[str, Any]]:
    short, options = options_of(component.extractor)
    for role, given in (("output", component.output), ("actual", component.actual)):
        options[role] = given or options.get(role) or _only(component, role, others)
    return {short: options}


def _only(component: EvalComponent, role: str, others: Sequence[Component]) -> str:
    names = [name for other_role, name in map(key_of, others) if other_role == role]
    if len(names) != 1:
        there = f"there are {', '.join(names)}" if names else f"there is no {role} component"
        raise ProfileError(f"eval {component.name}: say by {role}= which {role} component it reads; {there}")
    return names[0]


def _path(extractor: object) -> str | None:
    """Return an element as the path of a log, where it is one: that is read fastest."""
    if not isinstance(extractor, Element) or extractor.default is not None:
        return None
    element = extractor.element
    steps = element.split(".") if isinstance(element, str) else [element] if isinstance(element, int) else element
    words = [str(step) for step in steps]
    return ".".join(words) if all(word and "." not in word and word[0] != "-" for word in words) else None


def _numbers_of(spec: ComponentSpec) -> Iterable[Key]:
    ((short, options),) = (spec.extractor or {"": {}}).items()
    return [(role, options[role]) for role in NUMBERS.get(short, ())]


def _unknown(spec: ComponentSpec, data: Mapping[str, Data]) -> str | None:
    """Return why a component cannot be found in its data, where it is a column that a table does not have."""
    found = data.get(spec.resolved_role)
    return None if spec.computed or spec.extractor is not None or found is None else found.unknown(spec)


def _typed(spec: ComponentSpec, data: Data | None, numeric: set[Key]) -> ComponentSpec:
    """Return the spec with the dtype that its data have, where none is declared and the extractor gives none."""
    if spec.dtype is not None or spec.computed or data is None:
        return spec
    if spec.extractor is not None:
        values = _values(spec, data) if set(spec.extractor) & {"element", "max_score_element"} else []
        return msgspec.structs.replace(spec, dtype=dtype_of(values)) if values else spec
    values = data.sample(spec, SAMPLE)
    if are_times(values):
        raise ProfileError(f"{' '.join(spec.key)}: its values are times, which are always new: leave it out")
    dtype = dtype_of(values) or "category"
    if spec.key in numeric and dtype == "category":
        dtype = "int"
    return msgspec.structs.replace(spec, dtype=dtype)


def _values(spec: ComponentSpec, data: Data) -> list[Any]:
    """Return what is extracted from a sample; nothing where the extractor has categories of its own."""
    try:
        extractor = spec.data_extractor()
    except msgspec.ValidationError:
        return []  # for `problems` to say
    if extractor.levels() is not None:
        return []
    read = guarded(extractor.extract, numeric=False)
    found = [read(datum) for datum in data.sample(spec, SAMPLE)]
    return [value for value in found if isinstance(value, str | int | float)]


def _score(score: Score) -> ScoreSpec:
    if isinstance(score, ScoreSpec):
        return score
    inputs = [score.inputs] if isinstance(score.inputs, str) else list(score.inputs)
    if len(inputs) != 1:
        raise ProfileError(f"score {score.name}: write one component in inputs, not {len(inputs)}")
    return ScoreSpec(score.name, inputs[0], score.kind, score.preference, score.threshold)


def _place(spec: ProfileSpec, key: str) -> str:
    """Return a place in the spec by the name of what is there."""
    found = re.match(r"(components|scores)\[(\d+)\]\.?(.*)", key)
    if found is None:
        return key
    kind, number, rest = found.groups()
    part = spec.components[int(number)] if kind == "components" else spec.scores[int(number)]
    name = " ".join(part.key) if isinstance(part, ComponentSpec) else f"score {part.name}"
    return ": ".join(filter(None, (name, rest)))
