"""The page's parts as HTML, from plain data. Every text from outside is escaped here.

Texts from outside are what people type, file names, DICOM descriptions and case impressions.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cmrclip_lite.figures import picture_data_uri
from cmrclip_lite.prompts import CONDITIONS

if TYPE_CHECKING:
    from cmrclip_lite.study import Study
    from cmrclip_lite.zeroshot import Score

VIEW_NAMES = {
    "SAX": "Short axis",
    "2CH": "Two-chamber long axis",
    "3CH": "Three-chamber long axis",
    "4CH": "Four-chamber long axis",
    "LVOT": "Left ventricular outflow tract",
    "RVOT": "Right ventricular outflow tract",
    "axial": "Axial",
    "unknown": "View not known",
}

NOTICE = (
    '<div class="notice" role="note"><strong>For research and education only.</strong> '
    "Not a medical device: do not use it for diagnosis or any decision about a patient. "
    "Remove what identifies a person before you upload.</div>"
)
HEADER = (
    "<header class='masthead'><h1>CMR-CLIP Lite</h1>"
    "<p>Open a cardiac MR study, ask about it in words, and see the cases that look most "
    "like it.</p></header>"
)
EMPTY = (
    '<div class="empty"><p><strong>No study is open.</strong></p>'
    "<p>Pick a sample or upload a study; its pictures, scores and similar cases appear here.</p>"
    "</div>"
)


@dataclass(frozen=True)
class Picture:
    """One moving picture: `moving` is an animated WebP."""

    title: str
    detail: str
    moving: bytes


def escape(text: object) -> str:
    """Any text as inert HTML."""
    return html.escape(str(text), quote=True)


def message(text: str, kind: str = "problem") -> str:
    """A message that stays on the page; `kind` is "problem" or "working"."""
    role = "alert" if kind == "problem" else "status"
    return f'<div class="message {kind}" role="{role}">{escape(text)}</div>'


def samples(cards: Mapping[str, tuple[str, bytes | None]]) -> str:
    """Sample cards: key to (title, thumbnail). Each is a button that carries its key."""
    buttons = "".join(
        f'<button type="button" class="sample" data-sample="{escape(key)}">'
        + (_image(thumb, "") if thumb else "")
        + f"<span>{escape(title).replace('omyop', 'o&shy;myop')}</span></button>"
        for key, (title, thumb) in cards.items()
    )
    return f'<div class="samples" role="group" aria-label="Samples">{buttons}</div>'


def study_table(study: Study) -> str:
    """What was read and what was set aside, then the study's notes."""
    groups: dict[tuple[str, ...], int] = {}
    for series in study.series:
        rows, columns = series.pixels.shape[1:]
        key = (
            VIEW_NAMES.get(str(series.view), str(series.view)),
            str(series.sequence),
            f"{len(series.pixels)} phases" if len(series.pixels) > 1 else "still",
            f"{columns} × {rows}",
            f"{series.spacing_mm[1]:.2f} × {series.spacing_mm[0]:.2f} mm",
        )
        groups[key] = groups.get(key, 0) + 1
    kept = "".join(
        f"<tr><td>{escape(view)}</td><td>{escape(kind)}</td><td>{count}</td><td>{escape(time)}</td>"
        f"<td>{escape(size)}</td><td>{escape(spacing)}</td></tr>"
        for (view, kind, time, size, spacing), count in groups.items()
    )
    aside = "".join(
        f"<tr><td>{escape(item.what)}</td><td>{item.count}</td><td>{escape(item.reason)}</td></tr>"
        for item in study.set_aside
    )
    table = (
        '<div class="scroll" tabindex="0">'
        "<table><caption>Read</caption><thead><tr><th>View</th><th>Kind</th>"
        "<th>Slices</th><th>Time</th><th>Pixels</th><th>Pixel size</th></tr></thead>"
        f"<tbody>{kept}</tbody></table></div>"
    )
    if aside:
        table += (
            '<div class="scroll" tabindex="0">'
            "<table><caption>Set aside</caption><thead><tr><th>What</th>"
            f"<th>Count</th><th>Why</th></tr></thead><tbody>{aside}</tbody></table></div>"
        )
    return f'<div class="tables">{table}</div>'


def notes(sentences: Sequence[str], title: str = "Notes") -> str:
    """Notes as a list; nothing where there are none. A note is said once."""
    unique = list(dict.fromkeys(sentences))
    if not unique:
        return ""
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in unique)
    return f'<div class="notes"><h4>{escape(title)}</h4><ul>{items}</ul></div>'


def score_sentences(scores: Sequence[Score]) -> str:
    """A plain sentence for each score, its notes beneath, and how to read them.

    A note that all scores share is said once, at the end.
    """
    shared = set.intersection(*(set(score.notes) for score in scores)) if len(scores) > 1 else set()
    items = "".join(
        f"<li>{escape(score.sentence())}"
        f"{_small_notes([note for note in score.notes if note not in shared])}</li>"
        for score in scores
    )
    references = dict.fromkeys(score.reference for score in scores if score.reference)
    how = " ".join(escape(reference) for reference in references)
    return (
        f'<div class="sentences"><ul>{items}</ul>{notes(sorted(shared))}'
        f'<p class="caption">{how} A similarity is a '
        "cosine between the study and the words: it is not a probability, and a percentile "
        "says how the study compares with the reference cases, not whether a disease is "
        "there.</p></div>"
    )


def changes(pairs: Sequence[tuple[Score, Score]], done: str) -> str:
    """Scores before and after something was done, as a table; no number without its measure."""
    rows = "".join(
        f"<tr><td>{escape(before.condition)}</td><td>{_standing(before)}</td>"
        f"<td>{_standing(after)}</td></tr>"
        for before, after in pairs
    )
    noted = notes([note for _, after in pairs for note in after.notes])
    references = " ".join(escape(r) for r in dict.fromkeys(b.reference for b, _ in pairs))
    return (
        '<div class="tables scroll" tabindex="0">'
        f"<table><caption>{escape(done)}</caption><thead><tr>"
        "<th>Condition</th><th>As it is</th><th>Changed</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></div>{noted}<p class='caption'>{references}</p>"
    )


def _standing(score: Score) -> str:
    if score.percentile is None:
        return f"similarity {score.similarity:.2f}, not measured"
    return f"percentile {score.percentile:.0f} (similarity {score.similarity:.2f})"


def footer(model_name: str, library_name: str | None, size: int) -> str:
    """Which model answers and what it is measured against."""
    library = f"Library: {escape(library_name)}, {size} cases" if size else "No case library"
    return (
        f'<footer class="colophon">Model: {escape(model_name)} · {library} · uploads are deleted '
        "once read · no analytics</footer>"
    )


def finding_label(key: str) -> str:
    """What people call a finding; a key that is not known is shown as words."""
    known = CONDITIONS.get(key)
    return known.label if known else key.replace("_", " ")


def _image(picture: bytes, alt: str, css: str = "moving") -> str:
    return f'<img class="{css}" src="{picture_data_uri(picture)}" alt="{alt}">'


def _small_notes(sentences: Sequence[str]) -> str:
    return "".join(f'<br><small class="note">{escape(sentence)}</small>' for sentence in sentences)
