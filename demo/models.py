"""The models that the page offers, each loaded once and shared by all sessions."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from engine import Engine


class Engines:
    """The model that the page starts with, and others that are loaded when first chosen.

    Args:
        first: loaded already.
        others: folders or Hub ids to offer beside it, as `hub.load` takes them.
    """

    def __init__(self, first: Engine, others: Sequence[str] = ()) -> None:
        self.first = first
        self.names = (first.name, *(name for name in others if name != first.name))
        self._loaded = {first.name: first}
        self._lock = threading.Lock()

    def get(self, name: str | None = None) -> Engine:
        """The engine of a model that the page offers; the first one without a name.

        Raises:
            CheckpointError: if it cannot be loaded; the next call tries again.
            LibraryError: if its library is damaged.
        """
        if name is None or name not in self.names:
            return self.first
        with self._lock:
            if name not in self._loaded:
                self._loaded[name] = Engine.load(name)
            return self._loaded[name]
