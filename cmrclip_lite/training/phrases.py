"""The wide lexicon: how reports, colleagues and lay people say each fact, as patterns.

Patterns are those of `phantom.wording`. For each fact of `facts`, `Phrases` holds noun phrases,
which the lexicon affirms and denies in many ways (`frames`), and sentences that only one side
uses. The sentences of `benchmarks/paraphrases.csv` are kept out; a test sees to it.
"""

from __future__ import annotations

from .phrase import Phrases
from .phrases_around import AROUND
from .phrases_more import MORE
from .phrases_tissue import TISSUE
from .phrases_ventricles import VENTRICLES


def _merged() -> dict[str, Phrases]:
    merged = VENTRICLES | TISSUE | AROUND
    for key, more in MORE.items():
        base = merged.get(key, Phrases())
        merged[key] = Phrases(
            base.nouns + more.nouns, base.true + more.true, base.false + more.false
        )
    return merged


PHRASES: dict[str, Phrases] = _merged()
