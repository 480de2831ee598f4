"""Who is judged: held-out phantoms, 40 real ACDC patients, and what is true of each.

Held-out phantoms are whole exams through the whole path, of seeds that training does not draw
from: the cases of the library, or those in a training run's folder, which may be more
(`python -m cmrclip_lite.training.bundle runs/fourth --held-out 500 --render-only`). Real studies
are looked for in ../shared/real beside the repository; they are never trained on.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cmrclip_lite.library import Acquisition, CaseRecord, default_library
from cmrclip_lite.model import CMRCLIP
from cmrclip_lite.phantom.truth import Truth
from cmrclip_lite.study import Study
from cmrclip_lite.training import facts
from cmrclip_lite.training.bundle import embed_rendered, read_rendered

ROOT = Path(__file__).parents[1]
REAL = ROOT.parent / "shared" / "real"
# The ACDC classes in which a condition holds.
ACDC = {
    "lv_dilation": {"DCM"},
    "dilated_cardiomyopathy": {"DCM"},
    "lv_hypertrophy": {"HCM"},
    "hypertrophic_cardiomyopathy": {"HCM"},
    "lv_systolic_dysfunction": {"DCM", "MINF"},
    "rv_dilation": {"RV"},
    "normal_study": {"NOR"},
    "prior_infarct": {"MINF"},
}
MARKS = "<!-- results: begin -->", "<!-- results: end -->"


@dataclass(frozen=True)
class Cohort:
    """Held-out phantoms: `embeddings` `(N, D)`, and each one's findings and impression.

    `truths` are at hand for rendered cases; a library keeps findings alone.
    """

    embeddings: np.ndarray
    findings: list[tuple[str, ...]]
    impressions: list[str]
    truths: list[Truth] | None = None

    def known(self, key: str) -> np.ndarray:
        """`(N,)`: 1 where a condition holds, 0 where not, NaN where it is too close to call.

        Or where the exam does not hold the view that shows it; findings alone know of neither.
        """
        if self.truths is None:
            return np.array([float(key in found) for found in self.findings])
        answers = (facts.answers(truth)[key] for truth in self.truths)
        return np.array([np.nan if answer is None else float(answer) for answer in answers])


def held_out(model: CMRCLIP, rendered: Path | None) -> Cohort:
    """The cases of the model's library, or rendered ones embedded now."""
    if rendered is None:
        library = default_library(model)
        if library is None:
            raise SystemExit("Only the bundled model has a library; give --rendered.")
        return Cohort(library.embeddings, library.findings, library.impressions)
    records, truths = embed_folder(model, rendered)
    return Cohort(
        stacked(records),
        [record.findings for record in records],
        [record.impression for record in records],
        truths,
    )


def embed_folder(model: CMRCLIP, rendered: Path) -> tuple[list[CaseRecord], list[Truth]]:
    """Rendered cases as a library would store them, and what is true of each."""
    cases = [read_rendered(file) for file in sorted(rendered.glob("*-????.npz"))]
    if not cases:
        raise SystemExit(f"There are no rendered cases in {rendered}.")
    return [embed_rendered(model, case) for case in cases], [case.truth for case in cases]


def embed(model: CMRCLIP, studies: Iterable[Study]) -> np.ndarray:
    """`(N, D)`."""
    return np.stack([model.encode_study(study).numpy() for study in studies])


def imaged(acquisition: Acquisition) -> tuple[tuple[str, ...], bool]:
    """What a model may see of an exam."""
    return acquisition.views, acquisition.enhancement


def stacked(records: Sequence[CaseRecord]) -> np.ndarray:
    """`(N, D)` embeddings."""
    return np.stack([record.embedding for record in records])


def acdc_patients() -> tuple[list[Study], list[str]] | None:
    """Pairs of an end-diastolic and an end-systolic frame of 40 patients, and their classes.

    None where the data are absent.
    """
    if not (REAL / "acdc_dev.npz").exists():
        return None
    studies, labels = [], []
    for row, pair in _acdc_rows("ed", "es"):
        spacing = tuple(float(row[key]) for key in ("slice_mm", "row_mm", "col_mm"))
        studies.append(Study.from_array(pair, spacing))
        labels.append(row["label"])
    return studies, labels


def acdc_contours() -> list[np.ndarray]:
    """`(Z, 2, H, W)` labels of the same pairs: 1 the RV's cavity, 2 the LV's wall, 3 its cavity.

    For looking at what a model sees, never for what it is given.
    """
    return [labels for _, labels in _acdc_rows("ed_seg", "es_seg")]


def _acdc_rows(*phases: str) -> Iterator[tuple[dict[str, str], np.ndarray]]:
    """What is said of each patient, and its volumes `(Z, len(phases), H, W)`."""
    volumes = np.load(REAL / "acdc_dev.npz")
    with (REAL / "acdc_dev.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            yield row, np.stack([volumes[f"{row['patient']}/{phase}"] for phase in phases], axis=1)


def sunnybrook_exams() -> list[Path]:
    """Three real exams as zips of DICOM files; none where the data are absent."""
    return sorted((REAL / "sunnybrook").glob("*.zip"))


def results_of(page: Path) -> str:
    """What stands between the marks of a page."""
    text = page.read_text(encoding="utf-8")
    return text.partition(MARKS[0])[2].partition(MARKS[1])[0].strip()


def write_results(page: Path, text: str) -> None:
    """Replace what stands between the marks of a page."""
    before, _, rest = page.read_text(encoding="utf-8").partition(MARKS[0])
    after = rest.partition(MARKS[1])[2]
    page.write_text(f"{before}{MARKS[0]}\n{text}\n{MARKS[1]}{after}", encoding="utf-8")
