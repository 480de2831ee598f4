"""Write docs/formats.md: what is read of one exam in every form in which people have exams.

python benchmarks/formats.py
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.readers.forms import FORMS, Form, exam, tried  # noqa: E402

PAGE = ROOT / "docs" / "formats.md"

_ABOVE = """# What can be read

One synthetic exam (short-axis cine stack, two-, three- and four-chamber cines, and late enhancement
of the same planes) was written in every form below and read back; each line says what came back.
"The same study" means every view in its place, each pixel value equal, positions, orientations,
spacing and trigger times equal, short axis from base to apex; a line that names differences names
all of them. `tests/readers/test_forms.py` repeats
each line; `python benchmarks/formats.py` writes this page.

Lossless JPEG, JPEG-LS and HTJ2K need `pip install 'cmrclip-lite[codecs]'`; video and NRRD need
`pip install 'cmrclip-lite[formats]'`. `make demo` and the Space install both.
"""


def page(results: Iterable[tuple[Form, str]]) -> str:
    """The page of forms and what came back of each, in Markdown."""
    parts = [_ABOVE]
    for family, group in groupby(results, key=lambda result: result[0].family):
        parts.append(f"## {family}\n\n| tried | came back |\n| --- | --- |")
        parts.extend(f"| {form.name} | {result} |" for form, result in group)
        parts.append("")
    return "\n".join(parts)


def main() -> None:
    warnings.simplefilter("ignore")
    study = exam()
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for number, form in enumerate(FORMS):
            results.append((form, tried(form, study, Path(folder) / str(number))))
            print(f"{form.family:16} {form.name:52} {results[-1][1]}", flush=True)
    PAGE.write_text(page(results), encoding="utf-8")


if __name__ == "__main__":
    main()
