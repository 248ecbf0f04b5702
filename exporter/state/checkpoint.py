"""What of the exporter is written into the state file, and how it is taken up again after a restart."""

import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from functools import partial
from typing import Any

from exporter.alarm import Evidence, Part
from exporter.engine import Engine
from exporter.joins import Tallies
from exporter.quality import Tally
from exporter.segments import Cutter, Slice, Slices
from exporter.state import codec
from exporter.state.codec import Unfit
from exporter.state.ledgers import Ledgers
from exporter.state.passing import Passing
from exporter.state.store import Store
from exporter.summaries import Measure
from exporter.windows import Ring, Stream, TimeRing

logger = logging.getLogger(__name__)

WAITING = "\x1fwaiting\x1f"
SOURCES = "sources/"
COUNTERS = "counters"

Item = tuple[object, Callable[[Any], object]]


@dataclass(slots=True)
class Watch:
    """A model as the checkpoint sees it: its engine, and the evidence that another thread replaces."""

    engine: Engine
    evidence: tuple[Evidence, ...]


class Checkpoint:
    """Writes the state of all models, of the sources and of counters in one transaction; only what has changed.

    What is known of models that are not configured any more stays in the file. Values are never changed once made, so
    what is the same object as at the last commit is written already.
    """

    def __init__(self, store: Store | Passing) -> None:
        self._store = store
        self._parts = store.parts()
        self._written: dict[str, object] = {}
        self._ledgers: list[Ledgers] = []

    def positions(self) -> dict[str, object]:
        """Return how far sources have been read, by name."""
        return {
            key.removeprefix(SOURCES): codec.decode(part)
            for key, part in self._parts.items()
            if key.startswith(SOURCES)
        }

    def counters(self) -> list[tuple[str, list[tuple[str, str]], float]]:
        """Return counters by name and labels."""
        return codec.decode(self._parts[COUNTERS]) if COUNTERS in self._parts else []

    def resume(self, watch: Watch) -> None:
        """Take up what is known of a model; what no longer fits its profile or configuration is dropped and logged."""
        engine, name = watch.engine, "\x1f".join(watch.engine.plan.labels)
        ledgers = Ledgers(name + WAITING, engine.joiner, self._store, self._parts)
        reader = _Reader(name, self._parts)
        reader.engine(engine)
        parts = zip(engine.plan.bank.parts, watch.evidence, strict=True)
        watch.evidence = tuple(reader.evidence(place, *part) for place, part in enumerate(parts))
        self._ledgers.append(ledgers)
        if dropped := reader.dropped + ledgers.dropped:
            logger.warning("%s: of the saved state no longer fits: %s", name.replace("\x1f", " "), "; ".join(dropped))

    def commit(
        self,
        watches: Sequence[Watch],
        positions: Mapping[str, object],
        counters: Sequence[tuple[str, Sequence[tuple[str, str]], float]],
    ) -> None:
        """Write what has changed since the last commit; OSError where it cannot be, and then nothing is written."""
        items: dict[str, Item] = {COUNTERS: (tuple(counters), list)}
        for watch in watches:
            items |= _items(watch)
        items |= {SOURCES + name: (position, lambda value: value) for name, position in positions.items()}
        changed = {key: item for key, item in items.items() if not _same(self._written.get(key), item[0])}
        parts: dict[str, bytes | None] = {key: codec.encode(pack(value)) for key, (value, pack) in changed.items()}
        ours = tuple("\x1f".join((*watch.engine.plan.labels, "")) for watch in watches)
        known = (key for key in self._parts.keys() | self._written.keys() if key.startswith(ours))
        parts |= dict.fromkeys(key for key in known if key not in items and WAITING not in key)
        with self._store.transaction():
            self._store.write(parts)
            for ledger in self._ledgers:
                ledger.write()
        for ledger in self._ledgers:
            ledger.written()
        self._store.shrink()
        self._parts = {}
        self._written = {key: value for key, (value, _) in items.items()}


def _same(before: object, now: object) -> bool:
    return before is now or (type(now) is tuple and type(before) is tuple and _scalar(now) and before == now)


def _scalar(value: tuple[object, ...]) -> bool:
    return all(isinstance(part, int | float | str | bytes | tuple) for part in value)


def _items(watch: Watch) -> dict[str, Item]:
    """Return what is to be known of a model, by key: each value, and how it is packed."""
    state, name = watch.engine.state, "\x1f".join(watch.engine.plan.labels)
    found: dict[str, Item] = {f"{name}\x1ffacts": (_facts(watch.engine), list)}
    found[f"{name}\x1flatency"] = (state.latency, codec.pack_summary)
    found[f"{name}\x1fdelay"] = (state.delay, codec.pack_summary)
    for kind, stream in (("predictions", state.predictions), ("outcomes", state.outcomes)):
        found |= _stream(f"{name}\x1f{kind}", stream)
    further = {"estimates": state.estimates, "checks": state.checks, _attributions(watch.engine): state.attributions}
    further["associations"] = state.associations
    for kind, stream in further.items():
        found |= _stream(f"{name}\x1f{kind}", stream) if stream.measures else ()
    found[f"{name}\x1fquality"] = (watch.engine.inspector.save(), list)
    for step, tally in zip(watch.engine.plan.detectors, state.quality.outliers, strict=False):
        at = f"{name}\x1foutliers\x1f{step.detector.name}"
        found[f"{at}\x1fbins"] = ((signature([step.measure]),), list)
        found[f"{at}\x1fcount"] = ((tally.outliers,), list)
        found[at] = (tally.scores, codec.pack_summary)
    for cutter, slices in zip(watch.engine.cutters, state.segments, strict=True):
        found |= _segment(f"{name}\x1fsegment\x1f{cutter.cut.segment.name}", cutter, slices)
    for place, (part, evidence) in enumerate(zip(watch.engine.plan.bank.parts, watch.evidence, strict=True)):
        found[f"{name}\x1fevidence of\x1f{place}"] = ((part.block.signature,), list)
        found[f"{name}\x1fevidence\x1f{place}"] = (evidence, codec.pack_evidence)
    return found


def _stream(prefix: str, stream: Stream) -> Iterator[tuple[str, Item]]:
    yield f"{prefix}\x1fbins", ((signature(stream.measures),), list)
    yield f"{prefix}\x1ftotal", (stream.total, codec.pack_summaries)
    for label, ring in stream.rings.items():
        yield from _ring(f"{prefix}\x1f{label}", ring)


def _segment(prefix: str, cutter: Cutter, slices: Slices) -> Iterator[tuple[str, Item]]:
    """Yield what is known of a segment: its slices, by a name that no text of theirs can spoil, and its vocabulary."""
    if cutter.coder.vocabulary is not None:
        yield f"{prefix}\x1fvocabulary", (cutter.coder.vocabulary.save(), list)
    for label, one in slices.items():
        at = f"{prefix}\x1f{label.encode().hex()}"
        yield f"{at}\x1ftraffic", ((one.count, one.failures, one.timed, one.seconds), list)
        yield from _stream(f"{at}\x1fpredictions", one.predictions)
        yield from _stream(f"{at}\x1foutcomes", one.outcomes)
        yield from _stream(f"{at}\x1festimates", one.estimates) if one.estimates.measures else ()


def _attributions(engine: Engine) -> str:
    return f"attributions {engine.plan.profile.attributions.signature}"


def _facts(engine: Engine) -> tuple[object, ...]:
    state = engine.state
    last = (state.count, state.failures, state.last_prediction, engine.time_before, engine.joiner.outcomes)
    return (*last, astuple(state.tallies), tuple(sorted(state.extractor_failures.items())))


def _ring(prefix: str, ring: Ring) -> Iterator[tuple[str, Item]]:
    if not isinstance(ring, TimeRing):
        yield f"{prefix}\x1fseen", ((ring.seen,), list)
        yield from ((f"{prefix}\x1f{place}", (pane, codec.pack_rows)) for place, pane in ring.panes.items())
    else:
        yield f"{prefix}\x1flate", ((ring.late,), list)
        yield from ((f"{prefix}\x1f{place}", (pane, codec.pack_summaries)) for place, pane in ring.panes.items())


def signature(measures: Sequence[Measure]) -> bytes:
    """Return what tells the bins of components from all others."""
    digest = hashlib.blake2b(digest_size=16)
    for measure in measures:
        digest.update(measure.signature)
    return digest.digest()


class _Reader:
    """Reads the parts of one model; `dropped` names those that do not fit."""

    def __init__(self, name: str, parts: Mapping[str, bytes]) -> None:
        self._parts = {
            key.removeprefix(f"{name}\x1f"): part for key, part in parts.items() if key.startswith(f"{name}\x1f")
        }
        self.dropped: list[str] = []

    def engine(self, engine: Engine) -> None:
        """Set an engine to what was known."""
        state = engine.state
        state = replace(
            state,
            predictions=self._stream("predictions", state.predictions),
            outcomes=self._stream("outcomes", state.outcomes),
            estimates=self._stream("estimates", state.estimates),
            checks=self._stream("checks", state.checks),
            attributions=self._stream(_attributions(engine), state.attributions),
            associations=self._stream("associations", state.associations),
            latency=self._part("latency", lambda p: codec.summary_of(p, engine.plan.latency), state.latency),
            delay=self._part("delay", lambda p: codec.summary_of(p, engine.plan.delay), state.delay),
        )
        state = replace(state, segments=tuple(map(self._segment, engine.cutters)))
        self._part("quality", engine.inspector.resume, None)
        self._outliers(engine)
        before, outcomes = engine.time_before, 0
        facts = self._part("facts", list, None)
        if facts is not None:
            count, failures, last, before, outcomes, tallies, failed = facts
            state = replace(
                state,
                count=count,
                failures=failures,
                last_prediction=last,
                tallies=Tallies(*tallies),
                extractor_failures=Counter(dict(failed)),
            )
        state = replace(state, pending=engine.joiner.pending, quality=engine.inspector.known())
        engine.resume(state, before, outcomes)

    def _outliers(self, engine: Engine) -> None:
        """Go on counting outliers; scores by another space say nothing of this one."""
        for place, step in enumerate(engine.plan.detectors):
            at = f"outliers\x1f{step.detector.name}"
            if self._part(f"{at}\x1fbins", list, None) == [signature([step.measure])]:
                scores = self._part(at, partial(codec.summary_of, measure=step.measure), step.measure.empty())
                (count,) = self._part(f"{at}\x1fcount", list, [0])
                engine.inspector.outliers.resume(place, Tally(scores, count))

    def evidence(self, place: int, part: Part, fresh: Evidence) -> Evidence:
        """Return the evidence of one block of streams; that against another reference says nothing of this one."""
        if self._part(f"evidence of\x1f{place}", list, None) not in (None, [part.block.signature]):
            self.dropped.append("evidence, as the reference is another one")
            return fresh
        found: Evidence = self._part(f"evidence\x1f{place}", lambda packed: codec.evidence_of(packed, fresh), fresh)
        return found

    def _part(self, key: str, read: Callable[[Any], Any], otherwise: Any) -> Any:  # noqa: ANN401 - what `read` returns
        if key not in self._parts:
            return otherwise
        try:
            return read(codec.decode(self._parts[key]))
        except Unfit:
            self.dropped.append(key.replace("\x1f", " "))
            return otherwise

    def _stream(self, kind: str, stream: Stream) -> Stream:
        if self._part(f"{kind}\x1fbins", list, None) not in (None, [signature(stream.measures)]):
            self.dropped.append(f"{kind}, as the components of the profile have other bins")
            return stream
        summed = self._part(
            f"{kind}\x1ftotal", lambda packed: codec.summaries_of(packed, stream.measures), stream.total
        )
        rings = {label: self._ring(f"{kind}\x1f{label}", ring) for label, ring in stream.rings.items()}
        return replace(stream, total=summed, rings=rings)

    def _segment(self, cutter: Cutter) -> dict[str, Slice]:
        prefix, empty, slices = f"segment\x1f{cutter.cut.segment.name}", cutter.cut.empty(), {}
        if cutter.coder.vocabulary is not None and f"{prefix}\x1fvocabulary" in self._parts:
            cutter.coder.vocabulary.resume(self._part(f"{prefix}\x1fvocabulary", list, None))
        for key in [key for key in self._parts if key.startswith(f"{prefix}\x1f") and key.endswith("\x1ftraffic")]:
            at = key.removesuffix("\x1ftraffic")
            streams = (
                self._stream(f"{at}\x1f{kind}", getattr(empty, kind))
                for kind in ("predictions", "outcomes", "estimates")
            )
            label = bytes.fromhex(at.rpartition("\x1f")[2]).decode()
            slices[label] = Slice(*self._part(key, list, None), *streams)
        return slices

    def _ring(self, prefix: str, ring: Ring) -> Ring:
        read = codec.summaries_of if isinstance(ring, TimeRing) else codec.rows_of
        panes: dict[int, Any] = {}
        for key in self._parts:
            place = key.removeprefix(f"{prefix}\x1f")
            if key.startswith(f"{prefix}\x1f") and place.lstrip("-").isdigit():
                pane = self._part(key, lambda packed: read(packed, ring.measures), None)
                panes |= {} if pane is None else {int(place): pane}
        panes = dict(sorted(panes.items()))
        if not isinstance(ring, TimeRing):
            (seen,) = self._part(f"{prefix}\x1fseen", list, [0])
            return replace(ring, panes=panes, seen=seen)
        (late,) = self._part(f"{prefix}\x1flate", list, [0])
        return replace(ring, panes=panes, newest=max(panes, default=None), late=late).summed() if panes else ring
