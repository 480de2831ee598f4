"""A study from DICOM files, of any vendor's way of dividing it."""

from __future__ import annotations

import logging
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from ..errors import StudyError
from ..study import Sequence, Series, SetAside, Study
from . import kinds, pixels
from .grouping import Slice, apart, join_phases, merge_repeats, slices
from .headers import read_header
from .limits import Limits
from .records import Frame, Header
from .sources import Source
from .timing import contradictions
from .volume import VOXEL_MM

MR_CLASSES = (
    "1.2.840.10008.5.1.4.1.1.4",  # MR Image Storage
    "1.2.840.10008.5.1.4.1.1.4.1",  # Enhanced MR Image Storage
    "1.2.840.10008.5.1.4.1.1.4.4",  # Legacy Converted Enhanced MR Image Storage
)

# A slice with fewer phases than this share of its neighbours' is set aside.
ENOUGH_PHASES = 0.5


@contextmanager
def pydicom_silenced() -> Iterator[None]:
    """Keep pydicom from warning and logging, for its messages quote what a file says.

    Both switches are the process's own, so they are set once around a read, not in its threads.
    """
    logger = logging.getLogger("pydicom")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


@pydicom_silenced()
def read_dicom(sources: list[Source], limits: Limits) -> tuple[Study, list[str]]:
    """Read the cines and late-enhancement stills among DICOM files.

    Args:
        sources: files that look like DICOM.
        limits: what is refused.

    Returns:
        The study, its series not yet given a view, and each series' description in plain words,
        for telling views apart and nothing else.

    Raises:
        StudyError: if a limit is passed, a decoder is missing, or the files are of several
            patients.
    """
    aside: Counter[tuple[str, str]] = Counter()
    notes: list[str] = []
    frames = _usable_frames(sources, limits, aside, notes)
    kept: list[tuple[Slice, Sequence]] = []
    singles: list[Slice] = []
    candidates = []
    for found in slices(frames):
        sequence = kinds.kind(found)
        if sequence == kinds.SINGLE:
            singles.append(found)
        elif sequence == kinds.LATE_TOGETHER and found.position is None:
            # Stills that do not say where they lie are taken for a stack.
            candidates += [(still, kinds.kind(still)) for still in apart(found)]
        else:
            candidates.append((found, sequence))
    joined, alone = join_phases(singles)
    candidates += [(found, kinds.kind(found)) for found in joined]
    candidates += [(found, kinds.SINGLE) for found in alone]
    for found, sequence in candidates:
        if isinstance(sequence, Sequence):
            kept.append((found, sequence))
        else:
            aside["images", sequence] += len(found.frames)
    # Before anything that compares each with each.
    limits.check("series", len(kept), "The study")
    kept = _without_repeats(kept, aside, notes)
    kept = _without_incomplete(kept, aside, notes)
    arrays, lost = pixels.fill([found for found, _ in kept], limits)
    if lost:
        aside["images", "pixels missing, cut short or not decodable"] += lost
        notes.append(f"{lost} images had unreadable pixels and were left out.")
    pixels_of = {id(found): array for (found, _), array in zip(kept, arrays, strict=True)}
    kept = [(found, sequence) for found, sequence in kept if found.frames]
    if lost:
        kept = _without_incomplete(kept, aside, notes)
    cines = [found for found, sequence in kept if sequence is Sequence.CINE]
    notes += contradictions((found.time_key, found.frames) for found in cines)
    series, words = [], []
    for found, sequence in kept:
        array = pixels_of[id(found)]
        if sequence is Sequence.CINE and len(array) < 2:
            aside["images", "the only readable image of its slice"] += 1
            continue
        if not np.isfinite(array).all():
            aside["images", "pixel values that are not finite"] += len(array)
            continue
        series.append(_series(found, sequence, array, notes))
        words.append(found.frames[0].header.words)
    set_aside = [SetAside(what, reason, count) for (what, reason), count in aside.items()]
    return Study(series, set_aside, list(dict.fromkeys(notes))), words


def _usable_frames(
    sources: list[Source], limits: Limits, aside: Counter, notes: list[str]
) -> list[Frame]:
    headers: list[Header] = []
    seen: set[tuple] = set()
    for source in sources:
        limits.check_time("The study")
        try:
            header = read_header(source, limits)
        except PermissionError:
            header = "files without permission to read them"
        if isinstance(header, str):
            aside["files", header] += 1
            continue
        reason = _not_an_mr_image(header)
        if reason:
            aside["images" if header.has_image else "files", reason] += max(1, header.frame_count)
            continue
        first = header.frames[0]
        # Anonymisers that give every file one UID are why the UID alone does not say "copy".
        identity = (header.sop_uid, first.position, tuple(first.times.items()))
        if header.sop_uid and identity in seen:
            aside["images", "copies of another image"] += header.frame_count
            continue
        seen.add(identity)
        if not header.modality and header.sop_class not in MR_CLASSES:
            notes.append("Some files do not state their modality; they were taken as MR.")
        headers.append(header)
    _one_patient(headers, notes)
    return [frame for header in headers for frame in header.frames]


def _not_an_mr_image(header: Header) -> str | None:
    if header.sop_class == "1.2.840.10008.1.3.10" or header.source.name.upper() == "DICOMDIR":
        return "DICOMDIR, an index without images"
    if header.modality and header.modality != "MR" and header.sop_class not in MR_CLASSES:
        shown = header.modality if header.modality.isalnum() and len(header.modality) < 5 else ""
        return f"{shown or 'another modality'}, not MR"
    if not header.has_image:
        return "DICOM files without an image"
    return None


def _one_patient(headers: list[Header], notes: list[str]) -> None:
    patients = {header.patient_key for header in headers if header.patient_key}
    if len(patients) > 1:
        raise StudyError(
            f"These files are of {len(patients)} different patients; pass the folder or archive "
            "of one exam."
        )
    exams = {header.study_key for header in headers if header.study_key}
    if len(exams) > 1:
        notes.append(f"The files are of {len(exams)} exams of one patient, read as one study.")


def _without_repeats(
    kept: list[tuple[Slice, Sequence]], aside: Counter, notes: list[str]
) -> list[tuple[Slice, Sequence]]:
    result = []
    for sequence in (Sequence.CINE, Sequence.LGE):
        before = [found for found, own in kept if own is sequence]
        after, dropped = merge_repeats(before)
        if dropped:
            lost = sum(len(s.frames) for s in before) - sum(len(s.frames) for s in after)
            aside["images", "earlier acquisitions of a slice that was acquired again"] += lost
            where = "slice position was" if dropped == 1 else "slice positions were"
            notes.append(f"{dropped} {where} acquired more than once; the last was kept.")
        result += [(found, sequence) for found in after]
    return result


def _without_incomplete(
    kept: list[tuple[Slice, Sequence]], aside: Counter, notes: list[str]
) -> list[tuple[Slice, Sequence]]:
    """Drop cine slices with far fewer phases than the parallel ones; note smaller differences."""
    result = []
    for found, sequence in kept:
        count = len(found.frames)
        most = max(
            len(other.frames)
            for other, own in kept
            if own is sequence and (other is found or _parallel(found, other))
        )
        if count < ENOUGH_PHASES * most:
            aside["images", f"an incomplete slice, {count} of {most} phases"] += count
            continue
        if count < most:
            notes.append(f"A slice has {count} phases where its neighbours have {most}.")
        result.append((found, sequence))
    return result


def _parallel(a: Slice, b: Slice) -> bool:
    if a.normal is None or b.normal is None:
        return a.frames[0].header.series_uid == b.frames[0].header.series_uid
    return abs(float(a.normal @ b.normal)) > 0.99


def _series(found: Slice, sequence: Sequence, array: np.ndarray, notes: list[str]) -> Series:
    first = found.frames[0]
    spacing = first.spacing
    if spacing is None or not VOXEL_MM[0] <= min(spacing) <= max(spacing) <= VOXEL_MM[1]:
        spacing = (1.0, 1.0)
        notes.append("Some images do not state a possible pixel spacing; 1 mm was assumed.")
    if found.orientation is None or found.position is None:
        notes.append("Some images do not state where they lie; their view is a guess.")
    if sequence is Sequence.CINE and found.time_key in ("instance", "frame"):
        notes.append("Some slices carry no times; their images are in the order of the files.")
    trigger = None
    if sequence is Sequence.CINE and found.time_key in ("trigger_delay", "trigger"):
        trigger = found.times
    return Series(
        pixels=array,
        spacing_mm=spacing,
        thickness_mm=first.thickness if first.thickness and first.thickness > 0 else None,
        position_mm=found.position,
        orientation=found.orientation,
        trigger_ms=trigger,
        rr_ms=_heartbeat(found, trigger),
        sequence=sequence,
        tags=dict(first.header.tags),
    )


def _heartbeat(found: Slice, trigger: np.ndarray | None) -> float | None:
    """The stated RR interval, or the one that evenly spaced phases imply."""
    stated = [frame.rr_ms for frame in found.frames if frame.rr_ms]
    if stated:
        return float(np.median(stated))
    if trigger is None or len(trigger) < 8:
        return None
    implied = float(np.median(np.diff(trigger))) * len(trigger)
    return implied if 300 <= implied <= 2000 else None
