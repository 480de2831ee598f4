"""Copies hold nothing of whom they show, and read as the same study."""

from __future__ import annotations

import errno
import io
import json
import os
import re
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pydicom
import pydicom.config
import pydicom.data
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
    SecondaryCaptureImageStorage,
)

from benchmarks.burned_in import glyphs
from cmrclip_lite.burned_in import find_burned_in
from cmrclip_lite.cli import main
from cmrclip_lite.deidentify import DeidentificationError, deidentify
from cmrclip_lite.deidentify import words as deid_words
from cmrclip_lite.deidentify.rules import DESCRIPTIONS, MOVED
from cmrclip_lite.deidentify.words import sequence_name, technical_words
from cmrclip_lite.errors import CmrClipError
from cmrclip_lite.phantom import make_case, write_dicom
from cmrclip_lite.readers import kinds, read_study
from cmrclip_lite.readers.headers import plain_words
from cmrclip_lite.study import Study
from cmrclip_lite.views import describe
from tests import dicom_maker as maker

anonymizer = pytest.importorskip(
    "dicomanonymizer.dicomfields_selector", reason="pip install 'cmrclip-lite[deidentify]'"
)
TABLE = anonymizer.dicom_anonymization_database_selector("dicomfields_2026c")

KEY = "correct horse battery staple"
SECRET = "ZQX"
SECRETS = {
    **{vr: f"{SECRET}TEXT" for vr in ("LO", "SH", "ST", "LT", "UT", "UC", "AE", "CS")},
    "PN": f"{SECRET}Family^{SECRET}Given",
    "UR": f"https://{SECRET}.example",
    "UI": "1.2.98765.4321",
    "DA": "19470316",
    "TM": "043741.271828",
    "DT": "19470316043741.271828+0130",
    "AS": "047Y",
    "IS": "47110815",
    "DS": "47110815",
    **{vr: 47110 for vr in ("US", "UL", "SL", "UV", "SV")},
    "SS": 4711,
    **{vr: 47110.815 for vr in ("FL", "FD")},
    **{vr: f"{SECRET}bytes".encode() for vr in ("OB", "OW", "OF", "OD", "OL", "OV", "UN")},
}
# What the secrets look like in a file.
TRACES = [SECRET.encode(), b"19470316", b"043741", b"271828", b"98765", b"47110815", b"047Y"]
# What the readers go by cannot be a secret of the test.
NEEDED = {"SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID", "PatientID", *DESCRIPTIONS}


def laden(ds: Dataset, start: int = 0, step: int = 1, nested: bool = True) -> Dataset:
    """Fill the attributes of the standard's table with secrets: all, or every `step`-th.

    Each sequence gets an item with a share of the attributes, so that together they hold all.
    """
    for number, tag in enumerate(TABLE["ALL_TAGS"][start::step]):
        if len(tag) != 2 or tag[0] < 8:
            continue
        known = dictionary_has_tag(tag)
        if known and pydicom.datadict.keyword_for_tag(tag) in NEEDED:
            continue
        vr = dictionary_VR(tag) if known else "LO"
        if vr != "SQ":
            value = SECRETS[vr]
        elif nested:
            value = Sequence([laden(Dataset(), number % 20, 20, nested=False)])
        else:
            continue
        ds[tag] = DataElement(tag, vr, value, validation_mode=pydicom.config.IGNORE)
    return ds


def laden_exam() -> list[Dataset]:
    """A cine whose every image gives away all that a header can."""
    images = maker.stack(slices=1, phases=4)
    for ds in images:
        laden(ds)
        ds.SeriesDescription = f"{SECRET} cine sax {SECRET}son"
        # Sequences that the table does not name, one of them inside another.
        inner = laden(Dataset(), nested=False)
        outer = Dataset()
        outer.ReferencedSOPInstanceUID = str(images[0].SOPInstanceUID)
        outer.PurposeOfReferenceCodeSequence = [inner]
        ds.ReferencedInstanceSequence = [outer]
        block = ds.private_block(0x0029, f"{SECRET} CREATOR", create=True)
        block.add_new(1, "LO", f"{SECRET} private")
        block.add_new(2, "SQ", [laden(Dataset(), nested=False)])
        outer.private_block(0x0031, f"{SECRET} CREATOR", create=True).add_new(1, "UN", b"ZQX")
        ds.add_new(0x50003000, "OW", b"ZQXcurve")
        ds.add_new(0x60003000, "OW", b"ZQXlay")
        ds.add_new(0x60000022, "LO", f"{SECRET} overlay")
        ds.add_new(0x0018FFF1, "LO", f"{SECRET} not in the standard")
        ds.add_new(0xFFFCFFFC, "OB", b"ZQX padding")
    return images


def written(ds: Dataset) -> bytes:
    """A file with secrets in its preamble and file meta information too."""
    data = bytearray(maker.encode(ds))
    data[:9] = b"ZQX\0TIFF\0"
    stream = io.BytesIO(bytes(data))
    again = pydicom.dcmread(stream)
    again.file_meta.SourceApplicationEntityTitle = f"{SECRET}AE"
    again.file_meta.PrivateInformationCreatorUID = SECRETS["UI"]
    again.file_meta.PrivateInformation = b"ZQX "
    stream = io.BytesIO()
    pydicom.dcmwrite(stream, again)
    return stream.getvalue()


@pytest.fixture(scope="module")
def secret_exam(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exam") / f"{SECRET} exam"
    folder.mkdir()
    for number, ds in enumerate(laden_exam()):
        (folder / f"{SECRET}{number:03}.dcm").write_bytes(written(ds))
    (folder / "notes.txt").write_text(f"{SECRET} was here")
    return folder


@pytest.fixture(scope="module")
def copies(secret_exam: Path) -> Path:
    out = secret_exam.parent / "copies"
    deidentify(secret_exam, out, key=KEY)
    return out


def headers(folder: Path) -> list[Dataset]:
    return [pydicom.dcmread(path) for path in sorted(folder.rglob("*.dcm"))]


def assert_same(original: Study, copy: Study) -> None:
    assert len(original.series) == len(copy.series) > 0
    for a, b in zip(original.series, copy.series, strict=True):
        assert np.array_equal(a.pixels, b.pixels) and a.pixels.dtype == b.pixels.dtype
        assert (a.view, a.sequence, a.spacing_mm, a.thickness_mm, a.rr_ms, a.tags) == (
            *(b.view, b.sequence, b.spacing_mm, b.thickness_mm, b.rr_ms, b.tags),
        )
        for name in ("position_mm", "orientation", "trigger_ms"):
            assert np.array_equal(getattr(a, name), getattr(b, name))
    assert original.set_aside == copy.set_aside
    assert original.notes == copy.notes


def test_the_exam_does_hold_its_secrets(secret_exam: Path) -> None:
    data = next(secret_exam.glob("*.dcm")).read_bytes()
    assert all(trace in data for trace in TRACES)


def test_nothing_secret_is_left_in_any_byte(copies: Path) -> None:
    files = [path for path in copies.rglob("*") if path.is_file()]
    assert len(files) == 4
    for path in files:
        data = path.read_bytes()
        assert [trace for trace in TRACES if trace.lower() in data.lower()] == []
        assert maker.PATIENT_ID.encode() not in data and b"1.2.3" not in data
        assert data[:128] == bytes(128)
        assert SECRET not in str(path.relative_to(copies))
        assert re.fullmatch(r"series-\d{3}/image-\d{5}\.dcm", str(path.relative_to(copies)))


def test_the_table_of_the_standard_is_kept(copies: Path) -> None:
    def check(_: Dataset, element: DataElement) -> None:
        tag = (element.tag.group, element.tag.element)
        assert not element.tag.is_private and not 0x50 <= tag[0] >> 8 <= 0x60 or tag[0] == 0x5200
        if tag in TABLE["X_TAGS"]:
            assert element.keyword in DESCRIPTIONS or element.tag in MOVED
        if tag in TABLE["Z_TAGS"] and element.tag not in MOVED:
            assert element.value in ("", None) or element.VR in ("IS", "DS", "US")
        if element.VR == "UI":
            assert str(element.value).startswith(("2.25.", "1.2.840.10008."))
        if tag in TABLE["U_TAGS"]:
            assert str(element.value).startswith("2.25.") and len(element.value) <= 64
        if element.VR == "PN":
            assert str(element.value) in ("", "ANONYMIZED")

    for ds in headers(copies):
        ds.walk(check)


def test_the_copies_say_what_was_done(copies: Path) -> None:
    for ds in headers(copies):
        assert ds.PatientIdentityRemoved == "YES" and ds.BurnedInAnnotation == "NO"
        assert ds.LongitudinalTemporalInformationModified == "MODIFIED"
        codes = [code.CodeValue for code in ds.DeidentificationMethodCodeSequence]
        assert codes == ["113100", "113105", "113107"]
        assert all(len(line) <= 64 for line in ds.DeidentificationMethod)
        assert all(len(c.CodeMeaning) <= 64 for c in ds.DeidentificationMethodCodeSequence)
        assert ds.file_meta.MediaStorageSOPInstanceUID == ds.SOPInstanceUID
        assert ds.SeriesDescription == "cine sax"


def test_references_point_at_the_copies(copies: Path) -> None:
    images = headers(copies)
    own = {ds.SOPInstanceUID for ds in images}
    referred = {ds.ReferencedInstanceSequence[0].ReferencedSOPInstanceUID for ds in images}
    assert len(own) == 4 and len(referred) == 1 and referred < own
    assert len({ds.StudyInstanceUID for ds in images}) == 1
    assert len({ds.FrameOfReferenceUID for ds in images}) == 1


def test_the_copies_are_the_same_study(secret_exam: Path, copies: Path) -> None:
    original = read_study(secret_exam)
    original.set_aside = [s for s in original.set_aside if "text files" not in s.reason]
    assert_same(original, read_study(copies))


@pytest.mark.slow
def test_a_key_gives_the_same_bytes_and_none_gives_others(
    secret_exam: Path, tmp_path: Path
) -> None:
    runs = []
    for name, key in (("a", KEY), ("b", KEY), ("c", None), ("d", None), ("e", KEY[::-1])):
        deidentify(secret_exam, tmp_path / f"{name}.zip", key=key)
        runs.append((tmp_path / f"{name}.zip").read_bytes())
    assert runs[0] == runs[1] and len(set(runs)) == 4
    # Also when a part of the exam is copied by itself.
    deidentify(next(secret_exam.glob("*000.dcm")), tmp_path / "one", key=KEY)
    (alone,) = headers(tmp_path / "one")
    deidentify(secret_exam, tmp_path / "all", key=KEY)
    assert alone.SOPInstanceUID == headers(tmp_path / "all")[0].SOPInstanceUID


@pytest.mark.parametrize(
    "syntax",
    [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian, RLELossless],
)
def test_pixels_stay_byte_for_byte(tmp_path: Path, syntax: str) -> None:
    folder = maker.save(maker.stack(slices=1, phases=4), tmp_path / "exam", syntax)
    deidentify(folder, tmp_path / "out")
    assert_same(read_study(folder), read_study(tmp_path / "out"))
    before = sorted(pydicom.dcmread(path).PixelData for path in folder.iterdir())
    assert before == sorted(ds.PixelData for ds in headers(tmp_path / "out"))


@pytest.mark.slow
@pytest.mark.parametrize("series_per_slice", [False, True])
def test_an_exam_of_every_view_and_kind(tmp_path: Path, series_per_slice: bool) -> None:
    study = make_case(4, size="small", imaged=("cine_sax", "cine_lax", "lge")).study
    exam = write_dicom(study, tmp_path / "exam", 4, series_per_slice, scout=True)
    account = deidentify(exam, tmp_path / "out")
    assert not [s for s in account.left_out if "text" in s.reason]
    original = read_study(exam)
    assert len(original.views) >= 3 and {s.sequence for s in original.series} == {"cine", "LGE"}
    copy = read_study(tmp_path / "out")
    assert_same(original, copy)


def test_enhanced_files(tmp_path: Path) -> None:
    ds = maker.enhanced()
    for index, frame in enumerate(ds.PerFrameFunctionalGroupsSequence):
        content = Dataset()
        content.FrameAcquisitionDateTime = f"19470316235959.{index:06}"
        content.FrameComments = SECRET
        frame.FrameContentSequence = [content]
    (tmp_path / "exam").mkdir()
    (tmp_path / "exam" / "IM1").write_bytes(maker.encode(ds))
    account = deidentify(tmp_path / "exam", tmp_path / "out")
    assert (account.files, account.images, account.series) == (1, 24, 1)
    assert_same(read_study(tmp_path / "exam"), read_study(tmp_path / "out"))
    data = next((tmp_path / "out").rglob("*.dcm")).read_bytes()
    assert b"19470316" not in data and b"235959" not in data and SECRET.encode() not in data


def test_the_last_acquisition_of_a_slice_is_still_the_last(tmp_path: Path) -> None:
    images = []
    for run, clock in enumerate(("101500.25", "100000")):
        for ds in maker.stack(slices=3, phases=6):
            ds.SeriesInstanceUID, ds.AcquisitionTime = f"1.2.3.{run}", clock
            ds.AcquisitionDate = ds.StudyDate = "20170504"
            ds.StudyTime = "093000"
            ds.PixelData = (np.frombuffer(ds.PixelData, np.int16) + run).tobytes()
            images.append(ds)
    folder = maker.save(images, tmp_path / "exam")
    deidentify(folder, tmp_path / "out")
    original, copy = read_study(folder), read_study(tmp_path / "out")
    assert "acquired more than once" in " ".join(copy.notes)
    assert_same(original, copy)
    times = {(ds.AcquisitionTime, ds.StudyTime) for ds in headers(tmp_path / "out")}
    assert times == {("004500.250000", "000000.000000"), ("003000.000000", "000000.000000")}
    dates = {(ds.AcquisitionDate, ds.StudyDate) for ds in headers(tmp_path / "out")}
    ((acquired, studied),) = dates
    assert acquired == studied != "20170504" and 1950 < int(acquired[:4]) < 2010


def test_days_between_two_exams_of_a_patient_stay(tmp_path: Path) -> None:
    first, second = maker.stack(1, 4, StudyDate="20240227"), maker.stack(1, 4, StudyDate="20240301")
    maker.save(first, tmp_path / "exams" / "a")
    maker.save(second, tmp_path / "exams" / "b")
    deidentify(tmp_path / "exams", tmp_path / "out")
    days = {
        np.datetime64(f"{d[:4]}-{d[4:6]}-{d[6:]}")
        for d in (ds.StudyDate for ds in headers(tmp_path / "out"))
    }
    assert max(days) - min(days) == np.timedelta64(3, "D")


DESCRIBED = {
    "Kurzweil^Anna cine_sax_5": "kurz cine sax",
    "Dr. Mapleson 4 Chamber TRUFI": "map 4 chamber trufi",
    "LGE PSIR Wintergreen 2ch": "lge psir 2ch",
    "Zürich late gad short axis": "late gad short axis",
    "survey for Mr. Sample": "survey",
    "Wintergreen4ch Rosalindsax7": "4ch sax",
    "scoutA2CH scout02CH": "scout2ch scout",
    "LVOT Wintergreen 3ch": "lvot x 3ch",
    "19470316 ID 4711": "",
}


@pytest.mark.parametrize(("said", "left"), DESCRIBED.items())
def test_descriptions_keep_technical_words_only(said: str, left: str) -> None:
    assert technical_words(said) == left


def test_a_name_is_no_technical_word() -> None:
    assert technical_words("Late cine late sax", never={"late"}) == "cine sax"
    assert sequence_name("*tfi2d1_15") == "*tfi2d1_15"
    assert sequence_name("Smith") == sequence_name("Anna Smith 1950") == ""


@pytest.mark.slow
@settings(max_examples=1000, deadline=None, derandomize=True)
@given(st.data())
def test_kinds_and_views_are_told_from_what_is_left(data: st.DataObject) -> None:
    pattern = re.compile(data.draw(st.sampled_from(deid_words._patterns())).pattern, re.ASCII)
    parts = data.draw(st.lists(st.from_regex(pattern, fullmatch=True), max_size=3))
    said = plain_words(" xyz ".join(parts))
    left = plain_words(technical_words(said))
    assert describe(said) == describe(left)
    for part in (p for p in vars(kinds).values() if isinstance(p, re.Pattern)):
        assert bool(part.search(said)) == bool(part.search(left))


def text_on(ds: Dataset, text: str = "SMITH 1950") -> Dataset:
    """The image enlarged, with a text drawn near its corner."""
    pixels = np.random.default_rng(0).integers(0, 80, (128, 160)).astype(np.int16)
    cover = glyphs(text, 12, "outline", smooth=False) > 0.5
    pixels[4 : 4 + cover.shape[0], 6 : 6 + cover.shape[1]][cover] = 400
    maker.set_pixels(ds, pixels)
    return ds


def written_on(folder: Path, syntax: str = ExplicitVRLittleEndian, **tags: object) -> Path:
    images = maker.stack(slices=1, phases=4, **tags)
    return maker.save([text_on(ds) for ds in images], folder, syntax)


def test_images_with_text_are_left_out(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    exam = tmp_path / "exam"
    maker.save(maker.stack(slices=2, phases=4), exam / "clean")
    written_on(exam / "text", SeriesInstanceUID="1.2.9")
    assert main(["deidentify", str(exam), str(tmp_path / "out"), "--json"]) == 0
    out, err = capsys.readouterr()
    account = json.loads(out)
    assert account["images"] == 8 and account["series"] == 1 and account["burned_in_boxes"] == 1
    assert account["left_out"] == [{"what": "images", "reason": "text in the pixels", "count": 4}]
    assert err.startswith("warning: 4 images were left out") and "--burned-in black" in err


def test_text_in_some_images_of_a_series_means_all(tmp_path: Path) -> None:
    images = maker.stack(slices=1, phases=4)
    for ds in images[:2]:
        text_on(ds)
    for ds in images[2:]:
        text_on(ds, "i")
    folder = maker.save(images, tmp_path / "exam")
    with pytest.raises(DeidentificationError, match="Nothing was written: 4 images"):
        deidentify(folder, tmp_path / "out")


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian, RLELossless])
def test_text_is_blacked_out_in_every_image(tmp_path: Path, syntax: str) -> None:
    folder = written_on(tmp_path / "exam", syntax, BurnedInAnnotation="YES")
    account = deidentify(folder, tmp_path / "out", burned_in="black")
    assert (account.images, account.blacked, account.boxes) == (4, 4, 1)
    (original,), (copy,) = read_study(folder).series, read_study(tmp_path / "out").series
    (box,) = find_burned_in(original.pixels)
    assert find_burned_in(copy.pixels) == []
    outside = np.ones(copy.pixels.shape, bool)
    outside[:, box.top : box.bottom, box.left : box.right] = False
    assert np.array_equal(copy.pixels[outside], original.pixels[outside])
    assert (copy.pixels[~outside] == original.pixels.min()).all()
    for ds in headers(tmp_path / "out"):
        assert not ds.file_meta.TransferSyntaxUID.is_compressed
        assert ds.BurnedInAnnotation == "NO"
        assert "113101" in [code.CodeValue for code in ds.DeidentificationMethodCodeSequence]


@pytest.mark.parametrize(
    "tags",
    [
        {"BurnedInAnnotation": "YES"},
        {"RecognizableVisualFeatures": "YES"},
        {"SOPClassUID": SecondaryCaptureImageStorage},
        {"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]},
        {"Modality": "US"},
        {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.11"},
        {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.104.1"},
        {"SOPClassUID": "1.3.12.2.1107.5.9.1"},
    ],
)
def test_what_is_said_to_be_no_clean_image_is_left_out(tmp_path: Path, tags: dict) -> None:
    folder = maker.save(maker.stack(slices=1, phases=2, **tags), tmp_path / "exam")
    # Nothing can be blacked out where nothing is found.
    for handling in ("refuse", "black"):
        with pytest.raises(DeidentificationError, match="Nothing was written: 2 "):
            deidentify(folder, tmp_path / "out", burned_in=handling)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["exam"]


def test_an_identity_in_an_unforeseen_place_is_noticed(tmp_path: Path) -> None:
    folder = maker.save(maker.stack(1, 4, ReceiveCoilName="Rosalind's"), tmp_path / "exam")
    with pytest.raises(DeidentificationError, match="PatientName") as caught:
        deidentify(folder, tmp_path / "out")
    assert "rosalind" not in str(caught.value).lower()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["exam"]


def test_names_that_are_also_technical_do_no_harm(tmp_path: Path) -> None:
    tags = {"PatientName": "Siemens^Cine", "PatientID": "1500", "Manufacturer": "SIEMENS"}
    folder = maker.save(
        maker.stack(1, 4, RepetitionTime="1500", InstitutionName="Siemens Heart Clinic", **tags),
        tmp_path / "exam",
    )
    assert deidentify(folder, tmp_path / "out").images == 4
    assert_same(read_study(folder), read_study(tmp_path / "out"))


def test_two_patients_stay_apart(tmp_path: Path) -> None:
    exam = tmp_path / "exams"
    for number in range(2):
        maker.save(maker.stack(1, 4, PatientID=f"MRN{number}"), exam / str(number))
    deidentify(exam, tmp_path / "out")
    assert len({ds.PatientID for ds in headers(tmp_path / "out")}) == 2
    with pytest.raises(CmrClipError, match="2 different patients"):
        read_study(tmp_path / "out")


def test_places_that_are_refused(tmp_path: Path) -> None:
    exam = maker.save(maker.stack(1, 2), tmp_path / "exam")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("x")
    for out in (exam, exam / "out", tmp_path, tmp_path / "full", tmp_path / "no" / "out"):
        with pytest.raises(DeidentificationError):
            deidentify(exam, out)
    (tmp_path / "there.zip").write_bytes(b"")
    with pytest.raises(DeidentificationError, match="there already"):
        deidentify(exam, tmp_path / "there.zip")
    with pytest.raises(DeidentificationError, match="16 characters"):
        deidentify(exam, tmp_path / "out", key="short")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["exam", "full", "there.zip"]
    (tmp_path / "empty").mkdir()
    assert deidentify(exam, tmp_path / "empty").images == 2


def test_a_zip_in_and_a_zip_out(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    folder = maker.save(maker.stack(2, 4), tmp_path / "exam")
    exam, out = maker.zipped(folder, tmp_path / "exam.zip"), tmp_path / "out.zip"
    assert main(["deidentify", str(exam), str(out)]) == 0
    assert "images written    8" in capsys.readouterr().out
    assert_same(read_study(exam), read_study(out))
    with zipfile.ZipFile(out) as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}


def test_a_key_comes_from_a_file(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    exam = maker.save(maker.stack(1, 4), tmp_path / "exam")
    key = tmp_path / "key.txt"
    key.write_text(f"{KEY}\n", encoding="utf-8")
    for name in ("one.zip", "two.zip"):
        assert main(["deidentify", str(exam), str(tmp_path / name), "--key-file", str(key)]) == 0
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    deidentify(exam, tmp_path / "three.zip", key=KEY)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "three.zip").read_bytes()
    capsys.readouterr()
    missing = ["--key-file", str(tmp_path / "gone.txt")]
    assert main(["deidentify", str(exam), str(tmp_path / "out"), *missing]) == 2
    assert "The key file gone.txt cannot be read" in capsys.readouterr().err


def test_bad_input_is_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    for source in ("notes.txt", "missing"):
        assert main(["deidentify", str(tmp_path / source), str(tmp_path / "out")]) == 2
        err = capsys.readouterr().err
        assert err.startswith("cmrclip: ") and err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_without_the_library_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cmrclip_lite.deidentify import rules as deid_rules

    monkeypatch.setitem(sys.modules, "dicomanonymizer.simpledicomanonymizer", None)
    deid_rules._table.cache_clear()
    with pytest.raises(CmrClipError, match=r"cmrclip-lite\[deidentify\]"):
        deidentify(tmp_path, tmp_path / "out")


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exam = maker.save(maker.stack(1, 4), tmp_path / "exam")

    def full(self: Path, _: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(DeidentificationError, match="out cannot be written: no space"):
        deidentify(exam, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["exam"]


STOPPED = """
import sys, time
from cmrclip_lite import cli, deidentify
def wait(*_):
    print("written", flush=True)
    time.sleep(60)
deidentify._check = wait
sys.exit(cli.main(["deidentify", sys.argv[1], sys.argv[2]]))
"""


def heed_interrupts() -> None:
    """A process that a shell started in the background ignores Ctrl-C, and so do its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_stopped_in_the_middle(tmp_path: Path, number: int) -> None:
    exam, out = maker.save(maker.stack(1, 4), tmp_path / "exam"), tmp_path / "out"
    with subprocess.Popen(
        [sys.executable, "-c", STOPPED, str(exam), str(out)],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,
    ) as process:
        assert process.stdout.readline() == "written\n"
        process.send_signal(number)
        code = process.wait(30)
    assert not out.exists()
    left = {path.name for path in tmp_path.iterdir()} - {"exam"}
    if number == signal.SIGINT:
        assert code == 130 and not left
    else:
        assert left == {".out.cmrclip-partial"}
    # The next run clears what a killed one left.
    assert deidentify(exam, out).images == 4
    assert {path.name for path in tmp_path.iterdir()} == {"exam", "out"}


@pytest.mark.slow
def test_every_file_that_pydicom_is_tested_with(tmp_path: Path) -> None:
    bundled = Path(pydicom.data.__file__).parent / "test_files"
    files = [
        p for p in sorted(bundled.rglob("*")) if p.is_file() and p.suffix not in (".py", ".zip")
    ]
    account = deidentify(files, tmp_path / "out")
    assert account.files > 40 and account.series > 15

    def check(_: Dataset, element: DataElement) -> None:
        assert not element.tag.is_private
        if element.VR == "PN":
            assert str(element.value) in ("", "ANONYMIZED")

    for ds in headers(tmp_path / "out"):
        ds.walk(check)


@pytest.mark.slow
def test_real_exams(real_folder: Path, tmp_path: Path) -> None:
    exam = real_folder / "sunnybrook" / "SCD0000301.zip"
    account = deidentify(exam, tmp_path / "out")
    assert account.images == 215 and not account.left_out
    assert_same(read_study(exam), read_study(tmp_path / "out"))
    patient = b"SCD0000301"
    assert not any(patient in path.read_bytes() for path in (tmp_path / "out").rglob("*.dcm"))
