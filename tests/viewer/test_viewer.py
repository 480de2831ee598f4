"""What notebooks show and let one do, driven as a front end would drive it."""

from __future__ import annotations

import base64
import io
from datetime import datetime

import numpy as np
import pytest
from PIL import Image

from cmrclip_lite.bundled import sample_studies
from cmrclip_lite.errors import CmrClipError, StudyError
from cmrclip_lite.library import Case
from cmrclip_lite.readers import read_study
from cmrclip_lite.study import Sequence, Series, Study, View
from cmrclip_lite.viewer import CineViewer, PromptBox, StudyUpload, cards, watch

WIDGET = "application/vnd.jupyter.widget-view+json"


def ramp(phases: int = 4, slices: int = 3, view: View = View.SAX) -> Study:
    """Slice z has grey 100 z + 10 t everywhere but for one black and one white corner."""
    z, t = np.mgrid[:slices, :phases]
    pixels = np.broadcast_to((100 * z + 10 * t)[..., None, None], (slices, phases, 20, 30)).copy()
    pixels[..., 0, 0], pixels[..., -1, -1] = 0, 1000
    return Study.from_array(pixels, (8.0, 2.0, 1.0), view)


def two_views() -> Study:
    late = Series(np.full((1, 10, 10), 7), (1.0, 1.0), view=View.SAX, sequence=Sequence.LGE)
    return Study([*ramp().series, *ramp(6, 1, View.FOUR_CHAMBER).series, late])


def shown(viewer: CineViewer) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(viewer.image.value)))


def file_named(name: str, content: bytes) -> tuple[dict, ...]:
    """What ipywidgets' FileUpload holds once a file was chosen."""
    about = {"name": name, "type": "", "size": len(content), "last_modified": datetime.now()}
    return ({**about, "content": memoryview(content)},)


def test_the_picture_has_the_proportions_of_the_patient():
    picture = shown(CineViewer(ramp(), size=200))
    assert picture.shape == (200, 150)  # 40 mm by 30 mm


def test_it_starts_in_the_middle_of_the_stack_at_the_first_phase():
    viewer = CineViewer(ramp())
    assert (viewer.position.value, viewer.position.max) == (2, 3)
    assert (viewer.phase.value, viewer.phase.max, viewer.play.max) == (1, 4, 4)
    assert "slice 2 of 3, phase 1 of 4" in viewer.caption.value


def test_phase_slice_and_window_change_the_picture():
    viewer = CineViewer(ramp())
    viewer.window.value = (0, 500)
    middle = {"phase 1": shown(viewer)[90, 90]}
    viewer.phase.value = 4
    middle["phase 4"] = shown(viewer)[90, 90]
    viewer.position.value = 3
    middle["slice 3"] = shown(viewer)[90, 90]
    viewer.window.value = (0, 250)
    middle["narrow"] = shown(viewer)[90, 90]
    assert list(middle.values()) == [51, 66, 117, 235]  # 100, 130, 230 of 500; 230 of 250
    assert viewer.series.pixels[0, 5, 5] == 200


def test_another_view_brings_its_own_limits():
    viewer = CineViewer(two_views())
    assert viewer.view.options == ("SAX, cine", "4CH, cine", "SAX, late enhancement")
    viewer.phase.value = 4
    viewer.view.value = "4CH, cine"
    assert (viewer.position.max, viewer.position.disabled, viewer.phase.max) == (1, True, 6)
    viewer.view.value = "SAX, late enhancement"
    assert (viewer.phase.max, viewer.play.disabled) == (1, True)
    assert viewer.caption.value == "slice 1 of 1"
    viewer.view.value = "SAX, cine"
    assert (viewer.position.max, viewer.phase.max, viewer.play.disabled) == (3, 4, False)


@pytest.mark.parametrize("kind", [np.int16, np.float64, np.uint8])
def test_any_kind_of_pixel_is_shown(kind):
    pixels = np.linspace(-50 if kind != np.uint8 else 0, 99, 2 * 64).reshape(1, 2, 8, 8)
    assert shown(CineViewer(Study.from_array(pixels.astype(kind), (8, 1, 1)))).std() > 20


def test_an_empty_study_is_refused_in_words():
    with pytest.raises(StudyError, match="no pictures"):
        CineViewer(Study([]))
    with pytest.raises(StudyError, match="no series to watch"):
        watch()


def test_where_no_kernel_answers_there_is_a_still():
    study = ramp()
    for thing in (watch(*study.series), CineViewer(study)):
        bundle = thing._repr_mimebundle_()
        still = Image.open(io.BytesIO(base64.b64decode(bundle["image/jpeg"])))
        assert still.format == "JPEG" and "data:image/webp" in bundle["text/html"]
        assert bundle["text/plain"].startswith("Moving pictures: SAX")
    assert WIDGET in bundle


def test_a_still_shows_the_phase_that_differs_most_below_the_first():
    pixels = np.zeros((1, 5, 20, 40))
    pixels[0, :, :, :20] = np.array([255, 200, 30, 100, 220])[:, None, None]
    bundle = watch(*Study.from_array(pixels, (8, 1, 1)).series, size=40)._repr_mimebundle_()
    still = np.asarray(Image.open(io.BytesIO(base64.b64decode(bundle["image/jpeg"]))))
    assert still.shape == (20 + 4 + 20, 40)
    assert still[10, 10] > 230 and still[34, 10] < 60


def test_words_from_outside_stay_words():
    words = "<script>alert(1)</script>"
    case = Case("<b>", 0.5, words, (), b"", "")
    shown = cards([case])
    assert "<script>" not in shown.page and "&lt;script&gt;" in shown.page
    assert "0.50" in shown.text


def test_typing_asks_and_what_cannot_be_asked_is_said(tiny_model):
    box = PromptBox(tiny_model, ramp(8, 4), conditions=["LV dilated"])
    assert [score.condition for score in box.scores] == ["LV dilated"]
    box.text.value = "EF 25%\n\n  thick septum "
    assert [score.condition for score in box.scores] == ["EF 25%", "thick septum"]
    (bars,) = box._bars.children
    assert len(bars.data[0].x) == 2
    box.text.value = " \n"
    assert "at least one" in box.message.value
    assert len(box.scores) == 2  # what was there stays
    box.button.click()
    assert "at least one" in box.message.value
    box.text.value = "LV dilated"
    assert box.message.value == ""
    assert "LV dilated" in box._repr_mimebundle_()["text/html"]


def test_the_study_is_encoded_once(tiny_model, monkeypatch):
    calls = []
    encode = tiny_model.encode_study
    monkeypatch.setattr(tiny_model, "encode_study", lambda s: calls.append(1) or encode(s))
    box = PromptBox(tiny_model, ramp(8, 4), conditions=["LV dilated"])
    box.text.value = "RV dilated"
    assert calls == [1]


def test_an_uploaded_exam_is_read_shown_and_gone(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    path = sample_studies()["normal"]
    upload = StudyUpload(CineViewer)
    upload.upload.value = file_named("exam.zip", path.read_bytes())
    assert upload.study.content == read_study(path).content
    assert "exam.zip" in upload.message.value and "SAX" in upload.message.value
    (below,) = upload._below.children
    assert isinstance(below, CineViewer)
    assert upload.upload.value == () and list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_exam_leaves_what_was_there(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    upload = StudyUpload(CineViewer)
    upload.upload.value = file_named("exam.zip", sample_studies()["normal"].read_bytes())
    study, below = upload.study, upload._below.children
    upload.upload.value = file_named("../<i>bad.zip", b"no zip")
    assert upload.message.value.startswith("<b>") and "<i>" not in upload.message.value
    assert upload.study is study and upload._below.children == below
    assert upload.upload.value == () and list(tmp_path.iterdir()) == []


def test_without_ipywidgets_it_says_what_to_install(monkeypatch):
    import importlib
    import sys

    import cmrclip_lite.viewer as viewer

    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    with pytest.raises(CmrClipError, match="extra 'notebooks'"):
        importlib.reload(viewer)
