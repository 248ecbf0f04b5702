"""Our estimates and scores beside NannyML's own, on its data and by its chunks: through log, profile and engine."""

import json
from functools import cache
from pathlib import Path

import msgspec
import nannyml_estimates
import numpy as np

from exporter.decoders.native import NativeDecoder
from exporter.engine import Engine
from exporter.estimation import confused, estimated
from exporter.evaluate import evaluate
from exporter.plan import plan
from exporter.profile import ProfileSpec, build, columns_of
from exporter.windows import WindowSpec

FIXTURE = Path(__file__).parents[1] / "fixtures" / "nannyml.json"
WINDOW = WindowSpec("chunk", rows=nannyml_estimates.CHUNK)
LIMITS = {"estimated": 0.01, "realized": 1e-6}
BINARY = ("f1", "precision", "recall", "specificity", "accuracy")


def spec(classes):
    """Return the spec of a classifier by the class of each probability; a single one is that of 1."""
    outputs = {category: f"p_{category}" for category in classes}
    names = sorted(classes) if len(classes) > 1 else ["0", "1"]
    pair = {"output": "y", "actual": "y"}
    parts = [{"name": p, "element": f"output.{p}", "dtype": "float"} for p in outputs.values()]
    parts += [{"name": "y", "element": f"{role}.y", "dtype": "category"} for role in ("output", "actual")]
    parts += [{"name": "matrix", "role": "eval", "extractor": {"confusion": pair | {"classes": names}}}]
    scores = []
    for category, output in outputs.items():
        ranks, cells = f"ranks {category}", f"cells {category}"
        options = {"actual": "y", "positive": category}
        parts += [{"name": ranks, "role": "eval", "extractor": {"class_score": options | {"output": output}}}]
        cell = {"classification_error_type": options | {"output": "y"}}
        parts += [{"name": cells, "role": "eval", "extractor": cell}]
        scores += [_score(f"roc_auc {category}", "roc_auc", ranks, outputs)]
        scores += [_score(f"{score} {category}", score, cells, outputs) for score in BINARY]
    parts += [{"name": "right", "role": "eval", "extractor": {"correct": pair}}]
    scores += [_score("accuracy", "accuracy", "right", outputs), _score("macro_f1", "macro_f1", "matrix", outputs)]
    built = {"name": "m", "version": "1", "components": parts, "scores": scores}
    return msgspec.convert(built, ProfileSpec)


def _score(name, kind, of, outputs):
    return {"name": name, "score": kind, "input": of, "estimate": outputs}


def log(rows, target, classes):
    """Return rows as lines of a log."""
    for row in rows:
        said = {f"p_{category}": float(row[column]) for category, column in classes.items()}
        record = {"id": row["id"], "output": said | {"y": _class(row["y_pred"])}, "actual": {"y": _class(row[target])}}
        yield msgspec.json.encode(record)


def _class(text):
    return str(int(float(text))) if text.replace(".", "").isdecimal() else text


@cache
def ours(name):
    """Return by chunk what is estimated and realized, under the names of NannyML."""
    _, target, classes = nannyml_estimates.SETS[name]
    reference, analysis = (list(log(rows, target, classes)) for rows in nannyml_estimates.read(name))
    wanted = spec(classes)
    fixed = plan(build(wanted, columns_of(wanted, reference), 0.0), [WINDOW])
    starts = range(0, len(analysis), nannyml_estimates.CHUNK)
    chunks = [_chunk(fixed, analysis[start : start + nannyml_estimates.CHUNK]) for start in starts]
    return {kind: {metric: [c[kind][metric] for c in chunks] for metric in chunks[0][kind]} for kind in LIMITS}


def _chunk(fixed, lines):
    engine = Engine(fixed)
    decoder = NativeDecoder([fixed.schema])
    for _, batch in [*decoder.feed(b"\n".join(lines) + b"\n"), *decoder.flush()]:
        engine.ingest(batch, 0.0)
    state = engine.state
    found = evaluate(fixed, state.predictions.windows(0.0), state.outcomes.windows(0.0))
    readings = estimated(fixed, (state.estimates.windows(0.0),) * 2, found.realised, found.failures)
    said = {"estimated": {one.name: one.found.value for one in readings}}
    said["realized"] = {name: value for (name, _), value in found.realised.items()}
    classes = [score.name.removeprefix("roc_auc ") for score in fixed.scores if score.name.startswith("roc_auc ")]
    (matrix,) = confused(fixed, state.estimates.windows(0.0))
    cells = {"estimated": matrix.counts, "realized": _counted(fixed, state)}
    return {kind: _named(said[kind], classes) | _matrix(cells[kind], classes) for kind in said}


def _named(scores, classes):
    """Return scores as NannyML has them: of several classes the mean of each against the others."""
    found = {m: float(np.mean([scores[f"{m} {c}"] for c in classes])) for m in ("roc_auc", *BINARY)}
    return found | {"accuracy": scores["accuracy"]}


def _counted(fixed, state):
    place = next(at for at, c in enumerate(fixed.outcome_components) if c.name == "matrix")
    pairs = fixed.outcome_components[place].spec.eval_extractor().pairs()
    return dict(zip(pairs, state.outcomes.windows(0.0)["chunk"][place].categories.counts.tolist(), strict=False))


def _matrix(counts, classes):
    """Return the cells of a confusion matrix under the names of NannyML, each as a share of all."""
    total = sum(counts.values())
    if len(classes) == 1:
        names = {("1", "1"): "true_positive", ("1", "0"): "false_positive"}
        names |= {("0", "1"): "false_negative", ("0", "0"): "true_negative"}
    else:
        names = {(one, other): f"true_{other}_pred_{one}" for one in classes for other in classes}
    return {name: counts[pair] / total for pair, name in names.items()}


@cache
def theirs():
    """Return what NannyML said, by data set: cells as shares."""
    said = json.loads(FIXTURE.read_text(encoding="utf-8"))
    return {name: {kind: _shares(found[kind]) for kind in LIMITS} for name, found in said.items()}


def _shares(metrics):
    cells = [metric for metric in metrics if metric.startswith(("true_", "false_"))]
    totals = [sum(values) for values in zip(*(metrics[cell] for cell in cells), strict=True)]
    return {
        metric: [value / total for value, total in zip(values, totals, strict=True)] if metric in cells else values
        for metric, values in metrics.items()
    }


def differences(name, kind):
    """Return by metric how far ours are from NannyML's at most, of all chunks."""
    mine, its = ours(name)[kind], theirs()[name][kind]
    return {metric: float(np.abs(np.array(mine[metric]) - values).max()) for metric, values in its.items()}


def table():
    """Yield the table of the documentation, its lines."""
    yield "| data, chunks of 5,000 | estimates: ROC AUC | F1 | precision | recall | accuracy | confusion | realized |"
    yield "|---|---|---|---|---|---|---|---|"
    for name in nannyml_estimates.SETS:
        found, realized = differences(name, "estimated"), differences(name, "realized")
        cells = max(value for metric, value in found.items() if metric.startswith(("true_", "false_")))
        shown = [found[metric] for metric in ("roc_auc", "f1", "precision", "recall", "accuracy")]
        exact = f"{max(realized.values()):.0e}"
        yield f"| {name} | " + " | ".join(f"{value:.4f}" for value in (*shown, cells)) + f" | {exact} |"
