"""Which exams a folder holds, and what a table of reports says of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from cmrclip_lite.errors import LibraryError
from cmrclip_lite.library.build import plan_exams
from cmrclip_lite.library.build.reports import Report, read_reports


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


@pytest.fixture
def exams(tmp_path) -> Path:
    """Two folders and an archive, each an exam, among other things."""
    folder = tmp_path / "exams"
    for name in ("anna", "bert"):
        (folder / name).mkdir(parents=True)
    (folder / "carl.tar.gz").touch()
    (folder / ".hidden").mkdir()
    (folder / "notes.txt").touch()
    (folder / "loose.dcm").touch()
    return folder


def test_each_folder_and_archive_is_an_exam_of_its_name(exams):
    planned = plan_exams(exams, prefix="ward-7/", source="the ward")
    assert [item.id for item in planned.items] == ["ward-7/anna", "ward-7/bert", "ward-7/carl"]
    assert [item.path.name for item in planned.items] == ["anna", "bert", "carl.tar.gz"]
    assert {item.source for item in planned.items} == {"the ward"}
    assert planned.notes == ()


def test_a_folder_beside_its_archive_and_two_forms_of_one_name_are_told_apart(exams):
    (exams / "anna.zip").touch()
    assert [i.id for i in plan_exams(exams).items] == ["anna", "anna.zip", "bert", "carl"]


def test_reports_go_to_their_exams_and_the_rest_is_told(exams, tmp_path):
    reports = written(
        tmp_path / "reports.csv",
        "Study ID,Report,Labels,Gender,Age,Surname\n"
        'bert,"1. Dilated left ventricle.\n2. EF 25 %.","LV dilation; own finding",M,063Y,Smith\n'
        "carl,Normal.,normal_study,female,91,Jones\n"
        "dora,Normal.,,,,\n",
    )
    planned = plan_exams(exams, reports)
    anna, bert, carl = planned.items
    assert anna.impression == ""
    assert bert.impression == "1. Dilated left ventricle.\n2. EF 25 %."
    assert bert.findings == ("lv_dilation", "own finding")
    assert (bert.sex, bert.age_band) == ("male", "60-69")
    assert (carl.sex, carl.age_band, carl.findings) == ("female", "90+", ("normal_study",))
    assert "Smith" not in repr(planned)
    assert planned.notes == (
        "Reports without an exam: 1 ('dora').",
        "Exams without a report: 1 ('anna').",
    )


def test_paths_in_the_reports_name_the_exams_alone(exams, tmp_path):
    reports = written(tmp_path / "r.csv", "id,path\n7,anna\n8,loose.dcm\nbert,\n")
    found = {item.id: item.path for item in plan_exams(exams, reports).items}
    assert found == {"7": exams / "anna", "8": exams / "loose.dcm", "bert": exams / "bert"}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_tables_as_spreadsheets_save_them(tmp_path, delimiter, encoding):
    text = delimiter.join(["id", "impression"]) + "\r\n" + delimiter.join(["1", "Größe"]) + "\r\n"
    reports = read_reports(written(tmp_path / "r.csv", text, encoding))
    assert reports == [Report("1", impression="Größe")]


@pytest.mark.parametrize(
    ("cells", "sex", "band"),
    [
        ("F,63.5,", "female", "60-69"),
        ("f,007y,", "female", "0-9"),
        ("other,,40-49", "other", "40-49"),
        ("X,unknown,young", "", ""),
        (",,90+", "", "90+"),
        (",250,", "", ""),
    ],
)
def test_sex_and_age_become_what_a_library_keeps(tmp_path, cells, sex, band):
    path = written(tmp_path / "r.csv", f"id,sex,age,age_band\n1,{cells}\n")
    assert read_reports(path) == [Report("1", sex=sex, age_band=band)]


def test_a_finding_of_which_nobody_can_tell_keeps_its_question_mark(tmp_path):
    cells = "LV dilation?;own finding ?;lvh;unheard??"
    (report,) = read_reports(written(tmp_path / "r.csv", f"id,findings\n1,{cells}\n"))
    assert report.findings == ("lv_dilation?", "lv_hypertrophy", "own finding?", "unheard?")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no column of ids"),
        ("name,impression\n1,Normal.\n", "no column of ids; name it id or study"),
        ("id,impression\n1,a\n,b\n", "Line 3 of r.csv has no id"),
        ("id,impression\n1,a\n2,b\n1,c\n", "Line 4 of r.csv has the id '1' of a row before"),
        ('id,impression\n1,"a\n2,b\n', "of r.csv is no CSV"),
        ("id,impression\n1,\xe9\n".encode("latin-1"), "not in UTF-8; save it as CSV in UTF-8"),
        ("id,impression\n", "has no reports"),
        ("id,impression\n0001,Normal.\n", "ids are such as '0001', exams such as 'anna', 'bert'"),
    ],
)
def test_reports_that_cannot_be_used_are_refused_in_a_sentence(exams, tmp_path, text, message):
    path = tmp_path / "r.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(LibraryError) as raised:
        plan_exams(exams, path)
    assert message in str(raised.value) and str(tmp_path) not in str(raised.value)


def test_a_folder_without_exams_is_refused(tmp_path):
    with pytest.raises(LibraryError, match="'absent' cannot be read: No such file"):
        plan_exams(tmp_path / "absent")
    folder = tmp_path / "one-exam"
    folder.mkdir()
    with pytest.raises(LibraryError, match="is empty"):
        plan_exams(folder)
    (folder / "1.dcm").touch()
    with pytest.raises(LibraryError, match="each is to be a folder or an archive of its own"):
        plan_exams(folder)
    with pytest.raises(LibraryError, match="absent.csv cannot be read: No such file"):
        plan_exams(folder, tmp_path / "absent.csv")


def test_a_plan_is_known_again_by_its_place_which_it_does_not_tell(exams, tmp_path):
    first = plan_exams(exams)
    (exams / "erna").mkdir()
    assert plan_exams(exams).build == first.build != plan_exams(exams, prefix="x").build
    assert len(first.build) == 16
