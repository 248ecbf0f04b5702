"""What a person writes about a model's components and scores before a profile is built (profile.yml)."""

import math
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Literal

import msgspec

from exporter.batch import Field, Role
from exporter.decoders.columns import BOOL_LEVELS, label
from exporter.decoders.shape import META, ROLES, nameable
from exporter.drift import BUILTIN as OUR_STATISTICS
from exporter.drift import PLUGINS as STATISTICS
from exporter.drift.statistic import Kind
from exporter.extractors import BUILTIN as EVALUATIONS
from exporter.extractors import PLUGINS as EXTRACTORS
from exporter.extractors import DataExtractor, EvalExtractor, of_pairs
from exporter.profile.domain import is_range
from exporter.profile.estimating import unfit
from exporter.profile.features import misnamed
from exporter.profile.scoring import ScoreSpec, meant
from exporter.registry import Plugins
from exporter.scores import PLUGINS as SCORES
from exporter.scores import Reads
from exporter.summaries.categories import OTHER

Dtype = Literal["float", "int", "bool", "category"]
LEARNED = ("category", "bool")
CATEGORIES = 1000
RANGE = "write [low, high]; null is an open end"


class ComponentSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A component: where it is logged (`element`, a dotted path), and what it is there (`extractor`).

    Without an extractor the value itself is logged. What an extractor gives are numbers or its own categories; those of
    one that has none of its own are learned where `dtype` is category or bool. In role eval there is no element: the
    extractor reads components of output and actual. `role` is the first word of `element` where it is left out.
    `domain` is [low, high] (null is open) or the list of categories; what is left out is learned from the reference.
    A number outside of it is invalid, one outside of `soft_domain` is only unusual.
    `thresholds` are by statistic. `main` marks a component that matters most, which weighs more in the alarm of drift.
    `importance` is its weight in the drift of all components together, a positive number.
    """

    name: str
    element: str | None = None
    role: Role | None = None
    dtype: Dtype | None = None
    extractor: dict[str, dict[str, Any]] | None = None
    domain: list[float | str | bool | None] | None = None
    thresholds: dict[str, float] = {}
    main: bool = False
    importance: float = 1.0
    soft_domain: list[float | None] | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Return (role, name), which identifies a component."""
        return self.resolved_role, self.name

    @property
    def resolved_role(self) -> str:
        """Return the role, taken from the path where it is left out."""
        return self.role or (self.element or "").split(".")[0]

    @property
    def computed(self) -> bool:
        """Tell whether the values come from other components."""
        return self.role == "eval"

    @property
    def numeric(self) -> bool:
        """Tell whether the values are numbers."""
        if self.extractor is None:
            return self.dtype in ("float", "int")
        if self.computed:
            return self.eval_extractor().levels() is None
        return self.data_extractor().levels() is None and self.dtype not in LEARNED

    def eval_extractor(self) -> EvalExtractor:
        """Return the extractor of an eval component; msgspec.ValidationError or KeyError where it is not one."""
        ((name, options),) = (self.extractor or {}).items()
        extractor: EvalExtractor = msgspec.convert(options, EXTRACTORS[name])
        return extractor

    def data_extractor(self) -> DataExtractor:
        """Return the extractor of a logged component; msgspec.ValidationError or KeyError where it is not one."""
        ((name, options),) = (self.extractor or {}).items()
        extractor: DataExtractor = msgspec.convert(options, EXTRACTORS[name])
        return extractor

    @property
    def reads_files(self) -> bool:
        """Tell whether the extractor reads images or arrays, which a record may name by the path of their file."""
        name = next(iter(self.extractor or {}), None)
        return name is not None and bool(getattr(EXTRACTORS[name], "reads_files", False))


class ProfileSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A model's name and version, its components and its scores.

    `attributions` are the features, by their path below `attributions`, whose contributions records carry.
    """

    name: str
    version: str
    components: list[ComponentSpec]
    scores: list[ScoreSpec] = []
    attributions: list[str] = []


def problems(spec: ProfileSpec) -> list[tuple[str, str]]:
    """Return what is wrong with a spec as (path in it, message); nothing where a profile can be built from it."""
    found = [("components", "a profile needs at least one component")] if not spec.components else []
    for key, value, what in (("name", spec.name, "a model's name"), ("version", spec.version, "a version")):
        if not value or set(value) & set("@/"):
            found.append((key, f"{what} must not be empty or hold @ or /"))
    keys = [component.key for component in spec.components]
    known = dict(zip(keys, spec.components, strict=True))
    for i, component in enumerate(spec.components):
        place = f"components[{i}]"
        if component.key in keys[:i]:
            found.append((f"{place}.name", f"{component.resolved_role} {component.name} is declared twice"))
        found += [(f"{place}.{key}", message) for key, message in _component(component, known)]
    names = [score.name for score in spec.scores]
    for i, score in enumerate(spec.scores):
        if score.name in names[:i]:
            found.append((f"scores[{i}].name", f"score {score.name} is declared twice"))
        found += [(f"scores[{i}].{key}", message) for key, message in _score(score, known)]
    return found + list(misnamed(spec.attributions))


def _component(spec: ComponentSpec, known: Mapping[tuple[str, str], ComponentSpec]) -> Iterator[tuple[str, str]]:
    if not spec.name:
        yield "name", "a component's name must not be empty"
    if not 0 < spec.importance < math.inf:
        yield "importance", "write a positive number"
    misplaced = list(_eval(spec, known) if spec.computed else _placed(spec))
    yield from misplaced
    yield from _thresholds(spec, None if misplaced else "numeric" if spec.numeric else "category")
    if not misplaced:
        yield from _domain(spec)


def _placed(spec: ComponentSpec) -> Iterator[tuple[str, str]]:
    if not spec.element:
        yield "element", "write the dotted path at which the component is logged, such as input.fare"
    elif not all(words := spec.element.split(".")) or words[0] in META or not nameable(words[0]):
        yield "element", f"{spec.element!r} is not a path to a component; write one such as input.fare"
    elif spec.resolved_role not in ROLES:
        yield "role", f"write input, output or actual; the path {spec.element} does not say"
    if spec.extractor is not None:
        yield from _extractor(spec)
    elif spec.dtype is None:
        yield "dtype", "write float, int, bool or category"


def _thresholds(spec: ComponentSpec, kind: Kind | None) -> Iterator[tuple[str, str]]:
    for name, threshold in spec.thresholds.items():
        if name not in STATISTICS:
            yield f"thresholds.{name}", absent("drift statistic", name, STATISTICS)
        elif kind is not None and kind not in STATISTICS[name].kinds:
            able = ", ".join(n for n, statistic in OUR_STATISTICS.items() if kind in statistic.kinds)
            yield f"thresholds.{name}", f"{name} is not of a {kind} component; there is {able}"
        elif not math.isfinite(threshold):
            yield f"thresholds.{name}", "write a finite number"


def _domain(spec: ComponentSpec) -> Iterator[tuple[str, str]]:
    if spec.soft_domain is not None and not spec.numeric:
        yield "soft_domain", "leave it out: only numbers have one"
    elif spec.soft_domain is not None and not is_range(spec.soft_domain):
        yield "soft_domain", RANGE
    if spec.domain is None:
        return
    if spec.numeric:
        if not is_range(spec.domain):
            yield "domain", RANGE
    elif fixed_levels(spec):
        yield "domain", f"leave it out: the categories are {', '.join(fixed_levels(spec))}"
    else:
        levels = {label(level) for level in spec.domain if level is not None} - {OTHER}
        if not levels or len(levels) != len(spec.domain) or len(levels) > CATEGORIES:
            yield "domain", f"write the list of valid categories, 1 to {CATEGORIES} different ones"


def fixed_levels(spec: ComponentSpec) -> tuple[str, ...]:
    """Return the categories that a component has whatever the reference; none where they are learned."""
    levels = None
    if spec.extractor is not None:
        levels = (spec.eval_extractor() if spec.computed else spec.data_extractor()).levels()
    return levels or (BOOL_LEVELS if spec.dtype == "bool" else ())


def _extractor(spec: ComponentSpec) -> Iterator[tuple[str, str]]:
    if spec.extractor is None or len(spec.extractor) != 1:
        example = "{correct: {output: label, actual: label}}" if spec.computed else "{sharpness: {}}"
        yield "extractor", f"write one extractor with its options, such as {example}"
        return
    ((name, options),) = spec.extractor.items()
    if name not in EXTRACTORS:
        yield "extractor", absent("extractor", name, EXTRACTORS)
        return
    if of_pairs(EXTRACTORS[name]) != spec.computed:
        fits = "of a logged datum, not of role eval" if spec.computed else "of role eval: it reads output and actual"
        yield "extractor", f"{name} is {fits}"
        return
    try:
        levels = msgspec.convert(options, EXTRACTORS[name]).levels()
    except msgspec.ValidationError as error:
        yield f"extractor.{name}", str(error)
        return
    except Exception as error:  # noqa: BLE001 - a plug-in may raise anything
        yield f"extractor.{name}", f"{type(error).__name__}: {error}"
        return
    unfit = levels is not None if spec.dtype in ("float", "int") else spec.computed and levels is None
    if spec.dtype is not None and unfit:
        yield "dtype", f"leave it out: {name} gives {'numbers' if levels is None else 'categories'}"


def _eval(spec: ComponentSpec, known: Mapping[tuple[str, str], ComponentSpec]) -> Iterator[tuple[str, str]]:
    if spec.element is not None:
        yield "element", "leave it out: a component of role eval is computed from output and actual"
        return
    wrong = list(_extractor(spec))
    yield from wrong
    if wrong:
        return
    extractor = spec.eval_extractor()
    ((name, _),) = (spec.extractor or {}).items()
    for role, wanted in (("output", extractor.output), ("actual", extractor.actual)):
        if (role, wanted) not in known:
            names = [name for known_role, name in known if known_role == role]
            yield f"extractor.{name}.{role}", unknown(f"{role} component", wanted, names)


def _score(spec: ScoreSpec, known: Mapping[tuple[str, str], ComponentSpec]) -> Iterator[tuple[str, str]]:
    if spec.kind not in SCORES:
        yield "score" if spec.score else "name", absent("score", spec.kind, SCORES)
        return
    if spec.threshold is not None and not math.isfinite(spec.threshold):
        yield "threshold", "write a finite number"
    if isinstance(spec.score, dict) and len(spec.score) != 1:
        yield "score", "write one score with its options, such as {f_beta: {beta: 2}}"
        return
    try:
        score = spec.resolved()
    except msgspec.ValidationError as error:
        yield f"score.{spec.kind}", str(error)
        return
    if (spec.input is not None and spec.inputs) or len(spec.names) != len(score.reads):
        several = f"inputs, {len(score.reads)} names of components"
        fits = several if len(score.reads) > 1 else "input, the name of the component"
        yield ("inputs" if spec.inputs else "input"), f"write {fits} that {spec.kind} reads"
        return
    for place, (name, reads) in enumerate(zip(spec.names, score.reads, strict=True)):
        key = "input" if spec.input is not None else f"inputs[{place}]"
        yield from ((key, message) for message in _input(spec.kind, name, reads, known))
    if spec.estimate:
        sound = {key: one for key, one in known.items() if not list(_component(one, known))}
        yield from (("estimate", message) for message in unfit(spec, sound))


def _input(kind: str, name: str, reads: Reads, known: Mapping[tuple[str, str], ComponentSpec]) -> Iterator[str]:
    keys = meant(name, reads, known)
    if len(keys) != 1:
        names = dict.fromkeys(name for _, name in sorted(known, key=lambda key: key[0] != "eval"))
        several = f"{name} is the name of several: {', '.join(map(' '.join, keys))}"
        yield several if keys else unknown("component", name, names)
        return
    component = known[keys[0]]
    if not list(_component(component, known)) and not _readable(component, reads):
        able = reads.of or [n for n, e in EVALUATIONS.items() if _levels_of(e) in reads.levels]
        needed = f"a component of {' or '.join(able)}" if reads.role is None else f"a number of role {reads.role}"
        yield f"{kind} cannot read {name}; it needs {needed}"


def _readable(spec: ComponentSpec, reads: Reads) -> bool:
    name = next(iter(spec.extractor or {}), "")
    levels = None if spec.numeric else fixed_levels(spec)
    return (not reads.levels or levels in reads.levels) and (not reads.of or name in reads.of)


def _levels_of(extractor: type[EvalExtractor]) -> tuple[str, ...] | None:
    """Return the categories of an extractor whatever its options; nothing where they depend on them."""
    return () if hasattr(extractor, "classes") else extractor.levels(None)  # type: ignore[arg-type]


def unknown(what: str, name: str, known: Mapping[str, object] | list[str]) -> str:
    """Return the message for a name that does not exist: the nearest known one, or all."""
    near = get_close_matches(name, list(known), 1)
    hint = f"did you mean {near[0]}?" if near else f"there is {', '.join(known) or 'none'}"
    return f"unknown {what} {name!r}; {hint}"


def absent(what: str, name: str, table: Plugins[Any]) -> str:
    """Return the message for a plug-in that is not there: why the one of this name cannot be used, or as `unknown`."""
    return str(table.failure(name) or unknown(what, name, table.names()))


def field_of(spec: ComponentSpec, levels: tuple[str, ...] | None) -> Field:
    """Return the column of a component."""
    role: Any = spec.resolved_role
    if spec.computed or spec.extractor is None:
        return Field(spec.name, role, spec.element, levels)
    extractor = spec.data_extractor()
    row, width = getattr(extractor, "row", None), getattr(extractor, "width", 1)
    return Field(spec.name, role, spec.element, levels, extractor.extract, spec.reads_files, row, width)
