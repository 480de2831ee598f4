"""Loads what it is told on standard input and says on standard output how it went.

A question with `out` asks for a shared library, to be made there; any other for a model.

`huggingface_hub` reads HF_ENDPOINT and HF_HUB_OFFLINE once, when it is imported, so a test that
sets them needs a process of its own; this one answers many questions, as JSON lines.
"""

from __future__ import annotations

import json
import sys

from cmrclip_lite.errors import CmrClipError
from cmrclip_lite.hub import load
from cmrclip_lite.library.sharing import load_library


def answer(question: dict) -> dict:
    try:
        if "out" in question:
            library = load_library(**question)
            verdict = library.verify()
            return {"name": library.name, "ids": library.ids, "ok": verdict.ok}
        model = load(device="cpu", **question)
        size = sum(p.numel() for p in model.parameters())
        return {
            "name": model.name,
            "identity": model.identity,
            "size": size,
            "tokenizer": model.tokenizer is not None,
        }
    except CmrClipError as error:
        return {"error": str(error)}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
