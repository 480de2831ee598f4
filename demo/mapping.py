"""The study's place on a map of the library."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from engine import Embedded
from page import finding_label

from cmrclip_lite.figures import Dot, Projection, library_map
from cmrclip_lite.library import CaseLibrary, Reference

MOST_DOTS = 2000
LINES = 5


@dataclass(frozen=True, eq=False)
class Atlas:
    """What of a library's map is the same for every study.

    Attributes:
        projection: fitted on all of the dots.
        chosen: which of the library's reference cases are dots.
        impressions: of each dot, by its id.
    """

    projection: Projection
    chosen: np.ndarray
    impressions: dict[str, str]


# By its reference cases, which are others once the library changes.
_atlases: WeakKeyDictionary[Reference, Atlas] = WeakKeyDictionary()


def atlas(library: CaseLibrary) -> Atlas:
    """The map of a library, made once; of a large one, cases drawn at random, always the same."""
    reference = library.reference
    if reference not in _atlases:
        chosen = np.arange(len(reference.cases))
        if len(chosen) > MOST_DOTS:
            drawn = np.random.default_rng(0).choice(len(chosen), MOST_DOTS, replace=False)
            chosen = np.sort(drawn)
        _atlases[reference] = Atlas(
            Projection.fit(reference.embeddings[chosen]),
            chosen,
            library.impressions_of([reference.cases[i].id for i in chosen]),
        )
    return _atlases[reference]


def study_map(library: CaseLibrary, embedded: Embedded, colour: str):  # noqa: ANN201 - a figure
    """The map with a study on it.

    Args:
        colour: key of the finding that gives the colour.
    """
    known, reference = atlas(library), library.reference
    own = frozenset(embedded.content)
    chosen = [i for i in known.chosen if own.isdisjoint(reference.cases[i].content)]
    dots = [
        _dot(case.id, case.findings, known.impressions.get(case.id, ""), colour)
        for case in (reference.cases[i] for i in chosen)
    ]
    vectors = reference.embeddings[chosen]
    nearest = library.search(embedded.embedding, LINES, exclude=embedded.content)
    shown = {dot.id for dot in dots}
    # Of a sample of the library, the nearest cases are rarely a part.
    if lacking := library.get([case.id for case in nearest if case.id not in shown]):
        dots += [_dot(r.id, r.findings, r.impression, colour) for r in lacking]
        vectors = np.vstack([vectors, [record.embedding for record in lacking]])
    note = ""
    if len(known.chosen) < reference.total:
        note = (
            f"Shown are {len(known.chosen)} of {reference.total} cases, drawn at random, and the "
            "most similar."
        )
    return library_map(
        known.projection,
        vectors,
        dots,
        embedded.embedding,
        [case.id for case in nearest],
        (finding_label(colour), "the others"),
        note,
    )


def _dot(name: str, findings: tuple[str, ...], impression: str, colour: str) -> Dot:
    has = None if f"{colour}?" in findings else colour in findings
    return Dot(name, [finding_label(key) for key in findings], impression, has)
