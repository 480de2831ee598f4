"""One synthetic exam in every form in which people have exams, and what is read of each.

`FORMS` is the list; `tried` writes a form, reads it and says in words what came back. From it come
the conformance test and the table in docs/formats.md (`python benchmarks/formats.py`).
"""

from __future__ import annotations

import gzip
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import imagecodecs
import nibabel
import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.fileset import FileSet
from pydicom.pixels.utils import set_pixel_data
from pydicom.uid import (
    JPEG2000,
    DeflatedExplicitVRLittleEndian,
    EnhancedMRImageStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
    generate_uid,
)

from cmrclip_lite.errors import StudyError
from cmrclip_lite.phantom.dicom import _datasets
from cmrclip_lite.phantom.exam import make_case
from cmrclip_lite.phantom.make import write_npz
from cmrclip_lite.phantom.nifti import write_nifti
from cmrclip_lite.phantom.truth import ALL_IMAGED
from cmrclip_lite.readers import read_study
from cmrclip_lite.study import Series, Study, View
from cmrclip_lite.views import ordered
from tests import dicom_maker as maker
from tests.readers.comparing import compared

Images = list[Dataset]
SEED = 4


@dataclass(frozen=True)
class Form:
    """One form of an exam.

    Attributes:
        family: the heading it stands under.
        name: what was tried, as the table says it.
        write: writes the exam into a folder and returns what a user would give to `read_study`.
        result: what should come back, in the words of `tried`.
        of: the part of the exam that the form can hold.
    """

    family: str
    name: str
    write: Callable[[Study, Path], Path | list[Path]]
    result: str = "the same study"
    of: Callable[[Study], Study] = lambda study: study


def exam() -> Study:
    """A small exam with every view: 4 short-axis slices, long axes, late enhancement, 12 phases."""
    study = make_case(SEED, diagnosis="infarct", size="small", imaged=ALL_IMAGED).study
    study.series = ordered(study.series)
    sax = [s for s in study.series if s.view is View.SAX]
    chosen = {id(s) for kind in (True, False) for s in [x for x in sax if x.is_cine is kind][1:6:2]}
    kept = [s for s in study.series if s.view is not View.SAX or id(s) in chosen]
    return Study([_cropped(s) for s in kept])


def _cropped(series: Series, size: int = 64) -> Series:
    """The middle of a series, its geometry with it."""
    top, left = ((n - size) // 2 for n in series.pixels.shape[1:])
    row, column = series.orientation
    corner = series.position_mm + row * left * series.spacing_mm[1]
    corner = corner + column * top * series.spacing_mm[0]
    pixels = series.pixels[:, top : top + size, left : left + size]
    # What 12 bits hold, so that every form can hold the same.
    pixels = np.clip(np.rint(pixels), 0, 4095).astype(np.int16)
    return replace(series, pixels=pixels, position_mm=corner)


def tried(form: Form, study: Study, folder: Path) -> str:
    """Write a form, read it, and say what came back."""
    study = form.of(study)
    path = form.write(study, folder)
    try:
        read = read_study(path)
    except StudyError as error:
        return "refused: " + str(error).rsplit("(", 1)[-1].rstrip(").")
    return compared(read, study)


def _first_sax_and_4ch(study: Study) -> Study:
    """Two moving pictures."""
    return Study([study.cines(View.SAX)[0], study.cines(View.FOUR_CHAMBER)[0]])


def _sax_and_4ch_cines(study: Study) -> Study:
    return Study(study.cines(View.SAX) + study.cines(View.FOUR_CHAMBER))


def _sax_cines(study: Study) -> Study:
    return Study(study.cines(View.SAX))


def _cines_of_uk_biobank(study: Study) -> Study:
    return Study([s for s in study.cines() if s.view is not View.THREE_CHAMBER])


def _ed_and_es(study: Study) -> Study:
    """The first phase and one near end-systole."""
    return Study([replace(s, pixels=s.pixels[[0, 4]]) for s in study.cines(View.SAX)])


# --- what is written -----------------------------------------------------------------------------


def images(study: Study, per_slice: bool = False, scout: bool = False) -> Images:
    """The exam as classic single-frame images."""
    return [data for _, data in _datasets(study, SEED, per_slice, scout)]


def saved(datasets: Images, folder: Path, syntax: str = ExplicitVRLittleEndian) -> Path:
    """Files with names and an order that say nothing."""
    return maker.save(datasets, folder, syntax)


def with_tags(**tags: object) -> Callable[[Study, Path], Path]:
    """The exam with some tags changed in every image, those given as None removed."""

    def write(study: Study, folder: Path) -> Path:
        found = images(study)
        for ds in found:
            for name, value in tags.items():
                if value is None:
                    if name in ds:
                        delattr(ds, name)
                else:
                    setattr(ds, name, value)
        return saved(found, folder)

    return write


def changed(change: Callable[[Dataset], None]) -> Callable[[Study, Path], Path]:
    """The exam with every image changed by a function."""

    def write(study: Study, folder: Path) -> Path:
        found = images(study)
        for ds in found:
            change(ds)
        return saved(found, folder)

    return write


def stored_as(syntax: str) -> Callable[[Study, Path], Path]:
    return lambda study, folder: saved(images(study), folder, syntax)


def compressed(syntax: str, encode: Callable[[np.ndarray], bytes], bits: int = 16):
    """The exam with its pixels packed by an encoder that pydicom does not have."""

    def pack(ds: Dataset) -> None:
        stored = ds.pixel_array
        if bits < 16:
            # Lossy JPEG holds 8 or 12 bits: bright fat is cut off, as scanners' exports do.
            top = float(np.percentile(stored, 99.9))
            stored = np.clip(stored / max(top, 1) * ((1 << bits) - 1), 0, (1 << bits) - 1)
        stored = stored.astype(np.uint8 if bits == 8 else np.uint16)
        data = encode(stored)
        maker.set_pixels(ds, stored)
        ds.BitsStored, ds.HighBit = bits, bits - 1
        ds.PixelData = encapsulate([data])
        ds["PixelData"].VR, ds["PixelData"].is_undefined_length = "OB", True
        ds.file_meta.TransferSyntaxUID = syntax

    def write(study: Study, folder: Path) -> Path:
        folder.mkdir(parents=True)
        for number, ds in enumerate(images(study)):
            pack(ds)
            ds.save_as(folder / f"{number:04d}", enforce_file_format=True)
        return folder

    return write


def zipped(study: Study, folder: Path) -> Path:
    return maker.zipped(saved(images(study), folder / "exam"), folder / "exam.zip")


def zip_in_zip(study: Study, folder: Path) -> Path:
    inner = zipped(study, folder)
    with zipfile.ZipFile(folder / "outer.zip", "w") as archive:
        archive.write(inner, "deep/exam.zip")
    return folder / "outer.zip"


def tarred(mode: str) -> Callable[[Study, Path], Path]:
    def write(study: Study, folder: Path) -> Path:
        exam = saved(images(study), folder / "exam")
        with tarfile.open(folder / "packed", mode) as archive:
            archive.add(exam, "exam")
        return folder / "packed"

    return write


def listed(study: Study, folder: Path) -> list[Path]:
    return sorted(saved(images(study), folder).iterdir())


def with_dicomdir(study: Study, folder: Path) -> Path:
    """A file-set as on a CD: a DICOMDIR and files without extension in numbered folders."""
    files = FileSet()
    for ds in images(study):
        # A DICOMDIR lists these, whatever they hold.
        ds.StudyID, ds.PatientName = ds.StudyID or "1", ds.PatientName or "NONE"
        files.add(ds)
    files.write(folder)
    return folder


def without_preamble(study: Study, folder: Path) -> Path:
    """Bare data sets, implicit little endian, no file meta information."""
    folder.mkdir(parents=True)
    for number, ds in enumerate(images(study)):
        ds.remove_private_tags()
        del ds.file_meta
        with open(folder / f"{number:04d}", "wb") as file:
            pydicom.dcmwrite(
                file, ds, implicit_vr=True, little_endian=True, enforce_file_format=False
            )
    return folder


def series_per_phase(study: Study, folder: Path) -> Path:
    found = images(study)
    uids: dict[tuple, str] = {}
    for ds in found:
        key = (ds.SeriesInstanceUID, ds.TemporalPositionIdentifier)
        ds.SeriesInstanceUID = uids.setdefault(key, generate_uid())
    return saved(found, folder)


def multi_frame(with_time: bool) -> Callable[[Study, Path], Path]:
    """One classic multi-frame file per slice: no geometry, no trigger times."""

    def write(study: Study, folder: Path) -> Path:
        found = []
        for number, series in enumerate(study.series):
            first = images(Study([series]))[0]
            maker.set_pixels(first, series.pixels.astype(np.int16))
            # As exported: in order of place, a series per view.
            first.InstanceNumber, first.SOPInstanceUID = number + 1, generate_uid()
            first.SeriesInstanceUID = f"1.2.3.1{list(View).index(series.view)}{series.is_cine:d}"
            for name in ("ImagePositionPatient", "ImageOrientationPatient", "SliceLocation",
                         "TriggerTime", "TemporalPositionIdentifier"):  # fmt: skip
                if name in first:
                    delattr(first, name)
            if with_time and series.is_cine:
                first.FrameTime = float(series.trigger_ms[1])
            found.append(first)
        return saved(found, folder)

    return write


def enhanced(per_slice: bool = False, time: str = "delay", legacy: bool = False):
    """Enhanced MR: one multi-frame file per view or per slice, its frames shuffled."""

    def write(study: Study, folder: Path) -> Path:
        groups: dict[tuple, list[tuple[Series, int, Dataset]]] = {}
        for number, series in enumerate(study.series):
            key = (series.view, series.sequence, number if per_slice else 0)
            for phase, ds in enumerate(images(Study([series]))):
                groups.setdefault(key, []).append((series, phase, ds))
        found = [_enhanced(members, time) for members in groups.values()]
        for ds in found:
            if legacy:
                ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.4.4"
        return saved(found, folder)

    return write


def _enhanced(members: list[tuple[Series, int, Dataset]], time: str) -> Dataset:
    order = np.random.default_rng(0).permutation(len(members))
    members = [members[i] for i in order]
    ds = members[0][2]
    maker.set_pixels(ds, np.stack([s.pixels[phase].astype(np.int16) for s, phase, _ in members]))
    ds.SOPClassUID, ds.NumberOfFrames = EnhancedMRImageStorage, len(members)
    spacing, axes = ds.PixelSpacing, ds.ImageOrientationPatient
    for name in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "TriggerTime",
                 "TemporalPositionIdentifier", "SliceThickness", "SliceLocation"):  # fmt: skip
        if name in ds:
            delattr(ds, name)
    shared = Dataset()
    shared.PlaneOrientationSequence = [_of(ImageOrientationPatient=axes)]
    shared.PixelMeasuresSequence = [_of(PixelSpacing=spacing, SliceThickness=8)]
    shared.PixelValueTransformationSequence = [
        _of(RescaleIntercept=0, RescaleSlope=1, RescaleType="US")
    ]
    ds.SharedFunctionalGroupsSequence = [shared]
    ds.PerFrameFunctionalGroupsSequence = [_frame(s, phase, time) for s, phase, _ in members]
    return ds


def _frame(series: Series, phase: int, time: str) -> Dataset:
    frame = Dataset()
    position = [round(float(v), 4) for v in series.position_mm]
    frame.PlanePositionSequence = [_of(ImagePositionPatient=position)]
    content = _of(StackID="1", InStackPositionNumber=1, DimensionIndexValues=[1, phase + 1])
    if time == "index":
        content.TemporalPositionIndex = phase + 1
    frame.FrameContentSequence = [content]
    if time == "delay" and series.trigger_ms is not None:
        frame.CardiacSynchronizationSequence = [
            _of(
                NominalCardiacTriggerDelayTime=float(series.trigger_ms[phase]),
                RRIntervalTimeNominal=float(series.rr_ms),
            )
        ]
    return frame


def _of(**tags: object) -> Dataset:
    ds = Dataset()
    for name, value in tags.items():
        setattr(ds, name, value)
    return ds


def _twelve_bits(ds: Dataset) -> None:
    stored = np.clip(ds.pixel_array, 0, 4095).astype(np.uint16)
    set_pixel_data(ds, stored, "MONOCHROME2", 12)


def _overlay_bits(ds: Dataset) -> None:
    _twelve_bits(ds)
    ds.PixelData = (np.frombuffer(ds.PixelData, "<u2") | 0xA000).tobytes()


def _inverted(ds: Dataset) -> None:
    set_pixel_data(ds, 4095 - np.clip(ds.pixel_array, 0, 4095).astype(np.uint16), "MONOCHROME1", 12)


def _rescaled(ds: Dataset) -> None:
    set_pixel_data(ds, (ds.pixel_array + 100).astype(np.uint16), "MONOCHROME2", 16)
    ds.RescaleSlope, ds.RescaleIntercept = 1, -100


def _with_lut(ds: Dataset) -> None:
    set_pixel_data(ds, ds.pixel_array.astype(np.uint16), "MONOCHROME2", 16)
    lut = _of(LUTDescriptor=[8192, 0, 16], ModalityLUTType="US")
    lut.LUTData = (np.arange(8192, dtype="<u2") * 2 + 5).tobytes()
    lut["LUTData"].VR = "OW"
    ds.ModalityLUTSequence = [lut]


def _with_window(ds: Dataset) -> None:
    ds.WindowCenter, ds.WindowWidth = [40, 400], [80, 800]
    voi = _of(LUTDescriptor=[2, 0, 16])
    voi.LUTData = bytes(4)
    voi["LUTData"].VR = "OW"
    ds.VOILUTSequence = [voi]


def _as_float(ds: Dataset) -> None:
    stored = ds.pixel_array.astype("<f4")
    for name in ("PixelData", "BitsStored", "HighBit", "PixelRepresentation"):
        delattr(ds, name)
    ds.FloatPixelData, ds.BitsAllocated = stored.tobytes(), 32


def _as_32_bits(ds: Dataset) -> None:
    maker.set_pixels(ds, ds.pixel_array.astype("<i4"))


def _own_beats(study: Study) -> Study:
    """Every slice in a heartbeat of its own length."""
    series = []
    for number, s in enumerate(study.series):
        beat = 1 + 0.03 * number
        times = None if s.trigger_ms is None else s.trigger_ms * beat
        series.append(replace(s, trigger_ms=times, rr_ms=s.rr_ms and s.rr_ms * beat))
    return Study(series)


def nifti(name: Callable[[str], str] = str, packed: bool = True) -> Callable[[Study, Path], Path]:
    """The exam as NIfTI, one file per view, renamed."""

    def write(study: Study, folder: Path) -> Path:
        folder.mkdir(parents=True)
        for path in write_nifti(study, folder / "made"):
            data = path.read_bytes()
            stem = name(path.name.removesuffix(".gz").removesuffix(".nii"))
            target = folder / f"{stem}.nii{'.gz' if packed else ''}"
            target.write_bytes(data if packed else gzip.decompress(data))
            path.unlink()
        (folder / "made").rmdir()
        return folder

    return write


UK_BIOBANK = {"cine_sax_stack": "sa", "cine_2ch": "la_2ch", "cine_4ch": "la_4ch"}


def acdc(study: Study, folder: Path) -> Path:
    """End-diastole and end-systole as volumes without geometry, each with its labels."""
    folder.mkdir(parents=True)
    stack = np.stack([s.pixels for s in study.series])  # (Z, T, H, W)
    row, column = study.series[0].spacing_mm
    for phase, number in ((0, 1), (1, 9)):
        voxels = stack[:, phase].transpose(2, 1, 0)
        affine = np.diag([column, row, 10.0, 1.0])
        stem = f"patient007_frame{number:02d}"
        nibabel.Nifti1Image(voxels, affine).to_filename(folder / f"{stem}.nii.gz")
        labels = (voxels > voxels.mean()).astype(np.uint8)
        nibabel.Nifti1Image(labels, affine).to_filename(folder / f"{stem}_gt.nii.gz")
    return folder


def nrrd_files(study: Study, folder: Path) -> Path:
    """As 3D Slicer saves volumes and sequences of them."""
    import nrrd

    for path in write_nifti(study, folder):
        image = nibabel.load(path)
        voxels, affine = np.asarray(image.dataobj), image.affine
        directions = list(affine[:3, :3].T)
        kinds = ["domain"] * 3
        if voxels.ndim == 4:
            voxels = np.moveaxis(voxels, 3, 0)
            directions.insert(0, np.full(3, np.nan))
            kinds.insert(0, "list")
        header = {
            "space": "right-anterior-superior",
            "kinds": kinds,
            "space directions": np.array(directions),
            "space origin": affine[:3, 3],
            "encoding": "gzip",
        }
        nrrd.write(str(path).replace(".nii.gz", ".seq.nrrd"), voxels, header)
        path.unlink()
    return folder


def npz(study: Study, folder: Path) -> Path:
    write_npz(study, folder)
    return folder


def npy(study: Study, folder: Path) -> Path:
    folder.mkdir(parents=True)
    stack = np.stack([s.pixels for s in study.cines(View.SAX)])
    np.save(folder / "sax.npy", stack)
    return folder / "sax.npy"


def _grey(series: Series) -> np.ndarray:
    low, high = np.percentile(series.pixels, (0, 100))
    return np.round((series.pixels - low) / (high - low) * 255).astype(np.uint8)


def filmed(suffix: str, code: str) -> Callable[[Study, Path], Path]:
    """Two cines as two videos."""
    import cv2

    def write(study: Study, folder: Path) -> Path:
        folder.mkdir(parents=True)
        for series in study.series:
            frames = _grey(series)
            path = str(folder / f"{series.view.lower()}{suffix}")
            writer = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*code), 20, frames.shape[:0:-1])
            for frame in frames:
                writer.write(cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR))
            writer.release()
        return folder

    return write


def pictured(suffix: str) -> Callable[[Study, Path], Path]:
    from PIL import Image

    def write(study: Study, folder: Path) -> Path:
        folder.mkdir(parents=True)
        for series in study.series:
            first, *rest = [Image.fromarray(frame) for frame in _grey(series)]
            lossless = {"lossless": True} if suffix == ".webp" else {}
            path = folder / f"{series.view.lower()}{suffix}"
            first.save(path, save_all=True, append_images=rest, duration=50, loop=0, **lossless)
        return folder

    return write


def _jpeg_ls_near(image: np.ndarray) -> bytes:
    return imagecodecs.jpegls_encode(image, level=3)


UNPLACED = "places unknown"
GUESSED = "places unknown; times evenly spaced; pixel size assumed"

FORMS = [
    Form("DICOM files", "a folder, a series per view", lambda s, f: saved(images(s), f)),
    Form("DICOM files", "a series per slice (Siemens)",
         lambda s, f: saved(images(s, per_slice=True), f)),
    Form("DICOM files", "a series per phase", series_per_phase),
    Form("DICOM files", "with scouts, which are set aside",
         lambda s, f: saved(images(s, scout=True), f)),
    Form("DICOM files", "a list of files, no extensions", listed),
    Form("DICOM files", "a DICOMDIR and numbered folders", with_dicomdir),
    Form("DICOM files", "no preamble, no file meta information", without_preamble),
    Form("DICOM files", "RR intervals that differ by slice",
         lambda s, f: saved(images(s), f), of=_own_beats),
    Form("Archives", "zip", zipped),
    Form("Archives", "zip in a zip", zip_in_zip),
    Form("Archives", "tar", tarred("w")),
    Form("Archives", "tar.gz", tarred("w:gz")),
    Form("Multi-frame", "classic, one file per slice, no geometry, FrameTime", multi_frame(True),
         f"{UNPLACED}; times from the first phase"),
    Form("Multi-frame", "classic, no geometry, no times", multi_frame(False),
         f"{UNPLACED}; times unknown, phases in order"),
    Form("Multi-frame", "Enhanced MR, one file per view", enhanced()),
    Form("Multi-frame", "Enhanced MR, one file per slice", enhanced(per_slice=True)),
    Form("Multi-frame", "Enhanced MR, TemporalPositionIndex only", enhanced(time="index"),
         "times unknown, phases in order"),
    Form("Multi-frame", "Legacy Converted Enhanced MR", enhanced(legacy=True)),
    Form("Transfer syntax", "implicit little endian", stored_as(ImplicitVRLittleEndian)),
    Form("Transfer syntax", "explicit little endian", stored_as(ExplicitVRLittleEndian)),
    Form("Transfer syntax", "explicit big endian", stored_as(ExplicitVRBigEndian)),
    Form("Transfer syntax", "deflated", stored_as(DeflatedExplicitVRLittleEndian)),
    Form("Transfer syntax", "RLE", stored_as(RLELossless)),
    Form("Transfer syntax", "JPEG baseline, 8 bits, lossy",
         compressed(JPEGBaseline8Bit, lambda a: imagecodecs.jpeg8_encode(a, 95), 8),
         "grey levels within 1 %"),
    Form("Transfer syntax", "JPEG extended, 12 bits, lossy",
         compressed(JPEGExtended12Bit,
                    lambda a: imagecodecs.jpeg8_encode(a, 95, bitspersample=12), 12),
         "refused: pixels missing, cut short or not decodable"),
    Form("Transfer syntax", "JPEG lossless, process 14",
         compressed(JPEGLossless,
                    lambda a: imagecodecs.jpeg8_encode(a, lossless=True, predictor=6))),
    Form("Transfer syntax", "JPEG lossless, first-order prediction",
         compressed(JPEGLosslessSV1,
                    lambda a: imagecodecs.jpeg8_encode(a, lossless=True, predictor=1))),
    Form("Transfer syntax", "JPEG-LS lossless", stored_as(JPEGLSLossless)),
    Form("Transfer syntax", "JPEG-LS near-lossless", compressed(JPEGLSNearLossless, _jpeg_ls_near),
         "grey levels within 1 %"),
    Form("Transfer syntax", "JPEG 2000 lossless", stored_as(JPEG2000Lossless)),
    Form("Transfer syntax", "JPEG 2000 lossy",
         compressed(JPEG2000, lambda a: imagecodecs.jpeg2k_encode(a, 80, codecformat="j2k")),
         "grey levels within 1 %"),
    Form("Transfer syntax", "HTJ2K lossless",
         compressed(HTJ2KLossless, lambda a: imagecodecs.htj2k_encode(a, reversible=True))),
    Form("Pixels", "unsigned, 12 bits in 16", changed(_twelve_bits)),
    Form("Pixels", "overlay in the unused bits", changed(_overlay_bits)),
    Form("Pixels", "MONOCHROME1", changed(_inverted)),
    Form("Pixels", "rescale slope and intercept", changed(_rescaled)),
    Form("Pixels", "modality LUT", changed(_with_lut), "grey levels scaled"),
    Form("Pixels", "windows and a VOI LUT, which are for a screen", changed(_with_window)),
    Form("Pixels", "signed, 32 bits", changed(_as_32_bits)),
    Form("Pixels", "float", changed(_as_float)),
    Form("Missing tags", "no TriggerTime, a temporal position", with_tags(TriggerTime=None),
         "times unknown, phases in order"),
    Form("Missing tags", "no time at all, instance numbers",
         with_tags(TriggerTime=None, TemporalPositionIdentifier=None, AcquisitionTime=None,
                   ContentTime=None), "times unknown, phases in order"),
    Form("Missing tags", "no descriptions", with_tags(SeriesDescription=None, ProtocolName=None)),
    Form("Missing tags", "no Modality", with_tags(Modality=None)),
    Form("Missing tags", "no SOPInstanceUID", with_tags(SOPInstanceUID=None)),
    Form("Missing tags", "no SeriesInstanceUID", with_tags(SeriesInstanceUID=None)),
    Form("Missing tags", "no PixelSpacing", with_tags(PixelSpacing=None), "pixel size assumed"),
    Form("Missing tags", "no BitsStored, HighBit, PixelRepresentation",
         with_tags(BitsStored=None, HighBit=None, PixelRepresentation=None)),
    Form("Other formats", "NIfTI, packed, a file per view", nifti(), "times evenly spaced"),
    Form("Other formats", "NIfTI, plain", nifti(packed=False), "times evenly spaced"),
    Form("Other formats", "NIfTI named as in the UK Biobank (sa, la_2ch, la_4ch)",
         nifti(UK_BIOBANK.get), "times evenly spaced", _cines_of_uk_biobank),
    Form(
        "Other formats",
        "NIfTI named as in M&Ms (A0S9V9_sa)",
        nifti({"cine_sax_stack": "A0S9V9_sa"}.get),
        "times evenly spaced",
        _sax_cines,
    ),
    Form(
        "Other formats",
        "NIfTI named as in M&Ms-2 (001_SA_CINE, 001_LA_CINE)",
        nifti({"cine_sax_stack": "001_SA_CINE", "cine_4ch": "001_LA_CINE"}.get),
        "times evenly spaced",
        _sax_and_4ch_cines,
    ),
    Form("Other formats", "NIfTI named as in ACDC: ED and ES volumes and their labels", acdc,
         "places unknown; times unknown, phases in order", _ed_and_es),
    Form("Other formats", "NRRD, a file per view (pynrrd)", nrrd_files,
         "times unknown, phases in order"),
    Form("Other formats", ".npz per view", npz, "times unknown, phases in order"),
    Form("Other formats", ".npy, one stack", npy,
         "places unknown; times unknown, phases in order; pixel size assumed", _sax_cines),
    Form("Moving pictures", "MP4 (MPEG-4)", filmed(".mp4", "mp4v"),
         "grey levels within 2 %; " + GUESSED, _first_sax_and_4ch),
    Form("Moving pictures", "AVI (Motion JPEG)", filmed(".avi", "MJPG"),
         "grey levels within 2 %; " + GUESSED, _first_sax_and_4ch),
    Form("Moving pictures", "GIF", pictured(".gif"),
         "grey levels within 1 %; " + GUESSED, _first_sax_and_4ch),
    Form("Moving pictures", "animated WebP", pictured(".webp"),
         "grey levels within 1 %; " + GUESSED, _first_sax_and_4ch),
]  # fmt: skip
