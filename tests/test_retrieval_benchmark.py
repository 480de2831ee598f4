"""The figures of docs/retrieval.md come out of a tiny library as they should."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import cohorts, real_hearts, retrieval, same_exam, text_search
from cmrclip_lite.library import Acquisition, CaseLibrary, CaseRecord
from cmrclip_lite.prompts import CONDITIONS
from cmrclip_lite.study import Sequence, Series, Study, View

DENIED, SAID = "no pericardial effusion", "large pericardial effusion"


def record(i, direction, findings, impression="", **acquisition):
    vector = np.zeros(16, np.float32)
    vector[direction], vector[15] = 1, 0.05 * i  # too far apart to be folded
    return CaseRecord(
        id=f"case-{i:02d}",
        embedding=vector / np.linalg.norm(vector),
        impression=impression or f"case {i}",
        findings=findings,
        acquisition=Acquisition(views=("SAX",), **acquisition),
    )


def two_groups():
    """Eight normal hearts in one direction, eight dilated ones in another."""
    normal = [record(i, 0, ("normal_study",)) for i in range(8)]
    return normal + [record(8 + i, 1, ("lv_dilation",)) for i in range(8)]


@pytest.fixture
def library(tiny_model, tmp_path):
    """Six impressions that speak of an effusion and six that deny one."""
    records = [record(i, 0, ("pericardial_effusion",), f"{SAID}, {i} mm") for i in range(6)]
    records += [record(6 + i, 1, ("normal_study",), f"{DENIED}, {i}") for i in range(6)]
    return CaseLibrary.create(tmp_path / "library", "tiny", tiny_model, records)


def cells(table, start):
    """The cells of the first row of a Markdown table that starts so."""
    row = next(line for line in table.splitlines() if line.startswith(f"| {start} |"))
    return [cell.strip() for cell in row.strip("|").split("|")]


def whole(text):
    """Every table of a text has rows as wide as its heading."""
    lines = text.splitlines()
    for i, line in enumerate(lines):
        if line.startswith("| ---"):
            width = line.count("|")
            assert lines[i - 1].count("|") == width, lines[i - 1]
            for row in lines[i + 1 :]:
                if not row.startswith("|"):
                    break
                assert row.count("|") == width, row
    return text


def test_groups_that_lie_apart_are_found_whole_and_chance_is_beside():
    text = whole(retrieval.images(two_groups()))
    assert cells(text, "nDCG@5 over shared findings")[1:] == ["1.000 (1.000 to 1.000)", "0.467"]
    assert cells(text, "Normal study")[1:] == ["8", "1.000 (1.000 to 1.000)", "0.467"]
    # All have the same views: no credit over chance.
    assert cells(text, "of the first 5, share with the same views and enhancement")[1:] == [
        "1.000 (1.000 to 1.000)",
        "1.000",
    ]


def test_a_finding_of_one_case_alone_cannot_be_found_again():
    records = two_groups()
    records[0] = replace(records[0], findings=("normal_study", "lv_thrombus"))
    text = retrieval.images(records)
    assert CONDITIONS["lv_thrombus"].label not in text
    assert "mean over 2 findings" in text


def test_cases_without_findings_are_counted_out_of_the_ndcg():
    records = [*two_groups(), record(20, 0, ())]
    assert "1 share no finding with any other" in retrieval.images(records)


def test_each_impression_belongs_to_one_image():
    records = [
        replace(record(i, i, ()), impression_embedding=np.eye(16, dtype=np.float32)[i])
        for i in range(12)
    ]
    text = whole(retrieval.reports(records))
    assert cells(text, "image to impression")[1:] == ["1.000 (1.000 to 1.000)"] * 3 + ["1 (1 to 1)"]
    assert cells(text, "by chance")[1:] == ["0.083", "0.417", "0.833", "6.5"]


def test_full_text_alone_finds_what_is_said_and_what_is_denied(library, tiny_model):
    find = text_search.searches(tiny_model, library)
    assert len(find["words"]("pericardial effusion")) == 10
    held = [("pericardial_effusion",)] * 6
    assert list(find["words"](SAID))[:6] == held
    assert list(find["words"](f'"{DENIED}"')) == [("normal_study",)] * 6
    assert len(find["similarity"]("lvh")) == len(find["both"]("lvh")) == 10


def test_text_tables_name_each_condition_that_the_library_has(library, tiny_model):
    text = whole(text_search.conditions(tiny_model, library))
    assert cells(text, "Pericardial effusion")[1] == "50%"
    assert cells(text, "Normal study")[1] == "50%"
    assert CONDITIONS["lv_dilation"].label not in text
    typed = whole(text_search.typed(tiny_model, library))
    assert cells(typed, DENIED)[4] == "0 of 6" and cells(typed, DENIED)[5] == "50%"


def test_paraphrases_are_of_conditions_that_the_library_has(library, tiny_model):
    affirmed = text_search.paraphrases(library, "affirmed")
    assert set(affirmed) == {"normal_study", "pericardial_effusion"}
    denied = text_search.paraphrases(library, "denied")
    assert denied and set(denied) <= set(affirmed)
    assert not set(sum(affirmed.values(), [])) & set(sum(denied.values(), []))
    text = whole(text_search.wordings(tiny_model, library))
    assert f"{sum(map(len, affirmed.values()))} sentences that affirm" in text


def test_a_place_that_stays_empty_is_no_hit():
    assert text_search.share([("a",), ("b",)], "a", 5) == pytest.approx(1 / 5)
    assert text_search.share([("b",), ("a",)], "a", 1) == 0


def test_same_class_has_the_exact_chance_beside_it():
    labels = [name for name in ("DCM", "HCM", "MINF", "NOR", "RV") for _ in range(8)]
    apart = np.eye(5)[np.repeat(np.arange(5), 8)] + 0.01 * np.random.default_rng(0).random((40, 5))
    text = whole(real_hearts.same_class(apart, labels))
    assert cells(text, "all")[1:] == ["40", "1.000 (1.000 to 1.000)", f"{7 / 39:.3f}"]


def test_a_phantom_fits_a_class_if_it_has_all_that_holds_in_it():
    dcm = ("lv_dilation", "dilated_cardiomyopathy", "lv_systolic_dysfunction")
    records = [record(i, 0, dcm) for i in range(5)]
    records += [record(5 + i, 1, ("lv_dilation",)) for i in range(5)]
    patients = np.stack([records[0].embedding, records[5].embedding])
    text = whole(real_hearts.among_phantoms(patients, ["DCM", "DCM"], records))
    assert cells(text, "all")[2].startswith("0.500") and cells(text, "all")[3] == "0.500"
    found = whole(real_hearts.most_found(patients, ["DCM", "NOR"], records))
    assert cells(found, "NOR")[1] == "LV dilated 100%"
    assert cells(found, "DCM")[1].count("100%") == 3


def test_alike_imaged_tells_views_from_findings():
    records = [record(i, 0, ()) for i in range(5)]
    records += [record(5 + i, 1, (), enhancement=True) for i in range(5)]
    study = Study.from_array(np.random.default_rng(0).random((2, 3, 8, 8)), (8, 1, 1))
    text = real_hearts.alike_imaged(records[0].embedding[None], [study], records)
    assert "is 1.000 (1.000 to 1.000), by chance 0.500" in text


@pytest.fixture
def exam():
    """A beating disc in four slices of eight phases, and a still of enhancement."""
    y, x = np.mgrid[:64, :64]
    radius = 14 + 5 * np.cos(2 * np.pi * np.arange(8) / 8)
    disc = 900 * (np.hypot(y - 32, x - 32)[None] < radius[:, None, None]) + 100 + (x + y) % 7
    slices = np.stack([disc + 10 * z for z in range(4)]).astype(np.int16)
    study = Study.from_array(slices, (8, 2, 2))
    still = replace(study.series[1], pixels=slices[1][:1] + 5, sequence=Sequence.LGE)
    return Study([*study.series, still])


def test_every_change_leaves_an_exam_that_can_be_read_and_is_not_the_same(exam, tiny_model):
    found = same_exam.changed(tiny_model, iter([exam]))
    assert [one.change for one in found] == list(same_exam.CHANGES)
    assert all(-1 <= one.cosine <= 1.00001 for one in found)
    kept = {one.change for one in found if one.shares}
    # Halving the phases of the cines leaves the still as it was.
    assert kept == {
        "half the phases",
        "last slice missing",
        "middle slice missing",
        "late enhancement missing",
    }


def test_a_changed_matrix_shows_the_same_field_of_view(exam):
    before = exam.series[0]
    after = same_exam.matrix(0.75)(exam).series[0]
    assert after.pixels.shape == (8, 48, 48)
    fields = [np.multiply(s.pixels.shape[1:], s.spacing_mm) for s in (before, after)]
    assert fields[0] == pytest.approx(fields[1])
    assert after.centre_mm == pytest.approx(before.centre_mm)


def test_a_lossy_copy_is_close_to_the_grey_one(exam):
    grey = same_exam.eight_bit(exam).series[0].pixels
    packed = same_exam.compressed(90)(exam).series[0].pixels
    assert grey.dtype == packed.dtype == np.uint8 and grey.shape == packed.shape
    difference = np.abs(grey.astype(int) - packed)
    assert 0 < difference.mean() < 5


def test_what_cannot_be_changed_is_left_out(exam):
    pair = Study([replace(s, pixels=s.pixels[:2]) for s in exam.cines(View.SAX)])
    assert same_exam.half_the_phases(pair) is None
    assert same_exam.without_enhancement(pair) is None
    assert len(same_exam.without_the_last_slice(pair).series) == 3


def test_thresholds_say_who_is_folded_wrongly_and_rightly():
    angle = np.arccos([1, 0.9992, 0.3])
    patients = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    changed = [
        same_exam.Changed("JPEG, quality 90", 0.9996, False),
        same_exam.Changed("matrix x 1.5", 0.9970, False),
        same_exam.Changed("last slice missing", 0.5, True),
    ]
    table = whole(same_exam.thresholds_table({"phantoms": patients}, {"synthetic": changed}))
    assert cells(table, "0.99")[1:] == ["1 of 3", "2 of 3", "100%"]
    assert cells(table, "**0.9995**")[1:] == ["0 of 3", "0 of 3", "50%"]
    nearest = whole(same_exam.nearest_table({"phantoms": patients}))
    assert cells(nearest, "3 phantoms")[3] == "0.99920"
    changes = whole(same_exam.changes_table({"synthetic": changed}))
    assert cells(changes, "last slice missing")[3] == "1 of 1 by pixels"
    assert cells(changes, "matrix x 1.5")[3] == "0 of 1"
    assert cells(changes, "half the phases")[1:] == ["", "", ""]


def test_only_what_stands_between_the_marks_is_replaced(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("above\n" + "\nold\n".join(cohorts.MARKS) + "\nbelow\n")
    cohorts.write_results(page, "new")
    cohorts.write_results(page, "newer")
    assert page.read_text() == "above\n" + "\nnewer\n".join(cohorts.MARKS) + "\nbelow\n"
    assert cohorts.results_of(page) == "newer"


def test_the_page_holds_tables_that_are_whole():
    text = whole(retrieval.PAGE.read_text(encoding="utf-8"))
    results = text.partition(cohorts.MARKS[0])[2].partition(cohorts.MARKS[1])[0]
    for heading in ("Image to image", "Image and impression", "Condition to cases", "Real hearts"):
        assert f"### {heading}" in results


def test_real_sections_say_that_they_were_left_out(tiny_model, monkeypatch, tmp_path):
    monkeypatch.setattr(cohorts, "REAL", tmp_path)
    assert "not at hand" in real_hearts.section(tiny_model, two_groups())
    assert not list(same_exam.real_exams())


def test_a_series_of_one_grey_survives_the_window():
    blank = Study([Series(np.full((2, 4, 4), 7), (1.0, 1.0))])
    assert same_exam.eight_bit(blank).series[0].pixels.max() == 0
