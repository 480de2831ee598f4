"""A structured reading of a study from scores and similar cases: evidence with its sources.

    reading = Reader(model, library).read(study)
    print(as_markdown(reading))

`evidence.py` has the rule of how strong evidence is, `topics.py` what needs which images,
`sentences.py` the draft and where each sentence of it comes from.
"""

from .evidence import RULE, Evidence, Strength
from .sentences import Limits, Quote, sentences
from .summary import NOTICE, SIMILAR, Finding, Reader, Reading
from .topics import NEEDS, TOPICS, Part, can_show, parts_of, parts_of_case
from .writing import as_markdown

__all__ = [
    "NEEDS",
    "NOTICE",
    "RULE",
    "SIMILAR",
    "TOPICS",
    "Evidence",
    "Finding",
    "Limits",
    "Part",
    "Quote",
    "Reader",
    "Reading",
    "Strength",
    "as_markdown",
    "can_show",
    "parts_of",
    "parts_of_case",
    "sentences",
]
