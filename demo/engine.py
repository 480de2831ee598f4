"""What the page asks of the model, on the accelerator where there is one.

On a ZeroGPU Space a GPU is lent for the length of a call to a function that `spaces.GPU` wraps:
arguments and results are pickled, and an error raised inside loses its text, so it travels back
as a value. Everywhere else the wrapper does nothing.

A sample or a text that was embedded once is looked up before a GPU is asked for. What is typed may
name somebody, so that embeddings are kept in memory alone; of an upload none is.
"""

from __future__ import annotations

try:  # before torch: on a ZeroGPU Space it stands in for CUDA until a GPU is lent
    import spaces
except ImportError:  # everywhere else
    spaces = None

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from kept import KEEP_SECONDS

from cmrclip_lite import explain as explaining
from cmrclip_lite import zeroshot
from cmrclip_lite.embedding_cache import EmbeddingCache
from cmrclip_lite.errors import CmrClipError, ConditionError, LibraryError, StudyError
from cmrclip_lite.familiar import unfamiliar
from cmrclip_lite.frames import study_to_clip
from cmrclip_lite.model import accelerator
from cmrclip_lite.prompts import CONDITIONS, Condition, clean_condition
from cmrclip_lite.reading.topics import NEEDS, Part, can_show, parts_of

if TYPE_CHECKING:
    from torch import Tensor

    from cmrclip_lite.explain import Explanation
    from cmrclip_lite.frames import Clip
    from cmrclip_lite.library import Case, CaseLibrary
    from cmrclip_lite.model import CMRCLIP
    from cmrclip_lite.study import Study
    from cmrclip_lite.zeroshot import Score

MAX_CONDITIONS = 20
CACHE_BYTES = 50_000_000  # of embeddings, for each model
ON_LOAN = spaces is not None  # a GPU is lent for the length of a visitor's call


@dataclass(frozen=True)
class Embedded:
    """What is kept of an open study between questions: no pixel of it.

    Attributes:
        embedding: `(D,)` float32 unit vector.
        notes: sentences about the study and how it became a clip.
        content: digests of its series, by which a library knows the same exam again.
        model: that of the engines that embedded it.
        sample: the sample's name; empty for an upload.
        parts: what it holds of the parts that some conditions cannot be read without.
    """

    embedding: np.ndarray
    notes: tuple[str, ...] = ()
    content: tuple[str, ...] = ()
    model: str = ""
    sample: str = ""
    parts: frozenset[Part] = frozenset()


@dataclass(frozen=True)
class Why:
    """An explanation, and whether it is true of the model on this very study.

    Attributes:
        map_areas, random: area under the similarity while places are taken away, and brought back,
            in the order of the map and in no order.
    """

    explanation: Explanation
    map_areas: tuple[float, float]
    random: tuple[float, float]


class Engine:
    """A model and its case library, loaded once and shared by all sessions.

    The model's cache becomes one in memory.

    Attributes:
        name: by which the page offers it.
    """

    def __init__(self, model: CMRCLIP, library: CaseLibrary | None, name: str = "") -> None:
        self.model = model
        self.library = library
        self.name = name or model.name

        model.cache = EmbeddingCache(max_bytes=CACHE_BYTES, max_age=KEEP_SECONDS)

        def embed(clips: Tensor) -> np.ndarray:
            with torch.inference_mode(), accelerator.quick(model):
                return model.encode_clip(clips).float().cpu().numpy()

        def embed_texts(rows: Sequence[list[int]]) -> np.ndarray:
            with torch.inference_mode():
                return model.encode_rows(rows).float().cpu().numpy()

        def explain(clip: Clip, condition: str) -> Why:
            from cmrclip_lite.evaluate.explanations import curves, random_order

            (explanation,) = explaining.explain(model, clip, [condition])
            query = zeroshot.text_query(model, condition)[None]
            areas = [
                tuple(curves(model, clip, query, order).areas[0].tolist())
                for order in (explanation.saliency, random_order(clip, 0))
            ]
            return Why(explanation, *areas)

        self._embed = on_accelerator(embed)
        self._explain = on_accelerator(explain)
        self._asked = _Asked(model, on_accelerator(embed_texts))
        if model.device.type != "cpu" and not ON_LOAN:
            with accelerator.quick(model):  # as visitors' studies will be encoded
                accelerator.warm_up(model)

    @classmethod
    def load(cls, name: str) -> Engine:
        """A checkpoint by name, and the bundled library where it is the bundled one.

        Raises:
            CheckpointError, LibraryError: as `hub.load` and `default_library`.
        """
        from cmrclip_lite.hub import load
        from cmrclip_lite.library import default_library

        model = load(name, cache=False)
        return cls(model, default_library(model), name)

    def embed(self, study: Study, sample: str = "") -> Embedded:
        """The study's embedding and notes.

        Raises:
            StudyError: if the study lacks what the model's layout needs.
        """
        clip = study_to_clip(study, self.model.config)
        if sample:
            (embedding,) = self.model.embed_clips([clip.tensor], self._embed)
        else:  # an upload's is the session's alone, and ends with it
            (embedding,) = self._embed(clip.tensor[None])
        if not np.isfinite(embedding).all():
            raise StudyError("The model gave no usable embedding; the pixels may hold no picture.")
        strange = unfamiliar(self.model, study, embedding, self.library)
        notes = (*filter(None, [strange]), *study.notes, *clip.notes)
        return Embedded(embedding, notes, study.content, self.name, sample, parts_of(study))

    def score(
        self,
        embedded: Embedded,
        conditions: Sequence[str],
        prompts: Mapping[str, Sequence[str]] | None = None,
    ) -> list[Score]:
        """A score for each condition, in their order; no image is encoded again.

        A condition that the study lacks the pictures for is scored, with a note that says so.

        Args:
            prompts: by condition, sentences to ask in place of its own.
        """
        if not conditions:
            return []
        scores = zeroshot.score(
            self._asked, embedded.embedding, conditions, self.library, dict(prompts or {})
        )
        return [_with_what_lacks(score, embedded.parts) for score in scores]

    def explain(self, study: Study, condition: str) -> Why:
        """What the similarity of a study to a condition rests on; takes some hundred encodings.

        Raises:
            ConditionError: if the condition cannot be asked.
            StudyError: if the study lacks what the model's layout needs.
        """
        return self._explain(study_to_clip(study, self.model.config), condition)

    def similar(self, embedded: Embedded, k: int = 5) -> list[Case]:
        """The `k` most similar cases but the study itself; none where there is no library."""
        if self.library is None:
            return []
        return self.library.search(embedded.embedding, k, exclude=embedded.content)

    def query(self, text: str) -> np.ndarray:
        """A text as `(D,)`, whose dot product with a case is their similarity.

        Raises:
            ConditionError: if the text cannot be asked.
        """
        return zeroshot.text_query(self._asked, text)

    def search(self, text: str, k: int = 5) -> list[Case]:
        """The `k` cases whose pictures fit a text best.

        Raises:
            ConditionError: if the text cannot be asked.
            LibraryError: if there is no library.
        """
        return self.require_library().search_text(self._asked, text, k)

    def require_library(self) -> CaseLibrary:
        """The case library.

        Raises:
            LibraryError: if there is none.
        """
        if self.library is None:
            raise LibraryError(
                f"There is no case library for the model {self.model.name!r}; "
                "build one from your own exams to search it."
            )
        return self.library

    @property
    def conditions(self) -> list[Condition]:
        """The known conditions to suggest: those that training covered, where that is recorded."""
        trained = self.model.config.conditions
        return [c for key, c in CONDITIONS.items() if not trained or key in trained]


class _Asked:
    """A model of which the text encoder runs where there is an accelerator for it."""

    def __init__(self, model: CMRCLIP, encode: Callable[..., np.ndarray]) -> None:
        self._model = model
        self._encode = encode

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        return self._model.embed_texts(texts, self._encode)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)


def _with_what_lacks(score: Score, parts: frozenset[Part]) -> Score:
    if score.key is None or can_show(score.key, parts):
        return score
    needed = " and ".join(f"no {part}" for part in NEEDS[score.key])
    note = f"This study has {needed}, from which {score.condition!r} is read: do not rely on it."
    return replace(score, notes=(*score.notes, note))


def ask_lines(text: str) -> tuple[list[str], list[str]]:
    """The conditions typed into a box, one a line, and sentences about lines left out.

    A line that cannot be asked does not keep the others from being scored.
    """
    lines = list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    asked: list[str] = []
    problems: list[str] = []
    for line in lines[:MAX_CONDITIONS]:
        try:
            clean_condition(line)
            asked.append(line)
        except ConditionError as error:
            problems.append(f"“{line[:60]}”: {error}")
    if len(lines) > MAX_CONDITIONS:
        problems.append(f"Only the first {MAX_CONDITIONS} conditions are scored at a time.")
    return asked, problems


def on_accelerator(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `function` in `spaces.GPU`, carrying this package's errors across as values."""
    if spaces is None:
        return function

    @spaces.GPU
    def inside(*args: Any) -> tuple[Any, CmrClipError | None]:
        try:
            return function(*args), None
        except CmrClipError as error:
            return None, error

    @wraps(function)
    def outside(*args: Any) -> Any:
        result, error = inside(*args)
        if error is not None:
            raise error
        return result

    return outside
