"""One study's result as one HTML file, without scripts and without anything from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import cards
import page

from cmrclip_lite import __version__
from cmrclip_lite.figures import picture_data_uri

if TYPE_CHECKING:
    from cmrclip_lite.library import Case
    from cmrclip_lite.model import CMRCLIP
    from cmrclip_lite.zeroshot import Score

STYLE = Path(__file__).with_name("report.css")


def report_html(
    title: str,
    model: CMRCLIP,
    pictures: Sequence[page.Picture],
    facts: str,
    notes: Sequence[str],
    scores: Sequence[Score],
    similar: Sequence[Case],
) -> str:
    """The whole file.

    Args:
        facts: what was read of the study, as `page.study_table` gives it.
        notes: on the study.
    """
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    made = f"cmrclip_lite {__version__}, model {model.name} ({model.identity[:12]}), {now}"
    shown = "".join(
        f'<figure><img src="{picture_data_uri(p.moving)}" alt="{page.escape(p.title)}">'
        f"<figcaption>{page.escape(p.title)}; {page.escape(p.detail)}</figcaption></figure>"
        for p in pictures
    )
    rows = "".join(_row(score) for score in scores)
    name = page.escape(title)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{name}</title><style>{STYLE.read_text(encoding='utf-8')}</style></head><body>"
        f'{page.NOTICE}<h1>{name}</h1><p class="caption">{page.escape(made)}</p>'
        f"<h2>Scores</h2><table class='scores'><thead><tr><th>Condition</th><th>Percentile among "
        f"all cases</th><th>Similarity</th></tr></thead><tbody>{rows}</tbody></table>"
        f'<p class="caption">The grey line is the middle half of the normal cases, the orange one '
        f"that of the cases with the condition.</p>{page.score_sentences(scores)}"
        f"<h2>Pictures</h2><div class='pictures'>{shown}</div>"
        f"<h2>What was read</h2>{facts}{page.notes(notes)}"
        f"<h2>Cases that look like it</h2>"
        f"{_cases(similar, [score.condition for score in scores])}"
        "</body></html>"
    )


def _row(score: Score) -> str:
    condition = page.escape(score.condition)
    if score.percentile is None:
        bar = "not measured against anything"
    else:
        ranges = _range(score.normal_quartiles, "normal") + _range(
            score.positive_quartiles if score.key != "normal_study" else None, "positive"
        )
        bar = (
            f'<div class="track"><div class="bar" style="width:{score.percentile:.1f}%"></div>'
            f"{ranges}</div> {score.percentile:.0f}"
        )
    return f"<tr><td>{condition}</td><td>{bar}</td><td>{score.similarity:.3f}</td></tr>"


def _range(quartiles: Sequence[float] | None, kind: str) -> str:
    if quartiles is None:
        return ""
    low, _, high = quartiles
    return f'<div class="{kind}" style="left:{low:.1f}%;width:{high - low:.1f}%"></div>'


def _cases(found: Sequence[Case], asked: Sequence[str]) -> str:
    """Similar cases, best first; their pictures move by themselves, for there is no script."""
    if not found:
        return "<p>There is no case library for this model.</p>"
    items = "".join(_case(rank, case, asked) for rank, case in enumerate(found, 1))
    return (
        '<p class="caption">Similarity is the cosine of two embeddings. '
        f'{cards.LEGEND}</p><ol class="cases">{items}</ol>'
    )


def _case(rank: int, case: Case, asked: Sequence[str]) -> str:
    picture = (
        f'<img src="{picture_data_uri(case.picture)}" alt="short axis of {page.escape(case.id)}">'
        if case.picture
        else ""
    )
    source = f'<span class="source">{page.escape(case.source)}</span>' if case.source else ""
    return (
        f'<li class="case"><div class="case-picture">{picture}</div><div class="case-text">'
        f'<p class="case-head">{rank}. <strong>{page.escape(case.id)}</strong> '
        f"<span>similarity {case.similarity:.3f}</span></p>"
        f"{cards.chips(case.findings, asked)}{cards.impression(case.impression, asked)}"
        f"{source}</div></li>"
    )
