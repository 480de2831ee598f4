"""What the name of a volume file says, in the habits of the public cardiac data sets.

NIfTI and NRRD have no field for the exam, the view or the sequence, so data sets put them into
names. Names are only read, never repeated: they may hold a patient's.

Schemes, from the data sets' own descriptions: ACDC (Bernard et al., IEEE TMI 2018), M&Ms (Campello
et al., IEEE TMI 2021), M&Ms-2 (Martín-Isla et al., IEEE JBHI 2023), UK Biobank as ukbb_cardiac
converts it (Bai et al., JCMR 2018), EMIDEC (Lalande et al., Data 2020), MyoPS (Li et al., MedIA
2023), MS-CMRSeg (Zhuang et al., MedIA 2022), LAScarQS (Li et al., MedIA 2022), the 2018 left
atrium challenge (Xiong et al., MedIA 2021), BIDS, and this package's own synthetic exams.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ..errors import StudyError
from .headers import plain_words


class Role(StrEnum):
    """What part of an exam a file is, by its name."""

    CINE = "cine"
    ED = "end-diastole"
    ES = "end-systole"
    FRAME = "numbered phase"
    LGE = "late enhancement"
    LABEL = "label map"
    OTHER = "another sequence"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class FileName:
    """What a name says.

    Attributes:
        stem: the base name in lower case without extensions.
        exam: identifies the patient within a known scheme, or "".
        words: the description, lower case with spaces at both ends, without the exam.
        role: what part of the exam the file is.
        stack: what files of one stack have in common: the words less those of role and phase.
        phase: order among the phases of a cine, for `Role.ED`, `ES` and `FRAME`.
        one_slice: whether the name numbers a slice, so that the file holds no more than one.
    """

    stem: str
    exam: str
    words: str
    role: Role
    stack: str
    phase: int = 0
    one_slice: bool = False


# Names of a scheme, which may capture the exam, and the words that the scheme leaves unsaid.
_SCHEMES = [
    (re.compile(pattern), unsaid)
    for pattern, unsaid in (
        (r"(?P<exam>patient\d{3})_(4d|frame\d+|ed|es)(_gt)?", "sax"),  # ACDC
        (r"(?P<exam>[a-z]\d[a-z]\d[a-z]\d)_sa(_.*)?", ""),  # M&Ms
        (r"(?P<exam>\d{3})_sa_(ed|es|cine)(_gt)?", ""),  # M&Ms-2
        (r"(?P<exam>\d{3})_la_(ed|es|cine)(_gt)?", "4ch"),
        (r"(?P<exam>case_[np]\d{3})", "sax lge"),  # EMIDEC
        (r"(?P<exam>myops_(training|test)_\d+)_(c0|de|t2|gd)", "sax"),  # MyoPS
        (r"(?P<exam>patient\d+)_(c0|lge|t2)(_manual)?", "sax"),  # MS-CMRSeg
        (r"enhanced|lgemri", "axial lge"),  # LAScarQS, left atrium 2018
        (r"(?P<exam>sub-[0-9a-z]+)_.+", ""),  # BIDS
    )
]
_SUFFIX = re.compile(r"\.(nii|nii\.gz|hdr|img|seq\.nrrd|nrrd|seq\.nhdr|nhdr|npy|npz)$")

_LABEL = re.compile(
    r" (gt|gd|seg\d*|segs|segmentations?|labels?|masks?|manual|contours?|annotations?|pred\w*"
    r"|\w+seg|\w+segimg\w*|laendo|lawall) "
)
_OTHER = re.compile(
    r" (t1|t2|t2star|\w*t1map\w*|\w*t2map\w*|maps?|mapping|s?h?molli\w*|ecv|perf\w*|4?d?flow"
    r"|venc\w*|phase contrast|tag\w*|grid) "
)
_LGE = re.compile(
    r" (lge\w*|late|delayed|enhanced|psir|de|dhe|mde|viab\w*|(de|lge)(sax|lax|ir|psir)\w*) "
)
_PHASE = re.compile(
    r" (?:(?P<ed>ed|(?:end ?)?diastol\w*)|(?P<es>es|(?:end ?)?systol\w*)"
    r"|frame ?(?P<frame>\d{1,4})) "
)
_CINE = re.compile(r" (4d|cine) ")
# The first channel, in the names that nnU-Net asks for.
_CHANNEL = "_0000"
_SLICE = re.compile(r" (slice|sl) ?\d+ ")


def parse(name: str) -> FileName:
    """What a base name says of its file; every name is one, most say little."""
    stem = _SUFFIX.sub("", name.lower()).removesuffix(_CHANNEL)
    exam, described = "", stem
    for pattern, unsaid in _SCHEMES:
        if found := pattern.fullmatch(stem):
            exam = found.groupdict().get("exam") or ""
            described = f"{stem.removeprefix(exam)} {unsaid}"
            break
    words = plain_words(described)
    phase = _PHASE.search(words)
    role, order = Role.UNKNOWN, 0
    if _LABEL.search(words):
        role = Role.LABEL
    elif _OTHER.search(words):
        role = Role.OTHER
    elif _LGE.search(words):
        role = Role.LGE
    elif _CINE.search(words):
        role = Role.CINE
    elif phase:
        role = Role.ED if phase["ed"] else Role.ES if phase["es"] else Role.FRAME
        order = int(phase["frame"] or role is Role.ES)
    stack = plain_words(_CINE.sub(" ", _PHASE.sub(" ", words)))
    return FileName(stem, exam, words, role, stack, order, bool(_SLICE.search(words)))


def one_patient(names: Iterable[str]) -> None:
    """Check that files are not of several patients, as far as a known scheme tells.

    Raises:
        StudyError: saying of how many, not of whom.
    """
    exams = {found.exam for found in map(parse, names) if found.exam}
    if len(exams) > 1:
        raise StudyError(
            f"These files are named for {len(exams)} different patients; pass the files or the "
            "folder of one."
        )
