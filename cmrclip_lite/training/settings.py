"""How long, how fast and on how much a checkpoint is trained, and the bundled one's sizes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..model import LayoutConfig, ModelConfig, TextConfig, VideoConfig
from ..prompts import CONDITIONS
from .facts import KEYS as FACTS


@dataclass(frozen=True)
class Settings:
    """One training run.

    Attributes:
        word_steps, word_batch: batches of the words, and hearts in each.
        grasp_steps: batches in which a run that goes on learns what its words mean.
        speak_steps, speak_batch, speak_rate: batches in which words that begin as a sentence
            encoder's learn that meaning, where one is given, hearts in each, and AdamW's rate.
        speak_layers, speak_pieces: what is taken of it (see `sentences`).
        cases: synthetic hearts that the eye learns from.
        measure_steps, reason_steps, look_steps, join_steps: batches of the eye's stages (see
            `eye`).
        batch: studies in each of them.
        statements: short statements for each heart beside its impression.
        text_length: tokens of a text that training reads.
        learning_rate, stem_rate, block_rate: AdamW's, AdamW's for the convolutions and, inside the
            video blocks, Muon's; reached after `warm_up` steps, kept, and lowered to nothing over
            the last `cool_down` share of them.
        join_share: what the rates of the last stage are of these.
        half: 1 computes the encoders in bfloat16, nearly twice as fast where the processor has it
            (AVX-512 BF16, AMX) and slower elsewhere; 0 in float32, AdamW instead of Muon.
        save_every: steps that a kill may cost.
    """

    word_steps: int = 3_500
    word_batch: int = 64
    grasp_steps: int = 400
    speak_steps: int = 2_000
    speak_batch: int = 32
    speak_rate: float = 3e-4
    speak_layers: int = 4
    speak_pieces: int = 8_000
    cases: int = 8_000
    measure_steps: int = 900
    reason_steps: int = 700
    look_steps: int = 1_600
    join_steps: int = 2_000
    batch: int = 32
    statements: int = 4
    text_length: int = 128
    learning_rate: float = 1e-3
    stem_rate: float = 3e-3
    block_rate: float = 3e-3
    join_share: float = 0.5
    weight_decay: float = 0.05
    warm_up: int = 50
    cool_down: float = 0.65
    statement_weight: float = 2.0
    measure_weight: float = 4.0
    tissue_weight: float = 5.0
    likeness_weight: float = 1.0
    place_weight: float = 2.0
    half: int = 1
    seed: int = 1
    save_every: int = 100


def bundled_config(vocab_size: int) -> ModelConfig:
    """The bundled checkpoint's sizes: small enough to train and to run on two cores."""
    layout = LayoutConfig(name="heart", spacing_mm=2.0, phases=4, upright=True, readings=3)
    return ModelConfig(
        video=VideoConfig(
            stem="convolutions",
            stem_width=48,
            image_size=80,
            patch_size=16,
            width=192,
            depth=4,
            heads=4,
            mlp_ratio=4,
            num_frames=layout.reading_frames,
        ),
        text=TextConfig(
            vocab_size=vocab_size,
            hidden=128,
            layers=3,
            heads=4,
            intermediate=512,
            max_positions=160,
            cased=False,
        ),
        projection_dim=256,
        layout=layout,
        conditions=tuple(key for key in CONDITIONS if key in FACTS),
    )


def with_overrides(settings: Settings, **changes: float | int | None) -> Settings:
    """The settings with those changes that are not None."""
    return replace(settings, **{k: v for k, v in changes.items() if v is not None})
