"""Embeddings that were made before, so that nothing is encoded twice.

    model = load()                   # keeps them in the user's cache folder
    model = load(cache="my-folder")  # or elsewhere; cache=False keeps none

Stored are hashes, vectors and the time of the last use: no pixel, name, path or typed text. A hash
cannot be turned back, but who guesses a text exactly can see that it was asked. What is hashed is
said in `model/scoring.py`, where caches lie in `cache_folder.py`.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .cache_store import CacheStore
from .errors import CmrClipError

if TYPE_CHECKING:
    import sqlite3

FILE = "embeddings.sqlite"
MAX_BYTES = 200_000_000
_AT_ONCE = 500  # keys in one question; SQLite takes 999 at least

_SCHEMA = """
CREATE TABLE IF NOT EXISTS embeddings (key BLOB PRIMARY KEY, vector BLOB, used REAL);
CREATE INDEX IF NOT EXISTS by_use ON embeddings (used);
"""
_TOUCH = "UPDATE embeddings SET used = ? WHERE key = ?"
_FORGET_OLDEST = """
DELETE FROM embeddings WHERE key IN (
    SELECT key FROM embeddings ORDER BY used LIMIT 1 + (SELECT count(*) FROM embeddings) / 10
)
"""


@dataclass(frozen=True)
class CacheInfo:
    """How full a cache is.

    Attributes:
        folder: None for one in memory.
        entries: embeddings that it holds.
        bytes, limit: what they take, with all that belongs to them, and may take.
    """

    folder: Path | None
    entries: int
    bytes: int
    limit: int


class EmbeddingCache:
    """Vectors by the SHA-256 of what they are of; the least recently used go when it is full.

    Never a reason to fail, and safe for threads, processes and forks (`cache_store.py`). A copy or
    a pickle is of the place and the limits: of a cache in memory it is empty.

    Attributes:
        folder: where its file lies; None keeps vectors in memory.
        max_bytes: of the file, or of the memory.
        max_age: seconds after its last use in which a vector is still given; None for ever.
    """

    def __init__(
        self,
        folder: str | Path | None = None,
        max_bytes: int = MAX_BYTES,
        max_age: float | None = None,
    ) -> None:
        # Absolute, since a program may go to another folder.
        self.folder = None if folder is None else Path(folder).expanduser().absolute()
        self.max_bytes = max_bytes
        self.max_age = max_age
        self._store = CacheStore(None if self.folder is None else self.folder / FILE, _SCHEMA)

    def get(self, keys: Sequence[bytes], size: int | None = None) -> list[np.ndarray | None]:
        """The vectors of some keys, `(D,)` float32, in their order; None for what is not there.

        Args:
            size: the D that is expected; a vector of another one counts as not there.
        """
        now = time.time()
        since = now - self.max_age if self.max_age is not None else 0

        def look(connection: sqlite3.Connection) -> list[tuple[bytes, object]]:
            rows = []
            for start in range(0, len(keys), _AT_ONCE):
                part = keys[start : start + _AT_ONCE]
                marks = ", ".join("?" * len(part))
                asked = f"SELECT key, vector FROM embeddings WHERE key IN ({marks}) AND used >= ?"
                rows += connection.execute(asked, (*part, since)).fetchall()
            return rows

        found = {key: _unpacked(key, stored) for key, stored in self._store.read(look) or ()}
        found = {k: v for k, v in found.items() if v is not None and size in (None, len(v))}
        if found:
            touched = [(now, key) for key in found]
            self._store.write(lambda connection: connection.executemany(_TOUCH, touched))
        return [found.get(key) for key in keys]

    def put(self, keys: Sequence[bytes], vectors: np.ndarray | Sequence[np.ndarray]) -> None:
        """Store vectors `(N, D)`; those that are not finite are left out."""
        now = time.time()
        rows = [
            (key, _packed(key, vector), now)
            for key, vector in zip(keys, vectors, strict=True)
            if np.isfinite(vector).all()
        ]

        def store(connection: sqlite3.Connection) -> None:
            if self.max_age is not None:
                connection.execute("DELETE FROM embeddings WHERE used < ?", (now - self.max_age,))
            connection.executemany("INSERT OR REPLACE INTO embeddings VALUES (?, ?, ?)", rows)
            while _bytes(connection) > self.max_bytes:
                if not connection.execute(_FORGET_OLDEST).rowcount:
                    break

        if rows:
            self._store.write(store)

    def clear(self) -> None:
        """Forget everything.

        Raises:
            CmrClipError: if the file cannot be changed.
        """

        def empty(connection: sqlite3.Connection) -> bool:
            connection.execute("DELETE FROM embeddings")
            connection.commit()
            connection.execute("VACUUM")  # nothing of it is left in free pages
            return True

        if self._store.exists() and not self._store.write(empty):
            raise CmrClipError(f"The cache {self._store.shown} could not be emptied.")

    def info(self) -> CacheInfo:
        """How full it is."""
        count = "SELECT count(*) FROM embeddings"
        counted = self._store.read(lambda c: (c.execute(count).fetchone()[0], _bytes(c)))
        return CacheInfo(self.folder, *(counted or (0, 0)), self.max_bytes)

    def close(self) -> None:
        """Let go of the file, until it is used again; what is in memory is forgotten."""
        self._store.close()

    def __reduce__(self) -> tuple:
        return EmbeddingCache, (self.folder, self.max_bytes, self.max_age)


def _packed(key: bytes, vector: np.ndarray) -> bytes:
    """As it is stored: little-endian float32, and a checksum of it and the key."""
    data = np.asarray(vector, "<f4").tobytes()
    return data + zlib.crc32(key + data).to_bytes(4, "little")


def _unpacked(key: bytes, stored: object) -> np.ndarray | None:
    """The vector `(D,)`, or None where this is not what was stored."""
    if not isinstance(stored, bytes) or len(stored) % 4:
        return None
    data, checksum = stored[:-4], stored[-4:]
    if not data or zlib.crc32(key + data).to_bytes(4, "little") != checksum:
        return None
    return np.frombuffer(data, "<f4").astype(np.float32)


def _bytes(connection: sqlite3.Connection) -> int:
    """What is in use; freed pages are taken again before the file grows."""
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size
