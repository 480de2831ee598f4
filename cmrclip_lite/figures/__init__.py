"""What people look at: figures and moving pictures, from plain data.

Nothing here knows of files, models or web pages.
"""

from .changes import score_changes
from .explain import contribution_curve, saliency_overlay
from .library_map import Dot, library_map
from .moving import (
    GAP,
    first_pixels,
    grey_window,
    heart_rate_fps,
    heartbeat_ms,
    moving_grid,
    moving_picture,
    picture_data_uri,
    to_grey,
)
from .projection import Projection
from .robustness import robustness_lines
from .scores import score_bars

__all__ = [
    "GAP",
    "Dot",
    "Projection",
    "contribution_curve",
    "first_pixels",
    "grey_window",
    "heart_rate_fps",
    "heartbeat_ms",
    "library_map",
    "moving_grid",
    "moving_picture",
    "picture_data_uri",
    "robustness_lines",
    "saliency_overlay",
    "score_bars",
    "score_changes",
    "to_grey",
]
