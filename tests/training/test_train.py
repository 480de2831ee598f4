"""A training run learns, and a killed one goes on as if nothing had happened."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from cmrclip_lite.hub import load
from cmrclip_lite.phantom.fastpath import FRAMES, LONG_ED, LONG_ES
from cmrclip_lite.phantom.tissue import LV_WALL, Tissue
from cmrclip_lite.phantom.truth import ALL_IMAGED, CINE_LAX, CINE_SAX, LGE
from cmrclip_lite.training import loop, losses, train
from cmrclip_lite.training.augment import (
    CELLS,
    LATE_FRAME,
    SEEN,
    VIEWS,
    arranged,
    draw_clips,
    draw_planes,
    tissue_shares,
)
from cmrclip_lite.training.cases import Cases
from cmrclip_lite.training.eye import Eye
from cmrclip_lite.training.meaning import TruthEncoder, draw_truths
from cmrclip_lite.training.measures import measure, statistics
from cmrclip_lite.training.settings import Settings

pytestmark = pytest.mark.slow

SETTINGS = Settings(
    word_steps=3,
    word_batch=6,
    cases=8,
    measure_steps=3,
    reason_steps=3,
    look_steps=3,
    join_steps=3,
    batch=4,
    statements=2,
    warm_up=2,
    half=0,  # most processors that run tests have to emulate bfloat16
    seed=3,
    save_every=2,
)


STAGES = ("words", "measure", "reason", "look", "join")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    train.train(folder, SETTINGS, workers=1)
    return folder


def losses_of(folder, stage):
    rows = [json.loads(line) for line in (folder / f"{stage}.jsonl").read_text().splitlines()]
    return {row["step"]: {k: v for k, v in row.items() if k != "seconds"} for row in rows}


def test_a_run_leaves_a_checkpoint_that_loads_and_reads(run):
    model = load(run / "checkpoint")
    clip = torch.zeros(1, 2, 3, 80, 80)
    with torch.inference_mode():
        assert model.encode_clip(clip).shape == (1, model.config.projection_dim)
    assert model.encode_text(["EF 25%"]).shape == (1, model.config.projection_dim)


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_a_killed_run_goes_on_where_it_was(run, tmp_path, monkeypatch, stage):
    """Killed in a stage's third step, after the second was saved: the rest is as without."""
    real_log = loop._log

    def die(out, now, step, *rest):
        if now.name == stage and step == 2:
            raise KeyboardInterrupt
        real_log(out, now, step, *rest)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(loop, "_log", die)
        train.train(tmp_path, SETTINGS, workers=1)
    train.train(tmp_path, SETTINGS, workers=1)
    for name in STAGES:
        assert losses_of(tmp_path, name) == losses_of(run, name)


def test_each_stage_leaves_alone_what_is_not_its_own(run):
    """The words stay when the eye learns, the stem waits, the blocks wait while it looks."""

    def moved(before, after, part):
        first, then = (
            torch.load(run / f"{stage}.pt", weights_only=True)["learner"]
            for stage in (before, after)
        )
        names = [name for name in first if name.startswith(part)]
        assert names
        return any(not torch.equal(first[name], then[name]) for name in names)

    words = torch.load(run / "words.pt", weights_only=True)["learner"]
    shipped = load(run / "checkpoint").text_model.state_dict()
    assert all(torch.equal(words[f"text.{name}"], value) for name, value in shipped.items())
    assert moved("measure", "reason", "projection") and moved("measure", "reason", "given")
    assert not moved("measure", "reason", "video.patch_embed")
    assert moved("reason", "look", "video.patch_embed") and moved("look", "join", "video.blocks")
    assert not moved("reason", "look", "video.blocks") and not moved("look", "join", "given")


@pytest.mark.parametrize("half, stages", [(0, STAGES[1:]), (1, ("join",))])
def test_a_run_goes_on_from_a_checkpoint(run, tmp_path, half, stages):
    """Its words stay, what they mean is grasped anew, and the eye goes through what is asked."""
    steps = {f"{stage}_steps": 3 * (stage in stages) for stage in STAGES[1:]}
    settings = replace(SETTINGS, grasp_steps=3, half=half, **steps)
    train.train(tmp_path, settings, workers=1, start=run / "checkpoint")

    assert {path.stem for path in tmp_path.glob("*.jsonl")} == {"grasp", *stages}
    before, after = (load(folder / "checkpoint").state_dict() for folder in (run, tmp_path))
    moved = {name for name, value in before.items() if not torch.equal(value, after[name])}
    assert not any(name.startswith(("text_model", "txt_proj")) for name in moved)
    assert any("patch_embed" in name for name in moved) and any("blocks" in name for name in moved)
    assert json.loads((tmp_path / "settings.json").read_text())["start"] == str(run / "checkpoint")


def test_blank_frames_are_made_of_one(run):
    """What they get is what the stem itself would give them."""
    model = load(run / "checkpoint")
    clips = torch.rand(3, 8, 3, 80, 80, generator=torch.Generator().manual_seed(0))
    clips[0, 4:] = 0
    clips[2, 1:3] = 0
    eye = Eye(model, torch.ones(2), half=False)
    with torch.inference_mode():
        np.testing.assert_allclose(eye._patches(clips), eye.video.patch_embed(clips), atol=1e-5)


def test_what_is_small_counts_for_more():
    predicted, shares = torch.zeros(1, 2), torch.tensor([[1.0, 0.0]])
    even, uneven = (
        losses.tissues(predicted, shares, torch.tensor(weights)) for weights in ([1, 1], [1, 3])
    )
    assert uneven == pytest.approx(2 * even)
    errors = (
        losses.measurements(torch.tensor([[2.0, 0.0]]), torch.zeros(1, 2), torch.tensor(given))
        for given in ([1.0, 1.0], [3.0, 1.0])
    )
    assert next(errors) * 1.5 == next(errors)


def test_the_long_axes_and_the_clot_count_ten_times():
    """What stands in the columns is told by changing one number of a patient at a time."""
    truth = replace(draw_truths(np.random.default_rng(0), 1)[0], imaged=(CINE_SAX, CINE_LAX, LGE))
    row, weights = measure([truth])[0], statistics([truth])[2]
    assert weights.shape == row.shape
    changed = {
        10.0: ("lavi", "ravi", "aortic_root_mm", "pleural_effusion_mm", "thrombus_mm"),
        3.0: ("pericardial_effusion_mm",),
        1.0: ("rv_wall_mm",),
    }
    for weight, names in changed.items():
        for name in names:
            other = measure([replace(truth, **{name: getattr(truth, name) + 1})])[0]
            assert weights[(other != row).nonzero()].tolist() == [[weight]], name


def test_tokens_alike_cost_nothing_and_tokens_of_nothing_their_variance():
    given = torch.randn(4, 2, 3, 5, generator=torch.Generator().manual_seed(0))
    assert losses.likeness(given, given) == 0
    assert losses.likeness(torch.full_like(given, float(given.mean())), given) == pytest.approx(
        1, rel=0.02
    )


def test_what_is_not_imaged_does_not_move_a_truth():
    """Two hearts that differ only in their scar are one where nothing enhanced was imaged."""
    (truth,) = draw_truths(np.random.default_rng(0), 1)
    pair = [
        replace(truth, lge_pattern=pattern, lge=lge, territory=None)
        for pattern, lge in ((None, ()), ("mid-wall", (0.3,) * 16))
    ]
    encoder = TruthEncoder(measure(pair).shape[1], 8)
    seen, blind = (
        encoder(truths, measure(truths))
        for truths in (
            [replace(t, imaged=views) for t in pair] for views in (ALL_IMAGED, (CINE_SAX,))
        )
    )
    assert not torch.allclose(seen[0], seen[1], atol=1e-3)
    assert torch.allclose(blind[0], blind[1])


def test_the_rate_rises_stays_and_falls_to_nothing():
    stage = loop.Stage("words", 100, (1,), warm_up=10, cool_down=0.5, save_every=1, weights={})
    rates = [loop.schedule(step, stage) for step in range(100)]
    assert rates[0] == 0.1 and rates[10] == rates[50] == 1 and rates[99] == pytest.approx(0.02)


def test_cases_are_made_once(run):
    made = {path: path.stat().st_mtime_ns for path in (run / "cases").iterdir()}
    cases = Cases(run / "cases", SETTINGS.cases, SETTINGS.seed * 1_000_000, workers=1)
    assert len(cases) == 8
    assert {path: path.stat().st_mtime_ns for path in (run / "cases").iterdir()} == made


def test_a_batch_depends_only_on_its_seed(run):
    cases = Cases(run / "cases", SETTINGS.cases, SETTINGS.seed * 1_000_000, workers=1)
    drawn = []
    for _ in range(2):
        rng = np.random.default_rng(5)
        planes = draw_planes(cases, np.arange(4), 80, rng)
        drawn.append((planes, draw_clips(planes, rng)))
    (first, clips), (again, others) = drawn
    assert clips.shape == first.in_clip.shape == (4, 8, 3, 80, 80)
    assert torch.equal(clips, others) and first.truths == again.truths
    assert -2 <= clips.min() and clips.max() <= 2


def test_a_clip_has_a_frame_for_each_long_axis_and_its_phases_in_the_channels():
    planes = torch.arange(FRAMES * 3).view(1, FRAMES, 3, 1, 1)
    clip = arranged(planes, blank=-1)
    assert torch.equal(clip[:, : LATE_FRAME + 1], planes[:, : LATE_FRAME + 1])
    for view in range(3):
        phases = [int(planes[0, phase, view]) for phase in (LONG_ED, LONG_ES)]
        assert clip[0, LATE_FRAME + 1 + view].flatten().tolist() == [*phases, -1]


def test_what_a_study_lacks_is_blank_and_nothing_is_asked_of_it(run):
    cases = Cases(run / "cases", SETTINGS.cases, SETTINGS.seed * 1_000_000, workers=1)
    seen = set()
    for seed in range(6):
        rng = np.random.default_rng(seed)
        planes = draw_planes(cases, np.arange(8), 80, rng)
        clips, measured = draw_clips(planes, rng), measure(planes.truths)
        for clip, tissues, truth, row in zip(
            clips, planes.in_clip, planes.truths, measured, strict=True
        ):
            seen.add(truth.imaged)
            assert clip[:4].std() > 0
            for frame, view in ((LATE_FRAME, LGE), (slice(LATE_FRAME + 1, None), CINE_LAX)):
                there = view in truth.imaged
                assert bool(clip[frame].any()) is there
                assert bool((tissues[frame] != Tissue.AIR).any()) is there
            assert bool(row[-16:].isnan().any()) is (LGE not in truth.imaged)
            assert not row[:14].isnan().any()
    assert {views for views, _ in VIEWS} == seen


def test_statistics_of_measures_leave_out_what_is_not_seen(run):
    cases = Cases(run / "cases", SETTINGS.cases, SETTINGS.seed * 1_000_000, workers=1)
    blind = [replace(truth, imaged=(CINE_SAX,)) for truth in cases.truths[:4]]
    centre, spread, _ = statistics(cases.truths[4:] + blind)
    assert centre.isfinite().all() and (spread > 0).all()
    assert centre[-16:].tolist() == pytest.approx(
        measure(cases.truths[4:])[:, -16:].mean(0).tolist(), abs=1e-5
    )


def test_measurements_that_are_not_known_cost_nothing():
    predicted = torch.zeros(2, 2, requires_grad=True)
    actual = torch.tensor([[1.0, torch.nan], [2.0, 3.0]])
    losses.measurements(predicted, actual, torch.ones(2)).backward()
    assert predicted.grad[0, 1] == 0 and (predicted.grad[[0, 1, 1], [0, 0, 1]] != 0).all()


def test_tissue_shares_are_in_the_order_of_the_encoders_tokens():
    """LV blood in one cell of a patch: the second frame's third channel, row 2, column 1."""
    tissues = torch.zeros(1, 2, 3, 80, 80, dtype=torch.uint8)
    tissues[0, 1, 2, 32:36, 24:28] = int(Tissue.LV_BLOOD)
    shares = tissue_shares(tissues, 16)
    assert shares.shape == (1, 2, 25, 3 * len(SEEN) * CELLS**2)
    cell = 2 * CELLS**2 + 0 * CELLS + 2  # the third channel, the cell's row 0, column 2
    assert shares[0].nonzero().tolist() == [[1, 2 * 5 + 1, cell]]


def test_a_scar_is_seen_in_late_enhancement_alone():
    """In a cine it is muscle like the rest: told of it there, a transformer would not look here."""
    scars = torch.full((2, FRAMES, 3, 80, 80), int(Tissue.SCAR), dtype=torch.uint8)
    shares = tissue_shares(scars, 16).unflatten(-1, (len(SEEN), -1))
    scar, wall = SEEN.index((Tissue.SCAR,)), SEEN.index(LV_WALL)
    assert [bool(shares[:, frame, :, scar].any()) for frame in range(FRAMES)] == [
        frame == LATE_FRAME for frame in range(FRAMES)
    ]
    assert (shares[..., wall, :] == 1).all()


def test_a_study_where_it_belongs_costs_nothing_and_the_opposite_two():
    unit = torch.eye(3)
    assert losses.place(unit, unit) == 0 and losses.place(unit, -unit) == 2


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
