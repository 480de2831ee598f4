"""A synthetic heart is what its truth says: measured on the voxels that are rendered."""

from __future__ import annotations

import numpy as np
import pytest

from cmrclip_lite.phantom.anatomy import draw_heart
from cmrclip_lite.phantom.body import draw_body
from cmrclip_lite.phantom.cohort import DIAGNOSES, draw_truth
from cmrclip_lite.phantom.labels import any_points, coats, paint, short_axis_points, tables
from cmrclip_lite.phantom.motion import contraction, rv_centre
from cmrclip_lite.phantom.tissue import LV_CAVITY, LV_WALL, RV_CAVITY, Tissue
from cmrclip_lite.phantom.truth import LVEDVI_HIGH

STEP_MM = 2.0
SLICE_MM = 2.5


def _patient(seed: int, diagnosis: str):
    rng = np.random.default_rng(seed)
    truth = draw_truth(rng, diagnosis)
    heart = draw_heart(truth, rng)
    return truth, heart, draw_body(heart, rng)


def _stack(heart, body, phase: float) -> np.ndarray:
    """Labels `(Z, H, W)` of the whole heart at one phase."""
    side = np.arange(-78, 62, STEP_MM)
    x, y = (g.ravel() for g in np.meshgrid(side - 12, side + 8))
    u = np.arange(-20, heart.length_mm + 25, SLICE_MM)
    x, y = (np.broadcast_to(g, (len(u), g.size)) for g in (x, y))
    points = short_axis_points(heart, body, x, y, u)
    labels = paint(heart, points, coats(heart, points), tables(heart, points, np.array([phase]))[0])
    return labels.reshape(len(u), len(side), len(side))


def _ml(labels: np.ndarray, tissues) -> float:
    return np.isin(labels, [int(t) for t in tissues]).sum() * STEP_MM**2 * SLICE_MM / 1000


@pytest.mark.parametrize("diagnosis", DIAGNOSES)
def test_volumes_counted_in_voxels_are_those_of_the_truth(diagnosis: str) -> None:
    truth, heart, body = _patient(3, diagnosis)
    ed, es = _stack(heart, body, 0.0), _stack(heart, body, heart.es_time)

    edv, esv = _ml(ed, LV_CAVITY), _ml(es, LV_CAVITY)

    assert edv == pytest.approx(truth.lvedv_ml, rel=0.04)
    assert esv == pytest.approx(truth.lvesv_ml, rel=0.07)
    assert 100 * (1 - esv / edv) == pytest.approx(truth.lvef, abs=3.5)
    assert _ml(ed, RV_CAVITY) == pytest.approx(truth.rvedv_ml, rel=0.07)
    # The RV is fitted on 12 levels, a coarse cut through the crescent of a small one.
    assert _ml(es, RV_CAVITY) == pytest.approx(truth.rvesv_ml, rel=0.1, abs=4.5)


@pytest.mark.parametrize("diagnosis", ["normal", "hcm"])
def test_walls_are_as_thick_as_the_truth_says(diagnosis: str) -> None:
    truth, heart, body = _patient(5, diagnosis)
    radii = np.arange(0, 75, 0.2, dtype=np.float32)
    measured, expected = [], []
    for segment, angle in ((7, 90), (8, 150), (9, 210), (10, 270), (11, 330), (12, 30)):
        x, y = radii * np.cos(np.radians(angle)), -radii * np.sin(np.radians(angle))
        points = any_points(heart, body, x, y, np.full_like(x, heart.length_mm / 2))
        table = tables(heart, points, np.array([0.0]))[0]
        labels = paint(heart, points, coats(heart, points), table)
        measured.append(0.2 * (labels == Tissue.LV_MUSCLE).sum())
        expected.append(truth.wall_mm[segment - 1])

    assert measured == pytest.approx(expected, rel=0.3, abs=1.0)
    assert np.mean(measured) == pytest.approx(np.mean(expected), rel=0.12)


def test_dead_muscle_does_not_thicken_and_the_rest_does() -> None:
    for seed in range(40):
        truth, heart, _ = _patient(seed, "infarct")
        if truth.territory == "LAD" and truth.motion.count("akinetic") >= 4:
            break
    from cmrclip_lite.phantom.maps import N_THETA
    from cmrclip_lite.phantom.motion import lv_surfaces

    walls = []
    for phase in (0.0, heart.es_time):
        c = float(contraction(heart, np.float32(phase)))
        base = heart.length_mm * heart.shorten * c
        u = np.full((1, N_THETA), base + 0.5 * (heart.length_mm - base))
        tables = lv_surfaces(heart, u, np.array([phase]))
        walls.append((tables.epi - tables.endo)[0])
    ratio = walls[1] / walls[0]
    segment = np.array([330, 30, 90, 150, 210, 270])[[2, 3, 4, 5, 0, 1]]  # of segments 7 to 12
    by_segment = [ratio[int(a / 360 * N_THETA)] for a in segment]
    dead = [r for r, m in zip(by_segment, truth.motion[6:12], strict=True) if m == "akinetic"]
    alive = [r for r, m in zip(by_segment, truth.motion[6:12], strict=True) if m == "normal"]

    assert dead and max(dead) < 1.2
    if alive:
        assert min(alive) > max(dead)


def test_the_right_ventricle_lies_on_the_septal_side_and_the_base_descends() -> None:
    _, heart, body = _patient(1, "normal")
    labels = _stack(heart, body, 0.0)
    middle = labels[labels.shape[0] // 2]
    columns = np.arange(middle.shape[1])
    rv = columns[np.isin(middle, [int(t) for t in RV_CAVITY]).any(0)].mean()
    lv = columns[np.isin(middle, [int(t) for t in LV_CAVITY]).any(0)].mean()

    assert rv < lv
    assert rv_centre(heart, np.array([30.0]))[0][0] < 0
    shortest = _stack(heart, body, heart.es_time)
    assert (labels == Tissue.LV_MUSCLE).any((1, 2)).argmax() < (shortest == Tissue.LV_MUSCLE).any(
        (1, 2)
    ).argmax()


def test_the_cohort_holds_what_its_groups_mean() -> None:
    rng = np.random.default_rng(0)
    groups = {d: [draw_truth(rng, d) for _ in range(60)] for d in DIAGNOSES}

    assert all(t.findings == {"normal_study"} for t in groups["normal"])
    assert all(t.lvedvi > LVEDVI_HIGH[t.sex] and t.lvef < 50 for t in groups["dcm"])
    assert all(max(t.wall_mm) >= 13 for t in groups["hcm"])
    assert all(t.territory and "prior_infarct" in t.findings for t in groups["infarct"])
    assert all({"rv_dilation", "rv_systolic_dysfunction"} & t.findings for t in groups["rv"])
    assert all("normal_study" not in t.findings for t in groups["other"])
    assert np.median([t.lvef for t in groups["infarct"]]) < 50
    with pytest.raises(ValueError, match="diagnosis"):
        draw_truth(rng, "flu")


def _tissues(diagnosis: str, wanted) -> tuple:
    """A patient of the group for whom `wanted(truth)` holds, and labels of a stack."""
    for seed in range(200):
        truth, heart, body = _patient(seed, diagnosis)
        if wanted(truth):
            return truth, _stack(heart, body, 0.0)
    raise AssertionError("no such patient in 200")


def test_an_infarct_is_scarred_from_within_and_myocarditis_from_without() -> None:
    from cmrclip_lite.phantom.maps import N_THETA
    from cmrclip_lite.phantom.scar import scar_maps

    rng = np.random.default_rng(0)
    truth, labels = _tissues("infarct", lambda t: t.lge_pattern == "subendocardial")
    start, end = scar_maps(truth, rng)
    assert start.shape == end.shape == (25, N_THETA) and start.max() == 0
    share = (labels == Tissue.SCAR).sum() / np.isin(labels, [int(t) for t in LV_WALL]).sum()
    assert 0.02 < share < 0.6

    truth, labels = _tissues("myocarditis", lambda t: t.lge_pattern == "epicardial")
    start, end = scar_maps(truth, rng)
    hit = end > start
    assert start[hit].min() > 0.3 and end[hit].min() >= 1
    assert (labels == Tissue.SCAR).any()


def test_a_healthy_heart_has_no_scar_clot_or_effusion() -> None:
    _, labels = _tissues("normal", lambda t: t.pericardial_effusion_mm == 0)

    absent = (Tissue.SCAR, Tissue.THROMBUS, Tissue.PERICARDIAL_FLUID, Tissue.PLEURAL_FLUID)
    assert not np.isin(labels, [int(t) for t in absent]).any()


def test_fluid_and_clot_are_where_the_truth_says() -> None:
    _, labels = _tissues("amyloid", lambda t: t.pericardial_effusion_mm > 8)
    assert (labels == Tissue.PERICARDIAL_FLUID).sum() * STEP_MM**2 * SLICE_MM > 10_000  # mm3

    _, labels = _tissues("infarct", lambda t: t.thrombus_mm > 12)
    at = np.flatnonzero((labels == Tissue.THROMBUS).any((1, 2)))
    wall = np.flatnonzero((labels == Tissue.LV_MUSCLE).any((1, 2)))
    assert len(at) and at.mean() > wall[len(wall) // 2]  # in the apical half


@pytest.mark.parametrize("diagnosis", ["normal", "dcm", "amyloid"])
def test_the_left_atrium_holds_what_the_truth_says(diagnosis: str) -> None:
    truth, heart, _ = _patient(2, diagnosis)
    from cmrclip_lite.phantom.maps import N_THETA
    from cmrclip_lite.phantom.motion import atrium_radius

    levels = np.arange(-110, heart.length_mm, 1.0, dtype=np.float32)
    u = np.broadcast_to(levels[:, None], (len(levels), N_THETA))
    base = heart.length_mm * heart.shorten
    radius = atrium_radius(heart, u, np.ones((len(levels), 1), np.float32)) * (u < base)
    volume = float((radius**2).sum() * np.pi / N_THETA / 1000)

    assert volume == pytest.approx(truth.lavi * truth.bsa_m2, rel=0.12)


@pytest.mark.parametrize("diagnosis", ["normal", "rv", "amyloid"])
def test_the_right_atrium_counted_in_voxels_is_that_of_the_truth(diagnosis: str) -> None:
    """Beside the left atrium and the aorta, which take their room first."""
    truth, heart, body = _patient(4, diagnosis)
    body.great_vessels = []  # the venae cavae hold the same blood
    side = np.arange(-130, 90, 2.5)
    x, y, u = (g.ravel() for g in np.meshgrid(side, side, np.arange(-110, 30, 2.5)))
    points = any_points(heart, body, x, y, u)
    table = tables(heart, points, np.array([heart.es_time]))[0]
    labels = paint(heart, points, coats(heart, points), table)

    volume = (labels == Tissue.RA_BLOOD).sum() * 2.5**3 / 1000

    assert volume == pytest.approx(truth.ravi * truth.bsa_m2, rel=0.12)


@pytest.mark.parametrize("seed", range(3))
def test_three_chambers_show_the_root_as_wide_as_the_truth_says(seed: int) -> None:
    truth, heart, body = _patient(seed, "other")
    angle = np.radians(heart.outflow_degrees)
    aorta = next(v for v in heart.vessels if v.blood is Tissue.AORTA)
    sinus, junction = aorta.nodes[2], aorta.nodes[3]
    lean = (junction - sinus) / np.linalg.norm(junction - sinus)
    normal = np.array([np.sin(angle), np.cos(angle), 0])  # of the plane through the long axis
    across = np.cross(normal, lean)
    at = sinus + np.arange(-45, 45, 0.25)[:, None] * across / np.linalg.norm(across)
    points = any_points(heart, body, *at.T.astype(np.float32))
    labels = paint(
        heart, points, coats(heart, points), tables(heart, points, np.zeros(1, np.float32))[0]
    )

    assert abs(sinus @ normal) < 5  # the plane runs through it, near its middle
    assert 0.25 * (labels == Tissue.AORTA).sum() == pytest.approx(truth.aortic_root_mm, rel=0.12)
