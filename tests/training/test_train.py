"""A training run learns, and a killed one goes on as if nothing had happened."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from cmrclip_lite.hub import load
from cmrclip_lite.phantom.tissue import Tissue
from cmrclip_lite.phantom.truth import CINE_LAX, CINE_SAX, LGE
from cmrclip_lite.training import losses, train
from cmrclip_lite.training.augment import (
    LATE_FRAME,
    LONG_FRAME,
    SEEN,
    VIEWS,
    draw_batch,
    tissue_shares,
)
from cmrclip_lite.training.cases import Cases
from cmrclip_lite.training.measures import measure, statistics
from cmrclip_lite.training.train import Settings

SETTINGS = Settings(
    cases=8, steps=4, vision_steps=1, batch=4, statements=2, warm_up=2, seed=3, save_every=2
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    train.train(folder, SETTINGS, workers=1)
    return folder


def losses_of(folder):
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return {row["step"]: {k: v for k, v in row.items() if k != "seconds"} for row in rows}


def test_a_run_leaves_a_checkpoint_that_loads_and_reads(run):
    model = load(run / "checkpoint")
    clip = torch.zeros(1, 2, 3, 80, 80)
    with torch.inference_mode():
        assert model.encode_clip(clip).shape == (1, model.config.projection_dim)
    assert model.encode_text(["EF 25%"]).shape == (1, model.config.projection_dim)


def test_a_killed_run_goes_on_where_it_was(run, tmp_path, monkeypatch):
    """Killed in the third step, after the second was saved: the rest is the same as without."""
    real_log = train._log

    def die(out, step, *rest):
        if step == 2:
            raise KeyboardInterrupt
        real_log(out, step, *rest)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(train, "_log", die)
        train.train(tmp_path, SETTINGS, workers=1)
    train.train(tmp_path, SETTINGS, workers=1)
    assert losses_of(tmp_path) == losses_of(run)


def test_cases_are_made_once(run):
    made = {path: path.stat().st_mtime_ns for path in (run / "cases").iterdir()}
    cases = Cases(run / "cases", SETTINGS.cases, SETTINGS.seed * 1_000_000, workers=1)
    assert len(cases) == 8
    assert {path: path.stat().st_mtime_ns for path in (run / "cases").iterdir()} == made


def test_a_batch_depends_only_on_its_seed(run):
    cases = Cases(run / "cases", SETTINGS.cases, SETTINGS.seed * 1_000_000, workers=1)
    first, again = (draw_batch(cases, np.arange(4), 80, np.random.default_rng(5)) for _ in "12")
    assert first.clips.shape == first.tissues.shape == (4, 6, 3, 80, 80)
    assert torch.equal(first.clips, again.clips) and first.truths == again.truths
    assert -2 <= first.clips.min() and first.clips.max() <= 2


def test_what_a_study_lacks_is_blank_and_nothing_is_asked_of_it(run):
    cases = Cases(run / "cases", SETTINGS.cases, SETTINGS.seed * 1_000_000, workers=1)
    seen = set()
    for seed in range(6):
        batch = draw_batch(cases, np.arange(8), 80, np.random.default_rng(seed))
        measured = measure(batch.truths)
        for clip, tissues, truth, row in zip(
            batch.clips, batch.tissues, batch.truths, measured, strict=True
        ):
            seen.add(truth.imaged)
            assert clip[:4].std() > 0
            for frame, view in ((LATE_FRAME, LGE), (LONG_FRAME, CINE_LAX)):
                there = view in truth.imaged
                assert bool(clip[frame].any()) is there
                assert bool((tissues[frame] != Tissue.AIR).any()) is there
            assert bool(row[-16:].isnan().any()) is (LGE not in truth.imaged)
            assert not row[:14].isnan().any()
    assert {views for views, _ in VIEWS} == seen


def test_statistics_of_measures_leave_out_what_is_not_seen(run):
    cases = Cases(run / "cases", SETTINGS.cases, SETTINGS.seed * 1_000_000, workers=1)
    blind = [replace(truth, imaged=(CINE_SAX,)) for truth in cases.truths[:4]]
    centre, spread = statistics(cases.truths[4:] + blind)
    assert centre.isfinite().all() and (spread > 0).all()
    assert centre[-16:].tolist() == pytest.approx(
        measure(cases.truths[4:])[:, -16:].mean(0).tolist(), abs=1e-5
    )


def test_measurements_that_are_not_known_cost_nothing():
    predicted = torch.zeros(2, 2, requires_grad=True)
    losses.measurements(predicted, torch.tensor([[1.0, torch.nan], [2.0, 3.0]])).backward()
    assert predicted.grad[0, 1] == 0 and (predicted.grad[[0, 1, 1], [0, 0, 1]] != 0).all()


def test_tissue_shares_are_in_the_order_of_the_encoders_tokens():
    """One patch of LV blood, in the second frame's third channel, third row, second column."""
    tissues = torch.zeros(1, 2, 3, 80, 80, dtype=torch.uint8)
    tissues[0, 1, 2, 32:48, 16:32] = int(Tissue.LV_BLOOD)
    shares = tissue_shares(tissues, 16)
    assert shares.shape == (1, 2 * 25, 3 * len(SEEN))
    assert shares[0].nonzero().tolist() == [[25 + 2 * 5 + 1, 2]]


def test_contrastive_loss_of_perfect_and_of_hopeless_pairs():
    unit = torch.eye(4)
    assert losses.contrastive(unit, unit, torch.tensor(100.0)) < 1e-3
    shuffled = unit[[1, 2, 3, 0]]
    assert losses.contrastive(unit, shuffled, torch.tensor(100.0)) > 10
    assert losses.contrastive(unit, unit, torch.tensor(0.0)) == pytest.approx(np.log(4))


def test_a_statement_counts_only_where_it_is_true_or_false_beyond_doubt():
    video = torch.eye(3, requires_grad=True)
    holds = torch.tensor([[1.0, 1], [0, 1], [torch.nan, 1]])  # the second is true of everyone
    scale, bias = torch.tensor(5.0), torch.tensor(0.0)
    losses.statements(video, torch.ones(2, 3), holds, scale, bias).backward()
    assert video.grad[:2].abs().min() > 0  # the first statement parts the first two studies
    assert (video.grad[2] == 0).all()  # of the third it is too close to call


def test_a_hopeless_statement_costs_ln_2_and_none_at_all_costs_nothing():
    video, text, zero = torch.eye(2), torch.ones(1, 2), torch.tensor(0.0)
    parting, alike = torch.tensor([[1.0], [0.0]]), torch.ones(2, 1)
    assert losses.statements(video, text, parting, zero, zero) == pytest.approx(np.log(2))
    assert losses.statements(video, text, alike, zero, zero) == 0
