"""A state that survives its server: every change is in a SQLite file before its reply is sent."""

import asyncio
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fake_api.outcome import Reply
from fake_api.rows import TaskKey
from fake_api.state import State
from fake_api.stored import JOBS, TABLES, Row, Watched, adopt, encode_all, encode_jobs, load_row
from fake_api.wire import ReplyResponse

log = logging.getLogger(__name__)

#: Marks the file as ours ("fake"), and says in which form it is written.
APPLICATION_ID, FORMAT = 0x66616B65, 1
_SCHEMA = (
    "CREATE TABLE stored (number INTEGER PRIMARY KEY, tbl TEXT, key TEXT, value TEXT, UNIQUE (tbl, key))",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {FORMAT}",
)
_UPSERT = (
    "INSERT INTO stored (tbl, key, value) VALUES (?, ?, ?) "
    "ON CONFLICT (tbl, key) DO UPDATE SET value = excluded.value"
)
_NOT_SAVED = ReplyResponse(Reply(500, {"message": "Internal server error"}))


class StateFileError(Exception):
    """The file cannot be used, and was left as it was; the text names the reason and the way out."""


class StateNotSavedError(Exception):
    """A change could not be written: it is undone, and nobody was told of it."""


class StateFile:
    """The file behind a State, for as long as this object is open.

    A file with rows fills the State; a new or empty one takes what the State has. Raises StateFileError when
    both have something, and for a file that is in use, of another version or no state at all, or unwritable.
    """

    def __init__(self, path: Path, state: State) -> None:
        self._state = state
        self._jobs: Row | None = None
        self._watched: list[Watched] = []
        self._stale = False
        self._undone = 0
        with _told(path):
            # no wait for a lock: whoever has it keeps it as long as it lives
            self._db = sqlite3.connect(path, timeout=0, isolation_level=None)
            try:
                self._open(path)
            except BaseException:
                self._db.close()
                raise

    def close(self) -> None:
        """Give the file back. What was committed is in it."""
        self._db.close()

    def commit(self) -> None:
        """Write what changed since the last commit, in one transaction.

        Raises StateNotSavedError when it cannot be written; then the State is as it was before.
        """
        try:
            self._write(self._changes())
        except (sqlite3.Error, ValueError) as error:
            log.warning("the state was not saved: %s", error)
            self.rollback()
            raise StateNotSavedError(str(error)) from None

    def rollback(self) -> None:
        """Undo what changed since the last commit: the tables are read from the file again."""
        if self._stale or any(rows.touched for rows in self._watched):
            self._stale = True
            self._undone += 1
            try:
                self._restore()
            except sqlite3.Error as error:
                log.warning("the state cannot be read again, and no call is served until it can: %s", error)

    async def pause(self, seconds: float) -> None:
        """Commit what the sweeps did, then sleep: for `Scheduler.run`."""
        try:
            self.ready()
            self.commit()
        except (StateNotSavedError, sqlite3.Error):
            log.warning("what the scheduler did is undone: it tries again in %s s", seconds)
        await asyncio.sleep(seconds)

    def ready(self) -> None:
        """Read again what could not be read after a failure. Raises sqlite3.Error while it cannot be."""
        if self._stale:
            self._restore()

    async def serve(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; its reply is held back until what it acknowledges is on disk.

        Endpoints make all their changes at once, without a pause between two, so a commit holds whole calls only.
        As in Airflow, whose session is rolled back then, a 500 leaves nothing behind.
        """
        lost, undone = False, self._undone

        async def send_committed(message: Message) -> None:
            nonlocal lost
            if message["type"] == "http.response.start" and not self._is_saved(message["status"], undone):
                lost = True
                await _NOT_SAVED(scope, receive, send)
            if not lost:
                await send(message)

        try:
            self.ready()
        except sqlite3.Error:
            await _NOT_SAVED(scope, receive, send)
        else:
            await app(scope, receive, send_committed)

    def _is_saved(self, status: int, undone: int) -> bool:
        """Save what a call changed, or undo it for a 5xx; says whether its reply may be sent.

        What another call had undone meanwhile may have been a change of this one.
        """
        if status >= 500 or undone != self._undone:
            self.rollback()
            return status >= 500
        try:
            self.commit()
        except StateNotSavedError:
            return False
        return True

    def _open(self, path: Path) -> None:
        self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
        is_new = _is_new(self._db, path)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        # takes the lock for good, before anything is read
        with _transaction(self._db):
            for statement in _SCHEMA if is_new else ():
                self._db.execute(statement)
        if is_new:
            self._write(([], encode_all(self._state)))
        elif len(encode_all(self._state)) > 1:
            raise StateFileError(
                f"{path} has a state, and so has the server: begin with an empty one of the two"
            )
        if self._db.execute("PRAGMA quick_check").fetchone() != ("ok",):
            raise StateFileError(f"{path} is damaged: give another file")
        self._restore()
        if not is_new and (homeless := _homeless(self._state)):
            raise StateFileError(
                f"{path} has the task instance {homeless} but not its Dag or run: rows were taken out of it; "
                "give another file"
            )

    def _restore(self) -> None:
        found = self._db.execute("SELECT tbl, key, value FROM stored ORDER BY number").fetchall()
        fresh = State(
            settings=self._state.settings,
            now=self._state.now,
            new_id=self._state.new_id,
            rules=self._state.rules,
        )
        for each in found:
            load_row(fresh, Row(*each))
        adopt(self._state, fresh)
        self._jobs = encode_jobs(self._state)
        self._watched = [Watched(table.rows(self._state)) for table in TABLES]
        for table, rows in zip(TABLES, self._watched, strict=True):
            table.replace(self._state, rows)
        self._stale = False

    def _changes(self) -> "Changes":
        """The (table, key) to delete, and the rows to store."""
        gone: list[tuple[str, str]] = []
        rows: list[Row] = []
        for table, watched in zip(TABLES, self._watched, strict=True):
            for key, was_gone in watched.touched.items():
                if was_gone:
                    gone.append((table.name, table.encode_key(key)))
                if key in watched:
                    rows.append(table.encode(key, watched[key]))
        jobs = encode_jobs(self._state)
        return gone, [*rows, jobs] if jobs != self._jobs else rows

    def _write(self, changes: "Changes") -> None:
        gone, rows = changes
        if gone or rows:
            with _transaction(self._db):
                self._db.executemany("DELETE FROM stored WHERE tbl = ? AND key = ?", gone)
                self._db.executemany(_UPSERT, rows)
        for watched in self._watched:
            watched.touched.clear()
        self._jobs = next((row for row in rows if row.table == JOBS), self._jobs)


def _homeless(state: State) -> TaskKey | None:
    """A task instance without its Dag or its run."""
    keys = (ti.task.primary for ti in state.task_instances)
    runs = state.dag_runs
    return next(
        (key for key in keys if key.dag_id not in state.dags or runs.get((key.dag_id, key.run_id)) is None),
        None,
    )


Changes = tuple[list[tuple[str, str]], list[Row]]


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN EXCLUSIVE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _is_new(db: sqlite3.Connection, path: Path) -> bool:
    """Whether the file is empty. Raises StateFileError for one of another kind or version."""
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if (application, version, tables) == (0, 0, 0):
        return True
    if application != APPLICATION_ID:
        raise StateFileError(f"{path} is a database of something else: give another file")
    if version != FORMAT:
        raise StateFileError(
            f"{path} is of format {version}, this server's is {FORMAT}: give another file, or serve it with "
            "the version that wrote it"
        )
    return False


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Errors on opening, in words."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise StateFileError(
                f"{path} is in use by another server: stop that one, or give another file"
            ) from None
        raise StateFileError(f"cannot use {path}: {error}; give a file that can be written") from None
    except sqlite3.DatabaseError as error:
        raise StateFileError(f"{path} is no state of a server ({error}): give another file") from None
    except ValueError as error:
        reason = str(error).splitlines()[0]
        raise StateFileError(f"{path} has rows of another version ({reason}): give another file") from None
