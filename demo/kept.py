"""Open studies, in memory alone: what a later question about the pictures needs.

A study is kept for the session that opened it until another is opened there, the tab is closed, it
was not looked at for an hour, or others need the room. Nothing of it is written to disk.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

from cmrclip_lite.errors import StudyError
from cmrclip_lite.study import Study

KEEP_SECONDS = 3600
SWEEP_SECONDS = 60
BUDGET_BYTES = 1 << 30  # of pixels, over all sessions


@dataclass
class _Held:
    study: Study
    bytes: int
    used: float


class KeptStudies:
    """The open study of each session, the least recently used given up when there are too many.

    A study that several sessions have open (a sample) is counted once for each.
    """

    def __init__(self, budget: int = BUDGET_BYTES, seconds: float = KEEP_SECONDS) -> None:
        self.budget = budget
        self.seconds = seconds
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._open: set[str] = set()  # sessions that opened something and have not ended
        self._lock = threading.Lock()
        self._sweeper: threading.Thread | None = None

    def begin(self, session: str | None) -> None:
        """A session begins to open a study; the one before goes at once."""
        with self._lock:
            self._held.pop(session, None)
            if session is not None:
                self._open.add(session)

    def put(self, session: str | None, study: Study) -> None:
        """Keep the study that a session began to open; not if the session ended meanwhile."""
        size = sum(series.pixels.nbytes for series in study.series)
        with self._lock:
            if session not in self._open:
                return
            self._held.pop(session, None)
            self._held[session] = _Held(study, size, time.monotonic())
            self._give_up()
            if self._sweeper is None:
                self._sweeper = threading.Thread(target=self._sweep, daemon=True)
                self._sweeper.start()

    def get(self, session: str | None) -> Study:
        """The session's study.

        Raises:
            StudyError: if it is no longer there.
        """
        with self._lock:
            self._give_up()
            held = self._held.get(session)
            if held is None:
                raise StudyError(
                    "The pictures of this study are no longer in memory (they are kept for an hour "
                    "at most, less where many people are here); open it again."
                )
            held.used = time.monotonic()
            self._held.move_to_end(session)
            return held.study

    def drop(self, session: str | None) -> None:
        """A session ends: forget its study, also one that is still being opened."""
        with self._lock:
            self._held.pop(session, None)
            self._open.discard(session)

    def __len__(self) -> int:
        return len(self._held)

    @property
    def bytes(self) -> int:
        """Of pixels, kept now."""
        return sum(held.bytes for held in self._held.values())

    def _sweep(self) -> None:
        """Give up what is idle for too long, also where nobody comes any more."""
        while True:
            time.sleep(min(self.seconds, SWEEP_SECONDS))
            with self._lock:
                self._give_up()
                if not self._held:
                    self._sweeper = None
                    return

    def _give_up(self) -> None:
        oldest_allowed = time.monotonic() - self.seconds
        for session, held in list(self._held.items()):
            if held.used < oldest_allowed:
                del self._held[session]
        # The newest stays, whatever its size: it was just opened.
        while self.bytes > self.budget and len(self._held) > 1:
            self._held.popitem(last=False)
