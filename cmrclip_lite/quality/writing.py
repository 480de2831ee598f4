"""Text drawn into the pixels, which may name a patient and which a model takes for anatomy."""

from __future__ import annotations

import numpy as np

from ..burned_in import find_burned_in
from ..study import Study

# Pictures looked at, spread over the study. What writes on one usually writes on all: if the one in
# the middle has no text the others are not looked at, and if it has, more than half must.
LOOKED_AT = 4


def text_in_pixels(study: Study) -> str | None:
    """Text in the first frame of some series."""
    if not _written_on(study, len(study.series) // 2):
        return None
    chosen = np.unique(np.linspace(0, len(study.series) - 1, LOOKED_AT).round().astype(int))
    found = sum(_written_on(study, i) for i in chosen)
    if 2 * found <= len(chosen):
        return None
    where = "the picture" if len(chosen) == 1 else f"{found} of {len(chosen)} pictures looked at"
    return (
        f"Text seems to be drawn into {where}: it may name a patient, so look before you share it, "
        "and a score may be of the text as well as of the heart."
    )


def _written_on(study: Study, index: int) -> bool:
    return bool(find_burned_in(study.series[index].pixels[:1]))
