"""Descriptions as scanners and technicians write them, and what they say of the view."""

from __future__ import annotations

import pytest

from cmrclip_lite.readers.headers import plain_words
from cmrclip_lite.study import View
from cmrclip_lite.view_words import describe, names_another

NAMED = {
    View.SAX: [
        "CINE_segmented_SAX_b3",
        "CINE_segmented_SAX_InlineVF",
        "FIESTA SAX STACK",
        "SHORT AXIS A Fiesta gated",
        "s2D_cine_SA",
        "sBTFE_BH_SA M2D",
        "B-TFE_BH-SA CLEAR",
        "SSh_cine_SA_M2D",
        "cine_tf2d13_retro_SA",
        "tf2d18_retro_iPAT_10sl_5bh_SA",
        "TF2D12_RETRO_IPAT_7MM_SA_0017",
        "SAx Sonic-DL 3RR BH",
        "cine_sax_12sl",
        "CineSAX-6_25",
        "cSAX",
        "SAX_apex",
        "SA9",
        "SA 12 slices tra",
        "PSIR_SAX_from_4ch",
        "LGE-SA",
        "Shortaxis basal",
        "shor axis 8mm",
        "cine kurze Achse",
        "Kurzachse Stapel",
        "ciné petit axe",
        "eje corto",
        "cine asse corto",
        "eixo curto",
        "korte as",
        "kortaxel cine",
        "cine tanjiku",
    ],
    View.FOUR_CHAMBER: [
        "cine_tf2d14_retro_iPAT_4ch",
        "CINE_segmented_LAX_4Ch",
        "FIESTA CINE 4-Ch",
        "FIESTA CINE 4cn",
        "4CH FIESTA CINE",
        "BTFE_BH 4CH",
        "B-TFE_4CH",
        "SSFP_CINE_4chamber",
        "tfl_4-chamber_iPAT",
        "4ch_1",
        "4CH2",
        "LAX4ch",
        "LA 4Ch",
        "tra 4ch cine",
        "ax 4ch",
        "4-Chbr",
        "4 chmaber",
        "four chamber view",
        "Vierkammerblick",
        "4-Kammer-Blick",
        "4KB",
        "4K",
        "A4C",
        "4 cavités",
        "4 CAVITES GRAND AXE",
        "quatre cavités",
        "cuatro camaras",
        "4 cámaras",
        "quatro câmaras",
        "quattro camere",
        "4 camere",
        "4CV",
        "vierkamer",
        "4-kamer opname",
        "HLA",
        "cine HLA_2",
        "horizontal long axis",
        "suihei chojiku",
    ],
    View.TWO_CHAMBER: [
        "cine_tf2d14_retro_iPAT_2ch",
        "CINE_segmented_LAX_2Ch",
        "Cine2CH-6_1",
        "FIESTA 2 CHAMBER",
        "LV 2ch",
        "2KB",
        "Zweikammerblick",
        "grand axe 2 cavités",
        "dos camaras",
        "due camere",
        "2 camaras",
        "duas câmaras",
        "tweekamer",
        "VLA",
        "vertical long axis",
        "suichoku chojiku",
        "sag 2ch",
    ],
    View.THREE_CHAMBER: [
        "CINE_segmented_LAX_3Ch",
        "3 ch",
        "3CH/LVOT",
        "LVOT 3ch",
        "cine_3CH_LVOT",
        "3CV",
        "3 cavités",
        "tres camaras",
        "tre camere",
        "Dreikammerblick",
        "driekamer",
        "APLAX",
        "apical long axis",
        "LV inflow-outflow",
    ],
    View.LVOT: [
        "CINE_segmented_LVOT",
        "LVOT cor",
        "cine_LVOT_2",
        "LV outflow tract",
        "AO OUTFLOW",
        "Aortic outflow",
        "chambre de chasse VG",
        "TSVI",
    ],
    View.RVOT: [
        "RVOT",
        "cine_rvot_sag",
        "RV outflow",
        "RV inflow-outflow",
        "RV in/out",
        "pulmonary outflow",
        "chambre de chasse VD",
    ],
    View.AXIAL: ["axial stack", "tra haste", "Ax FIESTA", "trufi_transversal", "AX T1 BB"],
}

NAMELESS = [
    "T1 map post",
    "T2_map_3T",
    "MOLLI_pre_contrast",
    "ShMOLLI_192i_T1MAP",
    "AAHead_Scout",
    "localizer",
    "3-plane loc",
    "Survey",
    "perf_stress",
    "perf_rest",
    "DYN_perfusion",
    "first pass",
    "cor trufi multi slice",
    "sag haste",
    "haste_db_multi",
    "Cine aorta",
    "cine_tf2d12_retro_iPAT_Ao",
    "aortic arch",
    "aortic distensibility",
    "Aortic valve",
    "AoV en face",
    "pulmonary valve",
    "Pulm veins MRA",
    "mitral valve",
    "tricuspid cine",
    "RV 2ch",
    "RV2CH",
    "RV VLA",
    "RV inflow",
    "flow_250_tp_AoV_bh",
    "venc 150 through plane",
    "4D flow whole heart",
    "TI scout",
    "LL_ti",
    "sBTFE_BH",
    "B-TFE_BH",
    "cine_tf2d16_retro_iPAT_8sl",
    "FIESTA CINE",
    "b-SSFP retro",
    "LAX",
    "long axis",
    "lange Achse",
    "grand axe",
    "asse lungo",
    "eje largo",
    "PSIR late",
    "IR_TFE_LL",
    "cardiac transplant",
    "MRI heart with and without contrast",
    "32 channel coil",
    "4 channel coil",
    "2ch coil",
    "grappa 2",
    "tf2d15",
    "*tfi2d1_15",
    "ecg retro 25 phases",
    "3D whole heart navigator",
    "angio 3d thorax",
    "STIR BB",
    "T2_STIR_BB",
    "T1w tse dark blood",
    "tagging grid 8mm",
    "Screen Save",
    "report",
    "subtraction",
    "MPR Range",
    "default PS Series",
    "phantom qa",
    "sarcoid protocol",
    "SENSE ref scan",
    "shim",
    "14 slices",
    "224ch",
    "e2c9 b4k7",
    "patient001_4d",
]


def test_there_are_enough_to_tell() -> None:
    assert sum(map(len, NAMED.values())) >= 80 and len(NAMELESS) >= 60


@pytest.mark.parametrize(
    ("text", "view"), [(text, view) for view, texts in NAMED.items() for text in texts]
)
def test_named_views(text: str, view: View) -> None:
    assert describe(plain_words(text)) is view


@pytest.mark.parametrize("text", NAMELESS)
def test_other_descriptions_name_no_view(text: str) -> None:
    assert describe(plain_words(text)) is View.UNKNOWN


def test_of_several_views_the_first_counts() -> None:
    assert describe(plain_words("FIESTA SAX | cardiac protocol 2ch 4ch sax")) is View.SAX
    assert describe(plain_words("4ch planned on SAX")) is View.FOUR_CHAMBER


def test_vessels_valves_and_the_right_ventricle_are_other_planes() -> None:
    for text in ("Cine aorta", "Aortic valve", "RV 2ch", "mitral valve", "cine_tf2d12_Ao"):
        assert names_another(plain_words(text)), text
    for text in ("LV 2ch", "AO OUTFLOW", "RV inflow-outflow", "4ch mitral valve", "B-TFE_BH"):
        assert not names_another(plain_words(text)), text
