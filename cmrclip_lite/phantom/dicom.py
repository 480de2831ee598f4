"""Synthetic exams as DICOM files: classic single-frame MR images that any reader accepts.

The patient is made up and named so; dates are fixed, identifiers come from the seed.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import StudyError
from ..study import Sequence, Series, Study, View

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_DATE, _TIME = "20260101", "120000"
_PLANES = {
    View.SAX: "sax_stack",
    View.FOUR_CHAMBER: "4ch",
    View.TWO_CHAMBER: "2ch",
    View.THREE_CHAMBER: "3ch",
}
_BREATH_HOLD_S = 20  # from one slice to the next
_WAIT_S = 600  # from contrast to late enhancement


def write_dicom(
    study: Study,
    folder: str | Path,
    seed: int,
    series_per_slice: bool = False,
    scout: bool = False,
) -> Path:
    """Write an exam as one file per image.

    Args:
        study: series with position and orientation, as `make_case` gives.
        folder: where to, made if absent; a name that ends in .zip gives one zip instead.
        seed: gives the identifiers, so that the same exam has the same files.
        series_per_slice: a series per slice, as some vendors write; otherwise one per view.
        scout: add a small localiser series of three stills.

    Returns:
        The folder or the zip.

    Raises:
        StudyError: if a series lacks position or orientation.
    """
    target = Path(folder)
    datasets = _datasets(study, seed, series_per_slice, scout)
    if target.suffix.lower() == ".zip":
        target.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            for name, dataset in datasets:
                # A fixed date, so that the same exam gives the same bytes.
                info = zipfile.ZipInfo(name, (2026, 1, 1, 12, 0, 0))
                info.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(info, _bytes(dataset))
        return target
    for name, dataset in datasets:
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_bytes(dataset))
    return target


def _bytes(dataset: Dataset) -> bytes:
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _datasets(study: Study, seed: int, series_per_slice: bool, scout: bool):
    """Names within the exam, and their data sets."""
    rng = np.random.default_rng([seed, 13])
    study_uid, frame_uid = _uid(rng), _uid(rng)
    uids: dict[object, tuple[str, int]] = {}
    taken: dict[object, int] = {}
    if scout:
        yield from _scout(study, seed, study_uid, frame_uid, rng)
    for index, series in enumerate(study.series):
        if series.position_mm is None or series.orientation is None:
            raise StudyError(
                f"Series {index + 1} has no position or orientation, which DICOM needs; "
                "give Series position_mm and orientation."
            )
        key = index if series_per_slice else (series.view, series.sequence)
        if key not in uids:
            uids[key] = _uid(rng), len(uids) + 2
        uid, number = uids[key]
        name = series_name(series)
        late = series.sequence is Sequence.LGE
        clock = _clock(index * _BREATH_HOLD_S + late * _WAIT_S)
        for phase in range(len(series.pixels)):
            taken[key] = instance = taken.get(key, 0) + 1
            data = _image(series, phase, seed, (study_uid, uid, frame_uid, _uid(rng)))
            data.SeriesNumber, data.InstanceNumber = number, instance
            data.SeriesDescription = data.ProtocolName = name
            data.AcquisitionTime = data.ContentTime = clock
            yield f"{number:03d}_{name}/IM{instance:04d}.dcm", data


def series_name(series: Series) -> str:
    """What a technician would call it: cine_4ch, lge_sax_stack."""
    kind = "lge" if series.sequence is Sequence.LGE else "cine"
    return f"{kind}_{_PLANES[series.view]}" if series.view in _PLANES else kind


def _clock(seconds: int) -> str:
    """A time of day this long after the exam began."""
    return f"{12 + seconds // 3600:02d}{seconds // 60 % 60:02d}{seconds % 60:02d}"


def _uid(rng: np.random.Generator) -> str:
    """A UID under 2.25 from 120 random bits."""
    return f"2.25.{int.from_bytes(rng.bytes(15), 'big') | 1}"


def _image(series: Series, phase: int, seed: int, uids: tuple[str, str, str, str]) -> Dataset:
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

    study_uid, series_uid, frame_uid, instance_uid = uids
    pixels = series.pixels[phase]
    if pixels.dtype != np.int16:
        pixels = np.clip(np.rint(pixels), -32768, 32767).astype(np.int16)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = MRImageStorage, instance_uid
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = Dataset()
    data.file_meta = meta
    data.SOPClassUID, data.SOPInstanceUID = MRImageStorage, instance_uid
    data.StudyInstanceUID, data.SeriesInstanceUID = study_uid, series_uid
    data.FrameOfReferenceUID, data.PositionReferenceIndicator = frame_uid, ""
    data.SpecificCharacterSet = "ISO_IR 192"
    data.Modality = "MR"
    data.PatientName, data.PatientID = f"PHANTOM^{seed:06d}", f"SYNTHETIC{seed:06d}"
    data.PatientBirthDate = data.PatientSex = ""
    data.PatientIdentityRemoved = "YES"
    data.DeidentificationMethod = "Synthetic data: no patient was imaged"
    data.StudyDate = data.SeriesDate = data.AcquisitionDate = data.ContentDate = _DATE
    data.StudyTime = data.SeriesTime = data.AcquisitionTime = data.ContentTime = _TIME
    data.StudyID, data.AccessionNumber, data.ReferringPhysicianName = str(seed), "", ""
    data.StudyDescription = "Synthetic cardiac MR"
    data.ImageType = ["ORIGINAL", "PRIMARY", "M"]
    data.Manufacturer = series.tags.get("Manufacturer", "SYNTHETIC")
    data.ManufacturerModelName = "CMR-CLIP Lite phantom"
    data.MagneticFieldStrength = series.tags.get("MagneticFieldStrength", "1.5")
    if series.sequence is Sequence.LGE:
        data.ScanningSequence, data.SequenceVariant = ["GR", "IR"], ["SK", "SP", "MP"]
        data.InversionTime = series.tags.get("InversionTime", "300")
        data.ContrastBolusAgent = "gadolinium"
    else:
        data.ScanningSequence, data.SequenceVariant = "GR", ["SK", "SS", "OSP"]
    data.ScanOptions, data.MRAcquisitionType = "", "2D"
    data.RepetitionTime = series.tags.get("RepetitionTime", "3.0")
    data.EchoTime = f"{float(data.RepetitionTime) / 2:.2f}"
    data.FlipAngle = series.tags.get("FlipAngle", "60")
    data.EchoTrainLength = 1
    data.PatientPosition = "HFS"
    data.SliceThickness = f"{series.thickness_mm or 8:g}"
    data.PixelSpacing = [_number(s) for s in series.spacing_mm]
    data.ImagePositionPatient = [_number(v) for v in series.position_mm]
    data.ImageOrientationPatient = [_number(v, 8) for v in np.ravel(series.orientation)]
    data.SliceLocation = _number(float(series.normal @ series.position_mm))
    if series.trigger_ms is not None:
        data.TriggerTime = _number(series.trigger_ms[phase], 2)
        data.CardiacNumberOfImages = len(series.pixels)
    if series.rr_ms is not None:
        data.NominalInterval = round(series.rr_ms)
        data.HeartRate = round(60000 / series.rr_ms)
    data.TemporalPositionIdentifier = phase + 1
    data.NumberOfTemporalPositions = len(series.pixels)
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.Rows, data.Columns = pixels.shape
    data.BitsAllocated, data.BitsStored, data.HighBit = 16, 16, 15
    data.PixelRepresentation = 1
    top = float(np.percentile(series.pixels, 99.5))
    data.WindowCenter, data.WindowWidth = _number(top / 2, 1), _number(max(top, 1), 1)
    data.PixelData = pixels.astype("<i2").tobytes()
    return data


def _number(value: float, digits: int = 4) -> str:
    """A decimal string of at most 16 characters, as DICOM wants."""
    return f"{float(value):.{digits}f}"[:16]


def _scout(study: Study, seed: int, study_uid: str, frame_uid: str, rng: np.random.Generator):
    """Three coarse stills, one per axis of the patient, through the middle of the stack.

    They hold the first image of the study made blurry: a reader only has to set them aside.
    """
    first = study.series[0]
    middle = first.position_mm + 0.5 * first.pixels.shape[1] * first.spacing_mm[0] * (
        first.orientation.sum(0)
    )
    uid = _uid(rng)
    axes = np.eye(3)
    still = first.pixels[0][::2, ::2]
    step = 2 * first.spacing_mm[0]
    for number, (across, down) in enumerate(
        ((axes[0], axes[1]), (axes[1], -axes[2]), (axes[0], -axes[2])), 1
    ):
        corner = middle - 0.5 * step * (len(still) - 1) * (across + down)
        series = Series(
            pixels=still[None],
            spacing_mm=(step, step),
            thickness_mm=10.0,
            position_mm=corner,
            orientation=np.stack([across, down]),
            tags=first.tags,
        )
        data = _image(series, 0, seed, (study_uid, uid, frame_uid, _uid(rng)))
        data.SeriesNumber, data.InstanceNumber = 1, number
        data.SeriesDescription = data.ProtocolName = "localizer"
        data.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
        yield f"001_localizer/IM{number:04d}.dcm", data
