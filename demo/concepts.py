"""The words of cardiac reports, reduced to what they mean: "dil" and "enlarged" are one thing.

Reports abbreviate ("RV sev dil, peric eff 10 mm") what people write out ("pericardial effusion").
This table serves to mark words on the page, never to score or to find anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Token:
    """A word, or a few that are one thing, at `text[start:end]`.

    Attributes:
        means: what it stands for, such as {"lv"} for "left ventricular".
        segment: words between two commas or stops have the same number.
        sentence: words between two stops have the same number.
        word: as written, in lower case; of several, the last.
    """

    start: int
    end: int
    means: frozenset[str]
    segment: int
    sentence: int
    word: str


_SAME = {
    "dilat": "dilated dilation dilat dil enlarged enlargement enl big",
    "reduced": "reduced impaired poor low depressed decreased weak reduction impairment",
    "severe": "severe severely sev",
    "function": "function fn fx fxn contraction",
    "hypertrophy": "hypertrophy hypertrophied hypertrophies",
    "thick": "thick thickened thickening",
    "effusion": "effusion eff fluid",
    "pericardial": "pericardial pericardium peric",
    "aorta": "aorta aortic ao",
    "root": "root sinuses",
    "infarct": "infarct infarction infarcted mi minf",
    "scar": "scar scarring scarred",
    "thrombus": "thrombus thrombi thrombotic clot",
    "akinesia": "akinesia akinetic akinesis",
    "hypokinesia": "hypokinesia hypokinetic hypokinesis",
    "amyloid": "amyloid amyloidosis",
    "cardiomyopathy": "cardiomyopathy cmp",
    "septum": "septum septal",
    "previous": "previous prior old past healed chronic",
    "abnormality": "abnormality abnormal",
}
_SEVERAL = {
    "lvef": "lv ef",
    "rvef": "rv ef",
    "lvh": "lv hypertrophy",
    "rvh": "rv hypertrophy",
    "lvsd": "lv systolic reduced function",
    "rvsd": "rv systolic reduced function",
    "dysfunction": "reduced function",
    "lae": "la dilat",
    "rae": "ra dilat",
    "atrial": "la ra",
    "atria": "la ra",
    "biatrial": "la ra",
    "ventricles": "lv rv",
    "biventricular": "lv rv",
    "wma": "wall motion abnormality",
    "rwma": "regional wall motion abnormality",
    "dcm": "dilat cardiomyopathy",
    "hcm": "hypertrophic cardiomyopathy",
    "icm": "ischemic cardiomyopathy",
    "nicm": "nonischemic cardiomyopathy",
}
_PHRASES = {
    **{("left", w): "lv" for w in ("ventricle", "ventricular")},
    **{("right", w): "rv" for w in ("ventricle", "ventricular")},
    **{("left", w): "la" for w in ("atrium", "atrial")},
    **{("right", w): "ra" for w in ("atrium", "atrial")},
    ("ejection", "fraction"): "ef",
    ("non", "ischemic"): "nonischemic",
    ("late", "gadolinium", "enhancement"): "lge",
    ("delayed", "gadolinium", "enhancement"): "lge",
    ("late", "enhancement"): "lge",
    ("delayed", "enhancement"): "lge",
}
_MEANS = {word: (concept,) for concept, words in _SAME.items() for word in words.split()}
_MEANS |= {word: tuple(several.split()) for word, several in _SEVERAL.items()}
_PIECE = re.compile(r"(?P<word>[^\W\d_]+(?:['’][^\W\d_]+)?)|(?P<stop>[.;!?](?=\s|$)|\n)|[,()]")


def tokens(text: str) -> list[Token]:
    """The words of a text in order, without numbers."""
    words: list[tuple[int, int, str, int, int]] = []
    segment = sentence = 0
    for piece in _PIECE.finditer(text):
        if piece["word"]:
            word = _plain(piece["word"])
            words.append((piece.start(), piece.end(), word, segment, sentence))
        else:
            segment += 1
            sentence += piece["stop"] is not None
    found = []
    i = 0
    while i < len(words):
        length, means = _longest([w for _, _, w, s, _ in words[i : i + 3] if s == words[i][3]])
        start, (_, end, word, segment, sentence) = words[i][0], words[i + length - 1]
        found.append(Token(start, end, frozenset(means), segment, sentence, word))
        i += length
    return found


def _longest(words: list[str]) -> tuple[int, tuple[str, ...]]:
    """How many of the first words are one thing, and what that is."""
    for length in (3, 2):
        if (phrase := _PHRASES.get(tuple(words[:length]))) and len(words) >= length:
            return length, (phrase,)
    return 1, _MEANS.get(words[0], (_singular(words[0]),))


def _plain(word: str) -> str:
    return word.lower().replace("’", "'").replace("aemi", "emi").replace("dilatat", "dilat")


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        word = f"{word[:-3]}y"
    elif len(word) > 4 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    return _MEANS[word][0] if len(_MEANS.get(word, ())) == 1 else word
