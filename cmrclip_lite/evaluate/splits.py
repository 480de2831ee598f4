"""Two halves of a cohort that never change: by a hash of each case's id.

What is chosen on one half (a threshold, the shots, the level of a prompt) is measured on the other,
and the reverse, so that every case is judged once by what was chosen without it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np


def first_half(ids: Sequence[str]) -> np.ndarray:
    """`(N,)` bool: whether a case is in the first half, whatever else is in the cohort.

    The halves are about, not exactly, equally large.
    """
    digests = (hashlib.blake2b(i.encode(errors="replace"), digest_size=8).digest() for i in ids)
    return np.array([digest[0] < 128 for digest in digests], bool)
