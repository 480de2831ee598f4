"""What becomes of every element of one data set.

DICOM PS3.15 Annex E, Table E.1-1 says which attributes are removed (X), emptied (Z), replaced by a
dummy (D) or given a new UID (U); `dicom-anonymizer` holds the table and the dummies. On top of it:

- The table is applied inside sequences too; the library looks at the top level only.
- New UIDs come from a secret by HMAC and every UID but the standard's own gets one, so that
  references stay whole; the library draws them at random and knows the table's UIDs only.
- Dates that the table removes are removed; the library writes 0001-01-01 instead.
- Sequences that the table names are removed whole; the library fills their numbers with zeros and
  fails on some types. Sequences of image references are kept, with new UIDs.
- What the table does not know is no reason to keep it: elements outside the standard, names, free
  text, ages, dates and binary values are removed unless a list here names them.
- Curves and overlays go as whole groups, for a frame without its picture helps nobody.

Options applied: Clean Descriptors (`words.py` says what stays) and Retain Longitudinal
Temporal Information with Modified Dates: the acquisition's dates move by a secret number of days
and its times count from the patient's first, so that order and intervals stay.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache

from pydicom.datadict import dictionary_has_tag, keyword_for_tag
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag, Tag

from ..errors import CmrClipError
from ..readers.tags import MALFORMED_DICOM
from .words import sequence_name, technical_words

EDITION = "2026c"
METHOD = ["PS3.15 Basic Profile 2026c and options", "cmrclip-lite with dicom-anonymizer"]
BASIC = ("113100", "Basic Application Confidentiality Profile")
CLEAN_PIXELS = ("113101", "Clean Pixel Data Option")
CLEAN_WORDS = ("113105", "Clean Descriptors Option")
MODIFIED_DATES = ("113107", "Retain Longitudinal Temporal Information Modified Dates Option")

STANDARD_UIDS = "1.2.840.10008."
# Free text that is reduced to technical words, for kind and view are told by them.
DESCRIPTIONS = ("SeriesDescription", "ProtocolName", "PerformedProcedureStepDescription")
SEQUENCE_NAMES = ("SequenceName", "PulseSequenceName")
# Times by which images are ordered; all others go.
MOVED = frozenset(
    Tag(f"{stem}{part}")
    for stem in ("Study", "Series", "Acquisition", "Content")
    for part in ("Date", "Time")
) | {
    Tag(name)
    for name in ("AcquisitionDateTime", "FrameAcquisitionDateTime", "FrameReferenceDateTime")
}
# Binary values without which an image cannot be shown.
_BINARY_KEPT = frozenset(
    Tag(name)
    for name in (
        *("PixelData", "FloatPixelData", "DoubleFloatPixelData"),
        *("ExtendedOffsetTable", "ExtendedOffsetTableLengths", "LUTData"),
        *(f"{colour}PaletteColorLookupTableData" for colour in ("Red", "Green", "Blue")),
    )
)
_BINARY = {"OB", "OW", "OF", "OD", "OL", "OV", "UN"}
# Types that say who, where or when in a person's own words.
_PERSONAL = {"PN", "LT", "ST", "UT", "UC", "UR", "AE", "AS", "DA", "DT", "TM"}
# Types for which the library has a dummy.
_DUMMIES = set("AE AS CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UC UL UR US UT".split())
# Dates move back by 10 to 60 years.
_LEAST_DAYS, _MOST_DAYS = 3650, 21900
_CLOCK = re.compile(r"(\d\d):?(\d\d):?(\d\d)?(?:\.(\d{1,6})\d*)?")
_MOMENT = re.compile(r"(\d{8})(\d{4}(?:\d\d(?:\.\d{1,6})?)?)\d*(?:[+-]\d{4})?")


@dataclass
class Secrets:
    """What ties the copies of one run together, and nothing to their originals without the key.

    Attributes:
        key: of the HMAC by which new values are made.
        first_clock: microseconds after midnight of the earliest time, by pseudonym of patient.
    """

    key: bytes
    first_clock: dict[str, int] = field(default_factory=dict)

    def digest(self, what: str, value: str) -> bytes:
        return hmac.new(self.key, f"{what}:{value}".encode(), hashlib.sha256).digest()

    def uid(self, original: str) -> str:
        """A UID under 2.25, from a UUID as PS3.5 B.2 asks; the standard's own stay."""
        original = original.strip(" \0")
        if not original or is_standard(original):
            return original
        made = uuid.UUID(bytes=self.digest("uid", original)[:16], version=4)
        return f"2.25.{made.int}"

    def patient(self, original: str) -> str:
        """A pseudonym, so that patients stay apart; none for no id."""
        original = original.strip(" \0")
        return f"ANON-{self.digest('patient', original).hex()[:12].upper()}" if original else ""

    def days(self, patient: str) -> int:
        number = int.from_bytes(self.digest("days", patient)[:8], "big")
        return _LEAST_DAYS + number % (_MOST_DAYS - _LEAST_DAYS)


def is_standard(uid: str) -> bool:
    """Whether a UID is one of the standard's own, which say nothing of whom an image shows."""
    return uid.startswith(STANDARD_UIDS)


def require_library() -> None:
    """Check that the table of the standard is at hand.

    Raises:
        CmrClipError: saying what to install.
    """
    try:
        _table()
    except ImportError:
        raise CmrClipError(
            "De-identification needs a library: pip install 'cmrclip-lite[deidentify]'."
        ) from None


def clean(
    ds: Dataset, secrets: Secrets, never: Collection[str] = (), blacked: bool = False
) -> None:
    """De-identify a data set in place, and state in it what was done.

    Args:
        ds: all of an image, pixels included.
        secrets: of this run.
        never: words in lower case that no description may keep.
        blacked: whether text was blacked out of the pixels.
    """
    patient = secrets.patient(_text(ds, "PatientID"))
    _clean_level(ds, secrets, patient, never)
    ds.PatientID = patient
    ds.PatientIdentityRemoved = "YES"
    ds.DeidentificationMethod = METHOD
    codes = [BASIC, CLEAN_WORDS, MODIFIED_DATES] + [CLEAN_PIXELS] * blacked
    ds.DeidentificationMethodCodeSequence = [_code(*code) for code in codes]
    ds.LongitudinalTemporalInformationModified = "MODIFIED"
    ds.BurnedInAnnotation = "NO"


def clock(stated: str) -> int | None:
    """A time of day (TM, or that in a DT) in microseconds after midnight, or None."""
    moment = _MOMENT.fullmatch(stated.strip(" \0"))
    found = _CLOCK.fullmatch(moment.group(2) if moment else stated.strip(" \0"))
    if found is None:
        return None
    hours, minutes, seconds = (int(part or 0) for part in found.groups()[:3])
    if hours > 23 or minutes > 59 or seconds > 60:
        return None
    return (hours * 3600 + minutes * 60 + seconds) * 10**6 + int((found[4] or "").ljust(6, "0"))


def _clean_level(ds: Dataset, secrets: Secrets, patient: str, never: Collection[str]) -> None:
    from dicomanonymizer import anonymize_dataset

    rules: dict[tuple[int, int], Callable] = {}
    for tag in list(ds.keys()):
        action = _action(ds, tag, secrets, patient, never)
        if action is not None:
            rules[tag.group, tag.element] = action
    anonymize_dataset(ds, base_rules_gen=lambda: rules)


def _action(
    ds: Dataset, tag: BaseTag, secrets: Secrets, patient: str, never: Collection[str]
) -> Callable | None:
    """Deal with one element, or give the library's action that does."""
    # Groups below 8 belong to commands and to the file, which is written anew.
    group = tag.group
    if tag.is_private or group < 8 or 0x5000 <= group <= 0x50FF or 0x6000 <= group <= 0x60FF:
        del ds[tag]
        return None
    try:
        element = ds[tag] if dictionary_has_tag(tag) else None
    except MALFORMED_DICOM:
        element = None
    if element is None:
        del ds[tag]
        return None
    letters, action = _table().get((group, tag.element), ("", None))
    keyword, vr = keyword_for_tag(tag), element.VR
    if vr == "SQ":
        if letters and "U" not in letters:
            del ds[tag]
        else:
            for item in element.value:
                _clean_level(item, secrets, patient, never)
    elif vr == "UI":
        many = element.value if isinstance(element.value, MultiValue) else [element.value or ""]
        element.value = [secrets.uid(str(uid)) for uid in many]
    elif keyword in DESCRIPTIONS or keyword in SEQUENCE_NAMES:
        reduced = technical_words if keyword in DESCRIPTIONS else sequence_name
        _set_or_remove(ds, element, reduced(_text(ds, keyword), never))
    elif tag in MOVED:
        moved = _moved(element, secrets, patient)
        # Study and content dates must be there, if only empty.
        if moved or "Z" in letters:
            element.value = moved
        else:
            del ds[tag]
    elif vr in _BINARY:
        if tag not in _BINARY_KEPT:
            del ds[tag]
    elif not letters:
        if vr in _PERSONAL:
            del ds[tag]
    elif vr not in _DUMMIES or (vr in ("DA", "DT", "TM") and "X" in letters):
        del ds[tag]
    elif vr in ("DA", "DT", "TM") and letters == "Z":
        element.value = ""
    else:
        return action
    return None


def _moved(element: DataElement, secrets: Secrets, patient: str) -> str:
    """A date or time moved by the patient's shift; empty if it is none."""
    stated = str(element.value or "").strip(" \0")
    days = timedelta(days=secrets.days(patient))
    first = secrets.first_clock.get(patient, 0)
    micros = clock(stated)
    try:
        if element.VR == "DA":
            return (datetime.strptime(stated.replace(".", ""), "%Y%m%d") - days).strftime("%Y%m%d")
        if micros is None:
            return ""
        if element.VR == "TM":
            seconds, fraction = divmod((micros - first) % (86400 * 10**6), 10**6)
            minutes, seconds = divmod(seconds, 60)
            return f"{minutes // 60:02}{minutes % 60:02}{seconds:02}.{fraction:06}"
        day = datetime.strptime(stated[:8], "%Y%m%d") - days
        moved = day + timedelta(microseconds=micros - first)
        return moved.strftime("%Y%m%d%H%M%S.%f")
    except (ValueError, OverflowError):
        return ""


def _set_or_remove(ds: Dataset, element: DataElement, value: str) -> None:
    if value:
        element.value = value
    else:
        del ds[element.tag]


def _text(ds: Dataset, keyword: str) -> str:
    value = ds.get(keyword)
    if value is None:
        return ""
    return "\\".join(map(str, value)) if isinstance(value, MultiValue) else str(value)


def _code(value: str, meaning: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, "DCM", meaning
    return code


@cache
def _table() -> dict[tuple[int, int], tuple[str, Callable]]:
    """For each attribute of Table E.1-1, its letters in the basic profile and the action."""
    from dicomanonymizer.simpledicomanonymizer import (
        dicom_anonymization_database_selector,
        initialize_actions,
    )

    name = f"dicomfields_{EDITION}"
    letters = {}
    for category, tags in dicom_anonymization_database_selector(name).items():
        if category != "ALL_TAGS":
            short = category.removesuffix("_TAGS").replace("_STAR", "").replace("_", "/")
            letters |= {tag: short for tag in tags}
    # Repeating groups have four numbers; curves and overlays are dealt with above.
    return {
        tag: (letters[tag], action)
        for tag, action in initialize_actions(name).items()
        if len(tag) == 2
    }
