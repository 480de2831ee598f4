"""De-identified copies of DICOM images: the command `cmrclip deidentify`.

Follows the Basic Application Level Confidentiality Profile of DICOM PS3.15 Annex E with the options
Clean Descriptors and Retain Longitudinal Temporal Information with Modified Dates; `deid_rules.py`
says what becomes of each element. Pixels stay as they are, byte for byte, unless text is blacked
out of them. Whatever is no image is left out and listed.

Out of scope: faces. A series of the head from which a face can be rendered is not recognised.
De-identification is a help, not a proof: check before you share.
"""

from __future__ import annotations

import io
import os
import secrets as entropy
import shutil
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID

from .burned_in import Box, find_burned_in, joined
from .deid_check import Identity
from .deid_rules import MOVED, STANDARD_UIDS, Secrets, clean, clock, require_library
from .errors import CmrClipError, StudyError
from .readers.dicom import pydicom_silenced
from .readers.headers import read_header
from .readers.limits import Limits
from .readers.pixels import read_frames, require_decoder
from .readers.records import Header
from .readers.sources import PathLike, Source, find
from .readers.tags import MALFORMED_DICOM
from .study import SetAside

CAUTION = "De-identification is a help, not a proof: check before you share."
HANDLINGS = ("refuse", "black")
# A shorter key could be guessed, and with it every UID.
SHORTEST_KEY = 16
# Text in this share of a series' images is taken to be in all of them.
SHARED = 0.25

TEXT = "text in the pixels"
_NO_IMAGES = {
    "1.2.840.10008.5.1.4.1.1.88.": "structured reports",
    "1.2.840.10008.5.1.4.1.1.104.": "encapsulated documents",
    "1.2.840.10008.5.1.4.1.1.11.": "presentation states",
}
# Secondary capture, ultrasound, visible light: pictures that usually carry text or a person.
_WRITTEN_ON = tuple(f"1.2.840.10008.5.1.4.1.1.{part}." for part in (3, 6, 7, 77))


class DeidentificationError(CmrClipError):
    """A de-identified copy cannot be made as asked; nothing was written."""


@dataclass
class Account:
    """What was written and what was not.

    Attributes:
        images, files, series: how many were written; a file may hold many images.
        left_out: what was not written, and why.
        blacked: images in which text was blacked out.
        boxes: places of text, each counted once for a series.
    """

    images: int = 0
    files: int = 0
    series: int = 0
    left_out: list[SetAside] = field(default_factory=list)
    blacked: int = 0
    boxes: int = 0

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        left_out = [{"what": s.what, "reason": s.reason, "count": s.count} for s in self.left_out]
        return {
            "caution": CAUTION,
            "images": self.images,
            "files": self.files,
            "series": self.series,
            "left_out": left_out,
            "images_blacked_out": self.blacked,
            "burned_in_boxes": self.boxes,
        }

    def table(self) -> str:
        """For a person."""
        lines = [
            f"images written    {self.images} in {self.files} files",
            f"series written    {self.series}",
        ]
        lines += [f"left out          {s.count} x {s.what}: {s.reason}" for s in self.left_out]
        lines.append(f"places with text  {self.boxes} ({self.blacked} images blacked out)")
        return "\n".join([*lines, CAUTION])


@dataclass(eq=False)
class _Image:
    header: Header
    stated: bool
    boxes: list[Box]

    @property
    def series(self) -> tuple[str, int, int]:
        return self.header.series_uid, self.header.rows, self.header.columns


def deidentify(
    path: PathLike | Iterable[PathLike],
    out: PathLike,
    *,
    key: str | None = None,
    burned_in: str = "refuse",
    limits: Limits | None = None,
) -> Account:
    """Write de-identified copies of DICOM images, all or none.

    Args:
        path: a folder, a zip, a file, or a list of such, as `read_study` takes.
        out: a new folder, or a new zip if it ends in .zip.
        key: a secret of 16 characters or more; the same key gives a patient the same new UIDs
            and dates in every run. Without one a random key is used and forgotten.
        burned_in: "refuse" leaves out images with text in their pixels; "black" blacks the text
            out, in every image of the series at that place, and leaves out those that are said to
            carry text of which none is found.
        limits: what to refuse.

    Returns:
        An account of what was written and what was left out.

    Raises:
        DeidentificationError: if `out` cannot be used, nothing could be written, or the copies
            still hold something of the originals' identity.
        StudyError: if the input cannot be read or goes over a limit.
        CmrClipError: if the library with the standard's table is not installed.
    """
    require_library()
    if burned_in not in HANDLINGS:
        raise DeidentificationError(f"burned_in must be refuse or black, not {burned_in!r}.")
    if key is not None and len(key) < SHORTEST_KEY:
        raise DeidentificationError(f"A key needs {SHORTEST_KEY} characters or more.")
    given = [path] if isinstance(path, str | os.PathLike) else list(path)
    out = Path(out)
    _check_place(given, out)
    limits = limits or Limits()
    secrets = Secrets(key.encode() if key is not None else entropy.token_bytes(32))
    with ExitStack() as stack, pydicom_silenced():
        found = find(given, limits, stack)
        aside: Counter[tuple[str, str]] = Counter()
        for item in found.set_aside:
            aside[item.what, item.reason] += item.count
        others = len(found.nifti) + len(found.arrays)
        if others:
            aside["files", "not DICOM"] += others
        images, identity = _survey(found.dicom, limits, secrets, aside)
        boxes = _left(images, burned_in, aside)
        account = Account()
        with _beside(out) as work:
            _write(images, boxes, secrets, identity, work / "copies", account, aside)
            account.left_out = [SetAside(*why, count) for why, count in aside.most_common()]
            if not account.images:
                reasons = "; ".join(f"{s.count} {s.what} ({s.reason})" for s in account.left_out)
                raise DeidentificationError(f"Nothing was written: {reasons or 'no files'}.")
            _check(work / "copies", identity)
            _place(work, out)
    return account


def _check_place(given: list[PathLike], out: Path) -> None:
    where = out.resolve()
    for item in given:
        source = Path(item).resolve()
        if source == where or source in where.parents or where in source.parents:
            raise DeidentificationError(
                "The copies cannot be written inside the originals, nor the originals lie inside "
                "the copies; give another folder."
            )
    if out.is_dir() and out.suffix.lower() != ".zip":
        if any(out.iterdir()):
            raise DeidentificationError(f"The folder {out.name} is not empty; give a new one.")
    elif out.exists() or out.is_symlink():
        raise DeidentificationError(f"{out.name} is there already; give a new name.")
    if not where.parent.is_dir():
        raise DeidentificationError(f"There is no folder {where.parent.name} to write to.")


def _survey(
    sources: list[Source], limits: Limits, secrets: Secrets, aside: Counter
) -> tuple[list[_Image], Identity]:
    """Look at every file once: what it is, whom it names, when it was made, what is drawn on it."""
    images, identity = [], Identity()
    for source in sources:
        try:
            header = read_header(source, limits)
        except OSError:
            header = "files that could not be read"
        if isinstance(header, str):
            aside["files", header] += 1
            continue
        try:
            ds = pydicom.dcmread(
                io.BytesIO(header.source.read()), stop_before_pixels=True, force=True
            )
            identity.add(ds)
            reason = _no_image(header, ds)
            if reason:
                aside["images" if header.has_image else "files", reason] += max(
                    1, header.frame_count
                )
                continue
            _note_times(ds, secrets)
            images.append(_Image(header, _says_text(header, ds), _drawn(header)))
        except MALFORMED_DICOM:
            aside["files", "damaged DICOM files"] += 1
        except StudyError:
            aside["images", "compressed so that their pixels could not be checked here"] += 1
        finally:
            header.source.release()
    return images, identity


def _no_image(header: Header, ds: Dataset) -> str | None:
    if header.sop_class == "1.2.840.10008.1.3.10" or header.source.name.upper() == "DICOMDIR":
        return "DICOMDIR, an index of the originals"
    for start, what in _NO_IMAGES.items():
        if header.sop_class.startswith(start):
            return what
    if not header.has_image:
        return "DICOM objects without an image"
    if not header.sop_class.startswith(STANDARD_UIDS):
        return "a kind of object that the standard does not know"
    if not UID(header.syntax).is_transfer_syntax or UID(header.syntax).is_private:
        return "a transfer syntax that the standard does not know"
    if str(ds.get("RecognizableVisualFeatures", "")).upper() == "YES":
        return "said to show a person recognisably"
    if header.bits_stored < header.bits_allocated and _overlay_in_pixels(ds):
        return "an overlay kept in unused bits of the pixels"
    return None


def _overlay_in_pixels(ds: Dataset) -> bool:
    planes = range(0x6000, 0x601F, 2)
    return any((g, 0x0010) in ds and (g, 0x3000) not in ds for g in planes)


def _says_text(header: Header, ds: Dataset) -> bool:
    """Whether the file says it carries text, or is of a kind that usually does."""
    return (
        str(ds.get("BurnedInAnnotation", "")).upper() == "YES"
        or f"{header.sop_class}.".startswith(_WRITTEN_ON)
        or header.modality == "US"
        or any("SAVE" in part or "SCREEN" in part for part in header.image_type)
    )


def _drawn(header: Header) -> list[Box]:
    """Where text is drawn on any frame of a file.

    Raises:
        StudyError: if no decoder for it is installed.
        Exception: one of `MALFORMED_DICOM`, if the pixels cannot be decoded.
    """
    require_decoder(header)
    if header.samples != 1:
        colours = pydicom.dcmread(io.BytesIO(header.source.read()), force=True).pixel_array
        return find_burned_in(colours.mean(axis=-1))
    frames = read_frames(header, list(range(header.frame_count)))
    if len(frames) < header.frame_count:
        raise ValueError("frames that cannot be decoded")
    return find_burned_in(np.stack(list(frames.values())))


def _note_times(ds: Dataset, secrets: Secrets) -> None:
    patient = secrets.patient(str(ds.get("PatientID") or ""))
    for element in ds.iterall():
        if element.tag in MOVED and element.VR in ("TM", "DT"):
            micros = clock(str(element.value or ""))
            if micros is not None:
                known = secrets.first_clock.get(patient, micros)
                secrets.first_clock[patient] = min(known, micros)


def _left(images: list[_Image], burned_in: str, aside: Counter) -> dict[tuple, list[Box]]:
    """Drop images with text that cannot stay; returns what to black out, by series and matrix."""
    boxes: dict[tuple, set[Box]] = {}
    flagged: Counter[tuple] = Counter()
    total: Counter[tuple] = Counter(image.series for image in images)
    for image in images:
        boxes.setdefault(image.series, set()).update(image.boxes)
        flagged[image.series] += bool(image.boxes)
    kept = []
    for image in images:
        shared = flagged[image.series] >= SHARED * total[image.series]
        text = bool(image.boxes) or (shared and flagged[image.series] > 0)
        why = None
        if burned_in == "refuse" and (text or image.stated):
            why = TEXT if text else f"{TEXT}, as the file or its kind says"
        elif image.stated and not boxes[image.series]:
            why = f"{TEXT}, as the file or its kind says, that was not found"
        elif boxes[image.series] and image.header.samples != 1:
            why = f"{TEXT} of colour images, which cannot be blacked out"
        if why:
            aside["images", why] += image.header.frame_count
        else:
            kept.append(image)
    images[:] = kept
    return {} if burned_in == "refuse" else {s: joined(found) for s, found in boxes.items()}


def _write(
    images: list[_Image],
    boxes: dict[tuple, list[Box]],
    secrets: Secrets,
    identity: Identity,
    folder: Path,
    account: Account,
    aside: Counter,
) -> None:
    """Write every image under a new name, its series and itself numbered in the order they came."""
    counts: dict[str, int] = {}
    for image in images:
        header = image.header
        black = boxes.get(image.series, [])
        try:
            ds = pydicom.dcmread(io.BytesIO(header.source.read()), force=True)
            if black:
                _black_out(ds, black)
            content = _copy(ds, header, secrets, identity, bool(black))
        except MALFORMED_DICOM:
            aside["files", "damaged DICOM files"] += 1
            continue
        finally:
            header.source.release()
        counts.setdefault(header.series_uid, 0)
        counts[header.series_uid] += 1
        number = list(counts).index(header.series_uid) + 1
        place = folder / f"series-{number:03}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"image-{counts[header.series_uid]:05}.dcm").write_bytes(content)
        account.files += 1
        account.images += header.frame_count
        account.blacked += header.frame_count * bool(black)
    account.series = len(counts)
    account.boxes = sum(map(len, boxes.values()))


def _copy(
    ds: Dataset, header: Header, secrets: Secrets, identity: Identity, blacked: bool
) -> bytes:
    """The bytes of one de-identified file."""
    syntax = UID(header.syntax)
    if blacked and syntax.is_compressed:
        syntax = pydicom.uid.ExplicitVRLittleEndian
    if not ds.get("SOPInstanceUID"):
        ds.SOPInstanceUID = secrets.uid(secrets.digest("content", header.source.name).hex())
    clean(ds, secrets, identity.words, blacked)
    ds.preamble = bytes(128)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    stream = io.BytesIO()
    pydicom.dcmwrite(stream, ds, enforce_file_format=True)
    return stream.getvalue()


def _black_out(ds: Dataset, boxes: list[Box]) -> None:
    if UID(ds.file_meta.TransferSyntaxUID).is_compressed:
        ds.decompress(generate_instance_uid=False)
    array = ds.pixel_array
    array = array.reshape(-1, *array.shape[-2:]).copy()
    inverted = ds.PhotometricInterpretation == "MONOCHROME1"
    darkest = array.max() if inverted else array.min()
    for box in boxes:
        array[:, box.top : box.bottom, box.left : box.right] = darkest
    if UID(ds.file_meta.TransferSyntaxUID) == pydicom.uid.ExplicitVRBigEndian:
        array = array.astype(array.dtype.newbyteorder(">"))
    content = array.tobytes()
    ds["PixelData"].value = content + b"\0" * (len(content) % 2)


def _check(folder: Path, identity: Identity) -> None:
    """Read back what was written and search it.

    Raises:
        DeidentificationError: naming the attribute whose original value was found.
    """
    for path in sorted(folder.rglob("*.dcm")):
        with path.open("rb") as stream:
            ds = pydicom.dcmread(stream, stop_before_pixels=True)
            end = stream.tell()
            stream.seek(0)
            header = stream.read(end)
        keyword = identity.found_in(ds, header)
        if keyword:
            raise DeidentificationError(
                f"Part of the original {keyword} is still in the copies, so they were deleted. "
                "Empty that attribute in the originals, or look for the same words in others."
            )


@contextmanager
def _beside(out: Path) -> Iterator[Path]:
    """A folder beside `out` to work in, which is gone afterwards whatever happens.

    It has one name, so that the next run clears what a killed one left.
    """
    work = out.resolve().parent / f".{out.name}.cmrclip-partial"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _place(work: Path, out: Path) -> None:
    copies = work / "copies"
    if out.suffix.lower() != ".zip":
        if out.is_dir():
            out.rmdir()
        os.replace(copies, out.resolve())
        return
    packed = work / "copies.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(copies.rglob("*.dcm")):
            # A date of its own would say when it was packed.
            entry = zipfile.ZipInfo(str(path.relative_to(copies)), (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
    os.replace(packed, out.resolve())
