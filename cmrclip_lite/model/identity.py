"""Which checkpoint a model is, for whoever keeps what it embedded."""

from __future__ import annotations

from typing import Any

import torch


class Identified:
    """For a `torch.nn.Module` with `device` and `dtype`.

    Attributes:
        quantized: "int8" where weights were rounded, else None.
        identity: a content hash of weights and configuration, by which a case library knows the
            model that embedded it. Empty for a model that was not loaded from a checkpoint, and as
            soon as its weights change or may change: trained, loaded anew, written to in place.
    """

    quantized: str | None = None
    _identity = ""
    _writes_then = 0  # when the identity was given

    @property
    def identity(self) -> str:
        if self._identity and self._writes_then != _writes(self):
            self._identity = ""
        return self._identity

    @identity.setter
    def identity(self, value: str) -> None:
        self._identity, self._writes_then = value, _writes(self)

    @property
    def arithmetic(self) -> str:
        """How it computes: embeddings of different arithmetic differ, if only a little."""
        name = self.quantized or str(self.dtype).removeprefix("torch.")
        if torch.is_autocast_enabled(self.device.type):
            name += f", autocast to {torch.get_autocast_dtype(self.device.type)}"
        return name

    def train(self, mode: bool = True) -> Any:
        """As of every module; a model that is trained is no longer the checkpoint."""
        if mode:
            self.identity = ""
        return super().train(mode)

    def load_state_dict(self, *given: Any, **options: Any) -> Any:
        """As of every module; a model with other weights is no longer the checkpoint."""
        self.identity = ""
        return super().load_state_dict(*given, **options)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_identity": self.identity}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self.identity = self._identity  # the copy's weights count anew


def _writes(module: torch.nn.Module) -> int:
    """How often its weights were written to in place, as far as torch counts."""
    return sum(0 if p.is_inference() else p._version for p in module.parameters())
