"""A case of the library, large, beside the open study, with the scores of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import cards
import numpy as np
import page
from engine import Embedded, Engine
from finding import PICTURES
from page import escape
from sprites import beating, hold_button, study_picture

from cmrclip_lite.errors import CmrClipError, LibraryError, StudyError
from cmrclip_lite.library import CaseRecord
from cmrclip_lite.study import Study
from cmrclip_lite.zeroshot import Score

# A card's button opens it, its own closes it. What is opened is looked at; on closing, the eye and
# the keyboard go back to where they came from.
PICK_CASE = """
element.addEventListener('click', (event) => {
  const button = event.target.closest('button[data-case]');
  if (button) trigger('select', {case: button.dataset.case});
});
"""
LOOK = """() => setTimeout(() => {
  const title = document.querySelector('#beside h3');
  if (!title) return;
  title.focus({preventScroll: true});
  title.closest('#beside').scrollIntoView({block: 'start'});
}, 120)"""
GO_BACK = """() => {
  const id = document.querySelector('#beside section')?.dataset.of;
  if (id) document.querySelector(`#similar button[data-case="${CSS.escape(id)}"]`)?.focus();
  return [];
}"""


def beside(
    engine: Engine,
    embedded: Embedded,
    study: Study | StudyError,
    case_id: str,
    asked: Sequence[str],
    prompts: Mapping[str, Sequence[str]],
) -> str:
    """Both as HTML.

    Args:
        study: or why its pictures cannot be shown.
        asked: conditions, to be scored on both.
        prompts: by condition, sentences asked in place of its own.

    Raises:
        LibraryError: if there is no such case.
        ConditionError: if a condition cannot be asked.
    """
    library = engine.require_library()
    records = library.get([case_id])
    if not records:
        raise LibraryError("This case is no longer in the library; search again.")
    (record,) = records
    others = library.similarities(embedded.embedding, by=PICTURES, exclude=embedded.content)
    similarity = float(record.embedding @ embedded.embedding)
    sampled = len(library.reference.cases) < library.reference.total
    where = cards.place(similarity, cards.Found((), np.asarray(others), sampled))
    of_study = engine.score(embedded, asked, prompts)
    of_case = engine.score(replace(embedded, embedding=record.embedding), asked, prompts)
    name = escape(record.id)
    return (
        f'<section class="beside" data-of="{name}" aria-label="Case {name} beside the study">'
        f'<div class="cards-head"><h3 tabindex="-1">Case {name} beside the study</h3><div>'
        f'{hold_button()}<button type="button" class="close" data-case="">Close</button>'
        "</div></div>"
        f'<p class="caption">Similarity of their pictures {similarity:.3f}: the case is '
        f"{escape(where)}.</p>"
        f'<div class="pair"><figure>{_study_side(study)}<figcaption><strong>The open study'
        "</strong>, middle short-axis level</figcaption></figure>"
        f"<figure>{beating(record.picture, f'Case {record.id}, moving')}"
        f"<figcaption><strong>Case {name}</strong>, middle short-axis level</figcaption></figure>"
        f'<div class="pair-text">{_facts(record, asked)}</div></div>'
        f"{_table(of_study, of_case)}</section>"
    )


def _study_side(study: Study | StudyError) -> str:
    try:
        if isinstance(study, StudyError):
            raise study
        return beating(study_picture(study), "The open study, moving")
    except CmrClipError as error:
        return page.message(str(error))


def _facts(record: CaseRecord, asked: Sequence[str]) -> str:
    details = " · ".join(filter(None, [cards.acquired(record), escape(record.source)]))
    return (
        f"<h4>Findings of the case</h4>{cards.chips(record.findings, asked)}"
        f"<h4>Its impression</h4>{cards.impression(record.impression, asked)}"
        f'<p class="source">{details}</p>'
    )


def _table(of_study: Sequence[Score], of_case: Sequence[Score]) -> str:
    """Scores of both; each percentile is among the cases that the caption names."""
    if not of_study:
        return '<p class="caption">Ask about conditions to see the scores of both here.</p>'
    rows = "".join(
        f'<tr><th scope="row">{escape(ours.condition)}</th>{_cells(ours)}{_cells(theirs)}</tr>'
        for ours, theirs in zip(of_study, of_case, strict=True)
    )
    reference = escape(of_study[0].reference)
    return (
        '<div class="tables"><div class="scroll" tabindex="0">'
        "<table><caption>Scores of both</caption><thead>"
        '<tr><td></td><th scope="colgroup" colspan="2">The study</th>'
        '<th scope="colgroup" colspan="2">The case</th></tr>'
        '<tr><th scope="col">Condition</th>'
        + '<th scope="col">Similarity</th><th scope="col">Percentile</th>'
        * 2
        + f"</tr></thead><tbody>{rows}</tbody></table></div></div>"
        f'<p class="caption">{reference} The case is one of them. A similarity is a cosine and '
        "not a probability.</p>"
    )


def _cells(score: Score) -> str:
    percentile = "–" if score.percentile is None else f"{score.percentile:.0f}"
    return f"<td>{score.similarity:.3f}</td><td>{percentile}</td>"
