"""The tables of `explanations.py`, from what was measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from cmrclip_lite.evaluate import Estimate, mean_of
from cmrclip_lite.explain import LITTLE
from cmrclip_lite.phantom.truth_images import CARRIERS
from cmrclip_lite.prompts import CONDITIONS

FEW = 5  # patients, of whom a bootstrap would say too little
# Orders in which places, and whole pictures, are taken away.
PLACE_ORDERS = "the map", "middle first", "random"
PICTURE_ORDERS = "what each brings", "the map's sum", "what is lost without it alone", "random"


@dataclass(frozen=True)
class Faithful:
    """How true one explanation is of the model.

    Attributes:
        places: `(3, 2)` areas under deletion and insertion of places, in the order of
            `PLACE_ORDERS`.
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
        f"the dissolved study's. Below {FEW} phantoms no interval is given.\n\n"
        "| finding | phantoms | rise | of the map | of the area | times "
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
    shares = f"{rise:+.3f} | {mass:.3f} | {area:.3f}"
    told = " | ".join(short(one, len(patients)) for one in (times, inner))
    return f"| {name} | {len(patients)} | {shares} | {told} |"


def short(estimate: Estimate, patients: int) -> str:
    if patients < FEW:
        return f"{estimate.value:.2f}"
    return f"{estimate.value:.2f} ({estimate.low:.2f} to {estimate.high:.2f})"


def signed(values: np.ndarray) -> str:
    estimate = mean_of(values)
    return f"{estimate.value:+.3f} ({estimate.low:+.3f} to {estimate.high:+.3f})"
