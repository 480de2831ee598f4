"""What a synthetic exam's pixels show, as no reader could know it: the tissue in each."""

from __future__ import annotations

import numpy as np

from ..study import Series
from ..tiles import Clip
from .exam import Anatomy
from .labels import coats, paint, tables
from .planes import plane_points
from .tissue import LV_CAVITY, LV_WALL, RV_CAVITY, Tissue

_LV = (*LV_CAVITY, *LV_WALL)
_RV = (*RV_CAVITY, Tissue.RV_WALL)
# Which tissues carry a condition: the chamber whose size or motion it is, the wall, the fluid.
CARRIERS: dict[str, tuple[Tissue, ...]] = {
    "lv_systolic_dysfunction": _LV,
    "severe_lv_systolic_dysfunction": _LV,
    "lv_dilation": _LV,
    "dilated_cardiomyopathy": _LV,
    "nonischaemic_cardiomyopathy": _LV,
    "ischaemic_cardiomyopathy": _LV,
    "rv_systolic_dysfunction": _RV,
    "rv_dilation": _RV,
    "abnormal_right_ventricle": _RV,
    "lv_hypertrophy": LV_WALL,
    "hypertrophic_cardiomyopathy": LV_WALL,
    "cardiac_amyloidosis": LV_WALL,
    "regional_wall_motion_abnormality": LV_WALL,
    "prior_infarct": LV_WALL,
    "late_gadolinium_enhancement": (Tissue.SCAR,),
    "myocarditis": (Tissue.SCAR,),
    "left_atrial_enlargement": (Tissue.LA_BLOOD,),
    "right_atrial_enlargement": (Tissue.RA_BLOOD,),
    "aortic_dilation": (Tissue.AORTA,),
    "pericardial_effusion": (Tissue.PERICARDIAL_FLUID,),
    "pleural_effusion": (Tissue.PLEURAL_FLUID,),
    "lv_thrombus": (Tissue.THROMBUS,),
}
# The heart and what wraps it, and the vessels that leave it.
HEART = (
    *(*_LV, *_RV, Tissue.LA_BLOOD, Tissue.RA_BLOOD, Tissue.ATRIAL_WALL, Tissue.CORONARY),
    *(Tissue.AORTA, Tissue.PULMONARY_ARTERY),
    *(Tissue.EPICARDIAL_FAT, Tissue.PERICARDIUM, Tissue.PERICARDIAL_FLUID),
)


def truth_image(anatomy: Anatomy, series: Series, phase: int) -> np.ndarray:
    """`(H, W)` uint8, the `Tissue` in the middle of each pixel, and of the slice's thickness.

    Breath-holds count: it is where the heart was, not where the image's header says.

    Args:
        anatomy: of a `PhantomCase`.
        series: one of the case's own.
        phase: index of the image, from 0.

    Raises:
        KeyError: if the series is not of that case.
    """
    shot = anatomy.shots[series]
    heart, scanner = anatomy.heart, shot.scanner
    at = (np.arange(scanner.matrix) - (scanner.matrix - 1) / 2) * scanner.pixel_mm
    i, j = (grid.ravel() for grid in np.meshgrid(at, at))
    points, _ = plane_points(heart, anatomy.body, shot.plane, i, j, np.zeros((1, 1)))
    (table,) = tables(heart, points, shot.phases[[phase]])
    square = paint(heart, points, coats(heart, points), table)
    margin = (scanner.matrix - scanner.rows) // 2
    return square.reshape(scanner.matrix, -1)[margin : margin + scanner.rows]


def truth_clip(anatomy: Anatomy, clip: Clip) -> np.ndarray:
    """`(F, 3, H, W)` uint8: the `Tissue` at each pixel of a clip of a synthetic exam.

    Air where no view is.

    Raises:
        KeyError: if the clip is not of that case.
    """
    tissues = np.full(tuple(clip.tensor.shape), Tissue.AIR, np.uint8)
    for tile in clip.tiles:
        image = truth_image(anatomy, tile.series, tile.phase)
        over = tile.lay_over_clip(image, tissues.shape[-1], outside=Tissue.AIR)
        tissues[tile.frame, list(tile.channels)] = over
    return tissues
