"""Where an open study comes from: an upload, or one of the samples.

Samples do not change while they are served, so each is read, pictured and embedded once, and a
server does that before anybody asks.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Hashable, Iterator, Mapping
from pathlib import Path
from typing import Any

import viewer
from cines import thumbnail
from engine import ON_LOAN, Embedded, Engine

from cmrclip_lite.errors import CmrClipError
from cmrclip_lite.readers import read_study
from cmrclip_lite.study import Study

log = logging.getLogger(__name__)


class Source:
    """A study to open; each part of it is made when first asked for, and then kept.

    Args:
        read: gives the study.
        sample: the sample's name; empty for an upload.

    Whatever is asked raises `StudyError` if the study cannot be read.
    """

    def __init__(self, read: Callable[[], Study], sample: str = "") -> None:
        self.read = read
        self.sample = sample
        self._made: dict[Hashable, Any] = {}
        self._lock = threading.RLock()  # two who ask at once shall not both make it

    @property
    def title(self) -> str:
        """The sample's name as people read it."""
        words = self.sample.replace("_", " ").replace("-", " ")
        return words[:1].upper() + words[1:]

    def study(self) -> Study:
        """The study itself."""
        return self._once("study", self.read)

    def sheets(self) -> str:
        """What the viewer is given."""
        return self._once("sheets", lambda: viewer.as_value(self.study()))

    def thumbnail(self) -> bytes | None:
        """A small moving picture, if there is anything to show."""
        return self._once("thumbnail", lambda: thumbnail(self.study()))

    def embedded(self, engine: Engine) -> Embedded:
        """Its embedding by a model.

        Raises:
            StudyError: if the study lacks what the model's layout needs.
        """
        what = ("embedded", engine.name)
        return self._once(what, lambda: engine.embed(self.study(), self.sample))

    def ready(self, model: str) -> bool:
        """Whether it can be shown at once, with what the model of that name makes of it."""
        return {"sheets", ("embedded", model)} <= self._made.keys()

    def _once(self, what: Hashable, make: Callable[[], Any]) -> Any:
        with self._lock:
            if what not in self._made:
                self._made[what] = make()
            return self._made[what]


class Samples(Mapping[str, Source]):
    """The samples by name.

    Args:
        paths: name to a study that `read_study` opens.
    """

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self._sources = {
            name: Source(lambda path=path: read_study(path), name) for name, path in paths.items()
        }

    def __getitem__(self, name: str) -> Source:
        return self._sources[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._sources)

    def __len__(self) -> int:
        return len(self._sources)

    def prepare(self, engine: Engine) -> threading.Thread:
        """Make everything of every sample, beside whatever else the server does.

        A GPU that is only lent to who asks is not asked for.
        """

        def work() -> None:
            for source in self.values():
                try:
                    source.thumbnail()
                    source.sheets()
                    if not ON_LOAN:
                        source.embedded(engine)
                except CmrClipError as error:  # told again to whoever opens it
                    log.warning("The sample %s cannot be opened: %s", source.sample, error)

        thread = threading.Thread(target=work, daemon=True, name="samples")
        thread.start()
        return thread
