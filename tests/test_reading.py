"""The reading aid: how strong evidence is, what is quoted from where, what is not read."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from cmrclip_lite import read_study
from cmrclip_lite.bundled import sample_studies
from cmrclip_lite.cli import main
from cmrclip_lite.errors import LibraryError
from cmrclip_lite.hub import load
from cmrclip_lite.library import CaseLibrary, CaseRecord
from cmrclip_lite.prompts import CONDITIONS
from cmrclip_lite.reading import (
    NEEDS,
    NOTICE,
    TOPICS,
    Limits,
    Part,
    Reader,
    Strength,
    as_markdown,
    can_show,
    parts_of,
    parts_of_case,
    sentences,
)
from cmrclip_lite.reading.evidence import Yardstick, weigh
from cmrclip_lite.reading.topics import speaks_beyond
from cmrclip_lite.study import Study, View

ALL = frozenset(Part)


def yardstick(has: np.ndarray, key: str = "lv_dilation", auc: float = 0.9) -> Yardstick:
    """One condition, whose similarity is the embedding; cases at 0, 1, 2, ..., some have it.

    The first 40 are normal.
    """
    count = len(has)
    return Yardstick(
        keys=(key,),
        prompts=np.ones((1, 1)),
        similarities=np.arange(count, dtype=float)[:, None],
        has=np.asarray(has, bool)[:, None],
        shows=np.ones((count, 1), bool),
        normal=np.arange(count) < 40,
        marks=tuple(frozenset([f"case-{i}"]) for i in range(count)),
        aucs=np.array([auc]),
    )


def strength_at(similarity: float, has: np.ndarray, **options: object) -> Strength:
    (one,) = weigh(yardstick(has, **options), np.array([similarity]), ALL)
    return one.strength


@pytest.mark.parametrize(
    ("similarity", "with_it", "expected"),
    [
        (70.5, range(60, 100), Strength.STRONG),  # 61 to 80 have it, all of them
        (70.5, range(65, 100), Strength.STRONG),  # 16 of 20
        (70.5, range(66, 100), Strength.MODERATE),  # 15
        (70.5, range(71, 100), Strength.MODERATE),  # 10
        (70.5, range(72, 100), Strength.WEAK),  # 9
        (70.5, range(79, 100), Strength.WEAK),  # 2
        (70.5, range(80, 100), Strength.UNDECIDED),  # 1, but above every normal case
        (30.5, range(29, 100), Strength.UNDECIDED),  # as many, but as normal cases score
        (10.5, range(40, 100), Strength.AGAINST),
        (10.5, (2, *range(40, 60)), Strength.AGAINST),  # 1 of 20, and 1 of 21 who have it
        (10.5, (2, *range(40, 55)), Strength.UNDECIDED),  # 1 of 16: too many score so low
        (1000.0, range(60, 100), Strength.STRONG),  # beyond all cases
        (-1000.0, range(60, 100), Strength.AGAINST),
    ],
)
def test_strength_follows_the_rule(similarity, with_it, expected):
    assert strength_at(similarity, np.isin(np.arange(100), list(with_it))) is expected


def test_a_normal_study_is_not_held_against_the_normal_cases():
    most = np.arange(100) >= 60
    assert strength_at(85.0, most, key="normal_study") is Strength.STRONG
    few = np.isin(np.arange(100), [*range(40, 60), 80, 82, 84])
    assert strength_at(85.0, few, key="normal_study") is Strength.UNDECIDED


def test_a_case_of_the_library_is_not_read_by_itself():
    has = np.isin(np.arange(100), range(65, 100))
    measure = yardstick(has)
    (alone,) = weigh(measure, np.array([70.0]), ALL, exclude=["case-70"])
    (both,) = weigh(measure, np.array([70.0]), ALL)
    assert (alone.cases, alone.cases_with) == (99, 34)
    assert (both.cases, both.cases_with) == (100, 35)
    assert alone.percentile == pytest.approx(100 * 70 / 99)


def test_nothing_is_read_without_the_images_the_cases_or_the_skill():
    has = np.arange(100) >= 60
    (no_images,) = weigh(
        yardstick(has, key="late_gadolinium_enhancement"), np.array([70.0]), frozenset()
    )
    (no_cases,) = weigh(yardstick(has, auc=float("nan")), np.array([70.0]), ALL)
    (no_skill,) = weigh(yardstick(has, auc=0.79), np.array([70.0]), ALL)
    for one, said in (
        (no_images, "no short-axis late enhancement"),
        (no_cases, "40 cases with it and 60 without"),
        (no_skill, "area under the curve 0.79"),
    ):
        assert one.strength is Strength.NOT_READ and said in one.reason
        assert one.nearest_with is None and one.percentile is None


def test_every_condition_belongs_to_one_topic():
    assert sorted(key for keys in TOPICS.values() for key in keys) == sorted(CONDITIONS)
    assert set(NEEDS) <= set(CONDITIONS)


@pytest.mark.parametrize(
    ("impression", "expected"),
    [
        (
            "IMPRESSION:\n1. Severely reduced LV function, LVEF 22%.\n2. No LGE.",
            ["Severely reduced LV function, LVEF 22%.", "No LGE."],
        ),
        (
            "Concl: Imp: amyloid. No LV dil. pleural eff 13 mm; no clot",
            ["amyloid.", "No LV dil.", "pleural eff 13 mm", "no clot"],
        ),
        (
            "- No RV dilation (RVEDVi 80 ml/m2, normal < 110; RVEF 60%)\n- Normal study",
            ["No RV dilation (RVEDVi 80 ml/m2, normal < 110; RVEF 60%)", "Normal study"],
        ),
        ("RV normal. RVEF 58. EDVi 55 EF 63.", ["RV normal."]),  # numbers of another patient
        (
            "Thick wall, approx. 1.5 cm, i.e. hypertrophy.",
            ["Thick wall, approx. 1.5 cm, i.e. hypertrophy."],
        ),
        ("", []),
    ],
)
def test_impressions_are_cut_into_sentences_as_they_stand(impression, expected):
    assert sentences(impression) == expected


def test_sentences_are_parts_of_their_impression_and_of_what_was_imaged():
    """No impression of the library is taken to speak of what its exam does not hold."""
    library = CaseLibrary.open()
    found = 0
    for case, impression in zip(library.reference.cases, library.impressions, strict=True):
        parts = parts_of_case(case.views, case.enhancement)
        for sentence in sentences(impression):
            assert sentence in impression
            assert not speaks_beyond(sentence, parts)
            found += 1
    assert found > 5 * len(library)


@pytest.mark.parametrize(
    ("sentence", "beyond"),
    [
        ("Transmural LGE of the inferior wall", {Part.ENHANCEMENT}),
        ("The contrast images show no scar.", {Part.ENHANCEMENT}),
        ("LA/RA wnl", {Part.LONG_AXIS}),
        ("Ascending aorta 42 mm", {Part.LONG_AXIS}),
        ("LV dilated, EF 20 %", set()),
        ("Old LAD infarct", set()),
    ],
)
def test_sentences_on_what_was_not_imaged_are_known_by_their_words(sentence, beyond):
    for part in Part:
        assert speaks_beyond(sentence, ALL - {part}) == (part in beyond)


def test_a_thrombus_is_seen_on_long_axes_or_late_images():
    assert speaks_beyond("No thrombus", frozenset())
    assert not speaks_beyond("No thrombus", frozenset([Part.LONG_AXIS]))
    assert not can_show("lv_thrombus", frozenset())
    assert can_show("lv_thrombus", frozenset([Part.ENHANCEMENT]))


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(load(), CaseLibrary.open())


@pytest.fixture(scope="module")
def dilated() -> Study:
    return read_study(sample_studies()["dilated-cardiomyopathy"])


@pytest.fixture(scope="module")
def reading(reader, dilated):
    return reader.read(dilated)


def by_key(reading):
    return {f.evidence.key: f for findings in reading.topics.values() for f in findings}


def test_a_weak_dilated_ventricle_is_read_as_one(reading):
    found = by_key(reading)
    assert list(found) == [key for keys in TOPICS.values() for key in keys]
    for key in ("lv_dilation", "lv_systolic_dysfunction", "dilated_cardiomyopathy"):
        assert found[key].evidence.strength is Strength.STRONG
    assert found["normal_study"].evidence.strength is Strength.AGAINST
    assert found["lv_hypertrophy"].evidence.strength is Strength.AGAINST
    # The card says that this is read poorly, and so does the library.
    unread = [key for key, f in found.items() if f.evidence.strength is Strength.NOT_READ]
    assert unread == ["pleural_effusion"]


def test_every_support_and_quote_is_found_where_it_is_said_to_be(reader, reading):
    cases = {case.id: case for case in reading.similar}
    for finding in by_key(reading).values():
        for case_id in finding.supporting:
            assert finding.evidence.key in cases[case_id].findings
    assert reading.draft
    stored = {record.id: record for record in reader.library.get(list(cases))}
    strengths = {key: finding.evidence.strength for key, finding in by_key(reading).items()}
    for quote in reading.draft:
        assert quote.text in stored[quote.case].impression
        assert quote.case not in quote.alike and set(quote.alike) <= set(cases)
        assert len(quote.alike) >= 1 and len(quote.opposite) <= len(quote.alike)
        assert all(strengths[key].is_stated for key in quote.affirms)
        assert all(strengths[key] is Strength.AGAINST for key in quote.denies)
        assert quote.affirms or quote.denies
        assert quote.numbers == any(c.isdigit() for c in quote.text)


def test_a_short_axis_cine_alone_says_nothing_of_scar_atria_and_aorta(reader, dilated):
    cine = replace(dilated, series=[s for s in dilated.series if s.is_cine and s.view is View.SAX])
    assert parts_of(dilated) == ALL and parts_of(cine) == frozenset()
    reading = reader.read(cine)
    found = by_key(reading)
    for key in NEEDS:
        assert found[key].evidence.strength is Strength.NOT_READ
    assert found["lv_dilation"].evidence.strength is Strength.STRONG
    assert "no late enhancement" in found["nonischaemic_cardiomyopathy"].evidence.reason
    assert not any(speaks_beyond(quote.text, frozenset()) for quote in reading.draft)
    unknown = " ".join(reading.cannot_know)
    assert "Left atrium enlarged" in unknown and "Late gadolinium enhancement" in unknown


def test_the_reading_is_json_and_markdown_and_calls_itself_no_diagnosis(reading):
    told = json.loads(json.dumps(reading.as_dict()))
    assert told["notice"] == NOTICE and "not a diagnosis" in NOTICE
    assert set(told["topics"]) == set(TOPICS)
    text = as_markdown(reading)
    assert NOTICE in text and "Evidence points to: " in text
    # Whoever reads one line reads that the cases were made up.
    assert "'bundled synthetic cases' (synthetic (made by this project))" in text
    for case in reading.similar:
        assert case.id in text
    for quote in reading.draft:
        assert f'"{quote.text}" From {quote.case}' in text
    for line in reading.cannot_know:
        assert line in text


def test_a_text_encoder_that_tells_nothing_gives_no_draft(tiny_model, tmp_path):
    """Random weights know neither alike nor opposite, and the reading says so."""
    assert Limits.of(tiny_model) is None
    library = CaseLibrary.create(tmp_path / "library", "random", tiny_model, cases(tiny_model, 80))
    embedding = cases(tiny_model, 1)[0].embedding
    reading = Reader(tiny_model, library).read_embedding(embedding, ALL)
    assert reading.draft is None and reading.as_dict()["draft"] is None
    assert "does not tell reliably" in as_markdown(reading)


def test_a_library_without_enough_normal_cases_is_refused(tiny_model, tmp_path):
    few = [replace(case, findings=("lv_dilation",)) for case in cases(tiny_model, 80)]
    library = CaseLibrary.create(tmp_path / "library", "ill", tiny_model, few)
    with pytest.raises(LibraryError, match="'ill' has 0 normal cases; a reading needs at least 20"):
        Reader(tiny_model, library)


def cases(model, count):
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(count, model.config.projection_dim)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return [
        CaseRecord(
            f"case-{i}",
            vector,
            "The left ventricle is dilated." if i % 2 else "Normal cardiac MRI.",
            ("lv_dilation",) if i % 2 else ("normal_study",),
        )
        for i, vector in enumerate(vectors)
    ]


def test_the_command_prints_a_reading(capsys):
    sample = str(sample_studies()["normal"])
    assert main(["read", sample]) == 0
    out = capsys.readouterr().out
    assert out.startswith("# Reading aid") and "not a diagnosis" in out
    assert main(["read", sample, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["library"] == "bundled synthetic cases"


def test_the_command_refuses_bad_input_in_one_line(capsys):
    for arguments in (["read", "nowhere.zip"], ["read", "nowhere", "--library", "nowhere"]):
        assert main(arguments) == 2
        captured = capsys.readouterr()
        assert captured.out == "" and captured.err.startswith("cmrclip: ")
