"""Can similarities be turned into probabilities that hold, and into sets that hold the diagnosis?

    python benchmarks/calibration.py                      # the bundled model and library
    python benchmarks/calibration.py runs/fourth/checkpoint --rendered runs/fourth/library

Who is judged is said in `cohorts.py`. On the phantoms everything is out of sample (cross-fitted).
The real ACDC patients are then read by what the phantoms gave: how far it carries is the question.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.cohorts import ACDC, Cohort, acdc_patients, embed, held_out  # noqa: E402
from cmrclip_lite import load  # noqa: E402
from cmrclip_lite.evaluate import auc, mean_of  # noqa: E402
from cmrclip_lite.evaluate.calibration import (  # noqa: E402
    FEWEST,
    METHODS,
    ReferenceCohort,
    calibrate,
    likelihood_ratio,
)
from cmrclip_lite.evaluate.conformal import conformal, covered, cross_sets, set_size  # noqa: E402
from cmrclip_lite.evaluate.reliability import brier_score, reliability  # noqa: E402
from cmrclip_lite.model import CMRCLIP  # noqa: E402
from cmrclip_lite.prompts import CONDITIONS  # noqa: E402
from cmrclip_lite.zeroshot import text_query  # noqa: E402

PHANTOMS = "held-out phantoms"
# Conditions that stand for a diagnosis; a phantom counts if it has exactly one of them.
DIAGNOSES = (
    "normal_study",
    "dilated_cardiomyopathy",
    "hypertrophic_cardiomyopathy",
    "prior_infarct",
    "abnormal_right_ventricle",
    "cardiac_amyloidosis",
    "myocarditis",
)
CLASSES = dict(zip(("NOR", "DCM", "HCM", "MINF", "RV"), DIAGNOSES[:5], strict=True))
COVERAGE = 0.9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", nargs="?", help="the bundled one if absent")
    parser.add_argument("--rendered", type=Path, help="folder of rendered cases, for no library")
    arguments = parser.parse_args()
    model = load(arguments.checkpoint)
    print(section(model, held_out(model, arguments.rendered)))


def section(model: CMRCLIP, cohort: Cohort) -> str:
    """Calibration and conformal sets on held-out phantoms, and carried over to real patients."""
    patients = acdc_patients()
    real = (embed(model, patients[0]), patients[1]) if patients else None
    parts = [probabilities(model, cohort)]
    if real:
        parts.append(carried_over(model, cohort, *real))
    parts.append(diagnoses(model, cohort, real))
    return "\n\n".join(parts)


def probabilities(model: CMRCLIP, cohort: Cohort) -> str:
    """Reliability of each condition's probabilities, out of sample."""
    rows, errors = [], {method: [] for method in METHODS}
    for _, reference in references(model, cohort):
        for method in METHODS:
            found = reliability(reference, method)
            errors[method].append(found.calibration_error.value)
            ratios = likelihood_ratio(found.probabilities, reference.prevalence)
            with_it, without = (np.median(ratios[reference.labels == has]) for has in (1, 0))
            rows.append(
                f"| {reference.condition} | {METHODS[method]} | {len(reference.labels)} "
                f"({reference.labels.sum()}) | {found.calibration_error} | "
                f"{found.error_by_chance:.3f} | {found.brier} | {found.brier_of_prevalence:.3f} | "
                f"{with_it:.2g} / {without:.2g} |"
            )
    mean = ", ".join(
        f"{np.mean(values):.3f} by {METHODS[method]}" for method, values in errors.items()
    )
    return (
        f"### Calibrated probabilities\n\nOf {len(cohort.embeddings)} {PHANTOMS}, each read by a "
        "curve that was fitted without it. Beside the calibration error stands what chance alone "
        "would give, beside the Brier score that of saying the cohort's share of everyone. (The "
        "interval of a calibration error lies rather too high: every resample scatters anew.) "
        f"Conditions with fewer than {FEWEST} cases on either side are left out. Mean calibration "
        f"error over the conditions: {mean}.\n\n"
        "| condition | by | cases (with it) | calibration error | by chance | Brier score | of the "
        "share | median likelihood ratio, with / without it |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- |\n" + "\n".join(rows)
    )


def carried_over(
    model: CMRCLIP, cohort: Cohort, embeddings: np.ndarray, labels: Sequence[str]
) -> str:
    """Real patients, read by curves of the phantoms at the prevalence of the patients."""
    rows = []
    for key, reference in references(model, cohort):
        if key not in ACDC:
            continue
        truth = np.array([label in ACDC[key] for label in labels])
        share = float(truth.mean())
        similarities = embeddings @ text_query(model, key)
        curve = calibrate(reference)
        readings = [curve.read(similarity, prevalence=share) for similarity in similarities]
        said = np.array([reading.probability for reading in readings])
        beyond = sum(reading.beyond for reading in readings)
        rows.append(
            f"| {reference.condition} | {truth.sum()} | {auc(similarities, truth)} | "
            f"{said.mean():.2f} | {share:.2f} | {brier_score(said, truth)} | "
            f"{share * (1 - share):.3f} | {beyond} |"
        )
    return (
        f"### The same curves on {len(labels)} real ACDC patients\n\nPlatt scaling on the "
        "phantoms, carried to the patients' own share by Bayes' rule. Where the Brier score is "
        "above that of the share, the probabilities are worse than none: calibrate on a cohort of "
        "your own.\n\n"
        "| condition | with it | AUC | mean said | share | Brier score | of the share | beyond the "
        "phantoms' similarities |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n"
        + "\n".join(rows)
    )


def diagnoses(model: CMRCLIP, cohort: Cohort, real: tuple[np.ndarray, Sequence[str]] | None) -> str:
    """Conformal sets of diagnoses: coverage and size, in all and of each diagnosis."""
    has = np.array([cohort.known(key) == 1 for key in DIAGNOSES]).T
    single = has.sum(1) == 1
    labels = has[single].argmax(1)
    asked = np.stack([text_query(model, key) for key in DIAGNOSES], axis=1)
    similarities = cohort.embeddings[single] @ asked
    fits, regression = _class_fits(similarities, labels)
    kinds = {"in all": False, "of each diagnosis": True}
    sets = {
        kind: cross_sets(fits, labels, DIAGNOSES, COVERAGE, conditional)
        for kind, conditional in kinds.items()
    }
    rows = [_set_row(f"{PHANTOMS}, all", labels, sets)]
    for k, key in enumerate(DIAGNOSES):
        own = {kind: found[labels == k] for kind, found in sets.items()}
        rows.append(_set_row(CONDITIONS[key].label, labels[labels == k], own))
    if real is not None:
        embeddings, classes = real
        truth = np.array([DIAGNOSES.index(CLASSES[c]) for c in classes])
        new = regression.predict_proba(embeddings @ asked)
        carried = {
            kind: conformal(fits, labels, DIAGNOSES, PHANTOMS, COVERAGE, conditional).sets(new)
            for kind, conditional in kinds.items()
        }
        rows.append(_set_row("real ACDC patients, by the phantoms' sets", truth, carried))
    top = mean_of((fits.argmax(1) == labels).astype(float))
    return (
        "### Sets of diagnoses\n\nConformal sets that are to hold the true one of "
        f"{len(DIAGNOSES)} diagnoses in {COVERAGE:.0%} of cases, of {len(labels)} {PHANTOMS} that "
        "have exactly one of them. How well a diagnosis fits is its probability by a "
        f"multinomial regression on the similarities, cross-fitted; the likeliest is right "
        f"in {top}.\n\n"
        "| cases | count | held, promised in all | mean size | held, promised of each diagnosis | "
        "mean size |\n| --- | --- | --- | --- | --- | --- |\n" + "\n".join(rows)
    )


def references(model: CMRCLIP, cohort: Cohort) -> list[tuple[str, ReferenceCohort]]:
    """Each condition that enough phantoms have, and lack, with its similarities."""
    found = []
    for key in model.config.conditions:
        known = cohort.known(key)
        told = ~np.isnan(known)
        labels = known[told] == 1
        if min(labels.sum(), (~labels).sum()) >= FEWEST:
            similarities = cohort.embeddings[told] @ text_query(model, key)
            label = CONDITIONS[key].label
            found.append((key, ReferenceCohort(PHANTOMS, label, similarities, labels)))
    return found


def _class_fits(similarities: np.ndarray, labels: np.ndarray):  # noqa: ANN202 - of scikit-learn
    """`(N, K)` out-of-sample probabilities, and the regression fitted on all."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    regression = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    fits = cross_val_predict(regression, similarities, labels, cv=folds, method="predict_proba")
    return fits, regression.fit(similarities, labels)


def _set_row(name: str, labels: np.ndarray, sets: dict[str, np.ndarray]) -> str:
    cells = [f"{covered(found, labels)} | {set_size(found)}" for found in sets.values()]
    return f"| {name} | {len(labels)} | {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
