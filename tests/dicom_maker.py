"""Small made-up DICOM exams in the ways that several vendors write them.

Nothing here reads: the tests of the readers compare what they read with what was put in.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    EnhancedMRImageStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    MRImageStorage,
    generate_uid,
)

# The short axis of a real exam: directions along a row and down a column.
SAX_AXES = np.array([[0.77038, 0.618446, 0.155046], [-0.15161, 0.41389, -0.897613]])
# Base to apex: to the left, the front and the feet.
APEX = -np.cross(*SAX_AXES)
BASE_MM = np.array([-98.287, -211.539, 142.051])

PATIENT = "Wintergreen^Rosalind"
PATIENT_ID = "MRN-4471"


def picture(z: int, t: int, size: int = 16) -> np.ndarray:
    """`(size, size)` pixels that say which slice and phase they are."""
    image = np.arange(size * size, dtype=np.int16).reshape(size, size) % 50
    image[0, 0], image[0, 1] = 100 + z, 200 + t
    return image


def image(
    pixels: np.ndarray,
    position: np.ndarray = BASE_MM,
    axes: np.ndarray = SAX_AXES,
    **tags: object,
) -> Dataset:
    """One classic MR image; tags given as None are left out."""
    ds = Dataset()
    ds.SOPClassUID = MRImageStorage
    ds.SOPInstanceUID = generate_uid()
    ds.SeriesInstanceUID = "1.2.3.4"
    ds.StudyInstanceUID = "1.2.3"
    ds.Modality = "MR"
    ds.Manufacturer = "Maker of Magnets"
    ds.PatientName, ds.PatientID = PATIENT, PATIENT_ID
    ds.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND"]
    ds.ScanningSequence = "GR"
    ds.RepetitionTime, ds.EchoTime, ds.FlipAngle = 3.2, 1.4, 50
    ds.SliceThickness = 8
    ds.PixelSpacing = [1.5, 1.25]
    ds.ImagePositionPatient = [round(float(v), 4) for v in position]
    ds.ImageOrientationPatient = [round(float(v), 6) for v in np.ravel(axes)]
    set_pixels(ds, pixels)
    for name, value in tags.items():
        if value is None:
            delattr(ds, name)
        else:
            setattr(ds, name, value)
    return ds


def set_pixels(ds: Dataset, pixels: np.ndarray) -> None:
    pixels = np.asarray(pixels)
    bits = pixels.dtype.itemsize * 8
    ds.Rows, ds.Columns = pixels.shape[-2:]
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = bits, bits, bits - 1
    ds.PixelRepresentation = int(pixels.dtype.kind == "i")
    if pixels.ndim == 3:
        ds.NumberOfFrames = len(pixels)
    ds.PixelData = pixels.tobytes()
    ds["PixelData"].VR = "OW"


def stack(
    slices: int = 4,
    phases: int = 6,
    gap_mm: float = 10.0,
    apart: bool = False,
    trigger: bool = True,
    **tags: object,
) -> list[Dataset]:
    """A short-axis cine stack, base first, phases in order.

    Args:
        slices, phases: how many.
        gap_mm: distance between slices.
        apart: a series per slice, as Siemens writes it, instead of one for all.
        trigger: whether the images carry a TriggerTime.
        **tags: for every image.
    """
    images = []
    for z in range(slices):
        for t in range(phases):
            ds = image(picture(z, t), BASE_MM + z * gap_mm * APEX, **tags)
            ds.InstanceNumber = (t if apart else z * phases + t) + 1
            if apart:
                ds.SeriesInstanceUID, ds.SeriesNumber = f"1.2.3.4.{z}", z + 1
            if trigger:
                ds.TriggerTime = round(t * 800 / phases, 3)
                ds.NominalInterval = 800
            images.append(ds)
    return images


def enhanced(slices: int = 4, phases: int = 6, gap_mm: float = 10.0, order: int = 0) -> Dataset:
    """The same stack as one Enhanced MR file, its frames in a shuffled order."""
    places = [(z, t) for z in range(slices) for t in range(phases)]
    np.random.default_rng(order).shuffle(places)
    ds = image(np.stack([picture(z, t) for z, t in places]))
    ds.SOPClassUID = EnhancedMRImageStorage
    for name in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"):
        delattr(ds, name)
    shared = Dataset()
    shared.PlaneOrientationSequence = [Dataset()]
    shared.PlaneOrientationSequence[0].ImageOrientationPatient = list(np.ravel(SAX_AXES))
    shared.PixelMeasuresSequence = [Dataset()]
    shared.PixelMeasuresSequence[0].PixelSpacing = [1.5, 1.25]
    shared.PixelMeasuresSequence[0].SliceThickness = 8
    ds.SharedFunctionalGroupsSequence = [shared]
    frames = []
    for z, t in places:
        frame = Dataset()
        frame.PlanePositionSequence = [Dataset()]
        position = BASE_MM + z * gap_mm * APEX
        frame.PlanePositionSequence[0].ImagePositionPatient = [round(float(v), 4) for v in position]
        frame.CardiacSynchronizationSequence = [Dataset()]
        frame.CardiacSynchronizationSequence[0].NominalCardiacTriggerDelayTime = t * 800.0 / phases
        frame.CardiacSynchronizationSequence[0].RRIntervalTimeNominal = 800.0
        frames.append(frame)
    ds.PerFrameFunctionalGroupsSequence = frames
    return ds


def encode(ds: Dataset, syntax: str = ExplicitVRLittleEndian) -> bytes:
    """The bytes of a DICOM file in a transfer syntax; compressed ones through pydicom."""
    ds = pydicom.dcmread(written(ds, ExplicitVRLittleEndian))
    uid = pydicom.uid.UID(syntax)
    if uid.is_compressed and not uid.is_deflated:
        ds.compress(uid, generate_instance_uid=False)
    elif uid == ExplicitVRBigEndian:
        ds.PixelData = np.frombuffer(ds.PixelData, "<u2").astype(">u2").tobytes()
    return written(ds, uid).getvalue()


def written(ds: Dataset, syntax: str) -> io.BytesIO:
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    ds.file_meta.MediaStorageSOPClassUID = ds.get("SOPClassUID", MRImageStorage)
    ds.file_meta.MediaStorageSOPInstanceUID = ds.get("SOPInstanceUID", "1.2")
    stream = io.BytesIO()
    pydicom.dcmwrite(
        stream,
        ds,
        enforce_file_format=True,
        implicit_vr=syntax == ImplicitVRLittleEndian,
        little_endian=syntax != ExplicitVRBigEndian,
    )
    stream.seek(0)
    return stream


def save(images: list[Dataset], folder: Path, syntax: str = ExplicitVRLittleEndian) -> Path:
    """Write images to a folder, in an order and with names that give nothing away."""
    folder.mkdir(parents=True, exist_ok=True)
    order = np.random.default_rng(1).permutation(len(images))
    for number, index in enumerate(order):
        (folder / f"IM{number:04d}").write_bytes(encode(images[index], syntax))
    return folder


def zipped(folder: Path, path: Path) -> Path:
    """A zip of a folder."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, str(file.relative_to(folder.parent)))
    return path
