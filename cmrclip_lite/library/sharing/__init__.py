"""A library as a dataset of the Hugging Face Hub, and back.

    export_library(library, "shared", licence="cc-by-4.0")     # then: hf upload
    library = load_library("owner/name@v1", "library")

`layout.py` says which files such a dataset holds and what is in them, `card.py` writes its card,
`personal.py` looks for details of a person before anything leaves.
"""

from .export import export_library
from .load import load_library

__all__ = ["export_library", "load_library"]
