"""What the reading itself had to say of a study."""

from __future__ import annotations

from cmrclip_lite.quality import quality_notes
from cmrclip_lite.study import Study


def own_notes(study: Study) -> list[str]:
    """The notes of a study but those on quality, which tiny made-up exams have many of."""
    quality = quality_notes(study)
    return [note for note in study.notes if note not in quality]
