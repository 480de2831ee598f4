"""Names of volume files, as the public data sets give them."""

from __future__ import annotations

import pytest

from cmrclip_lite.errors import StudyError
from cmrclip_lite.phantom import make_case
from cmrclip_lite.phantom.nifti import write_nifti
from cmrclip_lite.readers.naming import Role, one_patient, parse
from cmrclip_lite.study import Sequence, View
from cmrclip_lite.views import describe

CINE, ED, ES, FRAME = Role.CINE, Role.ED, Role.ES, Role.FRAME
LGE, LABEL, OTHER, UNKNOWN = Role.LGE, Role.LABEL, Role.OTHER, Role.UNKNOWN
SAX, CH2, CH4 = View.SAX, View.TWO_CHAMBER, View.FOUR_CHAMBER

NAMES = [
    # ACDC, and its nnU-Net conversion
    ("patient001_4d.nii.gz", "patient001", SAX, CINE),
    ("patient001_frame01.nii.gz", "patient001", SAX, FRAME),
    ("patient001_frame12_gt.nii.gz", "patient001", SAX, LABEL),
    ("patient001_frame01_0000.nii.gz", "patient001", SAX, FRAME),
    ("patient001_ED.nii.gz", "patient001", SAX, ED),
    # M&Ms
    ("A0S9V9_sa.nii.gz", "a0s9v9", SAX, UNKNOWN),
    ("A0S9V9_sa_gt.nii.gz", "a0s9v9", SAX, LABEL),
    ("A0S9V9_sa_ED.nii.gz", "a0s9v9", SAX, ED),
    # M&Ms-2, whose long axis is the four-chamber view
    ("001_SA_ED.nii.gz", "001", SAX, ED),
    ("001_SA_ES.nii.gz", "001", SAX, ES),
    ("001_SA_CINE.nii.gz", "001", SAX, CINE),
    ("001_LA_CINE.nii.gz", "001", CH4, CINE),
    ("001_LA_ED.nii.gz", "001", CH4, ED),
    ("001_LA_ED_gt.nii.gz", "001", CH4, LABEL),
    # UK Biobank, whose folders, not files, are named for the participant
    ("sa.nii.gz", "", SAX, UNKNOWN),
    ("sa_ED.nii.gz", "", SAX, ED),
    ("sa_ES.nii.gz", "", SAX, ES),
    ("la_2ch.nii.gz", "", CH2, UNKNOWN),
    ("la_4ch_ED.nii.gz", "", CH4, ED),
    ("label_sa_ED.nii.gz", "", SAX, LABEL),
    ("seg_sa.nii.gz", "", SAX, LABEL),
    ("seg4_la_4ch.nii.gz", "", CH4, LABEL),
    # EMIDEC: contours have the name of their image, and only their values tell
    ("Case_P001.nii.gz", "case_p001", SAX, LGE),
    ("Case_N042.nii.gz", "case_n042", SAX, LGE),
    # MyoPS and MS-CMRSeg
    ("myops_training_101_C0.nii.gz", "myops_training_101", SAX, UNKNOWN),
    ("myops_training_101_DE.nii.gz", "myops_training_101", SAX, LGE),
    ("myops_training_101_T2.nii.gz", "myops_training_101", SAX, OTHER),
    ("myops_training_101_gd.nii.gz", "myops_training_101", SAX, LABEL),
    ("patient6_LGE.nii.gz", "patient6", SAX, LGE),
    ("patient6_LGE_manual.nii.gz", "patient6", SAX, LABEL),
    # LAScarQS and the left atrium challenge of 2018
    ("enhanced.nii.gz", "", View.AXIAL, LGE),
    ("atriumSegImgMO.nii.gz", "", View.UNKNOWN, LABEL),
    ("scarSegImgM.nii.gz", "", View.UNKNOWN, LABEL),
    ("LA_predict.nii.gz", "", View.UNKNOWN, LABEL),
    ("lgemri.nrrd", "", View.AXIAL, LGE),
    ("laendo.nrrd", "", View.UNKNOWN, LABEL),
    # Slicer, BIDS and single slices
    ("sax.seq.nrrd", "", SAX, UNKNOWN),
    ("Segmentation.seg.nrrd", "", View.UNKNOWN, LABEL),
    ("sub-01_acq-sax_cine.nii.gz", "sub-01", SAX, CINE),
    ("sa_slice03.nii.gz", "", SAX, UNKNOWN),
    ("5_cine_segmented_SAX_b3.nii.gz", "", SAX, CINE),
    ("heart.nii", "", View.UNKNOWN, UNKNOWN),
    (".nii", "", View.UNKNOWN, UNKNOWN),
]


@pytest.mark.parametrize(("name", "exam", "view", "role"), NAMES, ids=[n[0] for n in NAMES])
def test_names_of_data_sets(name: str, exam: str, view: View, role: Role) -> None:
    found = parse(name)
    assert (found.exam, describe(found.words), found.role) == (exam, view, role)


def test_files_of_one_stack_have_it_in_common() -> None:
    for names in (
        ("patient001_4d.nii.gz", "patient001_frame01.nii.gz", "patient001_frame12_0000.nii.gz"),
        ("001_SA_CINE.nii.gz", "001_SA_ED.nii.gz", "001_SA_ES.nii.gz"),
        ("sa.nii.gz", "sa_ED.nii.gz", "sa_end_systole.nii.gz"),
    ):
        assert len({parse(name).stack for name in names}) == 1
    assert parse("001_LA_ED.nii.gz").stack != parse("001_SA_ED.nii.gz").stack
    assert [parse(f"patient001_frame{n}.nii").phase for n in ("01", "12")] == [1, 12]
    assert parse("sa_ED.nii").phase < parse("sa_ES.nii").phase
    assert parse("sa_slice03.nii").one_slice and not parse("sa_3.nii").one_slice


@pytest.mark.slow
def test_names_of_synthetic_exams(tmp_path) -> None:
    study = make_case(3, size="small").study
    kinds = {(s.view, s.sequence) for s in study.series}
    read = set()
    for path in write_nifti(study, tmp_path):
        found = parse(path.name)
        kind = {Role.CINE: Sequence.CINE, LGE: Sequence.LGE}[found.role]
        read.add((describe(found.words), kind))
    assert read == kinds and len(kinds) >= 4


def test_several_patients_are_told_by_schemes_only() -> None:
    one_patient(["patient001_4d.nii.gz", "patient001_frame01_gt.nii.gz", "sa.nii.gz", "x_1.nii"])
    one_patient(["mary_sax.nii.gz", "john_sax.nii.gz"])  # or one patient's, for all we know
    with pytest.raises(StudyError, match="3 different patients; pass") as caught:
        one_patient(f"patient{n:03}_4d.nii.gz" for n in (1, 2, 30))
    assert "patient001" not in str(caught.value)
