"""Loads what it is told on standard input and says on standard output how it went.

`huggingface_hub` reads HF_ENDPOINT and HF_HUB_OFFLINE once, when it is imported, so a test that
sets them needs a process of its own; this one answers many questions, as JSON lines.
"""

from __future__ import annotations

import json
import sys

from cmrclip_lite.errors import CheckpointError
from cmrclip_lite.hub import load


def answer(question: dict) -> dict:
    try:
        model = load(device="cpu", **question)
        size = sum(p.numel() for p in model.parameters())
        return {
            "name": model.name,
            "identity": model.identity,
            "size": size,
            "tokenizer": model.tokenizer is not None,
        }
    except CheckpointError as error:
        return {"error": str(error)}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
