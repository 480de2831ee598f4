"""What a model that encodes clips and texts can do with a study, whatever its encoders are.

Nothing is encoded twice where the model has a cache. A vector is kept under a hash of the clip's
values or the text's tokens, of the model's content (its layout is part of that) and of the
arithmetic; a model of which the content is not known keeps nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ..frames import study_to_clip
from ..study import Study
from . import accelerator
from .identity import Identified

if TYPE_CHECKING:
    from ..embedding_cache import EmbeddingCache
    from ..library import CaseLibrary
    from ..zeroshot import Score

Vectors = Tensor | np.ndarray

# Raise it when the encoders change what they compute, beyond rounding.
ENCODERS = 1


class Scoring(Identified):
    """For a `torch.nn.Module` with `config`, `encode_clip`, `token_rows` and `encode_rows`.

    Attributes:
        cache: where embeddings are kept; None keeps none.
    """

    cache: EmbeddingCache | None = None

    @torch.no_grad()
    def encode_study(self, study: Study, normalize: bool = True) -> Tensor:
        """A study to `(projection_dim,)`.

        Raises:
            StudyError: if the study lacks what the model's layout needs.
        """
        clip = study_to_clip(study, self.config).tensor
        if not normalize or self._cache() is None:
            return self.encode_clip(clip[None], normalize=normalize)[0]
        return torch.from_numpy(self.embed_clips([clip])[0]).to(self.device, self.dtype)

    @torch.no_grad()
    def encode_text(self, texts: Sequence[str], normalize: bool = True) -> Tensor:
        """Sentences to `(len(texts), projection_dim)`.

        Raises:
            CheckpointError: if the model has no tokenizer.
        """
        if not normalize or self._cache() is None:
            return self.encode_rows(self.token_rows(texts), normalize=normalize)
        return torch.from_numpy(self.embed_texts(texts)).to(self.device, self.dtype)

    def embed_clips(
        self, clips: Sequence[Vectors], encode: Callable[[Tensor], Vectors] | None = None
    ) -> np.ndarray:
        """Clips, each `(F, C, H, W)` float32, to unit vectors `(N, D)` float32, in their order.

        Those that are not in the cache are encoded, those of one shape together, as many at once as
        `accelerator.MOST_FRAMES` allows. A GPU works on one batch while the next is sent.

        Args:
            encode: in place of `encode_clip`, what encodes a batch.
        """
        arrays = [_array(clip) for clip in clips]

        def encoded(places: list[int]) -> np.ndarray:
            vectors = np.empty((len(places), self.config.projection_dim), np.float32)
            shapes: dict[tuple[int, ...], list[int]] = {}
            for row, place in enumerate(places):
                shapes.setdefault(arrays[place].shape, []).append(row)
            found = []
            for shape, rows in shapes.items():
                for part in accelerator.parts(len(rows), shape[0]):
                    batch = _batch([arrays[places[row]] for row in rows[part]])
                    found.append((rows[part], (encode or self.encode_clip)(batch)))
            for rows, result in found:  # only now is anything waited for
                vectors[rows] = _array(result)
            return vectors

        return self._embedded("clip", arrays, encoded)

    def embed_texts(
        self,
        texts: Sequence[str],
        encode: Callable[[list[list[int]]], Vectors] | None = None,
    ) -> np.ndarray:
        """Sentences to unit vectors `(N, D)` float32; those not in the cache are encoded together.

        Args:
            encode: in place of `encode_rows`, what encodes rows of token ids.

        Raises:
            CheckpointError: if the model has no tokenizer.
        """
        rows = self.token_rows(texts)

        def encoded(places: list[int]) -> np.ndarray:
            return _array((encode or self.encode_rows)([rows[place] for place in places]))

        return self._embedded("text", [np.array(row, np.int64) for row in rows], encoded)

    def score(
        self,
        study: Study | Tensor,
        conditions: Sequence[str],
        library: CaseLibrary | None = None,
    ) -> list[Score]:
        """How well each condition fits a study, measured against the library's cases.

        Args:
            study: a study, or its embedding `(projection_dim,)`.
            conditions: what to ask, in words.
            library: the reference cases. None takes the bundled library where this is the
                bundled model, and no reference otherwise.
        """
        from .. import zeroshot
        from ..library import default_library

        library = default_library(self) if library is None else library
        embedding = self.encode_study(study) if isinstance(study, Study) else study
        return zeroshot.score(self, embedding, conditions, library)

    def _cache(self) -> EmbeddingCache | None:
        """The cache, where there is one that this model may use; it holds no double precision."""
        usable = self.cache is not None and self.dtype != torch.float64 and self.identity
        return self.cache if usable else None

    @torch.inference_mode()
    def _embedded(
        self, kind: str, arrays: list[np.ndarray], encoded: Callable[[list[int]], np.ndarray]
    ) -> np.ndarray:
        """The vectors `(N, D)` of arrays, those that are not known by `encoded` of their places."""
        size, cache = self.config.projection_dim, self._cache()
        vectors = np.empty((len(arrays), size), np.float32)
        if cache is None:
            vectors[:] = encoded(list(range(len(arrays)))) if arrays else vectors
            return vectors
        about = f"{ENCODERS} {kind} {self.identity} {self.arithmetic}"
        keys = [key_of(about, array) for array in arrays]
        known = dict(zip(keys, cache.get(keys, size), strict=True))
        if missing := [key for key, vector in known.items() if vector is None]:
            places = {key: place for place, key in enumerate(keys)}
            fresh = encoded([places[key] for key in missing])
            cache.put(missing, fresh)
            known |= zip(missing, fresh, strict=True)
        for row, key in enumerate(keys):
            vectors[row] = known[key]
        return vectors


def key_of(about: str, array: np.ndarray) -> bytes:
    """The SHA-256 under which the vector of an array is kept; about 1 ms a MB."""
    digest = hashlib.sha256(f"{about} {array.dtype} {array.shape}\0".encode())
    digest.update(np.ascontiguousarray(array).data)
    return digest.digest()


def _array(values: Vectors) -> np.ndarray:
    return values.detach().float().cpu().numpy() if isinstance(values, Tensor) else values


def _batch(arrays: list[np.ndarray]) -> Tensor:
    """Arrays of one shape as one tensor; of a single one without a copy."""
    # torch wants to be able to write.
    alone = len(arrays) == 1 and arrays[0].flags.writeable
    return torch.from_numpy(arrays[0][None] if alone else np.stack(arrays))
