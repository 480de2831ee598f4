"""Labels and paint for training: seeded, varied, and right about size."""

from __future__ import annotations

import numpy as np
import torch

from cmrclip_lite.phantom import paint_random, training_labels
from cmrclip_lite.phantom.fastpath import ED, ES, FRAMES, LATE, LONG_ED, LONG_ES
from cmrclip_lite.phantom.tissue import LV_CAVITY, N_TISSUES, Tissue

CAVITY = [int(t) for t in LV_CAVITY]


def test_the_same_seed_gives_the_same_heart_and_another_seed_another() -> None:
    first, again, other = training_labels(4), training_labels(4), training_labels(5)

    assert np.array_equal(first.labels, again.labels) and first.truth == again.truth
    assert not np.array_equal(first.labels, other.labels)


def test_a_coarse_heart_is_the_same_heart() -> None:
    fine = training_labels(11, size=97)  # a middle pixel, in either grid
    coarse = training_labels(11, size=49, spacing_mm=4.0, long_axes=False)

    assert coarse.truth == fine.truth
    assert coarse.labels.shape == (5, 3, 49, 49)
    np.testing.assert_array_equal(coarse.labels, fine.labels[:5, :, ::2, ::2])


def test_labels_have_the_frames_that_training_expects() -> None:
    case = training_labels(11, "normal")

    assert case.labels.shape == (FRAMES, 3, 96, 96) and case.labels.dtype == np.uint8
    assert case.labels.max() < N_TISSUES
    cavity = np.isin(case.labels[:LATE], CAVITY).sum((1, 2, 3))
    assert cavity[ED] == cavity.max() and cavity[ES] == cavity.min()
    # the levels run from base to apex, all through the ventricle
    muscle = (case.labels[ED] == Tissue.LV_MUSCLE).sum((1, 2))
    assert (muscle > 100).all()


def test_long_axes_show_the_atria_and_the_three_chamber_view_the_aorta() -> None:
    cases = [training_labels(seed) for seed in range(6)]
    atrium = [(c.labels[LONG_ED] == Tissue.LA_BLOOD).sum((1, 2)) for c in cases]
    aorta = np.sum([(c.labels[LONG_ED] == Tissue.AORTA).sum((1, 2)) for c in cases], axis=0)

    assert np.min(atrium) > 40
    filled = [(c.labels[LONG_ES] == Tissue.LA_BLOOD).sum((1, 2)) for c in cases]
    assert np.sum(filled) > np.sum(atrium)  # the atria are largest at end-systole
    assert aorta[2] > aorta[1] and aorta[2] > 6 * 50


def test_a_dilated_ventricle_is_larger_and_beats_less_than_a_normal_one() -> None:
    def areas(diagnosis: str) -> np.ndarray:
        cases = [training_labels(s, diagnosis) for s in range(4)]
        return np.array([[np.isin(c.labels[p, 1], CAVITY).sum() for p in (ED, ES)] for c in cases])

    normal, dilated = areas("normal"), areas("dcm")

    assert dilated[:, 0].min() > normal[:, 0].mean()
    assert (dilated[:, 1] / dilated[:, 0]).mean() > (normal[:, 1] / normal[:, 0]).mean() + 0.15


def test_paint_is_seeded_bounded_and_differs_between_studies() -> None:
    labels = torch.from_numpy(training_labels(2).labels[:2, :, 8:88, 8:88].copy())
    batch = torch.stack([labels, labels])

    image = paint_random(batch, torch.Generator().manual_seed(1))
    again = paint_random(batch, torch.Generator().manual_seed(1))

    assert image.shape == batch.shape and image.dtype == torch.float32
    assert torch.equal(image, again)
    assert image.isfinite().all() and 0 <= image.min() and image.max() < 1.6
    assert not torch.allclose(image[0], image[1], atol=0.05)


def test_blood_is_brighter_than_muscle_in_most_draws() -> None:
    labels = torch.from_numpy(training_labels(2, "normal").labels[:1].copy())
    image = paint_random(labels.expand(48, -1, -1, -1, -1), torch.Generator().manual_seed(0))
    blood = torch.stack([i[labels == Tissue.LV_BLOOD].mean() for i in image])
    muscle = torch.stack([i[labels == Tissue.LV_MUSCLE].mean() for i in image])

    assert (blood > muscle).float().mean() > 0.75


def test_late_after_gadolinium_scar_is_brighter_than_muscle_and_muscle_dark() -> None:
    seed = next(s for s in range(60) if training_labels(s, "infarct").truth.lge_pattern)
    labels = torch.from_numpy(training_labels(seed, "infarct").labels[LATE : LATE + 1].copy())
    batch = labels.expand(48, -1, -1, -1, -1)
    image = paint_random(batch, torch.Generator().manual_seed(0), late=True)

    def grey(tissue: Tissue) -> torch.Tensor:
        return torch.stack([i[labels == tissue].mean() for i in image])

    assert (grey(Tissue.SCAR) > grey(Tissue.LV_MUSCLE)).float().mean() > 0.9
    assert (grey(Tissue.LV_BLOOD) > grey(Tissue.LV_MUSCLE)).float().mean() > 0.6
