"""A training run learns, and a killed one goes on as if nothing had happened."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from cmrclip_lite.hub import load
from cmrclip_lite.phantom.tissue import Tissue
from cmrclip_lite.training import losses, train
from cmrclip_lite.training.augment import draw_batch, tissue_shares
from cmrclip_lite.training.cases import Cases
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
    (first, tissues), (again, _) = (
        draw_batch(cases, np.arange(4), 80, np.random.default_rng(5)) for _ in range(2)
    )
    assert first.shape[0] == 4 and first.shape[2:] == (3, 80, 80)
    assert first.shape == tissues.shape
    assert torch.equal(first, again)
    assert -2 <= first.min() and first.max() <= 2


def test_tissue_shares_are_in_the_order_of_the_encoders_tokens():
    """One patch of LV blood, in the second frame's third level, third row, second column."""
    tissues = torch.zeros(1, 2, 3, 80, 80, dtype=torch.uint8)
    tissues[0, 1, 2, 32:48, 16:32] = int(Tissue.LV_BLOOD)
    shares = tissue_shares(tissues, 16)
    assert shares.shape == (1, 2 * 25, 9)
    assert shares[0].nonzero().tolist() == [[25 + 2 * 5 + 1, 2 * 3]]


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
