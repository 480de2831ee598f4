"""CMR-CLIP Lite: zero-shot scores and similar cases for cardiac MR cine studies.

For research and education, never for diagnosis.

    import cmrclip_lite

    model = cmrclip_lite.load()
    study = cmrclip_lite.read_study("exam.zip")
    for score in model.score(study, ["left ventricle is dilated", "EF 25%"]):
        print(score.sentence())
"""

from typing import TYPE_CHECKING

from .errors import CheckpointError, CmrClipError, ConditionError, LibraryError, StudyError
from .hub import load
from .library import CaseLibrary
from .readers import read_study
from .study import Series, Study, View

if TYPE_CHECKING:
    from .model import CMRCLIP

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


def __getattr__(name: str) -> object:
    """What needs the Hub's client, which is slow to import, when it is first asked for."""
    if name == "CMRCLIP":
        from .model import CMRCLIP

        return CMRCLIP
    if name == "download":
        from importlib import import_module

        return import_module(".download", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
