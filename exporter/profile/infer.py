"""Guesses a profile's spec from a sample of a log, for a person to edit."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from exporter.decoders.shape import ROLES
from exporter.profile.build import CATEGORIES
from exporter.profile.spec import ComponentSpec, Dtype, ProfileSpec, ScoreSpec

SAMPLE = 10_000
DISCRETE = 20  # integers of so few different values are categories
DEPTH = 20  # words of a path; what is nested deeper is data for an extractor, not a component
TEXT_SHARE = 0.5  # text of which more than half is different is no category


def infer(records: Iterable[Mapping[str, Any]], name: str | None = None, version: str | None = None) -> ProfileSpec:
    """Return the spec that the first 10,000 records suggest: a component for each scalar, and scores where they fit.

    Whole numbers of at most 20 different values count as categories; text that hardly repeats (ids, paths) is left out.
    """
    seen: dict[str, list[Any]] = {}
    models: Counter[str] = Counter()
    versions: Counter[str] = Counter()
    for record, _ in zip(records, range(SAMPLE), strict=False):
        model = record.get("model")
        models[model if isinstance(model, str) and model else "model"] += 1
        versions[str(record.get("version") or "1.0.0")] += 1
        for role in ROLES:
            for path, value in _leaves(role, record.get(role)):
                seen.setdefault(path, []).append(value)
    parents = {path[:i] for path in seen for i, character in enumerate(path) if character == "."}
    kinds = {path: kind for path, values in seen.items() if path not in parents and (kind := dtype_of(values))}
    components = [ComponentSpec(name=_name(path, kinds), element=path, dtype=kind) for path, kind in kinds.items()]
    evals, scores = _evaluation(components)
    chosen = [name or _most(models, "model"), version or _most(versions, "1.0.0")]
    return ProfileSpec(chosen[0], chosen[1], [*components, *evals], scores)


def _most(counts: Counter[str], default: str) -> str:
    return max(counts, key=counts.__getitem__, default=default)


def _leaves(path: str, value: object) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        if path.count(".") == DEPTH:
            return
        for word, below in value.items():
            if word and "." not in word:
                yield from _leaves(f"{path}.{word}", below)
    elif value is not None and not isinstance(value, list):
        yield path, value


def dtype_of(values: list[Any]) -> Dtype | None:
    """Return what values are, with nothing missing among them; None where they are neither numbers nor categories."""
    kinds = {type(value) for value in values}
    different = len({str(value) for value in values})
    if kinds == {bool}:
        return "bool"
    if kinds == {int} and different > DISCRETE:
        return "int"
    if kinds <= {int, float} and (float in kinds or different > DISCRETE):
        return "float"
    repeats = different <= DISCRETE or different <= TEXT_SHARE * len(values)
    return "category" if repeats and kinds <= {int, str} and different <= 2 * CATEGORIES else None


def _name(path: str, paths: Iterable[str]) -> str:
    role, *words = path.split(".")
    last = words[-1] if words else role
    rivals = [other for other in paths if other.split(".")[0] == role and other.split(".")[-1] == last]
    return last if len(rivals) == 1 else ".".join(words)


def _evaluation(components: list[ComponentSpec]) -> tuple[list[ComponentSpec], list[ScoreSpec]]:
    """Return eval components and scores for each output and actual at the same place below their role."""
    outputs = {(c.element or "").partition(".")[2]: c for c in components if c.resolved_role == "output"}
    evals: list[ComponentSpec] = []
    scores: list[ScoreSpec] = []
    for actual in (c for c in components if c.resolved_role == "actual"):
        output = outputs.get((actual.element or "").partition(".")[2])
        if output is None or output.numeric != actual.numeric:
            continue
        kind, score = ("absolute_error", "mean_absolute_error") if actual.numeric else ("correct", "accuracy")
        name = f"{actual.name}_{kind}"
        options = {"output": output.name, "actual": actual.name}
        evals.append(ComponentSpec(name=name, role="eval", extractor={kind: options}))
        several = any(other.kind == score for other in scores)
        scores.append(ScoreSpec(name=f"{actual.name}_{score}" if several else score, score=score, input=name))
    return evals, scores
