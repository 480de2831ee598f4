"""What does it cost to ask again?

    python benchmarks/never_twice.py

The bundled model on a sample that has been read, and twelve conditions of it: without a cache, for
the first time with one on disk, and again; medians, the cache emptied between rounds. Beside it a
hundred short texts that are known, and a clip of the published size: hashed, and found.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from cmrclip_lite import load, read_study  # noqa: E402
from cmrclip_lite.bundled import sample_studies  # noqa: E402
from cmrclip_lite.embedding_cache import EmbeddingCache  # noqa: E402
from cmrclip_lite.frames import study_to_clip  # noqa: E402
from cmrclip_lite.library import default_library  # noqa: E402
from cmrclip_lite.model.scoring import key_of  # noqa: E402
from cmrclip_lite.prompts import CONDITIONS  # noqa: E402

CONDITIONS_ASKED = 12
PUBLISHED = (64, 3, 224, 224)


def milliseconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    model, sample = load(cache=False), next(iter(sample_studies().values()))
    study, library = read_study(sample), default_library(model)
    clip = study_to_clip(study, model.config).tensor
    asked = [CONDITIONS[key].label for key in list(CONDITIONS)[:CONDITIONS_ASKED]]
    embedding = model.encode_study(study)
    ways = {
        "a study": lambda: model.encode_study(study),
        "of it the clip's embedding": lambda: model.embed_clips([clip]),
        f"{CONDITIONS_ASKED} conditions": lambda: model.score(embedding, asked, library),
    }
    texts = [f"sentence number {i}" for i in range(100)]
    with tempfile.TemporaryDirectory() as folder:
        cache = EmbeddingCache(folder)
        for name, way in ways.items():
            way()  # warm
            took: dict[str, list[float]] = {"without": [], "first": [], "again": []}
            for _ in range(rounds):
                model.cache = None
                took["without"].append(milliseconds(way))
                model.cache = cache
                cache.clear()
                took["first"].append(milliseconds(way))
                took["again"].append(milliseconds(way))
            figures = {when: median(times) for when, times in took.items()}
            print(
                f"{name}: without a cache {figures['without']:.1f} ms, the first time "
                f"{figures['first']:.1f} ms, again {figures['again']:.1f} ms"
            )
        model.embed_texts(texts)
        known = median(milliseconds(lambda: model.embed_texts(texts)) for _ in range(rounds))
        print(f"{len(texts)} short texts that are known: {known:.1f} ms")
        large = np.random.default_rng(0).random(PUBLISHED, np.float32)
        hashed = median(milliseconds(lambda: key_of("", large)) for _ in range(rounds))
        cache.put([key_of("", large)], np.ones((1, 512), np.float32))
        found = median(
            milliseconds(lambda: cache.get([key_of("", large)], 512)) for _ in range(rounds)
        )
        print(
            f"a clip of {PUBLISHED}, {large.nbytes / 1e6:.0f} MB: hashed in {hashed:.1f} ms, "
            f"hashed and found in {found:.1f} ms"
        )
        print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")


if __name__ == "__main__":
    main()
