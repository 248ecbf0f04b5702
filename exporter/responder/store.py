"""What was answered and what is still to be done, in one SQLite file that survives a kill at any moment."""

import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_APPLICATION = 0x50525350  # "PRSP": what `file` and other programs know the format by
_REMEMBERED_SECONDS = 90 * 86_400.0
_BUSY_SECONDS = 0.5
_TABLES = """
CREATE TABLE IF NOT EXISTS answered (
  response TEXT, fingerprint TEXT, status TEXT, starts_at TEXT, heard REAL NOT NULL,
  PRIMARY KEY (response, fingerprint, status, starts_at)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS action (
  id TEXT PRIMARY KEY, response TEXT NOT NULL, incident TEXT NOT NULL, alert BLOB NOT NULL, external_url TEXT NOT NULL,
  taken REAL NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, due REAL NOT NULL, state TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS action_of_incident ON action (response, incident, taken);
CREATE INDEX IF NOT EXISTS action_by_state ON action (state, response, due);
"""
WAITING, RUNNING, FAILED = "waiting", "running", "failed"


class StoreError(Exception):
    """A state file that cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Job:
    """An action that was decided on: `taken` and `due` are Unix seconds, `alert` is JSON."""

    id: str
    response: str
    alert: bytes
    external_url: str
    taken: float
    attempts: int
    due: float


@dataclass(frozen=True, slots=True)
class Occasion:
    """One time that an alert fires or is over, as a response sees it; `incident` says which belong together."""

    response: str
    fingerprint: str
    status: str
    starts_at: str
    incident: str


class Store:
    """The file of one responder; nobody else can open it meanwhile. Each method is safe from any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, _BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{path}: {error}") from None
        try:
            self._prepare()
        except sqlite3.Error as error:
            self._connection.close()
            raise StoreError(f"{path}: {error}") from None
        except StoreError:
            self._connection.close()
            raise

    def _prepare(self) -> None:
        execute = self._connection.execute
        execute("PRAGMA locking_mode=EXCLUSIVE")
        (application,) = execute("PRAGMA application_id").fetchone()
        (tables,) = execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if tables and application != _APPLICATION:
            raise StoreError(f"{self._path}: it is the database of another program; name another file")
        execute("PRAGMA journal_mode=WAL")
        execute("PRAGMA synchronous=FULL")
        self._connection.executescript(f"BEGIN EXCLUSIVE;{_TABLES}PRAGMA application_id={_APPLICATION};COMMIT;")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep all that is written inside, or nothing where an error leaves it; OSError where it cannot be written."""
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield
                self._connection.execute("COMMIT")
            except BaseException as error:
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                if isinstance(error, sqlite3.Error):
                    raise OSError(f"{self._path}: {error}") from None
                raise

    def _execute(self, statement: str, *values: object) -> sqlite3.Cursor:
        with self._lock:
            return self._connection.execute(statement, values)

    def is_answered(self, occasion: Occasion, now: float) -> bool:
        """Say whether the occasion was dealt with before, and take note that it is heard of."""
        statement = (
            "UPDATE answered SET heard = ? WHERE response = ? AND fingerprint = ? AND status = ? AND starts_at = ?"
        )
        changed = self._execute(statement, now, *_key(occasion))
        return changed.rowcount > 0

    def answer(self, occasion: Occasion, now: float) -> None:
        """Note that the occasion is dealt with, and forget those that nobody has heard of for long."""
        self._execute("INSERT INTO answered VALUES (?, ?, ?, ?, ?)", *_key(occasion), now)
        self._execute("DELETE FROM answered WHERE heard < ?", now - _REMEMBERED_SECONDS)
        forgotten = "DELETE FROM action WHERE taken < ? AND state NOT IN (?, ?)"
        self._execute(forgotten, now - _REMEMBERED_SECONDS, WAITING, RUNNING)

    def acted_since(self, response: str, incident: str, since: float) -> bool:
        """Say whether there was an action on the incident that has not failed."""
        statement = "SELECT 1 FROM action WHERE response = ? AND incident = ? AND taken > ? AND state != ? LIMIT 1"
        return self._execute(statement, response, incident, since, FAILED).fetchone() is not None

    def actions_since(self, response: str, since: float) -> int:
        """Return how many actions of a response were decided on."""
        found = self._execute("SELECT count(*) FROM action WHERE response = ? AND taken > ?", response, since)
        return int(found.fetchone()[0])

    def add(self, job: Job, incident: str, state: str) -> None:
        """Keep an action that was decided on."""
        values = (job.id, job.response, incident, job.alert, job.external_url, job.taken, job.attempts, job.due, state)
        self._execute("INSERT INTO action VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", *values)

    def next(self, response: str) -> Job | None:
        """Return the waiting action of a response that is due first."""
        return next(self._jobs("state = ? AND response = ? ORDER BY due LIMIT 1", WAITING, response), None)

    def running(self) -> list[Job]:
        """Return the actions that were under way when the responder before this one ended."""
        return list(self._jobs("state = ?", RUNNING))

    def _jobs(self, condition: str, *values: object) -> Iterator[Job]:
        columns = "id, response, alert, external_url, taken, attempts, due"
        with self._lock:
            rows = self._connection.execute(f"SELECT {columns} FROM action WHERE {condition}", values).fetchall()  # noqa: S608 - both are ours
        return (Job(*row) for row in rows)

    def mark(self, job: Job, state: str, *, attempts: int, due: float) -> None:
        """Write down how an action stands."""
        with self.transaction():
            statement = "UPDATE action SET state = ?, attempts = ?, due = ? WHERE id = ?"
            self._execute(statement, state, attempts, due, job.id)

    def unfinished(self) -> Mapping[str, int]:
        """Return how many actions of each response are waiting or under way."""
        statement = "SELECT response, count(*) FROM action WHERE state IN (?, ?) GROUP BY response"
        return dict(self._execute(statement, WAITING, RUNNING).fetchall())

    def close(self) -> None:
        """Close the file; the journal is merged into it."""
        with self._lock, suppress(sqlite3.Error):
            self._connection.close()


def _key(occasion: Occasion) -> tuple[str, str, str, str]:
    return occasion.response, occasion.fingerprint, occasion.status, occasion.starts_at
