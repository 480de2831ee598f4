"""Do explanations show what a similarity rests on, and does it rest on the right places?

    python benchmarks/explanations.py                     # the bundled checkpoint
    python benchmarks/explanations.py runs/third/checkpoint --phantoms 16

Phantoms are whole exams of seeds that training does not draw from, asked for findings that they
have; real hearts are the 40 ACDC patients of `cohorts.py`, asked for their class. Every figure has
a bootstrap 95 % interval over patients, of whom each counts once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.cohorts import acdc_patients  # noqa: E402
from cmrclip_lite import load  # noqa: E402
from cmrclip_lite.evaluate import Estimate, mean_of  # noqa: E402
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
from cmrclip_lite.explain import LITTLE, Explanation, explain  # noqa: E402
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
# Orders in which places, and whole pictures, are taken away.
PLACE_ORDERS = "the map", "middle first", "random"
PICTURE_ORDERS = "what each brings", "the map's sum", "what is lost without it alone", "random"


@dataclass(frozen=True)
class Faithful:
    """How true one explanation is of the model.

    Attributes:
        places: `(3, 2)` areas under deletion and insertion of places, in the order of `PLACE_ORDERS`.
        pictures: `(4, 2)` the same of whole pictures, in the order of `PICTURE_ORDERS`.
        gap: of the similarity, what the map's sum misses.
    """

    places: np.ndarray
    pictures: np.ndarray
    gap: float


@dataclass(frozen=True)
class Placed:
    """The share of a map on what carries a finding and its area, of the pictures, of the heart.

    `rise` is what the map explains: by how much the similarity is above the dissolved clip's.
    """

    rise: float
    mass: float
    area: float
    mass_heart: float
    area_heart: float


@dataclass(frozen=True)
class Asked:
    """One phantom and one finding that it has."""

    patient: int
    key: str
    faithful: Faithful
    placed: Placed | None


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
        "**Real hearts: 40 ACDC patients** (ED and ES frames alone, asked for their class)", found
    )


def faithful_table(title: str, patients: Sequence[Sequence[Faithful]]) -> str:
    """Areas by order, and the first order's lead, as means over patients of their findings'."""
    gap = mean_of([np.mean([f.gap for f in of_one]) for of_one in patients])
    places, pictures = (
        areas_table(orders, np.array([np.mean(areas, axis=0) for areas in of_each]))
        for orders, of_each in (
            (PLACE_ORDERS, [[f.places for f in of_one] for of_one in patients]),
            (PICTURE_ORDERS, [[f.pictures for f in of_one] for of_one in patients]),
        )
    )
    return (
        f"{title}: area under the similarity as places are taken away (less is better) or brought "
        f"back (more is better), in the order of\n\n{places}\n\nThe map's sum misses the "
        f"similarity that it explains by {gap}. The same for whole pictures, in the order of"
        f"\n\n{pictures}"
    )


def areas_table(orders: Sequence[str], areas: np.ndarray) -> str:
    """Of `(patients, orders, 2)`."""
    rows = [
        f"| {order} | {signed(areas[:, i, 0])} | {signed(areas[:, i, 1])} |"
        for i, order in enumerate(orders)
    ]
    for i, order in enumerate(orders[1:], 1):
        lead = areas[:, 0] - areas[:, i]
        rows.append(f"| {orders[0]}, less {order} | {signed(lead[:, 0])} | {signed(lead[:, 1])} |")
    return "| order | deletion | insertion |\n| --- | --- | --- |\n" + "\n".join(rows)


def randomised_table(forgotten: Sequence[Sequence[tuple[str, float, float]]]) -> str:
    """Likeness of maps after each layer that is forgotten; empty without a phantom."""
    if not forgotten:
        return ""
    rows = []
    for steps in zip(*forgotten, strict=True):
        likenesses = (mean_of([step[i] for step in steps]) for i in (1, 2))
        rows.append(f"| {steps[0][0]} | " + " | ".join(map(str, likenesses)) + " |")
    return (
        f"**Weights at random** ({len(forgotten)} phantoms): rank correlation of the map with that "
        "of the model whose video encoder has forgotten the layers down to this one:\n\n"
        "| forgotten down to | map | its strength alone |\n| --- | --- | --- |\n" + "\n".join(rows)
    )


def placed_table(asked: Iterable[Asked]) -> str:
    """Mass against area for each finding, and over all."""
    judged = [a for a in asked if a.placed is not None and not np.isnan(a.placed.mass)]
    rows = []
    for key in CARRIERS:
        if of_one := [a for a in judged if a.key == key]:
            rows.append(placed_row(CONDITIONS[key].label, of_one))
    for name, some in (
        (f"of all, rise of {LITTLE} or more", [a for a in judged if a.placed.rise >= LITTLE]),
        (f"of all, rise below {LITTLE}", [a for a in judged if a.placed.rise < LITTLE]),
        ("all findings", judged),
    ):
        if some:
            rows.append(placed_row(name, some))
    return (
        "**Where the map lies** (phantoms): the share of what raises the similarity on the "
        "structure that carries the finding, that structure's share of the area, and how many "
        "times more; then the same within the heart alone, where a map that has only found the "
        "heart gets 1. The rise is how much there is to explain: by what the similarity is above "
        "the dissolved study's.\n\n| finding | phantoms | rise | of the map | of the area | times "
        "| within the heart, times |\n| --- | --- | --- | --- | --- | --- | --- |\n"
        + "\n".join(rows)
    )


def placed_row(name: str, asked: Sequence[Asked]) -> str:
    """Means over patients."""
    patients = sorted({a.patient for a in asked})
    of_each = [[a.placed for a in asked if a.patient == patient] for patient in patients]
    rise, mass, area = (
        np.mean([np.mean([getattr(p, name) for p in of_one]) for of_one in of_each])
        for name in ("rise", "mass", "area")
    )
    times = mean_of([np.mean([p.mass / p.area for p in of_one]) for of_one in of_each])
    inner = mean_of([np.nanmean([p.mass_heart / p.area_heart for p in o]) for o in of_each])
    return (
        f"| {name} | {len(patients)} | {mass:.3f} | {area:.3f} | {short(times)} | {short(inner)} |"
    )


def short(estimate: Estimate) -> str:
    return f"{estimate.value:.2f} ({estimate.low:.2f} to {estimate.high:.2f})"


def signed(values: np.ndarray) -> str:
    estimate = mean_of(values)
    return f"{estimate.value:+.3f} ({estimate.low:+.3f} to {estimate.high:+.3f})"


if __name__ == "__main__":
    main()
