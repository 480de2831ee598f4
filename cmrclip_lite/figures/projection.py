"""Embeddings in two dimensions, by a map that places new ones as well."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Projection:
    """The two directions in which embeddings vary most.

    Attributes:
        mean: `(D,)` of the embeddings it was fitted on.
        directions: `(2, D)` unit vectors.
        shares: of the variance of those embeddings, what each direction holds, 0 to 1.
    """

    mean: np.ndarray
    directions: np.ndarray
    shares: tuple[float, float]

    @classmethod
    def fit(cls, embeddings: np.ndarray) -> Projection:
        """Principal components (Pearson 1901) of `(N, D)` embeddings, by singular values.

        Each direction's sign is fixed, so that the same library gives the same map everywhere.
        Fewer than three embeddings span less; the map is then flat there.
        """
        vectors = np.asarray(embeddings, np.float64)
        mean = vectors.mean(axis=0)
        _, lengths, rows = np.linalg.svd(vectors - mean, full_matrices=False)
        directions = np.zeros((2, vectors.shape[1]))
        found = rows[:2]
        strongest = np.abs(found).argmax(axis=1)
        signs = np.sign(found[np.arange(len(found)), strongest])
        directions[: len(found)] = found * signs[:, None]
        total = float((lengths**2).sum())
        shares = [float(length**2) / total if total > 0 else 0.0 for length in lengths[:2]]
        first, second = (*shares, 0.0, 0.0)[:2]
        return cls(mean, directions, (first, second))

    def place(self, embeddings: np.ndarray) -> np.ndarray:
        """`(N, D)` or `(D,)` as `(N, 2)` or `(2,)`."""
        return (np.asarray(embeddings, np.float64) - self.mean) @ self.directions.T
