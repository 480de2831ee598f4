"""One exam in every form in which people have exams comes back as the table in the docs says."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

from benchmarks.formats import PAGE, page
from cmrclip_lite.study import Study
from tests.readers.forms import FORMS, Form, exam, tried


@pytest.fixture(scope="module")
def study() -> Study:
    return exam()


def _listed() -> Iterator:
    """All forms; the first of each family counts as fast."""
    for _, family in groupby(FORMS, key=lambda form: form.family):
        for number, form in enumerate(family):
            marks = [pytest.mark.slow] if number else []
            yield pytest.param(form, id=f"{form.family}: {form.name}", marks=marks)


@pytest.mark.parametrize("form", list(_listed()))
def test_every_form_reads_as_promised(tmp_path: Path, study: Study, form: Form) -> None:
    assert tried(form, study, tmp_path / "exam") == form.result


def test_the_page_in_the_docs_is_made_of_these_forms() -> None:
    """The results above are asserted, so the page need not read everything once more."""
    made = page([(form, form.result) for form in FORMS])
    assert PAGE.read_text(encoding="utf-8") == made, "run python benchmarks/formats.py"
