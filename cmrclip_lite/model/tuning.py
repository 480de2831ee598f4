"""How a checkpoint is to be computed, as `hub.load` is told: what fits, and making it so."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import torch

from ..errors import CheckpointError
from . import accelerator, int8

if TYPE_CHECKING:
    from .cmrclip import CMRCLIP
    from .config import ModelConfig


@dataclass(frozen=True)
class Tuning:
    """Options of `hub.load`, which explains them; the defaults change nothing."""

    max_memory: int | None = None
    quantize: str | None = None
    skip_padding: bool = False
    compiled: bool = False

    def refuse_misfit(self, device: torch.device, dtype: torch.dtype) -> None:
        """Before weights are read.

        Raises:
            CheckpointError: if an option does nothing on this device, or in this type.
        """
        if self.quantize not in (None, "int8"):
            raise CheckpointError(f"quantize is {self.quantize!r}; only 'int8' is known.")
        on_cpu = device.type == "cpu"
        if self.quantize and not (on_cpu and dtype == torch.float32):
            raise CheckpointError(
                "quantize='int8' is for float32 on a CPU: add device='cpu', or take "
                "dtype='bfloat16' instead on a GPU."
            )
        if self.compiled and on_cpu:
            raise CheckpointError("Compiling gains nothing on a CPU; leave compiled out.")

    def refuse(self) -> None:
        """For a general model, which has none of this.

        Raises:
            CheckpointError: if anything was asked for.
        """
        changed = [f.name for f in fields(self) if getattr(self, f.name) != f.default]
        if changed:
            raise CheckpointError(f"{', '.join(changed)}: for cardiac models only; leave it out.")

    def config_of(self, config: ModelConfig) -> ModelConfig:
        """The configuration as it is to be.

        Raises:
            CheckpointError: if its layout has no padding to skip.
        """
        if not self.skip_padding:
            return config
        if config.layout.name != "published":
            raise CheckpointError(
                f"Its layout, {config.layout.name!r}, has no padding; leave skip_padding out."
            )
        return replace(config, layout=replace(config.layout, skip_padding=True))

    def apply(self, model: CMRCLIP) -> None:
        """To a model that is on its device."""
        model.video_model.max_memory = self.max_memory
        if self.quantize:
            int8.round_layers(model.video_model)
            model.quantized = self.quantize
        accelerator.prepare(model, self.compiled)
