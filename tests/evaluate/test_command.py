"""`cmrclip evaluate`: a table or JSON on stdout, three files or none, bad input in one line."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from benchmarks.library_faults import write_exams
from cmrclip_lite.cli import main
from cmrclip_lite.evaluate.cached import VARIABLE
from tests.evaluate import cohorts
from tests.general_checkpoint import save_checkpoint


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))


def run(capsys, *arguments: object) -> tuple[int, str, str]:
    code = main(["evaluate", *map(str, arguments)])
    return code, *capsys.readouterr()


def exams_of_both_kinds(folder: Path, count: int) -> tuple[Path, Path]:
    """Dilated and, every other one, normal by the table that is with them."""
    reports = write_exams(folder, count) / "reports.csv"
    lines = reports.read_text().splitlines()
    lines[1::2] = [line.replace("lv_dilation", "normal study") for line in lines[1::2]]
    reports.write_text("\n".join(lines) + "\n")
    return folder, reports


def test_a_library_is_evaluated_in_a_short_table(shelf, checkpoints, capsys):
    code, out, err = run(capsys, shelf, "--model", checkpoints[0], "--findings", "LV dilated")
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "first on made up, 60 cases; 95 % intervals"
    assert lines[2].startswith("LV dilated") and "20 of 60" in lines[2]
    assert lines[-1] == "For research and education, never for diagnosis."
    assert "LV dilated ..." in err


@pytest.mark.slow
def test_everything_at_once_goes_into_three_files(
    shelf, checkpoints, first, second, tmp_path, capsys
):
    others = cohorts.cases(second, 55)  # five that the first has, it lacks
    cohorts.library(tmp_path / "second", second, others, "second look")
    elsewhere = cohorts.cases(first, 40, seed=5, prefix="case")
    cohorts.library(tmp_path / "elsewhere", first, elsewhere, "elsewhere")
    code, out, _ = run(
        capsys,
        *(shelf, "--model", checkpoints[0], "--out", tmp_path / "out"),
        *("--against", tmp_path / "second", "--against-model", checkpoints[1]),
        *("--external", tmp_path / "elsewhere", "--tune-on", tmp_path / "elsewhere"),
        *("--classes", "normal_study,lv_dilation", "--json"),
    )
    assert code == 0
    folder = tmp_path / "out"
    assert sorted(p.name for p in folder.iterdir()) == [
        "results.csv", "results.html", "results.json",
    ]  # fmt: skip
    found = json.loads(out)
    assert found == json.loads((folder / "results.json").read_text())
    assert found["notice"] == "For research and education, never for diagnosis."
    (dilated,) = (f for f in found["findings"] if f["name"] == "lv_dilation")
    assert dilated["auc"]["value"] > 0.9 and (dilated["positives"], dilated["negatives"]) == (
        20,
        40,
    )
    assert dilated["at_threshold"]["chosen_on"] == "the cohort elsewhere"
    assert [one["shots"] for one in dilated["few_shot"]] == [1, 2, 4, 8]
    assert sum(map(sum, found["diagnosis"]["confusion"])) == 60
    assert found["diagnosis"]["centred_on"] == "the cohort elsewhere"
    assert found["comparison"]["cases"] == 55 and found["comparison"]["left_out"] == 5
    assert found["external"]["facts"]["cases"] == 40
    assert found["external"]["shared"] == 40  # the made-up digests are the same
    rows = list(csv.DictReader((folder / "results.csv").open(encoding="utf-8", newline="")))
    (row,) = (
        r for r in rows
        if (r["cohort"], r["subject"], r["measure"], r["part"])
        == ("made up", "lv_dilation", "AUC", "zero-shot")
    )  # fmt: skip
    assert float(row["value"]) == pytest.approx(dilated["auc"]["value"], abs=1e-5)
    assert {r["part"] for r in rows} == {
        "zero-shot", "few-shot", "linear probe", "small MLP", "retrieval", "diagnosis",
        "subgroup", "comparison", "external",
    }  # fmt: skip
    page = (folder / "results.html").read_text(encoding="utf-8")
    for words in (
        "made up",
        "of second less that of first",
        "elsewhere",
        "never for diagnosis",
        "Limits",
    ):
        assert words in page
    assert "case-0" not in page and "Impression number" not in page


@pytest.mark.slow
def test_a_folder_of_exams_is_embedded_and_a_second_checkpoint_put_beside(
    checkpoints, tmp_path, capsys
):
    exams, reports = exams_of_both_kinds(tmp_path / "exams", 7)
    (exams / "exam-003.npz").write_bytes(b"broken")
    command = (exams, "--reports", reports, "--model", checkpoints[0], "--against", checkpoints[1])
    code, out, err = run(capsys, *command, "--workers", "1")
    assert code == 0
    assert out.startswith("first on exams, 6 cases") and "second on the same 6 cases" in out
    assert "note: exam-003 could not be embedded by first: " in out
    assert "kept for the next time in" in err and str(exams) not in out
    again = run(capsys, *command, "--workers", "1")
    assert again[:2] == (code, out)
    manifest = run(capsys, reports, *command[3:], "--workers", "1")
    assert manifest[:2] == (code, out)  # the table alone, in the folder that it is of


@pytest.mark.slow
def test_a_general_model_is_put_beside_with_one_command(checkpoints, tmp_path, capsys):
    """Both see the same exams, each in its own layout, and their difference has an interval."""
    pytest.importorskip("transformers", reason="general models need the extra 'baselines'")
    exams, reports = exams_of_both_kinds(tmp_path / "exams", 6)
    general = save_checkpoint("clip", tmp_path / "some-clip")
    code, out, _ = run(
        capsys,
        *(exams, "--reports", reports, "--model", checkpoints[0]),
        *("--against", general, "--workers", "1", "--json"),
    )
    assert code == 0
    compared = json.loads(out)["comparison"]
    assert (compared["cases"], compared["left_out"]) == (6, 0)
    assert compared["facts"]["model"] == "some-clip"
    assert {row["name"] for row in compared["findings"]} == {"lv_dilation", "normal_study"}


def test_halves_and_figures_are_the_same_each_time(shelf, checkpoints, capsys):
    command = (shelf, "--model", checkpoints[0], "--findings", "lv_dilation", "--json")
    one, other = (json.loads(run(capsys, *command)[1]) for _ in range(2))
    assert {**one, "made": ""} == {**other, "made": ""}


@pytest.mark.slow
def test_bad_input_is_one_line_and_leaves_nothing(
    shelf, checkpoints, first, tmp_path, capsys, monkeypatch
):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    filled = tmp_path / "filled"
    filled.mkdir()
    (filled / "mine").touch()
    exams = tmp_path / "exams"
    (exams / "anna").mkdir(parents=True)
    reports = tmp_path / "r.csv"
    reports.write_text("id,findings\nanna,lv_dilation\n")
    strangers = tmp_path / "strangers"
    cohorts.library(strangers, first, cohorts.cases(first, 6, prefix="stranger"), "strangers")
    of_model = ("--model", checkpoints[0])
    before = sorted(tmp_path.iterdir())
    for arguments, words in (
        ((tmp_path / "absent",), "'absent' is no case library; of a folder of exams"),
        ((shelf, "--reports", reports), "has its findings in it"),
        ((shelf,), "was embedded by 'first', not by 'bundled'"),
        ((reports, "--reports", reports), "is a table of reports itself"),
        ((shelf, *of_model, "--out", filled), "is not empty"),
        ((shelf, *of_model, "--against", "bundled"), "holds no exams to embed"),
        ((shelf, *of_model, "--against-model", "bundled"), "--against-model says"),
        ((shelf, *of_model, "--against", shelf), "say where it is with --against-model"),
        ((shelf, *of_model, "--findings", "prior_infarct"), "Nothing can be measured"),
        ((shelf, *of_model, "--classes", "lv_dilation,unheard"), "has the finding 'unheard'"),
        ((shelf, *of_model, "--classes", "lv_dilation"), "name at least two"),
        ((shelf, *of_model, "--external", tmp_path / "absent"), "no case library"),
        (
            (shelf, *of_model, "--against", strangers, "--against-model", checkpoints[0]),
            "no id is in both",
        ),
        ((exams, "--reports", reports, *of_model), "None of the 1 exams could be added"),
    ):
        code, out, err = run(
            capsys, *arguments, *(() if "--out" in arguments else ("--out", tmp_path / "out"))
        )
        last = err.splitlines()[-1]
        assert (code, out) == (2, "") and last.startswith("cmrclip: ") and words in last, last
        assert str(tmp_path) not in last
        assert not (tmp_path / "out").exists()
    assert [p for p in sorted(tmp_path.iterdir()) if p.name != "cache"] == before


def test_without_scikit_learn_the_rest_is_measured_and_that_is_said(
    shelf, checkpoints, capsys, monkeypatch
):
    monkeypatch.setattr("cmrclip_lite.evaluate.probes.available", lambda: False)
    code, out, _ = run(
        capsys, shelf, "--model", checkpoints[0], "--findings", "lv_dilation,own_scar", "--json"
    )
    found = json.loads(out)
    assert code == 0 and all(f["probes"] == [] for f in found["findings"])
    assert any("cmrclip-lite[eval]" in note for note in found["notes"])
