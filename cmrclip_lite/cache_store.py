"""A small SQLite file that is a help and never a reason to fail.

Safe for threads, for several processes at once, and after a fork. One that cannot be used (locked,
read-only, on a full disk) is told once, in the log, and its user goes on without it. One that is
damaged is begun anew.
"""

from __future__ import annotations

import logging
import os
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:  # elsewhere in the functions that need it: it takes 12 ms to import
    import sqlite3

log = logging.getLogger(__name__)

WAIT_SECONDS = 2  # for another process that is writing

T = TypeVar("T")


class CacheStore:
    """A database that is opened when it is first used.

    Attributes:
        file: made with its folder when something is first written, for the user alone; None is in
            memory, and of the process that made it.
        schema: what makes its tables unless they are there.
    """

    def __init__(self, file: Path | None, schema: str) -> None:
        self.file = file
        self.schema = schema
        self._connection: sqlite3.Connection | None = None
        self._reads = self._writes = True  # until it fails
        _alive.add(self)

    @property
    def shown(self) -> str:
        """By what a person knows it, without its path."""
        return "in memory" if self.file is None else f"in {self.file.parent.name!r}"

    def exists(self) -> bool:
        """Whether there may be something to read."""
        return self.file is None or self.file.exists()

    def read(self, work: Callable[[sqlite3.Connection], T]) -> T | None:
        """What `work` gives; None where nothing was stored yet, or it cannot be read."""
        import sqlite3

        try:
            return self._attempt(work) if self._reads and self.exists() else None
        except (sqlite3.DatabaseError, OSError) as error:
            self._tell(error)
            self._reads = self._writes = False
            return None

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T | None:
        """What `work` gives, its changes made all or none; None where they cannot be made."""
        import sqlite3

        def whole(connection: sqlite3.Connection) -> T:
            with connection:
                return work(connection)

        try:
            return self._attempt(whole) if self._writes else None
        except (sqlite3.DatabaseError, OSError) as error:
            self._tell(error)
            self._writes = False  # what is there may still be read
            return None

    def close(self) -> None:
        """Let go of the file, until it is used again; what is in memory is forgotten."""
        with _lock:
            self._close()

    def __del__(self) -> None:
        # Without the lock: garbage may be collected within what holds it, and nobody else is left
        # to use this connection.
        self._close()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _attempt(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """`work` on the connection, or on that of a new file where this one is damaged."""
        import sqlite3

        with _lock:
            try:
                return work(self._connected())
            except sqlite3.DatabaseError as error:
                damaged = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
                if self.file is None or (error.sqlite_errorcode & 255) not in damaged:
                    raise
                log.warning("The cache %s is damaged (%s); it is begun anew.", self.shown, error)
            self._close()
            # The journal too, or it would be played back into the new file.
            self.file.with_name(f"{self.file.name}-journal").unlink(missing_ok=True)
            self.file.unlink(missing_ok=True)
            return work(self._connected())

    def _connected(self) -> sqlite3.Connection:
        import sqlite3

        if self._connection is None:
            if self.file is not None:
                self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                os.close(os.open(self.file, os.O_RDONLY | os.O_CREAT, 0o600))
            # Threads share the connection, one at a time (`_lock`).
            connection = sqlite3.connect(
                self.file or ":memory:", timeout=WAIT_SECONDS, check_same_thread=False
            )
            try:
                # Nothing waits for the disk: what a power cut spoils is found out and begun anew.
                connection.execute("PRAGMA synchronous = OFF")
                connection.executescript(self.schema)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _tell(self, error: Exception) -> None:
        if self._reads and self._writes:  # the first time
            reason = error.strerror if isinstance(error, OSError) else error
            log.warning("The cache %s cannot be used: %s.", self.shown, reason)


# One lock for all, taken before a fork: SQLite's own locks, if another thread were inside it, would
# stay locked in the child for ever.
_lock = threading.Lock()
_alive: weakref.WeakSet[CacheStore] = weakref.WeakSet()
_left: list[object] = []


def _begin_anew() -> None:
    """In a forked child: SQLite wants a parent's connections neither used nor closed there."""
    for store in _alive:
        _left.append(store._connection)
        store._connection = None
    _lock.release()


if hasattr(os, "register_at_fork"):  # not on Windows, which cannot fork
    os.register_at_fork(
        before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_begin_anew
    )
