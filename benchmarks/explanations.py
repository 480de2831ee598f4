"""Do explanations show what a similarity rests on, and does it rest on the right places?

    python benchmarks/explanations.py                     # the bundled checkpoint
    python benchmarks/explanations.py runs/fourth/checkpoint --phantoms 16

Phantoms are whole exams of seeds that training does not draw from, asked for findings that they
have; real hearts are the 40 ACDC patients of `cohorts.py`, asked for their class. Every figure has
a bootstrap 95 % interval over patients, of whom each counts once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.cohorts import acdc_patients  # noqa: E402
from benchmarks.explanation_tables import (  # noqa: E402
    Asked,
    Faithful,
    Placed,
    faithful_table,
    placed_table,
    randomised_table,
)
from cmrclip_lite import load  # noqa: E402
from cmrclip_lite.evaluate.explanations import (  # noqa: E402
    by_picture,
    curves,
    drops,
    likeness,
    mass_on,
    middle_first,
    random_order,
    randomised,
    shown_pictures,
)
from cmrclip_lite.explain import Explanation, explain  # noqa: E402
from cmrclip_lite.frames import Clip, study_to_clip  # noqa: E402
from cmrclip_lite.model import CMRCLIP  # noqa: E402
from cmrclip_lite.phantom import PhantomCase, make_case  # noqa: E402
from cmrclip_lite.phantom.cohort import DIAGNOSES  # noqa: E402
from cmrclip_lite.phantom.tissue import Tissue  # noqa: E402
from cmrclip_lite.phantom.truth_images import CARRIERS, HEART, truth_clip  # noqa: E402
from cmrclip_lite.prompts import CONDITIONS  # noqa: E402
from cmrclip_lite.training.bundle import LIBRARY_SEED  # noqa: E402
from cmrclip_lite.views import ordered  # noqa: E402
from cmrclip_lite.zeroshot import text_query  # noqa: E402

# What an ACDC patient of each class is asked for.
ASKED = {
    "DCM": "lv_dilation",
    "HCM": "lv_hypertrophy",
    "MINF": "prior_infarct",
    "NOR": "normal_study",
    "RV": "rv_dilation",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", nargs="?", help="the bundled one if absent")
    parser.add_argument("--phantoms", type=int, default=64)
    parser.add_argument("--findings", type=int, default=3, help="of a phantom, at most, by draw")
    parser.add_argument(
        "--randomised", type=int, default=16, help="phantoms for randomised weights"
    )
    arguments = parser.parse_args()
    model = load(arguments.checkpoint)
    print(section(model, arguments.phantoms, arguments.findings, arguments.randomised))


def section(
    model: CMRCLIP, phantoms: int = 64, findings: int = 3, randomised_phantoms: int = 16
) -> str:
    """All tables, as Markdown."""
    asked, forgotten = [], []
    for patient in range(phantoms):
        case, clip = phantom_clip(model, patient)
        keys = drawn_findings(model, case, findings, patient)
        explained = explain(model, clip, [CONDITIONS[key].label for key in keys])
        tissues = truth_clip(case.anatomy, clip)
        measured = faithful(model, explained, patient)
        for key, explanation, true in zip(keys, explained, measured, strict=True):
            asked.append(Asked(patient, key, true, placed(explanation, tissues, key)))
        if patient < randomised_phantoms:
            forgotten.append(after_forgetting(model, explained[0]))
        print(f"explanations: {patient + 1} of {phantoms} phantoms", file=sys.stderr)
    parts = [
        faithful_table(
            f"**Held-out phantoms** ({phantoms} exams, asked for up to {findings} of their "
            "findings each)",
            [[a.faithful for a in asked if a.patient == i] for i in range(phantoms)],
        ),
        acdc(model),
        randomised_table(forgotten),
        placed_table(asked),
    ]
    return "\n\n".join(part for part in parts if part)


def phantom_clip(model: CMRCLIP, index: int) -> tuple[PhantomCase, Clip]:
    """A phantom of the library's seeds and its clip, as if read from files."""
    diagnosis = DIAGNOSES[index % len(DIAGNOSES)]
    case = make_case(LIBRARY_SEED + index, diagnosis, size="small")
    case.study.series = ordered(case.study.series)
    return case, study_to_clip(case.study, model.config)


def drawn_findings(model: CMRCLIP, case: PhantomCase, most: int, seed: int) -> list[str]:
    """Some of what a phantom has and the model knows, or normal."""
    keys = sorted(case.truth.findings & set(model.config.conditions)) or ["normal_study"]
    chosen = np.random.default_rng(seed).permutation(len(keys))[:most]
    return [keys[i] for i in chosen]


def faithful(model: CMRCLIP, explained: Sequence[Explanation], seed: int) -> list[Faithful]:
    """Deletion and insertion of places and of pictures, for explanations of one clip."""
    clip = explained[0].clip
    queries = np.stack([text_query(model, e.condition) for e in explained])
    shuffled = np.random.default_rng(seed).permutation(len(clip.tiles))
    middle, noise, pictures = (
        curves(model, clip, queries, order).areas
        for order in (middle_first(clip), random_order(clip, seed), by_picture(clip, shuffled))
    )
    lost, found = drops(model, clip, queries), []
    for i, explanation in enumerate(explained):
        brought = {tile: c.value for c in explanation.contributions for tile in c.tiles}
        orders = [explanation.saliency] + [
            by_picture(clip, values)
            for values in (
                [brought[tile] for tile in clip.tiles],
                [explanation.of_tile(tile).sum() for tile in clip.tiles],
                lost[i],
            )
        ]
        own = [curves(model, clip, queries[i : i + 1], order).areas[0] for order in orders]
        gap = abs(explanation.similarity - explanation.blurred - float(explanation.saliency.sum()))
        places = np.stack([own[0], middle[i], noise[i]])
        found.append(Faithful(places, np.stack([*own[1:], pictures[i]]), gap))
    return found


def placed(explanation: Explanation, tissues: np.ndarray, key: str) -> Placed | None:
    """Where the map lies; None for a condition that no one structure carries."""
    if key not in CARRIERS:
        return None
    structure = np.isin(tissues, CARRIERS[key])
    pictures = shown_pictures(explanation.clip)
    if CARRIERS[key] == (Tissue.SCAR,):  # without contrast scar looks like the wall around it
        pictures = late_pictures(explanation.clip)
    whole = np.broadcast_to(pictures[..., None, None], tissues.shape)
    heart = np.isin(tissues, HEART) & whole
    shares = [mass_on(explanation, structure & whole, within) for within in (whole, heart)]
    return Placed(explanation.similarity - explanation.blurred, *shares[0], *shares[1])


def late_pictures(clip: Clip) -> np.ndarray:
    """`(F, 3)` bool: which pictures show late enhancement."""
    late = np.zeros(tuple(clip.tensor.shape[:2]), bool)
    for tile in clip.tiles:
        late[tile.frame, list(tile.channels)] = tile.view.startswith("LGE")
    return late


def after_forgetting(model: CMRCLIP, explanation: Explanation) -> list[tuple[str, float, float]]:
    """Each layer, and how like the map still is once it and those above it are forgotten.

    The second figure is of the maps without their signs: much of what they share then is where the
    picture has edges, which any network sees.
    """
    steps = []
    for name, changed in randomised(model):
        (other,) = explain(changed, explanation.clip, [explanation.condition])
        maps = explanation.saliency, other.saliency
        signed = likeness(*maps, explanation.clip)
        steps.append((name, signed, likeness(*np.abs(maps), explanation.clip)))
    return steps


def acdc(model: CMRCLIP) -> str:
    """The real patients' part; empty where the data are absent."""
    patients = acdc_patients()
    if patients is None:
        return ""
    found = []
    for seed, (study, label) in enumerate(zip(*patients, strict=True)):
        clip = study_to_clip(study, model.config)
        explained = explain(model, clip, [CONDITIONS[ASKED[label]].label])
        found.append(faithful(model, explained, seed))
    print(f"explanations: {len(found)} real patients", file=sys.stderr)
    return faithful_table(
        f"**Real hearts: {len(found)} ACDC patients** (ED and ES frames alone, asked for their "
        "class)",
        found,
    )


if __name__ == "__main__":
    main()
