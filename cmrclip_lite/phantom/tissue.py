"""The tissues of the phantom: what a label means."""

from __future__ import annotations

from enum import IntEnum


class Tissue(IntEnum):
    """The label of a point in the synthetic body."""

    AIR = 0
    LV_BLOOD = 1
    LV_MUSCLE = 2
    RV_BLOOD = 3
    RV_WALL = 4
    EPICARDIAL_FAT = 5
    PERICARDIUM = 6
    LUNG = 7
    LUNG_VESSEL = 8
    LIVER = 9
    LIVER_VESSEL = 10
    MUSCLE = 11
    FAT = 12
    SKIN = 13
    BONE = 14
    MARROW = 15
    AORTA = 16
    STOMACH = 17
    STOMACH_WALL = 18
    SPLEEN = 19
    PAPILLARY = 20
    LV_TRABECULA = 21
    RV_TRABECULA = 22
    LA_BLOOD = 23
    RA_BLOOD = 24
    ATRIAL_WALL = 25
    CORONARY = 26
    PERICARDIAL_FLUID = 27
    PULMONARY_ARTERY = 28
    DIAPHRAGM = 29
    VALVE = 30
    BOWEL = 31
    SCAR = 32
    THROMBUS = 33
    PLEURAL_FLUID = 34


N_TISSUES = len(Tissue)

# Papillary muscles and trabeculae count as cavity, as in the reference ranges (Petersen 2017).
LV_CAVITY = (
    Tissue.LV_BLOOD,
    Tissue.PAPILLARY,
    Tissue.LV_TRABECULA,
    Tissue.THROMBUS,
    Tissue.VALVE,
)
LV_WALL = (Tissue.LV_MUSCLE, Tissue.SCAR)
RV_CAVITY = (Tissue.RV_BLOOD, Tissue.RV_TRABECULA)
FATS = (Tissue.EPICARDIAL_FAT, Tissue.FAT)
BLOODS = (
    Tissue.LV_BLOOD,
    Tissue.RV_BLOOD,
    Tissue.LA_BLOOD,
    Tissue.RA_BLOOD,
    Tissue.AORTA,
    Tissue.PULMONARY_ARTERY,
)
