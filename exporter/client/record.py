"""The native record; how what a caller may go on changing is taken down, and how records become lines."""

import gc
from collections.abc import Sequence
from contextlib import suppress

import msgspec

from exporter.client.file import NEWLINE
from exporter.client.files import File, Store
from exporter.client.limits import INLINE_BYTES, LINE_BYTES
from exporter.client.plain import Plainer, simpler
from exporter.client.tally import Tally
from exporter.client.text import clean

TRUST = 1000  # records without an array, after which a flat dict is taken to hold none
ID_CHARACTERS = 200
PARTS = ("input", "output", "actual", "tags", "attributions", "data")
FINDINGS = ("values", "invalid")
_CONSTANTS = frozenset((type(None), str, int, float, bool, msgspec.Raw))


class Record(msgspec.Struct, omit_defaults=True, gc=False):
    """One line of the log. `time` is Unix seconds; parts are copied dicts, or JSON that is ready."""

    id: str
    time: float
    model: str | None = None
    version: str | None = None
    input: object = None
    output: object = None
    latency_seconds: float | None = None
    tags: object = None
    error: str | None = None
    sampled: float | None = None
    actual: object = None
    data: object = None
    values: object = None
    invalid: object = None
    attributions: object = None


class Codec:
    """Takes values down in the caller's thread, and makes lines of records.

    A dict of constants is copied, which takes a tenth of a microsecond, and encoded by the flusher. The garbage
    collector knows such dicts, it does not track them; but it takes arrays for constants, so dicts are copied only
    while `light`: after TRUST records that held none. Everything else is encoded at once.
    """

    def __init__(self, store: Store, tally: Tally) -> None:
        self._store = store
        self._tally = tally
        encoder = msgspec.json.Encoder(enc_hook=self._simpler)
        self._encode, self._encode_lines = encoder.encode, encoder.encode_lines
        self._seen = 0
        self._arrays = self.light = False

    def take(self, part: object, name: str, request_id: str, files: list[File]) -> object:
        """Return what does not change when `part` does; what belongs into files is added to `files`."""
        if type(part) in _CONSTANTS:
            return part
        if self.light and type(part) is dict and not gc.is_tracked(part):
            return part.copy()
        return self._settled(part, name, request_id, files)

    def line(self, record: Record, files: list[File]) -> bytes:
        """Return a record as a line; parts that need files are taken apart. Raises what its values raise."""
        try:
            encoded: bytes | None = self._encode(record)
        except Exception:  # noqa: BLE001 - the values' own methods
            encoded = None
        if encoded is None or len(encoded) > INLINE_BYTES:
            for name in PARTS:
                part = getattr(record, name)
                if part is not None and type(part) is not msgspec.Raw:
                    setattr(record, name, self._settled(part, name, record.id, files))
            encoded = self._encoded(record) or self._encode(_tame(record))
        return encoded + NEWLINE if len(encoded) < LINE_BYTES else self._cut(record)

    def lines(self, batch: Sequence[Record]) -> bytes | None:
        """Return records whose parts do not change any more as lines; None where they must be done one by one."""
        try:
            lines: bytes = self._encode_lines(batch)
        except Exception:  # noqa: BLE001 - the values' own methods
            return None
        return lines if len(lines) < LINE_BYTES else None

    def seen(self, records: int) -> None:
        """Take note that so many more records have become lines."""
        self._seen += records
        self.light = not self._arrays and self._seen >= TRUST

    def _simpler(self, value: object) -> object:
        if not self._arrays and hasattr(value, "__setitem__"):  # the scalars of numpy have none
            self._arrays, self.light = True, False
        return simpler(value)

    def _encoded(self, value: object) -> bytes | None:
        try:
            return self._encode(value)
        except Exception:  # noqa: BLE001 - the values' own methods
            return None

    def _settled(self, part: object, name: str, request_id: str, files: list[File]) -> object:
        encoded = self._encoded(part)
        if encoded is None or len(encoded) > INLINE_BYTES:
            return self._taken_apart(part, name, request_id, files, encoded)
        return msgspec.Raw(encoded)

    def _taken_apart(
        self, part: object, name: str, request_id: str, files: list[File], encoded: bytes | None
    ) -> object:
        def attach(value: object, place: str) -> str | None:
            return self._store.collect(value, place.removeprefix("input-"), request_id, files)

        walk = Plainer(attach, lambda kind: self._tally.fault("repr", kind))
        with suppress(Exception):  # the values' own methods, or too many of them
            encoded = self._encode(walk.plain(part, name))
        if encoded is not None and len(encoded) < LINE_BYTES:
            return msgspec.Raw(encoded)
        if name == "actual":
            raise ValueError("an actual that cannot be written, or is too long")  # nothing would remain of its record
        self._tally.drop("part", f"{name} cannot be written, or is longer than {LINE_BYTES} bytes")
        return None

    def _cut(self, record: Record) -> bytes:
        """Return what remains of a record without its parts: a prediction counts, and has its latency and error."""
        self._tally.drop("part", f"a record is longer than {LINE_BYTES} bytes")
        bare = msgspec.structs.replace(record, id=record.id[:ID_CHARACTERS], **dict.fromkeys((*PARTS, *FINDINGS)))
        return self._encode(bare) + NEWLINE if record.actual is None else b""


def _tame(record: Record) -> Record:
    """Return a record whose own fields are what they should be."""
    try:
        latency = None if record.latency_seconds is None else float(record.latency_seconds)
    except Exception:  # noqa: BLE001 - the value's own methods
        latency = None
    return msgspec.structs.replace(record, id=clean(record.id), latency_seconds=latency)
