"""Synthetic exams as NIfTI files: one per stack or long axis."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import StudyError
from ..study import Series, Study
from ..views import ordered
from .dicom import series_name

# Left, back, head to right, front, head.
_TO_NIFTI = np.array([-1.0, -1.0, 1.0])


def write_nifti(study: Study, folder: str | Path) -> list[Path]:
    """Write an exam as compressed NIfTI.

    A cine is `(X, Y, Z, T)` and late enhancement `(X, Y, Z)`, int16; x runs along the rows of the
    images, y down their columns, z along the stack from base to apex. The affine maps voxels to
    right, front and head in mm; the fourth voxel size is the time between phases in seconds,
    that of the mean heartbeat.

    Args:
        study: series with position and orientation, as `make_case` gives.
        folder: where to, made if absent.

    Returns:
        The files: `cine_sax_stack.nii.gz`, `cine_4ch.nii.gz`, `lge_sax_stack.nii.gz`, ...

    Raises:
        StudyError: if a series lacks position or orientation.
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for stack in stacks(study):
        path = target / f"{series_name(stack[0])}.nii.gz"
        _image(stack).to_filename(path)
        written.append(path)
    return written


def stacks(study: Study) -> list[list[Series]]:
    """The series of each view and sequence, base first."""
    found: dict[tuple, list[Series]] = {}
    for series in ordered(study.series):
        found.setdefault((series.view, series.sequence), []).append(series)
    return list(found.values())


def affine(stack: list[Series]) -> np.ndarray:
    """`(4, 4)` from column, row and slice of a stack to right, front and head in mm.

    Raises:
        StudyError: if a series lacks position or orientation.
    """
    first, last = stack[0], stack[-1]
    if any(s.position_mm is None or s.orientation is None for s in stack):
        raise StudyError("A series has no position or orientation, which NIfTI needs.")
    row_mm, column_mm = first.spacing_mm
    if len(stack) > 1:
        step = (last.position_mm - first.position_mm) / (len(stack) - 1)
    else:
        step = first.normal * (first.thickness_mm or 1.0)
    result = np.eye(4)
    result[:3] = np.column_stack(
        [first.orientation[0] * column_mm, first.orientation[1] * row_mm, step, first.position_mm]
    )
    result[:3] *= _TO_NIFTI[:, None]
    return result


def _image(stack: list[Series]):
    import nibabel

    # (Z, T, H, W) to (X, Y, Z, T).
    pixels = np.stack([s.pixels for s in stack]).transpose(3, 2, 0, 1)
    cine = pixels.shape[3] > 1
    image = nibabel.Nifti1Image(pixels if cine else pixels[..., 0], affine(stack))
    image.set_sform(image.affine, code="scanner")
    image.set_qform(image.affine, code="scanner")
    image.header.set_xyzt_units("mm", "sec" if cine else None)
    if cine:
        beats = [s.rr_ms for s in stack if s.rr_ms]
        step = float(np.mean(beats)) / pixels.shape[3] / 1000 if beats else 0.0
        image.header["pixdim"][4] = step
    image.header["descrip"] = b"Synthetic: no patient was imaged"
    # A fixed range of grey, so that viewers show all files of an exam alike.
    image.header["cal_max"] = float(np.percentile(pixels, 99.5))
    return image
