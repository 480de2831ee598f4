"""Cases of the library as cards: picture, similarity and its place, findings, impression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from highlighting import marked
from page import escape, finding_label
from sprites import beating, hold_button

from cmrclip_lite.library import Case
from cmrclip_lite.prompts import find_condition

# Told apart by less, two similarities are one (float32).
TIE = 1e-6
LEGEND = (
    "<mark>Marked</mark>: words that speak of what was asked; "
    '<span class="denied"><s>struck through</s></span>: the sentence denies it. Both are found by '
    "wording alone and can be wrong."
)


@dataclass(frozen=True)
class Found:
    """Cases that were found, and what their similarity is measured against.

    Attributes:
        cases: best first.
        among: `(n,)` similarities of all cases of the library, or of a sample of a large one;
            none where they are not known.
        sampled: whether it is a sample.
    """

    cases: Sequence[Case]
    among: np.ndarray
    sampled: bool = False


def place(similarity: float, found: Found, closer: str = "closer") -> str:
    """Where a case's similarity lies among those of all others, in words."""
    others = len(found.among) - 1
    if others < 1:
        return "not measured against other cases"
    which = f"{others} cases drawn at random" if found.sampled else f"the {others} other cases"
    lower = int((found.among < similarity - TIE).sum())
    if lower >= others:
        return f"{closer} than all of {which}"
    return f"{closer} than {100 * lower // others} % of {which}"


def cards(
    found: Found, caption: str, asked: Sequence[str], *, closer: str = "closer", select: bool = True
) -> str:
    """Cards, most similar first, under what their similarity means.

    Args:
        asked: conditions whose words are marked in the impressions.
        closer: "closer", or "fits better" where words were asked.
        select: whether each has a button, carrying its id, that opens it beside the study.
    """
    if not found.cases:
        return '<p class="empty">No case of the library fits.</p>'
    items = "".join(
        _card(rank, case, place(case.similarity, found, closer), asked, select)
        for rank, case in enumerate(found.cases, 1)
    )
    legend = f'<p class="caption">{LEGEND}</p>' if asked else ""
    own_time = "" if select else " data-own-time"
    return (
        f'<div class="cards-head"><div><p class="caption">{escape(caption)}</p>{legend}</div>'
        f'{hold_button()}</div><ol class="cases"{own_time}>{items}</ol>'
    )


def chips(findings: Sequence[str], asked: Sequence[str]) -> str:
    """Findings as a list, those that were asked standing out."""
    if not findings:
        return '<p class="caption">No findings are recorded.</p>'
    known = {condition.key for text in asked if (condition := find_condition(text))}
    items = "".join(
        f'<li class="asked" title="You asked about this">{escape(finding_label(key))}</li>'
        if key in known
        else f"<li>{escape(finding_label(key))}</li>"
        for key in findings
    )
    return f'<ul class="chips" aria-label="Findings">{items}</ul>'


def impression(text: str, asked: Sequence[str]) -> str:
    """An impression with what speaks of the asked marked."""
    if not text.strip():
        return '<p class="caption">There is no impression.</p>'
    return f'<p class="impression">{marked(text, asked)}</p>'


def acquired(case: Case) -> str:
    """Who and how, in a few words; empty if nothing is known."""
    a = case.acquisition
    words = [
        case.sex,
        f"{case.age_band} years" if case.age_band else "",
        a.vendor,
        f"{a.field_strength_t:g} T" if a.field_strength_t else "",
        " ".join(a.views),
    ]
    return escape(" · ".join(filter(None, words)))


def _card(rank: int, case: Case, where: str, asked: Sequence[str], select: bool) -> str:
    name = escape(case.id)
    folded = ""
    if case.folded:
        ids = ", ".join(case.folded)
        folded = f'<p class="caption">Folded in, nearly the same: {escape(ids)}</p>'
    button = ""
    if select:
        button = (
            f'<button type="button" class="beside-button" data-case="{name}" '
            f'aria-label="Show case {name} beside the study">Beside the study</button>'
        )
    details = " · ".join(filter(None, [acquired(case), escape(case.source)]))
    return (
        f'<li class="case"><div class="case-picture">'
        f"{beating(case.picture, f'Moving short-axis picture of case {case.id}')}</div>"
        f'<div class="case-text"><p class="case-head"><span class="rank">{rank}</span>'
        f"<strong>{name}</strong><span>similarity {case.similarity:.3f}, {escape(where)}</span></p>"
        f"{chips(case.findings, asked)}{impression(case.impression, asked)}{folded}"
        f'<p class="source">{details}</p>{button}</div></li>'
    )
