"""A cine stack reads the same however a scanner wrote it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLSLossless,
    RLELossless,
)

from cmrclip_lite.errors import StudyError
from cmrclip_lite.readers import Limits, read_study
from cmrclip_lite.study import Sequence, Study, View
from tests import dicom_maker as maker
from tests.readers.notes import own_notes


def check_stack(study: Study, slices: int = 4, phases: int = 6) -> None:
    """The study is the maker's stack: every slice and phase in its place, base first."""
    cines = study.cines(View.SAX)
    assert len(cines) == len(study.series) == slices
    for z, series in enumerate(cines):
        expected = np.stack([maker.picture(z, t) for t in range(phases)])
        np.testing.assert_array_equal(series.pixels, expected)
        assert series.pixels.dtype.isnative
        assert series.spacing_mm == (1.5, 1.25)
        position = maker.BASE_MM + z * 10.0 * maker.APEX
        np.testing.assert_allclose(series.position_mm, position, atol=1e-3)
        np.testing.assert_allclose(series.orientation, maker.SAX_AXES, atol=1e-5)


@pytest.mark.parametrize("apart", [False, True], ids=["one-series", "series-per-slice"])
def test_one_series_or_one_per_slice_reads_alike(tmp_path: Path, apart: bool) -> None:
    study = read_study(maker.save(maker.stack(apart=apart), tmp_path / "exam"))
    check_stack(study)
    assert study.set_aside == [] and own_notes(study) == []
    first = study.series[0]
    np.testing.assert_allclose(first.trigger_ms, np.arange(6) * 800 / 6, atol=1e-3)
    assert first.rr_ms == 800.0 and first.thickness_mm == 8.0


def test_an_enhanced_file_reads_like_the_classic_ones(tmp_path: Path) -> None:
    path = tmp_path / "anything"
    path.write_bytes(maker.encode(maker.enhanced()))
    study = read_study(path)
    check_stack(study)
    assert study.series[0].rr_ms == 800.0
    np.testing.assert_allclose(study.series[0].trigger_ms, np.arange(6) * 800 / 6)


@pytest.mark.parametrize(
    "syntax",
    [
        ImplicitVRLittleEndian,
        ExplicitVRLittleEndian,
        ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian,
        RLELossless,
    ],
    ids=lambda uid: uid.name,
)
def test_every_way_of_storing_the_bytes(tmp_path: Path, syntax: str) -> None:
    check_stack(read_study(maker.save(maker.stack(), tmp_path / "exam", syntax)))


def test_without_a_decoder_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Absent:
        is_available = False

    folder = maker.save(maker.stack(), tmp_path / "exam", JPEGLSLossless)
    monkeypatch.setattr("cmrclip_lite.readers.pixels.get_decoder", lambda uid: Absent)
    with pytest.raises(StudyError, match=r"JPEG-LS Lossless.*pip install 'cmrclip-lite\[codecs\]'"):
        read_study(folder)


def test_phases_without_trigger_times_follow_the_next_best_key(tmp_path: Path) -> None:
    images = maker.stack(trigger=False)
    for number, ds in enumerate(images):
        # The instance numbers run backwards; the temporal index is the better witness.
        ds.TemporalPositionIdentifier = number % 6 + 1
        ds.InstanceNumber = 1000 - number
    check_stack(read_study(maker.save(images, tmp_path / "temporal")))
    study = read_study(maker.save(maker.stack(trigger=False), tmp_path / "instance"))
    check_stack(study)
    assert study.series[0].trigger_ms is None
    assert any("order of the files" in note for note in study.notes)


def test_the_time_an_image_was_made_does_not_outrank_its_trigger_time(tmp_path: Path) -> None:
    images = maker.stack()
    for number, ds in enumerate(images):
        ds.ContentTime = f"0829{59 - number % 6:02d}.5"
    check_stack(read_study(maker.save(images, tmp_path / "exam")))


def test_a_slice_acquired_again_replaces_the_first(tmp_path: Path) -> None:
    again = maker.stack(apart=True)[6:12]
    for ds in again:
        ds.SeriesInstanceUID, ds.SeriesNumber = "1.2.3.4.99", 99
        ds.TriggerTime = ds.TriggerTime * 1.02
        maker.set_pixels(ds, np.frombuffer(ds.PixelData, np.int16).reshape(16, 16) + 1)
    study = read_study(maker.save(maker.stack(apart=True) + again, tmp_path / "exam"))
    assert len(study.series) == 4
    assert study.series[1].pixels[0, 0, 0] == 102  # slice 1 is 101, its repeat 102
    assert any("acquired more than once; the last was kept" in note for note in study.notes)
    assert [(item.count, item.what) for item in study.set_aside] == [(6, "images")]


def test_a_repeat_within_one_series_is_not_interleaved(tmp_path: Path) -> None:
    images, again = maker.stack(), maker.stack()[6:12]
    for ds in again:
        ds.InstanceNumber += 500
        ds.TriggerTime = ds.TriggerTime + 3
    study = read_study(maker.save(images + again, tmp_path / "exam"))
    assert [len(series.pixels) for series in study.series] == [6, 6, 6, 6]
    assert study.series[1].trigger_ms[0] == 3.0


def test_a_series_per_phase_is_put_together(tmp_path: Path) -> None:
    images = maker.stack()
    for number, ds in enumerate(images):
        ds.SeriesInstanceUID = f"1.2.3.5.{number % 6}"
    check_stack(read_study(maker.save(images, tmp_path / "exam")))


def test_orientations_that_differ_by_rounding_are_one_stack(tmp_path: Path) -> None:
    images = maker.stack()
    for ds in images[::2]:
        axes = maker.SAX_AXES + 1e-5
        ds.ImageOrientationPatient = [round(float(v), 6) for v in axes.ravel()]
    assert len(read_study(maker.save(images, tmp_path / "exam")).series) == 4


def test_incomplete_slices_go_and_slightly_short_ones_are_noted(tmp_path: Path) -> None:
    images = maker.stack()
    del images[2:6], images[-1]  # slice 0 keeps 2 of 6 phases, slice 3 keeps 5
    study = read_study(maker.save(images, tmp_path / "exam"))
    assert [len(series.pixels) for series in study.series] == [6, 6, 5]
    assert study.set_aside[0].reason == "an incomplete slice, 2 of 6 phases"
    assert "A slice has 5 phases where its neighbours have 6." in study.notes


def test_files_cut_short_cost_one_image_each(tmp_path: Path) -> None:
    folder = maker.save(maker.stack(), tmp_path / "exam")
    victim = folder / "IM0003"
    victim.write_bytes(victim.read_bytes()[:-100])
    study = read_study(folder)
    assert sorted(len(series.pixels) for series in study.series) == [5, 6, 6, 6]
    assert study.set_aside[0].reason == "DICOM files whose pixels are missing or cut short"


def test_a_header_that_promises_too_much_is_not_believed(tmp_path: Path) -> None:
    images = maker.stack()
    images[0].Rows = images[0].Columns = 7000
    images[6].NumberOfFrames = 40_000
    study = read_study(maker.save(images, tmp_path / "exam"))
    assert sum(len(series.pixels) for series in study.series) == 23
    images[0].Rows = 65_535
    with pytest.raises(StudyError, match="frame_side = 8,192"):
        read_study(maker.save(images, tmp_path / "exam"))


def test_pixels_above_the_limit_are_not_decoded(tmp_path: Path) -> None:
    folder = maker.save(maker.stack(), tmp_path / "exam")
    with pytest.raises(StudyError, match="pixel_bytes = 10,000"):
        read_study(folder, limits=Limits(pixel_bytes=10_000))


def test_more_slices_than_the_limit_are_not_compared(tmp_path: Path) -> None:
    folder = maker.save(maker.stack(), tmp_path / "exam")
    with pytest.raises(StudyError, match="goes over the limit series = 3 "):
        read_study(folder, limits=Limits(series=3))


def test_rescale_and_inverted_grey_are_undone(tmp_path: Path) -> None:
    scaled = maker.stack(RescaleSlope=0.5, RescaleIntercept=-10)
    first = read_study(maker.save(scaled, tmp_path / "scaled")).series[0]
    assert first.pixels.dtype == np.float32
    np.testing.assert_allclose(first.pixels[0], maker.picture(0, 0) * 0.5 - 10)
    inverted = maker.stack()
    for ds in inverted:
        stored = np.frombuffer(ds.PixelData, np.int16).reshape(16, 16)
        maker.set_pixels(ds, (4095 - stored).astype(np.uint16))
        ds.BitsStored, ds.HighBit, ds.PhotometricInterpretation = 12, 11, "MONOCHROME1"
    check_stack(read_study(maker.save(inverted, tmp_path / "inverted")))


def test_overlays_in_unused_high_bits_are_dropped(tmp_path: Path) -> None:
    images = maker.stack()
    for ds in images:
        stored = np.frombuffer(ds.PixelData, np.int16).reshape(16, 16).astype(np.uint16)
        maker.set_pixels(ds, stored | 0xF000)
        ds.BitsStored, ds.HighBit = 12, 11
    check_stack(read_study(maker.save(images, tmp_path / "exam")))


def test_a_classic_file_with_many_frames_is_one_slice_over_time(tmp_path: Path) -> None:
    frames = np.stack([maker.picture(0, t) for t in range(8)])
    ds = maker.image(frames, FrameTime=50, SeriesDescription="cine 4ch", PixelSpacing=None)
    del ds.ImagePositionPatient, ds.ImageOrientationPatient
    path = tmp_path / "cine.dcm"
    path.write_bytes(maker.encode(ds))
    study = read_study(path)
    (series,) = study.cines(View.FOUR_CHAMBER)
    np.testing.assert_array_equal(series.pixels, frames)
    np.testing.assert_allclose(series.trigger_ms, np.arange(8) * 50.0)
    assert any("1 mm was assumed" in note for note in study.notes)
    assert any("their view is a guess" in note for note in study.notes)


@pytest.mark.parametrize("name", ["Modality", "SOPInstanceUID", "SeriesInstanceUID", "ImageType"])
def test_missing_tags_have_a_fallback(tmp_path: Path, name: str) -> None:
    check_stack(read_study(maker.save(maker.stack(**{name: None}), tmp_path / "exam")))


def test_a_header_longer_than_the_first_look_at_a_file(tmp_path: Path) -> None:
    images = maker.stack(slices=2)
    for ds in images:
        # Siemens keeps its protocol here, in some 100 kB.
        ds.private_block(0x0029, "SIEMENS CSA HEADER", create=True).add_new(
            0x10, "OB", bytes(150_000)
        )
    check_stack(read_study(maker.save(images, tmp_path / "exam")), slices=2)


def test_late_enhancement_stills_are_told_by_words_or_by_the_inversion_pulse(
    tmp_path: Path,
) -> None:
    cine = maker.stack()
    for name, tags in {
        "words": {"SeriesDescription": "PSIR_LGE_SAX"},
        "pulse": {"ScanningSequence": ["GR", "IR"], "InversionTime": 290},
    }.items():
        late = [
            maker.image(maker.picture(z, 0), maker.BASE_MM + z * 10 * maker.APEX, **tags)
            for z in range(4)
        ]
        for ds in late:
            ds.SeriesInstanceUID = "1.2.3.77"
        study = read_study(maker.save(cine + late, tmp_path / name))
        stills = [s for s in study.series if s.sequence is Sequence.LGE]
        assert len(study.cines(View.SAX)) == 4 and len(stills) == 4
        assert {s.view for s in stills} == {View.SAX}


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"SeriesDescription": "3-plane localizer"}, "scouts"),
        ({"SeriesDescription": "Flow_tp_AoV"}, "phase contrast"),
        ({"SequenceName": "*fl2d1_v150in"}, "phase contrast"),
        ({"ImageType": ["DERIVED", "PRIMARY", "P", "ND"]}, "phase contrast"),
        ({"SeriesDescription": "CSPAMM tagging mid"}, "tagging"),
        ({"SeriesDescription": "MOLLI_native"}, "mapping"),
        ({"SeriesDescription": "STRESS perfusion"}, "perfusion"),
        ({"BodyPartExamined": "BRAIN"}, "images of another part of the body"),
        ({"SeriesDescription": "t2 knee cine"}, "images of another part of the body"),
        ({"Modality": "CT", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.2"}, "CT, not MR"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_neither_cine_nor_late_enhancement_is_named(
    tmp_path: Path, tags: dict, reason: str
) -> None:
    folder = maker.save(maker.stack(**tags), tmp_path / "exam")
    with pytest.raises(StudyError, match=rf"exam holds no .*24 images \({reason}"):
        read_study(folder)


def test_a_body_part_that_was_never_changed_does_not_hide_a_heart(tmp_path: Path) -> None:
    images = maker.stack(BodyPartExamined="BRAIN", SeriesDescription="cine SAX")
    check_stack(read_study(maker.save(images, tmp_path / "exam")))


def test_time_points_over_many_heartbeats_are_not_a_cine(tmp_path: Path) -> None:
    by_trigger = maker.stack(slices=3, phases=10)
    by_clock = maker.stack(slices=3, phases=10, trigger=False)
    for number, (a, b) in enumerate(zip(by_trigger, by_clock, strict=True)):
        a.TriggerTime = number % 10 * 820.0
        b.AcquisitionTime = f"1000{number % 10:02d}.25"
    for name, images in {"trigger": by_trigger, "clock": by_clock}.items():
        with pytest.raises(StudyError, match="run past one heartbeat"):
            read_study(maker.save(images, tmp_path / name))


def test_one_still_image_is_an_error_that_says_so(tmp_path: Path) -> None:
    folder = maker.save([maker.image(maker.picture(0, 0))], tmp_path / "exam")
    with pytest.raises(StudyError, match="1 image .single images without a time course"):
        read_study(folder)


def test_two_patients_are_not_mixed(tmp_path: Path) -> None:
    images = maker.stack(slices=2) + maker.stack(slices=2, PatientID="other")
    with pytest.raises(StudyError, match="2 different patients"):
        read_study(maker.save(images, tmp_path / "exam"))


def test_copies_of_a_file_count_once(tmp_path: Path) -> None:
    images = maker.stack()
    study = read_study(maker.save(images + images[:5], tmp_path / "exam"))
    check_stack(study)
    assert (study.set_aside[0].count, study.set_aside[0].reason) == (5, "copies of another image")


def test_nothing_about_the_patient_leaves_the_reader(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, recwarn: pytest.WarningsRecorder
) -> None:
    secret = "Wintergreen"
    tags = dict.fromkeys(
        ("SeriesDescription", "ProtocolName", "StudyDescription", "InstitutionName",
         "ReferringPhysicianName", "AccessionNumber", "StationName", "ImageComments",
         "PatientComments", "OperatorsName", "DeviceSerialNumber"),
        f"cine {secret}"[:16],
    )  # fmt: skip
    images = maker.stack(**tags, Manufacturer=f"Vendor; {secret}?", PatientBirthDate="19560402")
    images[0].StudyInstanceUID = f"1.2.3.{secret}"  # pydicom's own warning would quote it
    folder = maker.save(images, tmp_path / "exam")
    caplog.clear()
    recwarn.clear()
    with caplog.at_level("DEBUG"):
        study = read_study(folder)
    shown = repr(study) + repr([vars(s) for s in study.series]) + caplog.text
    shown += "".join(str(warning.message) for warning in recwarn)
    for word in (secret, maker.PATIENT_ID, "19560402", "Rosalind"):
        assert word[:10] not in shown
    assert study.series[0].tags["RepetitionTime"] == "3.2"
    assert "Manufacturer" not in study.series[0].tags  # it did not look like a technical term


def test_times_that_contradict_each_other_are_told(tmp_path: Path) -> None:
    images = maker.stack()
    for number, ds in enumerate(images):
        # Numbered by phase and then backwards through slices: honest, for each slice runs up.
        ds.InstanceNumber = number % 6 * 4 + 4 - number // 6
    assert own_notes(read_study(maker.save(images, tmp_path / "honest"))) == []
    for ds in images[:12]:
        ds.InstanceNumber = 100 - ds.InstanceNumber
    for number, ds in enumerate(images):
        ds.TemporalPositionIdentifier = 1 + number % 6 // 2
    study = read_study(maker.save(images, tmp_path / "torn"))
    check_stack(study)
    assert own_notes(study) == [
        "InstanceNumber puts the phases of 2 slices in another order than TriggerTime, which was "
        "followed.",
        "TemporalPositionIdentifier is missing or the same for some phases of 4 slices, so "
        "TriggerTime was followed.",
    ]


def test_a_modality_lut_is_applied_and_a_window_is_not(tmp_path: Path) -> None:
    images = maker.stack()
    for ds in images:
        stored = np.frombuffer(ds.PixelData, np.int16).reshape(16, 16)
        maker.set_pixels(ds, (stored + 10).astype(np.uint16))
        lut = Dataset()
        lut.LUTDescriptor, lut.ModalityLUTType = [400, 10, 16], "US"
        lut.LUTData = np.arange(400, dtype="<u2").tobytes()
        lut["LUTData"].VR = "OW"
        ds.ModalityLUTSequence = [lut]
        ds.WindowCenter, ds.WindowWidth = 5, 2
        voi = Dataset()
        voi.LUTDescriptor, voi.LUTData = [2, 0, 16], np.zeros(2, "<u2").tobytes()
        voi["LUTData"].VR = "OW"
        ds.VOILUTSequence = [voi]
    check_stack(read_study(maker.save(images, tmp_path / "exam")))


def test_float_pixels(tmp_path: Path) -> None:
    images = maker.stack()
    for ds in images:
        stored = np.frombuffer(ds.PixelData, np.int16).astype("<f4")
        del ds.PixelData, ds.BitsStored, ds.HighBit, ds.PixelRepresentation
        ds.FloatPixelData, ds.BitsAllocated = stored.tobytes(), 32
    study = read_study(maker.save(images, tmp_path / "exam"))
    assert study.series[0].pixels.dtype == np.float32
    check_stack(study)


def test_technical_text_is_told_in_known_terms(tmp_path: Path) -> None:
    """Whatever a file puts where the vendor and the model belong."""
    for vendor, model, told in (
        ("SIEMENS Healthineers", "MAGNETOM Sola", {"Manufacturer": "SIEMENS",
                                                   "ManufacturerModelName": "MAGNETOM Sola"}),
        ("GE MEDICAL SYSTEMS", "SIGNA HDx", {"Manufacturer": "GE",
                                             "ManufacturerModelName": "SIGNA HDx"}),
        (maker.PATIENT_ID, maker.PATIENT_ID, {}),
        (maker.PATIENT, maker.PATIENT, {}),
    ):  # fmt: skip
        tags = {"Manufacturer": vendor, "ManufacturerModelName": model}
        images = maker.stack(slices=1, SequenceVariant=["SK", "SS"], **tags)
        found = read_study(maker.save(images, tmp_path / "exam")).series[0].tags
        assert {name: found[name] for name in tags if name in found} == told
        assert found["SequenceVariant"] == "SK\\SS"
