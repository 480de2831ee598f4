"""Finding cases of the library, with what their similarity is measured against."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from cards import Found
from engine import Embedded, Engine

from cmrclip_lite.errors import LibraryError
from cmrclip_lite.library import CaseLibrary, Filters

# What words, or a study's pictures, are compared with: label to `by` of `CaseLibrary.search`.
PICTURES, IMPRESSIONS = "image", "impression"
BY = (("the cases' pictures", PICTURES), ("the cases' impressions", IMPRESSIONS))
HYBRID = "hybrid"
MODES = (
    ("Meaning and wording", HYBRID),
    ("Meaning, by pictures", PICTURES),
    ("Meaning, by impressions", IMPRESSIONS),
)


def like_study(engine: Engine, embedded: Embedded, k: int, by: str, where: Filters | None) -> Found:
    """The `k` cases most similar to a study, itself left out.

    Raises:
        LibraryError: if there is no library.
    """
    library = engine.require_library()
    vector, own = embedded.embedding, embedded.content
    cases = library.search(vector, k, by=by, where=where, exclude=own)
    return Found(cases, *_among(library, vector, by, own))


def by_words(
    engine: Engine, text: str, k: int, mode: str, where: Filters | None
) -> tuple[Found, str]:
    """The `k` cases that fit a text best, and a sentence if its wording could not be used.

    Args:
        mode: one of `MODES`. The hybrid fuses the ranking by pictures with that of a full-text
            search of the impressions.

    Raises:
        ConditionError: if the text cannot be asked.
        LibraryError: if there is no library.
    """
    library = engine.require_library()
    vector = engine.query(text)
    by = IMPRESSIONS if mode == IMPRESSIONS else PICTURES
    problem = ""
    if mode == HYBRID:
        try:
            cases = library.search(vector, k, by=by, where=where, words=text)
        except LibraryError as error:
            problem = f"{error} The order below is that of meaning alone."
            cases = library.search(vector, k, by=by, where=where)
        else:
            if cases and not any(case.words for case in cases):
                problem = (
                    "None of these impressions holds a word of the text; the order is that of "
                    "meaning alone."
                )
    else:
        cases = library.search(vector, k, by=by, where=where)
    return Found(cases, *_among(library, vector, by, ())), problem


def _among(
    library: CaseLibrary, vector: np.ndarray, by: str, exclude: Collection[str]
) -> tuple[np.ndarray, bool]:
    sampled = len(library.reference.cases) < library.reference.total
    return library.similarities(vector, by=by, exclude=exclude), sampled
