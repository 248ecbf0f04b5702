"""What is left to do for a record away from the caller: its files are written, and its profile asked."""

from typing import NamedTuple

import msgspec

from exporter.client.files import File, Store
from exporter.client.profile import ROLES, Profile, judged
from exporter.client.record import Codec, Record
from exporter.client.tally import Tally


class Task(NamedTuple):
    """A record to ask the profile about, or its line, and the files to be written before.

    `size` is what the record takes in bytes, and `weight` what the files do.
    """

    record: Record | bytes
    files: list[File]
    size: int
    weight: int


class Finisher:
    """Makes lines of tasks; nothing that a profile or an image does gets out of it."""

    def __init__(self, codec: Codec, store: Store, profile: Profile | None, tally: Tally) -> None:
        self._codec = codec
        self._store = store
        self._profile = profile
        self.asks = profile is not None
        self._tally = tally

    def finish(self, task: Task) -> bytes:
        """Write the files of a task and return its line."""
        record, files = task.record, task.files
        if isinstance(record, bytes):
            self._write(files)
        else:
            self.validate(record, files)
            record = self.line(record, files)
        self.forgo(task)
        return record

    def line(self, record: Record, files: list[File]) -> bytes:
        """Return the line of a record, its files written before it can be read."""
        try:
            line = self._codec.line(record, files)
        except Exception as error:  # noqa: BLE001 - one record must not cost those behind it
            self._tally.drop("failed", error)
            line = b""
        self._write(files)
        return line

    def _write(self, files: list[File]) -> None:
        for file in files:
            self._store.write(file)

    def expect(self, task: Task) -> None:
        """Make room for the files of a task that waits."""
        self._store.pending += task.weight

    def forgo(self, task: Task) -> None:
        """Make room for others, where a task is done or given up."""
        self._store.pending = max(self._store.pending - task.weight, 0)

    def tidy(self) -> None:
        """Keep the directory of files within its limit."""
        self._store.tidy()

    def validate(self, record: Record, files: list[File]) -> None:
        """Add what the profile says to a record, by role."""
        values: dict[str, object] = {}
        invalid: dict[str, object] = {}
        for role in ROLES:
            part = getattr(record, role)
            if part is not None:
                values[role], invalid[role] = self._judged(role, part, files)
        record.values = self._known(values, "values", record.id)
        record.invalid = self._known(invalid, "invalid", record.id)

    def _judged(self, role: str, part: object, files: list[File]) -> tuple[object, object]:
        try:
            datum = msgspec.json.decode(part) if isinstance(part, msgspec.Raw) else part
            if files:
                datum = _restored(datum, {file.reference: file.content for file in files})
            return judged(getattr(self._profile, f"validate_{role}")(datum))
        except Exception as error:  # noqa: BLE001 - whatever a profile does, the record is written
            self._tally.fault("profile", f"{type(error).__name__}: {error}")
            return None, None

    def _known(self, by_role: dict[str, object], name: str, request_id: str) -> object:
        known = {role: found for role, found in by_role.items() if found}
        return self._codec.take(known or None, name, request_id, [])


def _restored(datum: object, contents: dict[str, object]) -> object:
    """Return a decoded datum with images and arrays in place of the references to their files."""
    if isinstance(datum, str):
        return contents.get(datum, datum)
    if isinstance(datum, dict):
        return {key: _restored(part, contents) for key, part in datum.items()}
    if isinstance(datum, list):
        return [_restored(part, contents) for part in datum]
    return datum
