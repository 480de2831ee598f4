"""Made-up cohorts: cases of which some findings can be told and some cannot."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cmrclip_lite.library import Acquisition, CaseLibrary, CaseRecord
from cmrclip_lite.model import CMRCLIP
from cmrclip_lite.zeroshot import text_query

VENDORS = ("GE", "Philips", "SIEMENS")


def cases(model: CMRCLIP, count: int, seed: int = 0, prefix: str = "case") -> list[CaseRecord]:
    """Every third has a dilated ventricle, which its image shows; every fourth a scar, which not.

    Every tenth may have hypertrophy, of which nobody can tell; every fifth has it.
    """
    rng = np.random.default_rng(seed)
    towards = text_query(model, "LV dilated")
    records = []
    for i in range(count):
        dilated, scar = i % 3 == 0, i % 4 == 1
        vector = rng.normal(size=model.config.projection_dim) / 4
        vector += (1.5 if dilated else -0.5) * towards
        findings = ["lv_dilation"] * dilated + ["own_scar"] * scar
        findings += ["lv_hypertrophy?"] if i % 10 == 9 else ["lv_hypertrophy"] * (i % 5 == 2)
        findings += [] if dilated else ["normal_study"]
        records.append(
            CaseRecord(
                id=f"{prefix}-{i:03d}",
                embedding=(vector / np.linalg.norm(vector)).astype(np.float32),
                impression="" if i % 9 == 8 else f"Impression number {i}.",
                findings=tuple(findings),
                acquisition=Acquisition(vendor=VENDORS[i % 3 - i % 2], field_strength_t=1.494),
                sex="female" if i % 2 else "male",
                age_band="" if i % 7 == 6 else "60-69",
                source="a ward",
                content=(f"{prefix}-{i}",),
            )
        )
    return records


def library(
    folder: Path, model: CMRCLIP, records: Sequence[CaseRecord], name: str = "made up"
) -> CaseLibrary:
    return CaseLibrary.create(folder, name, model, records)
