"""A folder of exams becomes a library, and goes on from wherever it was stopped."""

from __future__ import annotations

import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.library_faults import write_exams
from cmrclip_lite import load
from cmrclip_lite.cli import main
from cmrclip_lite.errors import LibraryError
from cmrclip_lite.library import CaseLibrary
from cmrclip_lite.library.build import Means, account, build_library, local, plan_exams
from cmrclip_lite.library.build.prepare import Failure, Item, Passed, Prepared, embed, prepare
from cmrclip_lite.readers import read_study

MEANS = Means(workers=2, batch=3, commit=2)


class DeadlyPath(type(Path())):
    """A path that ends whatever process opens it, as a decoder that crashes would."""

    def __fspath__(self) -> str:
        if self.name != str(os.getpid()):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__fspath__()


@pytest.fixture
def exams(tmp_path) -> Path:
    return write_exams(tmp_path / "exams", 5)


def run(capsys, *arguments: object) -> tuple[int, str, str]:
    code = main(["library", *map(str, arguments)])
    return code, *capsys.readouterr()


# One exam.


def test_an_exam_becomes_a_case_with_all_that_is_known_of_it(exams):
    model = load()
    (item, *_) = plan_exams(exams, exams / "reports.csv", source="discs").items
    prepared = prepare(item, model.config)
    (case,) = embed(model, [prepared])
    study = read_study(exams / "exam-000.npz")
    np.testing.assert_allclose(case.embedding, model.encode_study(study), atol=1e-6)
    np.testing.assert_allclose(
        case.impression_embedding, model.encode_text(["1. Disc number 0."])[0], atol=1e-6
    )
    assert (case.id, case.impression, case.source) == ("exam-000", "1. Disc number 0.", "discs")
    assert (case.findings, case.sex, case.age_band) == (("lv_dilation",), "female", "30-39")
    assert (case.acquisition.slices, case.acquisition.phases) == (4, 8)
    assert case.content == study.content and case.picture.startswith(b"RIFF")
    assert prepare(item, model.config, pictures=False).case.picture == b""


def test_an_exam_that_is_known_is_not_read_and_one_that_changed_only_if_asked(exams, tiny_model):
    (item, *_) = plan_exams(exams, exams / "reports.csv").items
    known = replace(item, known=prepare(item, tiny_model.config).case.fingerprint)
    assert prepare(known, tiny_model.config) == Passed(item.id, changed=False)
    os.utime(item.path)
    assert prepare(known, tiny_model.config) == Passed(item.id, changed=True)
    assert isinstance(prepare(replace(known, replace=True), tiny_model.config), Prepared)
    other_report = replace(known, impression="Another.")
    assert prepare(other_report, tiny_model.config) == Passed(item.id, changed=True)


def test_what_is_wrong_with_an_exam_is_said_without_its_place(exams, tmp_path, tiny_model):
    broken = exams / "exam-000.npz"
    broken.write_bytes(broken.read_bytes()[:300])
    (tmp_path / "empty").mkdir()
    for path in (broken, exams / "absent.zip", tmp_path / "empty"):
        failure = prepare(Item("x", path), tiny_model.config)
        assert isinstance(failure, Failure) and failure.reason.endswith(".")
        assert str(tmp_path) not in failure.reason
    assert "No such file" in prepare(Item("x", exams / "absent.zip"), tiny_model.config).reason


def test_pixels_that_give_no_embedding_are_a_failure_and_spoil_no_other(exams, tiny_model):
    items = plan_exams(exams).items[:3]
    good, bad, fine = (prepare(item, tiny_model.config) for item in items)
    bad.clip[:] = np.nan
    first, failure, last = embed(tiny_model, [good, bad, fine])
    assert (first.id, last.id) == ("exam-000", "exam-002")
    assert failure.id == "exam-001" and "no usable embedding" in failure.reason


# The command.


@pytest.mark.slow
def test_a_build_is_told_resumed_and_extended(exams, tmp_path, capsys):
    library, reports = tmp_path / "library", exams / "reports.csv"
    (exams / "broken.zip").write_bytes(b"no archive")
    command = ("build", exams, "--reports", reports, "--out", library, "--workers", 2)
    code, out, err = run(capsys, *command)
    assert code == 0
    assert out == f"5 cases in {library}: 5 stored now, 0 known before, 1 quarantined.\n"
    assert "Exams without a report: 1 ('broken')." in err and "quarantined: broken: " in err

    code, out, err = run(capsys, "info", library)
    assert "5  lv dilation" in out and "Quarantined: 1\n  broken: " in out
    assert "has not ended" not in out
    assert run(capsys, "verify", library)[0] == 0

    code, out, _ = run(capsys, *command)
    assert (code, out.partition(": ")[2]) == (0, "0 stored now, 6 known before, 0 quarantined.\n")

    shutil.copy(exams / "exam-000.npz", exams / "broken-no-more.npz")
    code, out, err = run(capsys, *command)
    assert (code, out) == (2, "") and "without 'broken-no-more'" in err and "library add" in err
    code, out, err = run(capsys, "add", library, exams, "--reports", reports, "--no-pictures")
    assert (code, out.partition(": ")[2]) == (0, "1 stored now, 6 known before, 0 quarantined.\n")

    assert run(capsys, "remove", library, "broken-no-more", "nobody")[0] == 2
    assert len(CaseLibrary.open(library)) == 6
    code, out, _ = run(capsys, "remove", library, "broken-no-more")
    assert (code, out) == (0, "Removed 1, 5 cases are left.\n")


@pytest.mark.slow
def test_what_changed_stays_until_it_is_to_be_replaced(exams, tmp_path, capsys):
    library, reports = tmp_path / "library", exams / "reports.csv"
    (exams / "broken.npz").write_bytes((exams / "exam-004.npz").read_bytes()[:200])
    command = ("build", exams, "--reports", reports, "--out", library)
    assert run(capsys, *command)[0] == 0
    reports.write_text(reports.read_text().replace("Disc number 3", "Another disc"))
    shutil.copy(exams / "exam-004.npz", exams / "broken.npz")  # what failed is read again
    code, out, err = run(capsys, *command)
    assert (code, out.partition(": ")[2]) == (0, "1 stored now, 4 known before, 0 quarantined.\n")
    assert "1 exams have other files or reports" in err and "exam-003" in err
    assert CaseLibrary.open(library).get(["exam-003"])[0].impression == "1. Disc number 3."
    assert account.quarantined(library) == {}
    code, out, _ = run(capsys, *command, "--replace")
    assert (code, out.partition(": ")[2]) == (0, "1 stored now, 5 known before, 0 quarantined.\n")
    opened = CaseLibrary.open(library)
    assert opened.get(["exam-003"])[0].impression == "1. Another disc."
    assert len(opened) == 6 and opened.verify().ok


@pytest.mark.slow
def test_when_no_exam_can_be_read_nothing_is_left(tmp_path, capsys):
    (tmp_path / "exams" / "empty").mkdir(parents=True)
    (tmp_path / "exams" / "broken.zip").write_bytes(b"no archive")
    code, out, err = run(capsys, "build", tmp_path / "exams", "--out", tmp_path / "library")
    assert (code, out) == (2, "") and "None of the 2 exams could be added. 1 x: " in err
    assert [entry.name for entry in tmp_path.iterdir()] == ["exams"]


def test_bad_arguments_are_told_before_anything_is_read(exams, tmp_path, capsys, tiny_model):
    assert run(capsys, "add", tmp_path / "absent", exams)[0] == 2
    assert run(capsys, "build", tmp_path / "absent", "--out", tmp_path / "library")[0] == 2
    with pytest.raises(SystemExit):
        main(["library", "build", str(exams), "--out", "x", "--workers", "0"])
    build_nothing = CaseLibrary.open()  # the bundled one belongs to the bundled model
    with pytest.raises(LibraryError, match="not by 'tiny'"):
        build_library(plan_exams(exams), build_nothing.path, tiny_model, extend=True)
    assert [entry.name for entry in tmp_path.iterdir()] == ["exams"]


@pytest.mark.slow
def test_a_build_into_an_object_store_is_as_any_other(bucket, exams, tmp_path, capsys):
    library, reports = f"{bucket}/built", exams / "reports.csv"
    (exams / "broken.zip").write_bytes(b"no archive")
    command = ("build", exams, "--reports", reports, "--out", library)
    code, out, _ = run(capsys, *command)
    assert (code, out.partition(": ")[2]) == (0, "5 stored now, 0 known before, 1 quarantined.\n")
    code, out, _ = run(capsys, *command)
    assert (code, out.partition(": ")[2]) == (0, "0 stored now, 6 known before, 0 quarantined.\n")
    assert "Quarantined: 1" in run(capsys, "info", library)[1]
    assert run(capsys, "verify", library)[0] == 0
    for exam in exams.glob("*.npz"):
        exam.write_bytes(b"broken")
    assert run(capsys, "build", exams, "--out", f"{bucket}/none")[0] == 2
    code, _, err = run(capsys, "info", f"{bucket}/none")
    assert code == 2 and "There is no case library" in err


# Many at once.


@pytest.mark.slow
def test_a_study_that_kills_its_reader_is_quarantined_and_no_other_is_lost(exams, tmp_path):
    model, library = load(), tmp_path / "library"
    planned = plan_exams(exams)
    deadly = Item("deadly", DeadlyPath(tmp_path / str(os.getpid())))
    items = (*planned.items[:2], deadly, *planned.items[2:])
    outcome = build_library(replace(planned, items=items), library, model, means=MEANS)
    assert [failure.id for failure in outcome.failed] == ["deadly"]
    assert "died each time" in outcome.failed[0].reason
    assert sorted(CaseLibrary.open(library).ids) == [f"exam-{i:03d}" for i in range(5)]
    assert list(account.quarantined(library)) == ["deadly"]


@pytest.mark.slow
def test_no_more_is_read_ahead_than_the_model_takes(exams, tiny_model):
    taken = []

    def items():
        for i in range(40):
            taken.append(i)
            yield Item(f"absent-{i}", exams / "absent.zip")

    results = local.run(items(), tiny_model, workers=2, batch=3)
    next(results)
    assert len(taken) <= 2 * 2 + 3
    assert len(list(results)) == 39


# Faults; `benchmarks/library.py faults` has more of each.


@pytest.mark.slow
@pytest.mark.parametrize(("what", "times"), [("build", 2), ("add", 1), ("compact", 3)])
def test_a_kill_leaves_a_whole_library_that_the_same_command_completes(what, times):
    from benchmarks.library_faults import kill_often

    kills = kill_often(what, times, seed=os.getpid())
    assert len(kills.there) == times and kills.problems == []


@pytest.mark.slow
def test_a_full_disk_and_a_read_only_one_leave_the_library_as_it_was():
    from benchmarks.library_faults import own_disk

    told = own_disk([])
    if told is None:
        pytest.skip("this system lets nobody mount a small disk of his own (unshare --mount)")
    assert "the disk is full; make room and run the same again" in told["full disk"]
    assert told["cases then"] != "100%" and told["cases with more room"] == "100%"
    assert "may not be written by you" in told["read-only"]
    assert (told["cases read-only"], told["problems"]) == ("100%", "")


@pytest.mark.slow
def test_damage_to_any_file_is_told_or_harmless():
    from benchmarks.library_faults import damage_each

    noticed = damage_each()
    for how, counts in noticed.items():
        assert counts["told"] >= 4, how
        # Only without the newest version's own file a library is what it was one commit before.
        assert counts["the version before"] == (1 if how == "gone" else 0)
        assert set(counts) <= {"told", "harmless", "the version before"}
