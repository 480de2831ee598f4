"""A last look for the identity of the originals in the headers of their copies.

The rules of `rules` decide what stays; this knows nothing of them. It collects words and
numbers from the attributes that name people, places and numbers, and searches what was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pydicom.datadict import keyword_for_tag
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.tag import Tag

from ..readers.tags import MALFORMED_DICOM
from .rules import MOVED, is_standard

# Beside everything of the type Person Name.
IDENTIFYING = frozenset(
    Tag(name)
    for name in """
    PatientID OtherPatientIDs IssuerOfPatientID PatientBirthDate PatientAddress
    PatientTelephoneNumbers PatientInsurancePlanCodeSequence MedicalRecordLocator
    CountryOfResidence RegionOfResidence Occupation EthnicGroup MilitaryRank BranchOfService
    AccessionNumber StudyID AdmissionID ServiceEpisodeID RequestedProcedureID
    ScheduledProcedureStepID PerformedProcedureStepID FillerOrderNumberImagingServiceRequest
    PlacerOrderNumberImagingServiceRequest ReferringPhysicianAddress
    ReferringPhysicianTelephoneNumbers RequestingService InstitutionName InstitutionAddress
    InstitutionalDepartmentName StationName PerformedStationName PerformedStationAETitle
    CurrentPatientLocation PatientInstitutionResidence DeviceSerialNumber DetectorID
    ClinicalTrialSubjectID ClinicalTrialSiteName
    """.split()
)
SHORTEST = 4
# Letters and digits in a word of this length come together by no accident.
CERTAIN = 8
# Words that identify nobody, though they stand in such attributes.
_COMMON = frozenset(
    """
    anon anonymous anonymized anonymised unknown none null patient test phantom male female name
    hospital hospitals clinic clinics center centre university universitat medical medicine health
    healthcare imaging radiology cardiology cardiac cardiovascular heart magnetic resonance scanner
    department institute institution general system systems siemens philips toshiba canon
    healthineers generic demo subject study exam series image images cine true false
    """.split()
)
_TEXTS = {"LO", "SH", "LT", "ST", "UT", "UC", "UR", "PN", "AE", "AS", "DA", "DT", "TM"}
# What makers call themselves and their machines, which may be a person's name as well.
_MAKERS = frozenset(Tag(n) for n in ("Manufacturer", "ManufacturerModelName", "SoftwareVersions"))
# And what the copies state of themselves, and dates and times that were moved.
_NOT_SEARCHED = _MAKERS | MOVED
_OWN = frozenset(Tag(f"DeidentificationMethod{end}") for end in ("", "CodeSequence"))


@dataclass
class Identity:
    """Words of the originals that their copies must not hold.

    Attributes:
        words: in lower case, each with the keyword of the attribute it is from.
        uids: every UID but the standard's own.
    """

    words: dict[str, str] = field(default_factory=dict)
    uids: set[str] = field(default_factory=set)

    def add(self, ds: Dataset) -> None:
        """Take in the identity of one original."""
        for element in _elements(ds):
            if element.VR == "UI":
                self.uids.update(u for u in _values(element.value) if not is_standard(u))
            elif element.VR == "PN" or element.tag in IDENTIFYING:
                keyword = keyword_for_tag(element.tag) or "a private element"
                for value in _values(element.value):
                    for word in _split(value):
                        self.words.setdefault(word, keyword)

    def found_in(self, ds: Dataset, header: bytes) -> str | None:
        """The keyword of an attribute whose original value is in a copy, or None.

        Words are looked for among the words of text elements, for a short number may well be
        part of a position or a UID. A long word with letters in it is looked for in all bytes.

        Args:
            ds: the copy, read back.
            header: its bytes before the pixels.
        """
        for element in _elements(ds):
            if element.VR == "UI":
                if self.uids.intersection(_values(element.value)):
                    return keyword_for_tag(element.tag)
            elif element.VR in _TEXTS and element.tag not in _NOT_SEARCHED:
                for value in _values(element.value):
                    hit = next((word for word in _split(value) if word in self.words), None)
                    if hit:
                        return self.words[hit]
        # A bytewise search cannot leave out the makers.
        own = " ".join(str(ds.get(tag, "")) for tag in _MAKERS | _OWN).lower()
        lower = header.decode("utf-8", "ignore").lower() + header.decode("latin-1").lower()
        for word, keyword in self.words.items():
            certain = len(word) >= CERTAIN and not word.isdigit()
            if certain and word in lower and word not in own:
                return keyword
        return None


def _elements(ds: Dataset) -> Iterator[DataElement]:
    """Every element at every depth that can be read; sequences by their items."""
    for tag in list(ds.keys()):
        if tag in _OWN or tag == 0x7FE00010:
            continue
        try:
            element = ds[tag]
        except MALFORMED_DICOM:
            continue
        if element.VR == "SQ":
            for item in element.value:
                yield from _elements(item)
        else:
            yield element


def _values(value: object) -> list[str]:
    if value is None:
        return []
    parts = value if isinstance(value, MultiValue | list | tuple) else [value]
    return [str(part) for part in parts if str(part)]


def _split(value: str) -> list[str]:
    words = re.split(r"[\W_]+", value.lower())
    return [word for word in words if len(word) >= SHORTEST and word not in _COMMON]
