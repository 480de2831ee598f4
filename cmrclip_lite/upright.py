"""How a long-axis image is turned so that the apex is up, as geometry tells.

Scanners store long axes turned in every way, and mirrored; hearts seen one way round are learned
sooner.
"""

from __future__ import annotations

import numpy as np

from .orientation import AXIS_WITHIN, CROSSING, LONG_AXIS, angle, towards_apex, walls
from .study import Series

# A plane that leaves the long axis by more than this many degrees is no long axis.
_LEAVES = 45.0


def upright(series: Series, short_axis: Series) -> np.ndarray | None:
    """What turns a long axis upright, or None where geometry does not tell.

    To the right comes the lateral wall of four chambers, the anterior wall of two, the aortic root
    of three: where each plane crosses the short axis (`orientation.CROSSING`).

    Args:
        short_axis: a slice across the heart's long axis.

    Returns:
        `(2, 2)` orthogonal: steps (down, across) in the turned image to steps in the stored one.
    """
    across_heart = short_axis.normal
    if series.orientation is None or series.view not in CROSSING or across_heart is None:
        return None
    if angle(across_heart, LONG_AXIS) > AXIS_WITHIN:  # which of its ends is the apex is not known
        return None
    axis = towards_apex(across_heart)
    stored = series.orientation[::-1]  # the patient's directions of a step down, and across
    up = stored @ axis
    if np.linalg.norm(up) < np.cos(np.radians(_LEAVES)):
        return None
    down = -up / np.linalg.norm(up)
    right = np.array([-down[1], down[0]])
    lateral, inferior = walls(axis)
    crossing = np.radians(CROSSING[series.view])
    wanted = np.cos(crossing) * lateral - np.sin(crossing) * inferior
    if right @ stored @ wanted < 0:
        right = -right
    return np.stack([down, right], axis=1)
