"""The first look at the files of an exam that is to be de-identified.

Every file is read once: what it is, whom it names, when it was made, and what is drawn on it.
What cannot be copied is counted with its reason.
"""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import UID

from ..burned_in import Box, find_burned_in, joined
from ..errors import StudyError
from ..readers.decoding import Decoders
from ..readers.headers import read_header
from ..readers.pixels import read_frames, require_decoder
from ..readers.records import Header
from ..readers.sources import Source
from ..readers.tags import MALFORMED_DICOM
from .check import Identity
from .rules import MOVED, Secrets, clock, is_standard

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


@dataclass(eq=False)
class Image:
    """A file that may be copied.

    Attributes:
        header: what the readers know of it.
        stated: whether it says it carries text, or is of a kind that usually does.
        boxes: where text was found on any of its frames.
    """

    header: Header
    stated: bool
    boxes: list[Box]

    @property
    def place(self) -> tuple[str, int, int]:
        """Images of one series and matrix have text in the same places."""
        return self.header.series_uid, self.header.rows, self.header.columns


def survey(
    sources: list[Source], secrets: Secrets, aside: Counter, decoders: Decoders
) -> tuple[list[Image], Identity]:
    """Look at every file once.

    Args:
        sources: files that look like DICOM.
        secrets: learns the earliest time of each patient.
        aside: counts what is not copied, by what it is and why.
        decoders: for compressed pixels; its limits apply.

    Returns:
        The images, in the order of the files, and the identity that none of their copies may hold.

    Raises:
        StudyError: if a file goes over a limit.
    """
    images, identity = [], Identity()
    for source in sources:
        decoders.limits.check_time("The exam")
        try:
            header = read_header(source, decoders.limits)
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
            images.append(Image(header, _says_text(header, ds), _drawn(header, decoders)))
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
    if not is_standard(header.sop_class):
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


def _drawn(header: Header, decoders: Decoders) -> list[Box]:
    """Where text is drawn on any frame of a file.

    Raises:
        StudyError: if no decoder for it is installed.
        Exception: one of `MALFORMED_DICOM`, if the pixels cannot be decoded.
    """
    require_decoder(header)
    frames = read_frames(header, list(range(header.frame_count)), decoders)
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


def left(images: list[Image], burned_in: str, aside: Counter) -> dict[tuple, list[Box]]:
    """Drop images with text that cannot stay; returns where text was found, by `Image.place`."""
    boxes: dict[tuple, set[Box]] = {}
    flagged: Counter[tuple] = Counter()
    total: Counter[tuple] = Counter(image.place for image in images)
    for image in images:
        boxes.setdefault(image.place, set()).update(image.boxes)
        flagged[image.place] += bool(image.boxes)
    kept = []
    for image in images:
        shared = flagged[image.place] >= SHARED * total[image.place]
        text = bool(image.boxes) or (shared and flagged[image.place] > 0)
        why = None
        if burned_in == "refuse" and (text or image.stated):
            why = TEXT if text else f"{TEXT}, as the file or its kind says"
        elif image.stated and not boxes[image.place]:
            why = f"{TEXT}, as the file or its kind says, that was not found"
        elif boxes[image.place] and image.header.samples != 1:
            why = f"{TEXT} of colour images, which cannot be blacked out"
        if why:
            aside["images", why] += image.header.frame_count
        else:
            kept.append(image)
    images[:] = kept
    return {place: joined(found) for place, found in boxes.items()}
