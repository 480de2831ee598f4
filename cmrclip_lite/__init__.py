"""CMR-CLIP Lite: zero-shot scores and similar cases for cardiac MR cine studies.

For research and education, never for diagnosis.

    import cmrclip_lite

    model = cmrclip_lite.load()
    study = cmrclip_lite.read_study("exam.zip")
    for score in model.score(study, ["left ventricle is dilated", "EF 25%"]):
        print(score.sentence())
"""

from .errors import CheckpointError, CmrClipError, ConditionError, LibraryError, StudyError
from .hub import load
from .library import CaseLibrary
from .model import CMRCLIP
from .readers import read_study
from .study import Series, Study, View

__version__ = "0.1.0"

__all__ = [
    "CMRCLIP",
    "CaseLibrary",
    "CheckpointError",
    "CmrClipError",
    "ConditionError",
    "LibraryError",
    "Series",
    "Study",
    "StudyError",
    "View",
    "load",
    "read_study",
]
