"""A small model for tests: its reference, its profile, logs of it into an engine, and metrics read back from text."""

import json
import random
from dataclasses import replace
from functools import cache

import msgspec
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.decoders.native import NativeDecoder
from exporter.engine import Engine
from exporter.plan import plan
from exporter.profile import ComponentSpec, ProfileSpec, ScoreSpec, build, columns_of, dump
from exporter.windows import WindowSpec

COLOURS = ("red", "green", "blue")
WINDOWS = (WindowSpec("1m", 60.0), WindowSpec("10 rows", None, 10))

SPEC = ProfileSpec(
    "shop",
    "1.0.0",
    [
        ComponentSpec("size", "input.size", dtype="float"),
        ComponentSpec("change", "input.change", dtype="float", domain=[-5.0, 5.0]),
        ComponentSpec("colour", "input.colour", dtype="category"),
        ComponentSpec("open", "input.open", dtype="bool"),
        ComponentSpec("price", "output.price", dtype="float"),
        ComponentSpec("sold", "output.sold", dtype="category"),
        ComponentSpec("price", "actual.price", dtype="float"),
        ComponentSpec("sold", "actual.sold", dtype="category"),
        ComponentSpec("error", role="eval", extractor={"absolute_error": {"output": "price", "actual": "price"}}),
        ComponentSpec("right", role="eval", extractor={"correct": {"output": "sold", "actual": "sold"}}),
        ComponentSpec(
            "cell",
            role="eval",
            extractor={"classification_error_type": {"output": "sold", "actual": "sold", "positive": "yes"}},
        ),
    ],
    [
        ScoreSpec("mean_absolute_error", "error"),
        ScoreSpec("accuracy", "right"),
        ScoreSpec("precision", "cell"),
        ScoreSpec("recall", "cell"),
    ],
)


def record(number, chance):
    """A sound prediction with its actual."""
    size, sold = chance.gauss(10, 3), chance.random() < 0.4
    return {
        "id": str(number),
        "input": {
            "size": size,
            "change": chance.uniform(-4, 4),
            "colour": chance.choices(COLOURS, (6, 3, 1))[0],
            "open": chance.random() < 0.7,
        },
        "output": {"price": 2 * size, "sold": "yes" if sold else "no", "chance": 0.8 if sold else 0.3},
        "actual": {"price": 2 * size + chance.gauss(0, 1), "sold": "yes" if sold ^ (chance.random() < 0.1) else "no"},
        "latency_seconds": chance.expovariate(50),
    }


def records(count, seed=1):
    """Sound records, always the same."""
    chance = random.Random(seed)
    return [record(number, chance) for number in range(count)]


def explained(some, features=("size", "change"), means=(2.0, 1.0), seed=3):
    """Records with attributions, which are of either sign and have a mean absolute size."""
    chance = random.Random(seed)
    for row in some:
        drawn = [chance.expovariate(1 / mean) * chance.choice((-1, 1)) for mean in means]
        yield row | {"attributions": dict(zip(features, drawn, strict=True))}


def lines(some):
    """Records as the bytes of a log."""
    return b"".join(json.dumps(one).encode() + b"\n" for one in some)


def built(spec, reference=None):
    """The profile by a spec of some records, the reference ones unless others are given."""
    log = explained(records(2000)) if reference is None else reference
    return build(spec, columns_of(spec, lines(log).splitlines()), 1_700_000_000.0)


@cache
def profile():
    """The profile of the reference records."""
    return built(SPEC)


def dumped():
    """The profile as the bytes of its file."""
    return dump(profile())


@cache
def wide():
    """The profile with a confusion matrix, scores that are estimated, attributions and a longest gap."""
    options = {"output": "sold", "actual": "sold", "classes": ["no", "yes"]}
    matrix = ComponentSpec("matrix", role="eval", extractor={"confusion": options})
    chance = ComponentSpec("chance", "output.chance", dtype="float")
    estimates = {"mean_absolute_error": True, "precision": "chance", "accuracy": {"yes": "chance"}}
    scores = [msgspec.structs.replace(one, estimate=estimates.get(one.name, False)) for one in SPEC.scores]
    scores += [ScoreSpec("macro_f1", "matrix", estimate={"yes": "chance"})]
    components = [*SPEC.components, matrix, chance]
    spec = msgspec.structs.replace(SPEC, components=components, scores=scores, attributions=["size", "change"])
    return replace(built(spec), longest_gap=60.0)


def planned(windows=WINDOWS, **options):
    """The plan of the model."""
    return plan(profile(), windows, **options)


def batches(schema, *parts, event_time=False):
    """A batch for each part of a log, which is a list of records."""
    decoder = NativeDecoder([schema], event_time=event_time)
    for part in parts:
        found = [batch for _, batch in [*decoder.feed(lines(part)), *decoder.flush()]]
        assert len(found) == bool(part)
        yield from found


def engine(*parts, now=1000.0, windows=WINDOWS, event_time=False, **options):
    """An engine that has taken in the parts of a log."""
    made = Engine(planned(windows, **options))
    for batch in batches(made.plan.schema, *parts, event_time=event_time):
        made.ingest(batch, now)
    return made


def read(body):
    """All samples of a text body by (name, labels); a name with the same labels twice is an error."""
    found = {}
    for family in parse_text(body.decode()):
        for sample in family.samples:
            key = sample.name, tuple(sorted(sample.labels.items()))
            assert key not in found
            found[key] = sample.value
    return found


def value(found, name, /, **labels):
    """The one sample of a name that has these labels, among others."""
    (sample,) = [sample for key, sample in found.items() if key[0] == name and labels.items() <= dict(key[1]).items()]
    return sample
