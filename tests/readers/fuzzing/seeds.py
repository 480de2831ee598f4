"""Small good exams in every form, as bytes: what the mutators spoil.

To add a form, write a function that gives seeds and put it into `MAKERS`; a maker whose package
or files are not at hand gives none. The same seeds come out of every run on one machine.
"""

from __future__ import annotations

import io
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pydicom
import pydicom.data
from pydicom.dataset import Dataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from tests import dicom_maker as maker

from .seeds_packed import packed
from .seeds_volumes import volumes

SYNTAXES = (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
    RLELossless,
    JPEGLSLossless,
    JPEGLSNearLossless,
    JPEG2000Lossless,
)
# Bytes of a file of pydicom's that is worth many mutants; larger ones cost too much time.
SMALL = 70_000


@dataclass(frozen=True)
class Seed:
    """An exam.

    Attributes:
        name: stays the same from run to run.
        form: which mutators understand it.
        files: bytes by name.
        secrets: words of the patient that must not come out.
        weight: how often it is taken, against the others.
    """

    name: str
    form: str
    files: dict[str, bytes]
    secrets: tuple[str, ...] = ("Wintergreen", "Rosalind", maker.PATIENT_ID)
    weight: int = 4


def all_seeds(real: Path | None = None) -> list[Seed]:
    """The seeds of every maker that has what it needs.

    Args:
        real: a folder of real exams (zips), if there is one.
    """
    found: list[Seed] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for make in MAKERS:
            found += make()
        if real is not None and real.is_dir():
            found += _real(real)
    assert len({seed.name for seed in found}) == len(found)
    return found


def classic() -> Iterator[Seed]:
    """A slice of a cine as a file per image, in every transfer syntax with an encoder."""
    for syntax in SYNTAXES:
        images = maker.stack(slices=1, phases=5)
        for number, ds in enumerate(images):
            _small(ds, number, _side(syntax))
        try:
            files = {f"IM{n}": maker.encode(ds, syntax) for n, ds in enumerate(images)}
        except (RuntimeError, NotImplementedError):
            continue
        yield Seed(f"classic {syntax.name}", "dicom", files, weight=_weight(syntax))


def many_frames() -> Iterator[Seed]:
    """The same as one classic file of many frames, and as an enhanced one."""
    for syntax in SYNTAXES:
        frames = np.stack([maker.picture(0, t, _side(syntax)) for t in range(6)]).astype(np.uint16)
        cine = maker.image(frames, FrameTime=50, SeriesDescription="cine sax")
        full = maker.enhanced(slices=2, phases=5)
        for kind, ds in {"multi-frame": cine, "enhanced": full}.items():
            ds.SOPInstanceUID = "1.2.3.4.5"
            ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 12, 11, 0
            try:
                files = {"cine.dcm": maker.encode(ds, syntax)}
            except (RuntimeError, NotImplementedError):
                continue
            yield Seed(f"{kind} {syntax.name}", "dicom", files, weight=_weight(syntax))


def rich() -> Iterator[Seed]:
    """A cine with scaled and inverted pixels, private elements and long text."""
    images = maker.stack(
        slices=1, phases=5, RescaleSlope=0.5, RescaleIntercept=-3, Manufacturer="Maker; of?",
        SeriesDescription="cine Wintergreen sax", PatientComments="Rosalind " * 9,
    )  # fmt: skip
    for number, ds in enumerate(images):
        _small(ds, number)
        ds.PhotometricInterpretation = "MONOCHROME1"
        block = ds.private_block(0x0029, "SIEMENS CSA HEADER", create=True)
        block.add_new(0x10, "OB", bytes(range(256)) * 8)
    yield Seed("rich", "dicom", {f"IM{n}": maker.encode(ds) for n, ds in enumerate(images)})


def codestreams() -> Iterator[Seed]:
    """Cines around compressed images of pydicom's own, in the syntaxes no encoder here writes."""
    for file in _bundled():
        if file.stat().st_size > SMALL * 3:
            continue
        try:
            ds = pydicom.dcmread(file)
            if not ds.file_meta.TransferSyntaxUID.is_encapsulated or ds.SamplesPerPixel != 1:
                continue
            first = next(pydicom.encaps.generate_frames(ds.PixelData, number_of_frames=1))
        except Exception:  # pydicom raises what it likes; such a file is no seed
            continue
        cine = _around(ds, first)
        yield Seed(f"codestream {file.name}", "dicom", {"cine.dcm": cine}, weight=1)


def pydicom_files() -> Iterator[Seed]:
    """Files of pydicom and of the package pydicom-data, as they are."""
    for file in _bundled() + _larger():
        if file.stat().st_size > SMALL or file.suffix != ".dcm":
            continue
        data = file.read_bytes()
        yield Seed(f"pydicom {file.name}", "dicom", {file.name: data}, _secrets(data), 1)


def synthetic() -> Iterator[Seed]:
    """A small study as the package itself writes synthetic exams."""
    from cmrclip_lite.phantom.dicom import write_dicom
    from cmrclip_lite.phantom.nifti import write_nifti
    from cmrclip_lite.study import Study

    cine = np.stack([[maker.picture(z, t) for t in range(5)] for z in range(2)])
    few = Study.from_array(cine, (8.0, 1.5, 1.5))
    for series in few.series:
        series.trigger_ms, series.rr_ms = np.arange(5) * 160.0, 800.0
    writers = {"dicom": partial(write_dicom, few, seed=1), "nifti": partial(write_nifti, few)}
    for form, write in writers.items():
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder) / "exam")
            found = sorted(f for f in Path(folder).rglob("*") if f.is_file())
            files = {f"{n}{''.join(f.suffixes)}": f.read_bytes() for n, f in enumerate(found)}
        yield Seed(f"synthetic {form}", form, files)


def forms() -> Iterator[Seed]:
    """NIfTI, NumPy, NRRD and video files."""
    for name, form, data in volumes():
        yield Seed(name, form, {name.split()[-1]: data})


def archives() -> Iterator[Seed]:
    """Archives of a classic exam and of other forms."""
    inside = next(classic()).files | {"sax.npy": _npy(), "report.txt": b"seen by a doctor"}
    for name, form, data in packed(inside):
        yield Seed(name, form, {name.split()[-1]: data})


def _real(folder: Path) -> Iterator[Seed]:
    """One slice of each real exam."""
    import zipfile

    for path in sorted(folder.glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            names = [n for n in sorted(archive.namelist()) if n.lower().endswith(".dcm")]
            wanted = names[len(names) // 2 :][:5]
            files = {f"{n}.dcm": archive.read(name) for n, name in enumerate(wanted)}
        if files:
            yield Seed(f"real {path.stem}", "dicom", files, _secrets(files["0.dcm"]), 2)


MAKERS: tuple[Callable[[], Iterator[Seed]], ...] = (
    classic,
    many_frames,
    rich,
    codestreams,
    synthetic,
    forms,
    archives,
    pydicom_files,
)


def _side(syntax: str) -> int:
    """The fewest pixels that the encoder takes: JPEG 2000 halves an image five times."""
    return 32 if syntax == JPEG2000Lossless else 8


def _weight(syntax: str) -> int:
    """Less for compressed pixels, which start a process to decode each exam."""
    return 1 if UID(syntax).is_encapsulated else 4


def _small(ds: Dataset, number: int, side: int = 8) -> None:
    """Few pixels, and UIDs that are the same in every run."""
    maker.set_pixels(ds, maker.picture(0, number, side).astype(np.uint16))
    ds.BitsStored, ds.HighBit = 12, 11
    ds.SOPInstanceUID = f"1.2.3.4.5.{number}"


def _around(ds: Dataset, codestream: bytes) -> bytes:
    cine = maker.image(np.zeros((5, ds.Rows, ds.Columns), np.uint16), FrameTime=50)
    cine.SOPInstanceUID = "1.2.3.4.5"
    cine.SeriesDescription = "cine sax"
    for name in ("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation"):
        setattr(cine, name, ds[name].value)
    cine.PixelData = pydicom.encaps.encapsulate([codestream] * 5)
    cine["PixelData"].VR = "OB"
    cine["PixelData"].is_undefined_length = True
    return maker.written(cine, ds.file_meta.TransferSyntaxUID).getvalue()


def _bundled() -> list[Path]:
    folder = Path(pydicom.data.__file__).parent / "test_files"
    return sorted(f for f in folder.rglob("*") if f.is_file())


def _larger() -> list[Path]:
    """The files of the package pydicom-data, where it is installed."""
    try:
        import data_store
    except ImportError:
        return []
    return sorted((Path(data_store.__file__).parent / "data").iterdir())


def _secrets(data: bytes) -> tuple[str, ...]:
    """The longer words of a patient's name and number: short ones occur by chance."""
    ds = pydicom.dcmread(io.BytesIO(data), force=True, stop_before_pixels=True)
    words = f"{ds.get('PatientName', '')}^{ds.get('PatientID', '')}".replace(" ", "^").split("^")
    return tuple(word for word in words if len(word) >= 7)


def _npy() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.stack([maker.picture(0, t, 8) for t in range(5)]))
    return stream.getvalue()
