"""De-identified copies of DICOM images: the command `cmrclip deidentify`.

Follows the Basic Application Level Confidentiality Profile of DICOM PS3.15 Annex E with the options
Clean Descriptors and Retain Longitudinal Temporal Information with Modified Dates; `rules.py`
says what becomes of each element. Pixels stay as they are, byte for byte, unless text is blacked
out of them. Whatever is no image is left out and listed.

Out of scope: faces. A series of the head from which a face can be rendered is not recognised.
De-identification is a help, not a proof: check before you share.
"""

from __future__ import annotations

import hashlib
import io
import os
import secrets as entropy
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian

from ..burned_in import Box
from ..errors import CmrClipError
from ..readers.decoding import Decoders
from ..readers.dicom import pydicom_silenced
from ..readers.limits import Limits
from ..readers.records import Header
from ..readers.sources import PathLike, find
from ..readers.tags import MALFORMED_DICOM
from ..study import SetAside
from ..whole_folder import beside, place
from .check import Identity
from .rules import Secrets, clean, require_library
from .survey import TEXT, Image, left, survey

__all__ = ["CAUTION", "TEXT", "Account", "DeidentificationError", "deidentify"]

CAUTION = "De-identification is a help, not a proof: check before you share."
HANDLINGS = ("refuse", "black")
# A shorter key could be guessed, and with it every UID.
SHORTEST_KEY = 16


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
    limits = (limits or Limits()).started()
    secrets = Secrets(key.encode() if key is not None else entropy.token_bytes(32))
    with ExitStack() as stack, pydicom_silenced():
        found = find(given, limits, stack)
        aside: Counter[tuple[str, str]] = Counter()
        for item in found.set_aside:
            aside[item.what, item.reason] += item.count
        others = len(found.nifti) + len(found.nrrd) + len(found.arrays) + len(found.videos)
        if others:
            aside["files", "not DICOM"] += others
        decoders = stack.enter_context(Decoders(limits, 1))
        images, identity = survey(found.dicom, secrets, aside, decoders)
        boxes = left(images, burned_in, aside)
        account = Account(boxes=sum(map(len, boxes.values())))
        if burned_in == "refuse":
            boxes = {}
        with _written(out), beside(out) as work:
            _write(images, boxes, secrets, identity, work / "copies", account, aside, decoders)
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


def _write(
    images: list[Image],
    boxes: dict[tuple, list[Box]],
    secrets: Secrets,
    identity: Identity,
    folder: Path,
    account: Account,
    aside: Counter,
    decoders: Decoders,
) -> None:
    """Write every image under a new name, its series and itself numbered in the order they came."""
    numbers: dict[str, int] = {}
    counts: Counter[str] = Counter()
    for image in images:
        header = image.header
        black = boxes.get(image.place, [])
        try:
            ds = pydicom.dcmread(io.BytesIO(header.source.read()), force=True)
            if black:
                _black_out(ds, black, header, decoders)
            content = _copy(ds, header, secrets, identity, bool(black))
        except MALFORMED_DICOM:
            aside["files", "damaged DICOM files"] += 1
            continue
        finally:
            header.source.release()
        number = numbers.setdefault(header.series_uid, len(numbers) + 1)
        counts[header.series_uid] += 1
        place = folder / f"series-{number:03}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"image-{counts[header.series_uid]:05}.dcm").write_bytes(content)
        account.files += 1
        account.images += header.frame_count
        account.blacked += header.frame_count * bool(black)
    account.series = len(counts)


def _copy(
    ds: Dataset, header: Header, secrets: Secrets, identity: Identity, blacked: bool
) -> bytes:
    """The bytes of one de-identified file."""
    syntax = UID(header.syntax)
    if blacked and syntax.is_compressed:
        syntax = ExplicitVRLittleEndian
    if not ds.get("SOPInstanceUID"):
        ds.SOPInstanceUID = hashlib.sha256(header.source.read()).hexdigest()
    clean(ds, secrets, identity.words, blacked)
    ds.preamble = bytes(128)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    stream = io.BytesIO()
    pydicom.dcmwrite(stream, ds, enforce_file_format=True)
    return stream.getvalue()


def _black_out(ds: Dataset, boxes: list[Box], header: Header, decoders: Decoders) -> None:
    if UID(ds.file_meta.TransferSyntaxUID).is_compressed:
        array = decoders.dicom(header)
        if array is None:
            raise ValueError("pixels that cannot be decoded")
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds.BitsAllocated = array.dtype.itemsize * 8
        ds.PixelRepresentation = int(array.dtype.kind == "i")
        ds["PixelData"].VR, ds["PixelData"].is_undefined_length = "OW", False
    else:
        array = ds.pixel_array
    array = array.reshape(-1, *array.shape[-2:]).copy()
    inverted = ds.PhotometricInterpretation == "MONOCHROME1"
    darkest = array.max() if inverted else array.min()
    for box in boxes:
        array[:, box.top : box.bottom, box.left : box.right] = darkest
    if UID(ds.file_meta.TransferSyntaxUID) == ExplicitVRBigEndian:
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
def _written(out: Path) -> Iterator[None]:
    """Say why `out` cannot be written."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or "input or output error").lower()
        raise DeidentificationError(f"{out.name} cannot be written: {reason}.") from None


def _place(work: Path, out: Path) -> None:
    copies = work / "copies"
    if out.suffix.lower() != ".zip":
        place(copies, out)
        return
    packed = work / "copies.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(copies.rglob("*.dcm")):
            # A date of its own would say when it was packed.
            entry = zipfile.ZipInfo(str(path.relative_to(copies)), (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
    os.replace(packed, out.resolve())
