"""One SQLite file that holds what must survive a restart: values by key and numbered pages, changed together."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from exporter.state.seal import DAMAGED, checksum, opened, sealed, total

APPLICATION = 0x50524544  # "PRED": what `file` and other programs know the format by
FORMAT = 1
BUSY_SECONDS = 1.0
SPARE_SHARE = 0.25  # of the pages of the file that may be free
GIVEN_BACK = 1000  # free pages that a commit gives back to the file system at most
JOURNAL_PAGES = 1000  # of the write-ahead log, after which it is taken into the file
JOURNAL_BYTES = 64 << 20  # of the write-ahead log, which grows for a large merge, after that
TABLES = (
    "CREATE TABLE part (key TEXT PRIMARY KEY, value BLOB NOT NULL)",
    "CREATE TABLE page (number INTEGER PRIMARY KEY, value BLOB NOT NULL)",
)
TOTAL = ""  # the key of what tells that no value is missing


class StateError(Exception):
    """A state file that cannot be used; the message says why and what to do. It is left as it is."""


class Store:
    """The state file of one exporter; nobody else can open it meanwhile. For one thread at a time.

    `again` is told why pages could not be read, and says whether to try it again.
    """

    def __init__(self, path: Path) -> None:
        self.again: Callable[[str], bool] = lambda _: False
        self._path = path
        self._checksums: dict[str, int] = {}
        try:
            self._connection = self._open()
        except sqlite3.Error as error:
            raise StateError(f"{path}: {_reason(error)}") from None

    def _open(self) -> sqlite3.Connection:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StateError(f"{self._path}: its directory cannot be made: {error.strerror}") from None
        connection = sqlite3.connect(self._path, BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        (application,), (version,) = (
            connection.execute(f"PRAGMA {name}").fetchone() for name in ("application_id", "user_version")
        )
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if tables and application != APPLICATION:
            raise StateError(f"{self._path}: it is the database of another program; name another file")
        if version > FORMAT:
            raise StateError(f"{self._path}: a newer exporter has written it (format {version}); use that one")
        if not tables:
            connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(f"PRAGMA wal_autocheckpoint={JOURNAL_PAGES}")
        connection.execute(f"PRAGMA journal_size_limit={JOURNAL_BYTES}")
        if not tables:  # an existing file is opened without a write, as its disk may be full
            _create(connection)

    def parts(self) -> dict[str, bytes]:
        """Return all values by key, as they were last written."""
        try:
            rows = self._connection.execute("SELECT key, value FROM part").fetchall()
            found = {key: opened(value, key) for key, value in rows}
            known = found.pop(TOTAL, total({}))
            self._checksums = {key: checksum(value, key) for key, value in found.items()}
            if known != total(self._checksums):
                raise DAMAGED
        except sqlite3.Error as error:
            raise StateError(f"{self._path}: {_reason(error)}") from None
        return found

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep all of what is changed within, or nothing; OSError where it cannot be."""
        execute, before = self._connection.execute, dict(self._checksums)
        try:
            execute("BEGIN IMMEDIATE")
            yield
            self._put({TOTAL: total(self._checksums)})
            execute("COMMIT")
        except BaseException as error:
            self._checksums = before
            with suppress(sqlite3.Error):
                execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise OSError(f"{self._path}: {_reason(error)}") from None
            raise

    def write(self, parts: Mapping[str, bytes | None]) -> None:
        """Write and delete (None) values, within a transaction."""
        gone = [key for key, value in parts.items() if value is None]
        self._connection.executemany("DELETE FROM part WHERE key = ?", ((key,) for key in gone))
        kept = {key: value for key, value in parts.items() if value is not None}
        self._put(kept)
        self._checksums.update({key: checksum(value, key) for key, value in kept.items()})
        for key in gone:
            self._checksums.pop(key, None)

    def _put(self, parts: Mapping[str, bytes]) -> None:
        rows = ((key, sealed(value, key)) for key, value in parts.items())
        self._connection.executemany("INSERT OR REPLACE INTO part VALUES (?, ?)", rows)

    def append(self, page: bytes) -> int:
        """Write a page within a transaction; its number is one more than that of the last there is."""
        number = self._connection.execute("INSERT INTO page (value) VALUES (?)", (sealed(page),)).lastrowid
        return number or 0

    def read(self, numbers: Sequence[int]) -> bytes:
        """Return pages, whose numbers ascend, one after the other; OSError where that cannot be."""
        while True:
            try:
                return self._read(numbers)
            except sqlite3.Error as error:
                reason = f"{self._path}: {_reason(error)}"
                if not self.again(reason):
                    raise OSError(reason) from None

    def _read(self, numbers: Sequence[int]) -> bytes:
        execute = self._connection.execute
        if len(numbers) > 1 and numbers[-1] - numbers[0] == len(numbers) - 1:
            between = "SELECT value FROM page WHERE number BETWEEN ? AND ? ORDER BY number"
            found = execute(between, (numbers[0], numbers[-1])).fetchall()
        else:
            one = "SELECT value FROM page WHERE number = ?"
            found = [row for number in numbers for row in execute(one, (number,))]
        if len(found) != len(numbers):
            raise DAMAGED
        return b"".join([opened(page) for (page,) in found])

    def drop(self, first: int, count: int) -> None:
        """Delete consecutive pages within a transaction."""
        self._connection.execute("DELETE FROM page WHERE number >= ? AND number < ?", (first, first + count))

    def shrink(self) -> None:
        """Give free pages back to the file system, some at a time, where there are many."""
        with suppress(sqlite3.Error):
            execute = self._connection.execute
            (free,), (pages,) = (execute(f"PRAGMA {name}").fetchone() for name in ("freelist_count", "page_count"))
            if free > SPARE_SHARE * pages:
                execute(f"PRAGMA incremental_vacuum({GIVEN_BACK})").fetchall()

    @property
    def shelf(self) -> "Store":
        """Return what keeps the pages."""
        return self

    @property
    def bytes(self) -> int:
        """Return the size of the file with its journal."""
        return sum(path.stat().st_size for path in (self._path, Path(f"{self._path}-wal")) if path.exists())

    def close(self) -> None:
        """Close the file; the journal is merged into it."""
        with suppress(sqlite3.Error):
            self._connection.close()


def _create(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN EXCLUSIVE")
    for table in TABLES:
        connection.execute(table)
    connection.execute(f"PRAGMA application_id={APPLICATION}")
    connection.execute(f"PRAGMA user_version={FORMAT}")
    connection.execute("COMMIT")


def _reason(error: sqlite3.Error) -> str:
    text = str(error)
    if "locked" in text:
        return "another exporter uses it; give each exporter a file of its own"
    if "malformed" in text or "not a database" in text:
        return f"it is damaged ({text}) and is left as it is; move it away to begin anew"
    return text
