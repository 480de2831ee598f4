"""The page without a browser: an upload in, pictures and numbers out, nothing left behind."""

from __future__ import annotations

import json
import logging
import pickle
import types
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import asking
import cines
import engine as engines
import numpy as np
import page
import pytest
import shared
import torch
import uploads
from cards import Found, cards
from engine import Engine, ask_lines

from cmrclip_lite.embedding_cache import EmbeddingCache
from cmrclip_lite.errors import ConditionError, LibraryError, StudyError
from cmrclip_lite.readers import read_study
from cmrclip_lite.study import Sequence, Series, SetAside, Study, View
from tests.demo.tiny import built

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)> \"'& ${alert(3)}"


class Tags(HTMLParser):
    """The tags and attributes that a browser would see."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}


def assert_inert(text: str) -> None:
    tags = Tags(text)
    assert "script" not in tags.names
    assert not [name for name in tags.attributes if name.startswith("on")]
    assert "alert(1)" in text  # shown, not lost


def left_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.stat().st_size]


# --- from outside, everything is text


def test_file_names_dicom_texts_and_reports_are_inert(parts):
    _, library, _ = parts
    study = Study([], set_aside=[SetAside(HOSTILE, HOSTILE)])
    assert_inert(page.study_table(study))
    assert_inert(page.notes([HOSTILE]))
    assert_inert(page.message(HOSTILE))
    assert_inert(page.samples({HOSTILE: (HOSTILE, None)}))
    assert_inert(page.footer(HOSTILE, HOSTILE, 3))
    found = Found(library.search(library.embeddings[0]), library.embeddings[:, 0])
    assert_inert(cards(found, HOSTILE, [HOSTILE]))


def test_a_page_without_a_library_says_so():
    assert "No case library" in page.footer("tiny", None, 0)
    assert "No case" in cards(Found([], np.zeros(0)), "", [])


def test_a_note_on_every_score_is_said_once_and_a_note_on_one_stays_with_it(parts, exam):
    engine = Engine(*parts[:2])
    texts = ["no big ventricle", "no thick septum", "septum"]
    scores = engine.score(engine.embed(read_study(exam)), texts)
    shown = page.score_sentences(scores)
    assert shown.count("Not one of the known conditions") == 1
    assert shown.count("The text denies something") == 2
    assert "not a probability" in shown and "8 cases" in shown


# --- conditions


def test_conditions_are_lines_each_asked_once():
    asked, problems = ask_lines("LV dilated\n\n  LV dilated \nEF 25%\n")
    assert asked == ["LV dilated", "EF 25%"] and problems == []


def test_a_line_that_cannot_be_asked_does_not_keep_the_others_from_an_answer():
    asked, problems = ask_lines("LV dilated\n???\n<b></b>")
    assert asked == ["LV dilated"]
    assert len(problems) == 2


def test_a_pasted_list_is_cut_and_it_is_said():
    asked, problems = ask_lines("\n".join(f"finding {i}" for i in range(100)))
    assert len(asked) == engines.MAX_CONDITIONS and "Only the first" in problems[0]


# --- the engine


def test_new_words_cost_no_new_look_at_the_pictures(parts, exam, monkeypatch):
    model, library, _ = parts
    engine = Engine(model, library)
    looks = []
    encode = model.encode_clip
    monkeypatch.setattr(
        model, "encode_clip", lambda *a, **k: looks.append(1) or encode(*a, **k), raising=True
    )
    embedded = engine.embed(read_study(exam))
    for text in ("LV dilated", "thick septum", "EF 25%"):
        (score,) = engine.score(embedded, [text])
        assert score.percentile is not None and "8 cases" in score.reference
    assert len(engine.similar(embedded, 5)) == 5
    assert looks == [1]


def test_a_sample_is_embedded_once_an_upload_not_kept_and_nothing_on_disk(parts, exam, tmp_path):
    model, library, _ = parts
    model.cache = EmbeddingCache(tmp_path / "cache")  # as whoever serves it may have loaded it
    engine = Engine(model, library)
    looks = []
    hooks = [
        tower.register_forward_pre_hook(lambda *_, name=name: looks.append(name))
        for name, tower in (("video", model.video_model), ("text", model.text_model))
    ]
    for _ in range(2):  # by two people
        embedded = engine.embed(read_study(exam), sample="the exam")
        engine.score(embedded, ["LV dilated", "a small heart"])
        engine.search("LV dilated")
        engine.query("a small heart")
    assert looks == ["video", "text"]
    assert model.cache.folder is None and (kept := model.cache.info().entries) > 1
    assert list(tmp_path.iterdir()) == []
    other = read_study(exam)
    other.series = other.series[1:]
    engine.embed(other)
    assert looks == ["video", "text", "video"] and model.cache.info().entries == kept
    Engine(model, library).embed(read_study(exam), sample="the exam")  # each server its own
    assert looks == ["video", "text", "video", "video"]
    for hook in hooks:
        hook.remove()


def test_what_is_known_asks_for_no_gpu(parts, exam, monkeypatch):
    """On a Space a GPU is lent for each call, in a process whose memory is lost afterwards."""
    loans = []

    def lent(function):
        def inside(*given):
            loans.append(1)
            return pickle.loads(pickle.dumps(function(*pickle.loads(pickle.dumps(given)))))

        return inside

    monkeypatch.setattr(engines, "spaces", types.SimpleNamespace(GPU=lent))
    engine = Engine(*parts[:2])
    plain = engine.embed(read_study(exam), sample="the exam")
    scores = engine.score(plain, ["LV dilated"])
    assert len(loans) == 2
    assert engine.score(engine.embed(read_study(exam), "the exam"), ["LV dilated"]) == scores
    assert engine.search("LV dilated")
    assert len(loans) == 2
    engine.explain(read_study(exam), "LV dilated")
    assert len(loans) == 3
    with pytest.raises(ConditionError):
        engine.query("  ")


@pytest.mark.parametrize(("lent", "times"), [(False, 1), (True, 0)])
def test_a_gpu_of_its_own_is_warmed_up_as_it_will_be_used(parts, monkeypatch, lent, times):
    told = []
    monkeypatch.setattr(type(parts[0]), "device", torch.device("cuda"))
    monkeypatch.setattr(engines, "ON_LOAN", lent)
    monkeypatch.setattr(engines.accelerator, "quick", lambda _: torch.autocast("cpu"))
    monkeypatch.setattr(
        engines.accelerator,
        "warm_up",
        lambda model: told.append(torch.is_autocast_enabled("cpu")),
    )
    Engine(*parts[:2])
    assert told == [True] * times


def test_what_is_kept_of_a_study_holds_no_pixels(parts, exam):
    embedded = Engine(*parts[:2]).embed(read_study(exam))
    assert embedded.embedding.shape == (16,)
    assert np.linalg.norm(embedded.embedding) == pytest.approx(1, abs=1e-4)
    arrays = {key for key, value in vars(embedded).items() if isinstance(value, np.ndarray)}
    assert arrays == {"embedding"}


def test_suggestions_are_what_the_checkpoint_was_trained_on(parts):
    assert [c.key for c in Engine(*parts[:2]).conditions] == list(parts[0].config.conditions)


def test_searching_without_a_library_says_what_is_missing(parts):
    with pytest.raises(LibraryError, match="no case library"):
        Engine(parts[0], None).search("LV dilated")


def test_on_a_lent_gpu_errors_travel_back_as_values(monkeypatch):
    """`spaces.GPU` loses the text of what is raised inside."""

    def lossy(function):
        def inside(*args):
            try:
                return function(*args)
            except Exception as error:
                raise RuntimeError("GPU task aborted") from error

        return inside

    monkeypatch.setattr(engines, "spaces", types.SimpleNamespace(GPU=lossy))

    def refuse(text: str) -> None:
        raise ConditionError(f"{text} cannot be asked.")

    with pytest.raises(ConditionError, match="This cannot be asked"):
        engines.on_accelerator(refuse)("This")
    assert engines.on_accelerator(len)("four") == 4


def test_a_condition_that_the_study_lacks_the_pictures_for_says_so(parts, exam):
    engine = Engine(*parts[:2])
    embedded = engine.embed(read_study(exam))  # a short axis alone
    enlarged, dilated = engine.score(embedded, ["Left atrial enlargement", "LV dilated"])
    assert "no long-axis cine" in enlarged.notes[-1] and "do not rely" in enlarged.notes[-1]
    assert not [note for note in dilated.notes if "do not rely" in note]


def test_scores_can_be_put_in_order(parts, exam):
    engine = Engine(*parts[:2])
    texts = ["LV dilated", "thick septum", "a small heart"]
    scores = engine.score(engine.embed(read_study(exam)), texts)
    ranked = asking.in_order(scores, asking.ORDERS[1])
    assert [s.percentile for s in ranked] == sorted((s.percentile for s in scores), reverse=True)
    assert [s.condition for s in asking.in_order(scores, asking.ORDERS[2])] == [
        "a small heart", "LV dilated", "thick septum",
    ]  # fmt: skip
    assert asking.in_order(scores, asking.ORDERS[0]) == scores


# --- pictures


def test_each_view_gets_its_picture_and_the_short_axis_a_close_up():
    y, x = np.mgrid[:96, :96]
    beat = np.stack([900.0 * (np.hypot(y - 48, x - 48) < r) for r in (20, 16, 12, 16)])
    study = Study.from_array(np.stack([beat] * 5), (8, 2.5, 2.5))
    long_axis = Series(beat, (2.5, 2.5), view=View.FOUR_CHAMBER, sequence=study.series[0].sequence)
    study.series.append(long_axis)
    close, four = cines.pictures(study)
    assert "close to the heart" in close.title and "5 slices, 4 phases" in close.detail
    assert "Four-chamber" in four.title and "1 slice," in four.detail


def test_late_enhancement_is_shown_close_to_the_heart_that_the_cine_shows():
    """A still does not move; its geometry says where the beating disc lies in it."""
    y, x = np.mgrid[:160, :160]
    beat = np.stack([900.0 * (np.hypot(y - 60, x - 100) < r) for r in (20, 16, 12, 16)])
    study = Study.from_array(np.stack([beat] * 3), (8, 2.5, 2.5))
    scar = 900 * (np.hypot(y - 120, x - 100) < 5)
    for cine in study.cines():
        place = cine.position_mm - [0, 150, 0]  # 60 rows further up
        study.series.append(
            replace(cine, pixels=scar[None], position_mm=place, sequence=Sequence.LGE)
        )
    shown = cines.pictures(study)
    late = next(picture for picture in shown if "late enhancement, close" in picture.title)
    assert late.detail == "3 slices, still"
    (close, *_) = cines.close_up(study.series[3:], np.array([250.0, 150.0, 8.0]))
    assert np.argwhere(close[0]).mean(0) == pytest.approx([38, 38], abs=3)
    assert cines.close_up(study.series[3:], None) is None


def test_where_nothing_beats_there_is_no_close_up():
    study = Study.from_array(np.full((2, 3, 64, 64), 5.0), (8, 2, 2))
    (only,) = cines.pictures(study)
    assert "close" not in only.title and "2 slices" in only.detail


def test_a_very_long_stack_is_thinned_and_it_is_said():
    study = Study.from_array(np.ones((60, 2, 8, 8)), (2, 2, 2))
    assert "60 slices (24 shown)" in cines.pictures(study)[-1].detail


# --- uploads


def upload(folder: Path, name: str, data: bytes = b"data", holder: str = "hash") -> Path:
    place = folder / "gradio" / holder / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    return place


def test_one_file_is_read_under_its_own_name_and_is_gone_afterwards(uploads_folder):
    file = upload(uploads_folder, "exam.nii.gz")
    with uploads.taken([file]) as path:
        assert path.name == "exam.nii.gz" and path.read_bytes() == b"data"
        assert not file.exists()
    assert left_in(uploads_folder) == [] and not file.parent.exists()


def test_files_of_one_name_do_not_overwrite_each_other(uploads_folder):
    files = [upload(uploads_folder, "IM0001", bytes([i]), f"hash{i}") for i in range(3)]
    with uploads.taken(files) as folder:
        assert sorted(p.read_bytes() for p in folder.rglob("IM0001")) == [b"\0", b"\1", b"\2"]
    assert left_in(uploads_folder) == []


def test_nothing_is_left_when_reading_fails(uploads_folder):
    file = upload(uploads_folder, "scan.dcm", b"%PDF-1.7")
    with pytest.raises(StudyError), uploads.taken([file]) as path:
        read_study(path)
    assert left_in(uploads_folder) == []


def test_too_much_is_refused_and_removed(uploads_folder, monkeypatch):
    monkeypatch.setattr(uploads, "MAX_TOTAL_MB", 0)
    file = upload(uploads_folder, "exam.zip")
    with pytest.raises(StudyError, match="larger than"), uploads.taken([file]):
        pass
    assert left_in(uploads_folder) == []


def test_an_upload_that_is_no_longer_there_is_named(tmp_path):
    with pytest.raises(StudyError, match="exam.zip is no longer"):
        with uploads.taken([tmp_path / "exam.zip"]):
            pass
    with pytest.raises(StudyError, match="No file"):
        with uploads.taken(None):
            pass


# --- errors


def test_an_unexpected_error_tells_the_log_where_and_nobody_what(caplog):
    with caplog.at_level(logging.ERROR):
        try:
            raise ValueError("PatientName is Wintergreen^Rosalind")
        except ValueError as error:
            sentence = shared.explained(error)
    assert "Wintergreen" not in sentence + caplog.text
    assert "ValueError at test_app.py" in caplog.text
    assert shared.explained(StudyError("Say this.")) == "Say this."


# --- the whole page


def test_the_page_is_built_without_analytics_and_with_named_endpoints(parts):
    demo = built(*parts)
    config = demo.get_config_file()
    named = {d["api_name"] for d in config["dependencies"] if d.get("api_visibility") == "public"}
    assert named == {"read", "score", "retrieve", "search", "screen"}
    assert demo.analytics_enabled is False
    assert "research and education" in json.dumps(config, default=str)


def test_a_model_without_a_library_gets_a_page_that_says_so(parts, exam):
    demo = built(parts[0], None, {})
    assert "No case library" in json.dumps(demo.get_config_file(), default=str)
    engine = Engine(parts[0], None)
    (score,) = engine.score(engine.embed(read_study(exam)), ["LV dilated"])
    assert "Not measured against anything" in page.score_sentences([score])


def test_programs_get_the_same_answers_and_no_file_stays(parts, exam, uploads_folder, capfd):
    client_module = pytest.importorskip("gradio_client")
    demo = built(*parts)
    _, url, _ = demo.launch(
        prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", ssr_mode=False
    )
    try:
        client = client_module.Client(url, verbose=False)
        files = [client_module.handle_file(str(exam))]
        held = client.predict(files, api_name="/read")
        assert [s["view"] for s in held["series"]] == ["SAX"] * 4
        scored = client.predict(files, "LV dilated\nthick septum", api_name="/score")
        assert [s["condition"] for s in scored["scores"]] == ["LV dilated", "thick septum"]
        assert all("8 cases" in s["reference"] for s in scored["scores"])
        assert len(client.predict(files, 3, api_name="/retrieve")["cases"]) == 3
        assert len(client.predict("LV dilated", 5, api_name="/search")["cases"]) == 5
        with pytest.raises(Exception, match="condition is empty"):
            client.predict("", 5, api_name="/search")
        # A class opens the same exam at once: nobody takes it away from another.
        asked = "LV dilated\nthick septum"
        jobs = [client.submit(files, asked, api_name="/score") for _ in range(6)]
        assert {job.result()["scores"][0]["similarity"] for job in jobs} == {
            scored["scores"][0]["similarity"]
        }
    finally:
        demo.close()
    assert left_in(uploads_folder) == []
    output = capfd.readouterr()
    assert "Wintergreen" not in output.out + output.err
