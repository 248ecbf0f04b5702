"""Guesses a profile's spec from a sample of a log, for a person to edit."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, time, timedelta
from itertools import islice
from typing import Any

from exporter.decoders.shape import ROLES
from exporter.profile.build import CATEGORIES
from exporter.profile.features import ATTRIBUTIONS, FEATURES
from exporter.profile.scoring import ScoreSpec
from exporter.profile.spec import ComponentSpec, Dtype, ProfileSpec

SAMPLE = 10_000
DISCRETE = 20  # integers of so few different values are categories
DEPTH = 20  # words of a path; what is nested deeper is data for an extractor, not a component
TEXT_SHARE = 0.5  # text of which more than half is different is no category
_CLOCK = r"\d\d:\d\d(:\d\d([.,]\d+)?)?"
_MOMENT = re.compile(rf"\d{{4}}-\d\d-\d\d([T ]{_CLOCK}\s?(Z|[+-]\d\d:?(\d\d)?)?)?|{_CLOCK}", re.IGNORECASE)
Path = tuple[str, ...]


def infer(records: Iterable[Mapping[str, Any]], name: str | None = None, version: str | None = None) -> ProfileSpec:
    """Return the spec that the first 10,000 records suggest: a component for each scalar, and scores where they fit.

    Whole numbers of at most 20 different values count as categories. `left_out` says of what there is no component.
    """
    sample = list(islice(records, SAMPLE))
    models = Counter(_text(record.get("model")) or "model" for record in sample)
    versions = Counter(str(record.get("version") or "1.0.0") for record in sample)
    seen = _seen(sample)
    parents = _parents(seen)
    kinds = {
        path: kind
        for path, values in seen.items()
        if path not in parents and _reachable(path) and (kind := dtype_of(values))
    }
    components = [ComponentSpec(_name(path, kinds), ".".join(path), dtype=kind) for path, kind in kinds.items()]
    evals, scores = _evaluation(components)
    chosen = [name or _most(models, "model"), version or _most(versions, "1.0.0")]
    return ProfileSpec(chosen[0], chosen[1], [*components, *evals], scores, _features(sample))


def _features(records: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the features that records carry attributions of, those that contribute most first where they are many."""
    weights: defaultdict[str, float] = defaultdict(float)
    for record in records:
        for (_, *words), value in _leaves((ATTRIBUTIONS,), record.get(ATTRIBUTIONS)):
            if words and _reachable(tuple(words)) and isinstance(value, float | int) and math.isfinite(value):
                weights[".".join(words)] += abs(value)
    paths = {tuple(feature.split(".")) for feature in weights}
    leaves = paths - _parents(paths)
    chosen = sorted((feature for feature in weights if tuple(feature.split(".")) in leaves), key=lambda f: -weights[f])
    return [feature for feature in weights if feature in chosen[:FEATURES]]


def left_out(records: Iterable[Mapping[str, Any]], spec: ProfileSpec) -> dict[Path, str]:
    """Return by path why the values of a sample are no component of the spec that `infer` made of it."""
    seen, known = _seen(records), {component.element for component in spec.components}
    parents = _parents(seen)
    return {
        path: "other records hold more below it" if path in parents else _reason(path, seen[path])
        for path in sorted(seen)
        if ".".join(path) not in known
    }


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _most(counts: Counter[str], default: str) -> str:
    return max(counts, key=counts.__getitem__, default=default)


def _seen(records: Iterable[Mapping[str, Any]]) -> dict[Path, list[Any]]:
    seen: dict[Path, list[Any]] = {}
    for record in records:
        for role in ROLES:
            for path, value in _leaves((role,), record.get(role)):
                seen.setdefault(path, []).append(value)
    return seen


def _leaves(path: Path, value: object) -> Iterator[tuple[Path, Any]]:
    """Yield what lies below a path; a list of one scalar is that scalar at place 0."""
    if isinstance(value, dict) and len(path) <= DEPTH:
        for word, below in value.items():
            yield from _leaves((*path, word), below)
    elif isinstance(value, list) and len(value) == 1 and not isinstance(value[0], dict | list):
        yield from _leaves((*path, "0"), value[0])
    elif value is not None:
        yield path, value


def _parents(paths: Iterable[Path]) -> set[Path]:
    return {path[:length] for path in paths for length in range(1, len(path))}


def _reachable(path: Path) -> bool:
    return all(word and "." not in word for word in path)


def dtype_of(values: Sequence[Any]) -> Dtype | None:
    """Return what values are, with nothing missing among them; None where they are neither numbers nor categories."""
    kinds = {type(value) for value in values}
    if not kinds <= {int, float, str}:
        return "bool" if kinds == {bool} else None
    different = len({str(value) for value in values})
    if kinds == {int} and different > DISCRETE:
        return "int"
    if kinds <= {int, float} and (float in kinds or different > DISCRETE):
        return "float"
    repeats = different <= DISCRETE or different <= TEXT_SHARE * len(values)
    category = repeats and float not in kinds and different <= 2 * CATEGORIES and not are_times(values)
    return "category" if category else None


def are_times(values: Sequence[Any]) -> bool:
    """Tell whether all values are dates, times of day or durations, as text of ISO 8601 or as Python's own."""
    moments = (isinstance(v, date | time | timedelta) or (isinstance(v, str) and _MOMENT.fullmatch(v)) for v in values)
    return bool(values) and all(moments)


def _reason(path: Path, values: Sequence[Any]) -> str:
    kinds = {type(value) for value in values}
    if not _reachable(path):
        return "a path cannot lead to a name that is empty or has a dot"
    if are_times(values):
        return "times are always new; log an hour or an age where it matters"
    if kinds & {dict, list}:
        return "it is nested too deep" if dict in kinds else "a list is for an extractor to read"
    if not kinds <= {str, int, float, bool}:
        return f"{' and '.join(sorted(kind.__name__ for kind in kinds))} is for an extractor to read"
    return "it hardly repeats" if kinds <= {int, str} else "it has several types"


def _name(path: Path, paths: Iterable[Path]) -> str:
    """Return the last word that is no place, with those before it where others below the role end in the same."""
    role, last = path[0], _last(path)
    rivals = [other for other in paths if other[0] == role and _last(other) == last]
    return last if len(rivals) == 1 else ".".join(path[1:])


def _last(path: Path) -> str:
    return next(word for word in reversed(path) if not word.isdecimal())


def _place(component: ComponentSpec) -> list[str]:
    """Return the words below the role; place 0 is that of a value alone too."""
    words = (component.element or "").split(".")[1:]
    return words[:-1] if words[-1:] == ["0"] else words


def _evaluation(components: list[ComponentSpec]) -> tuple[list[ComponentSpec], list[ScoreSpec]]:
    """Return eval components and scores for each output and actual at the same place below their role."""
    outputs = {tuple(_place(c)): c for c in components if c.resolved_role == "output"}
    evals: list[ComponentSpec] = []
    scores: list[ScoreSpec] = []
    for actual in (c for c in components if c.resolved_role == "actual"):
        output = outputs.get(tuple(_place(actual)))
        if output is None or output.numeric != actual.numeric:
            continue
        kind, score = ("absolute_error", "mean_absolute_error") if actual.numeric else ("correct", "accuracy")
        name = f"{actual.name}_{kind}"
        options = {"output": output.name, "actual": actual.name}
        evals.append(ComponentSpec(name=name, role="eval", extractor={kind: options}))
        several = any(other.kind == score for other in scores)
        scores.append(ScoreSpec(name=f"{actual.name}_{score}" if several else score, score=score, input=name))
    return evals, scores
