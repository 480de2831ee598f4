"""Reading a study from the files a person has: one entry point for every format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

from ..errors import StudyError
from ..quality import quality_notes
from ..study import SetAside, Study
from .limits import Limits
from .sources import PathLike, find, shown

__all__ = ["Limits", "read_study"]


def read_study(path: PathLike | Iterable[PathLike], *, limits: Limits | None = None) -> Study:
    """Read one cardiac MR exam.

    Args:
        path: a folder (searched to any depth), a zip, tar or tar.gz (also one inside another), a
            DICOM file whatever its name, a NIfTI or NRRD file (`nifti.py` and `nrrd.py` say how
            axes are read), an `.npy` or `.npz` array (`arrays.py`), a video or moving picture
            (`video.py`), or a list of such paths, as a browser uploads a folder.
        limits: what to refuse; the defaults suit an exam of some thousand images.

    Returns:
        The study. Short-axis series are in order from base to apex. What is not a cine or a
        late-enhancement still is listed in `set_aside`.

    Raises:
        StudyError: if nothing can be read, or what was read holds nothing the model can see; the
            message names every reason.
    """
    limits = (limits or Limits()).started()
    if not isinstance(path, str) and isinstance(path, Iterable):
        path = list(path)
        if not path:
            raise StudyError("The list of files is empty; give at least one file.")
    if isinstance(path, list):
        name = shown(Path(path[0]).name) if len(path) == 1 else "The upload"
    else:
        name = shown(Path(path).name) or "The folder"
    with ExitStack() as stack:
        found = find(path, limits, stack)
        study = Study([], found.set_aside)
        if found.dicom:
            from ..views import assign
            from .dicom import read_dicom

            part, words = read_dicom(found.dicom, limits)
            assign(part, words)
            _join(study, part)
        if found.nifti:
            from .nifti import read_nifti

            _join(study, read_nifti(found.nifti, limits))
        if found.nrrd:
            from .nrrd import read_nrrd

            _join(study, read_nrrd(found.nrrd, limits))
        if found.arrays:
            from .arrays import read_arrays

            _join(study, read_arrays(found.arrays, limits))
        if found.videos:
            from .video import read_videos

            _join(study, read_videos(found.videos, limits))
    study.set_aside = _counted(study.set_aside)
    if not study.series:
        raise StudyError(f"{name} holds no cine or late-enhancement images: {_reasons(study)}.")
    study.notes += quality_notes(study)
    return study


def _join(study: Study, part: Study) -> None:
    study.series += part.series
    study.set_aside += part.set_aside
    study.notes += [note for note in part.notes if note not in study.notes]


def _counted(set_aside: list[SetAside]) -> list[SetAside]:
    counts: Counter[tuple[str, str]] = Counter()
    for item in set_aside:
        counts[item.what, item.reason] += item.count
    return [SetAside(what, reason, count) for (what, reason), count in counts.most_common()]


def _reasons(study: Study) -> str:
    parts = []
    for item in study.set_aside:
        what = item.what[:-1] if item.count == 1 and item.what.endswith("s") else item.what
        parts.append(f"{item.count} {what} ({item.reason})")
    return "; ".join(parts) or "it is empty"
