"""Case libraries: embedded studies with impressions, on a shelf or in an archive.

    library = CaseLibrary.open()                       # the bundled one
    library.search(model.encode_study(study), k=5)

`records.py` says what a case is, `store.py` keeps it, `searching.py` finds it, and `sharing/` takes
a library to the Hub and back.
"""

from .case_library import CaseLibrary, default_library
from .choices import Choices
from .filters import Filters
from .records import Acquisition, Case, CaseRecord, age_band
from .reference import NORMAL, Reference, ReferenceCase
from .verifying import Verdict

__all__ = [
    "NORMAL",
    "Acquisition",
    "Case",
    "CaseLibrary",
    "CaseRecord",
    "Choices",
    "Filters",
    "Reference",
    "ReferenceCase",
    "Verdict",
    "age_band",
    "default_library",
]
