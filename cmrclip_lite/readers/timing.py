"""In what order of time the images of one slice stand, and what speaks against it.

A file may say when in the heartbeat it was taken in several ways, and scanners fill them in
differently. The first that every image of a slice has and no two share decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from .records import Frame

# The most trustworthy first, with the name a person knows it by. Scanners write ContentTime when
# an image is made, which on GE is not the order of the phases, so it comes late.
TIMES = {
    "trigger": "TriggerTime",
    "trigger_delay": "NominalCardiacTriggerDelayTime",
    "temporal_index": "TemporalPositionIndex",
    "temporal_position": "TemporalPositionIdentifier",
    "acquisition_time": "AcquisitionTime",
    "content_time": "ContentTime",
    "instance": "InstanceNumber",
    "frame": "the order of the files",
}
# The times that say when in the heartbeat an image was taken.
HEARTBEAT_KEYS = ("trigger", "trigger_delay", "temporal_index", "temporal_position")
# Those whose order is expected to be that of the heartbeat. A clock need not be: retrospective
# gating takes the phases from many beats at once.
_COMPARED = (*HEARTBEAT_KEYS, "instance")


def time_key(frames: Sequence[Frame]) -> str:
    """The most trusted time that every frame has and no two share."""
    for key in TIMES:
        if _distinct(frames, key):
            return key
    # Nothing tells the frames apart: keep the order of the files.
    for count, frame in enumerate(frames):
        frame.times["frame"] = float(count)
    return "frame"


def contradictions(slices: Iterable[tuple[str, Sequence[Frame]]]) -> list[str]:
    """Sentences on times that contradict those which ordered the frames.

    Args:
        slices: of each slice the key that ordered it and its frames in that order.
    """
    against: Counter[tuple[str, str]] = Counter()
    repeated: Counter[tuple[str, str]] = Counter()
    for followed, frames in slices:
        for key in _COMPARED:
            if key == followed:
                continue
            values = [frame.times[key] for frame in frames if key in frame.times]
            if _distinct(frames, key):
                if any(a > b for a, b in pairwise(values)):
                    against[followed, key] += 1
            elif key in HEARTBEAT_KEYS and len(set(values)) > 1:
                repeated[followed, key] += 1
    notes = [
        f"{TIMES[key]} puts the phases of {_slices(count)} in another order than "
        f"{TIMES[followed]}, which was followed."
        for (followed, key), count in against.items()
    ]
    return notes + [
        f"{TIMES[key]} is missing or the same for some phases of {_slices(count)}, so "
        f"{TIMES[followed]} was followed."
        for (followed, key), count in repeated.items()
    ]


def _distinct(frames: Sequence[Frame], key: str) -> bool:
    values = {frame.times[key] for frame in frames if key in frame.times}
    return len(values) == len(frames)


def _slices(count: int) -> str:
    return "1 slice" if count == 1 else f"{count} slices"
