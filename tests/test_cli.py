"""The command: results on stdout, everything else on stderr, bad input in one line and code 2."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest

from cmrclip_lite.bundled import library_folder, sample_studies
from cmrclip_lite.cli import main
from cmrclip_lite.hub import load
from cmrclip_lite.library import CaseLibrary, CaseRecord
from cmrclip_lite.prompts import CONDITIONS
from cmrclip_lite.readers import read_study


@pytest.fixture(scope="module")
def sample():
    return str(sample_studies()["dilated-cardiomyopathy"])


def test_inspect_tells_views_and_phases(sample, capsys):
    assert main(["inspect", sample]) == 0
    out = capsys.readouterr().out
    assert "SAX" in out and "4CH" in out and "phases" in out


def test_inspect_as_json(sample, capsys):
    assert main(["inspect", sample, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert {series["view"] for series in facts["series"]} >= {"SAX", "4CH"}
    beating = [s for s in facts["series"] if s["sequence"] == "cine"]
    late = [s for s in facts["series"] if s["sequence"] == "LGE"]
    assert beating and all(series["phases"] > 1 for series in beating)
    assert late and all(series["phases"] == 1 for series in late)


def test_score_says_what_each_number_is_measured_against(sample, capsys):
    assert main(["score", sample, "-c", "left ventricle is dilated", "-c", "EF 25%"]) == 0
    out = capsys.readouterr().out
    assert "left ventricle is dilated" in out and "EF 25%" in out
    assert "cases" in out and "never for diagnosis" in out


def test_score_as_json_is_one_object_with_scores_and_similar_cases(sample, capsys):
    arguments = ["score", sample, "-c", "LV dilation", "--top-k", "3", "--json"]
    assert main(arguments) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["model"] == "bundled" and answer["library"]["cases"] >= 100
    (score,) = answer["scores"]
    assert score["key"] == "lv_dilation" and 0 <= score["percentile"] <= 100
    assert "cases" in score["reference"]
    assert len(answer["similar"]) == 3
    assert answer["similar"][0]["similarity"] >= answer["similar"][2]["similarity"]


def test_scores_in_8_bits_are_near_the_exact_ones_and_say_what_they_are(sample, capsys):
    answers = []
    for options in ([], ["--quantize", "int8", "--max-memory", "500"]):
        assert main(["score", sample, "-c", "LV dilation", "--json", *options]) == 0
        answers.append(json.loads(capsys.readouterr().out))
    exact, rounded = (answer["scores"][0] for answer in answers)
    assert abs(exact["percentile"] - rounded["percentile"]) < 2
    assert not any("int8" in note for note in answers[0]["notes"])
    assert any("Encoded in int8" in note for note in answers[1]["notes"])


def test_score_without_conditions_asks_all_that_the_checkpoint_knows(sample, capsys):
    assert main(["score", sample, "--json", "--top-k", "0"]) == 0
    answer = json.loads(capsys.readouterr().out)
    known = [score["key"] for score in answer["scores"]]
    assert known == list(load().config.conditions) and len(known) == len(CONDITIONS)
    assert answer["similar"] == []


def test_retrieve_by_study_and_by_text(sample, capsys):
    assert main(["retrieve", sample, "-k", "4", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["cases"]) == 4
    assert main(["retrieve", "--text", "severely reduced LV function", "-k", "2", "--json"]) == 0
    cases = json.loads(capsys.readouterr().out)["cases"]
    assert len(cases) == 2 and all(case["impression"] for case in cases)


def test_retrieve_within_filters_and_by_words(capsys):
    asked = ["--text", "effusion", "--words", "pericardial effusion", "--by", "impression"]
    only = ["--finding", "Pericardial effusion", "--without", "LV dilated", "--view", "4ch"]
    assert main(["retrieve", *asked, *only, "-k", "6", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["library"]["search"] == "Exact: all 320 cases are compared."
    assert len(answer["cases"]) == 6
    for case in answer["cases"]:
        assert "pericardial_effusion" in case["findings"]
        assert "lv_dilation" not in case["findings"] and "4CH" in case["acquisition"]["views"]
    assert any(case["words"] for case in answer["cases"])


def test_a_study_of_the_library_does_not_find_itself(sample, tmp_path, capsys):
    model, study = load(), read_study(sample)
    own = CaseRecord("its own", model.encode_study(study).numpy(), "", (), content=study.content)
    other = CaseRecord("another", -own.embedding, "", ())
    CaseLibrary.create(tmp_path / "library", "two", model, [own, other])
    for command in (["retrieve", sample], ["score", sample, "-c", "LV dilation"]):
        assert main([*command, "--library", str(tmp_path / "library"), "--json"]) == 0
        answer = json.loads(capsys.readouterr().out)
        found = answer["cases"] if "cases" in answer else answer["similar"]
        assert [case["id"] for case in found] == ["another"]


def test_no_case_that_fits_is_said(capsys):
    assert main(["retrieve", "--text", "LV dilation", "--vendor", "nobody"]) == 0
    assert "No case of the library fits." in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["inspect", "nowhere.zip"],
        ["score", "nowhere", "-c", "LV dilation"],
        ["retrieve"],
        ["retrieve", "nowhere", "--text", "both"],
        ["retrieve", "--text", "LV dilation", "--model", "no-such-folder"],
        ["retrieve", "--text", "   "],
        ["retrieve", "--text", "LV dilation", "-k", "0"],
        ["retrieve", "--text", "LV dilation", "--by", "sound"],
        ["retrieve", "--text", "LV dilation", "--view", "5CH"],
        ["retrieve", "--text", "LV dilation", "--library", "nowhere"],
        ["retrieve", "--text", "LV dilation", "--skip-padding"],
    ],
)
def test_bad_input_is_one_line_and_code_2(arguments, capsys, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("cmrclip: ") and captured.err.count("\n") == 1


@pytest.mark.parametrize("name", ["empty.zip", "report.dcm"])
def test_a_file_that_is_no_study_is_one_line_and_code_2(name, tmp_path, capsys):
    path = tmp_path / name
    if name == "empty.zip":
        zipfile.ZipFile(path, "w").close()
    else:
        path.write_bytes(b"%PDF-1.7\n" + bytes(500))
    assert main(["score", str(path), "-c", "LV dilation", "--json"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("cmrclip: ") and captured.err.count("\n") == 1


def test_an_empty_condition_is_refused(sample, capsys):
    assert main(["score", sample, "-c", "  "]) == 2
    assert capsys.readouterr().err.startswith("cmrclip: ")


def test_unknown_commands_exit_with_2(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["diagnose"])
    assert stopped.value.code == 2


def test_a_library_is_told_of_and_checked(capsys):
    folder = str(library_folder())
    assert main(["library", "info", folder, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["cases"] == 320 and facts["findings"]["normal_study"] > 0
    assert main(["library", "verify", folder]) == 0
    assert "320 cases" in capsys.readouterr().out
    assert main(["library", "info", "nowhere"]) == 2


@pytest.mark.slow
def test_a_study_that_does_not_look_like_a_heart_is_told(sample, tmp_path, capsys):
    strange = "This does not look like the studies this model knows"
    noise = np.random.default_rng(0).integers(0, 900, (4, 8, 96, 96))
    np.savez(tmp_path / "noise.npz", pixels=noise, spacing_mm=(10.0, 2.0, 2.0))
    for command in ("score", "retrieve"):
        assert main([command, str(tmp_path / "noise.npz")]) == 0
        assert capsys.readouterr().out.startswith(strange)
        assert main([command, str(tmp_path / "noise.npz"), "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["unfamiliar"].startswith(strange)
        assert main([command, str(sample), "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["unfamiliar"] is None
    assert main(["read", str(tmp_path / "noise.npz")]) == 0
    assert strange in capsys.readouterr().out
