"""The small moving picture by which a person knows a case."""

from __future__ import annotations

from ..figures import moving_picture
from ..heart_layout import short_axis_picture
from ..study import Study, View

PHASES, MILLIMETRES, PIXELS = 12, 1.75, 88  # of the grid it is cut out on
SIZE = 160  # screen pixels


def has_picture(study: Study) -> bool:
    """Whether there is a cine that `thumbnail` can show."""
    return bool(study.cines(View.SAX) or study.cines(View.UNKNOWN))


def thumbnail(study: Study) -> bytes:
    """The middle short-axis level around the heart, as an animated WebP.

    Raises:
        StudyError: if the study has no short-axis cine.
        CmrClipError: if Pillow is not installed.
    """
    grey = short_axis_picture(study, PHASES, MILLIMETRES, PIXELS)
    return moving_picture(grey, spacing_mm=(MILLIMETRES,) * 2, size=SIZE, fps=12)
