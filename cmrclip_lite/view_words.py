"""Which view a description names, in the habits of several vendors, sites and languages.

A description arrives in lower case, everything but letters and digits a space, with a space at
either end (`readers.headers.plain_words`). It joins several fields, the series' own first, so of
several views the one named first counts. A patient plane ("tra", "ax") counts only where no view
of the heart is named: it often says how an image is shown.
"""

from __future__ import annotations

import re

from .study import View


def _chambers(digit: int, numbers: str) -> str:
    """A view named by how many chambers it shows: 4ch, lax4ch, 4 kammer, 4kb, four chamber."""
    # "4 ch coil" and "4 channel" are no views.
    glued = rf"[a-z]*{digit}ch(?!an)\w*|{digit}(?:cn|hc)|(?:a|la|lax)?{digit}[ck]\d?"
    apart = rf"{digit} ?(?:ch(?!an)\w*|cn|cv\d*|kb\w*|[ck]am\w*|c[áâ]m\w*|cav\w*)"
    words = rf"(?:{numbers}) ?(?:ch(?!an)|[ck]am|c[áâ]m|cav)\w*"
    return rf"(?:(?:{glued}|{apart})(?! (?:coil|array|body))|{words})"


_FOUR = _chambers(4, "four|vier|quatre|quatro|quattro|cuatro")
_TWO = _chambers(2, "two|zwei|twee|deux|due|dos|dois|duas")
_THREE = _chambers(3, "three|drei|drie|trois|tre|tres|três")
_OUT = r"(?: ?out\w*(?: flow\w*| tract)?)"

# Where two match at one place, the first counts: a 3-chamber view is often called "LVOT 3ch".
_HEART = {
    View.THREE_CHAMBER: rf"(?:lvot )?{_THREE}|a?plax|apical long\w*|lv ?in\w*{_OUT}|sankuu?",
    View.RVOT: rf"rv ?ot\w*|rv{_OUT}|rv ?in\w*{_OUT}|rvio|pulm\w*{_OUT}"
    r"|tsvd|vsvd|chasse (?:du )?vd",
    View.LVOT: rf"lv ?ot\w*|lv{_OUT}|ao\w*{_OUT}|tsvi|vsve|chasse (?:du )?vg",
    View.FOUR_CHAMBER: rf"{_FOUR}|hlax?\d*|horizontal long\w*|grand axe horiz\w*|suihei\w*|shikuu?",
    View.TWO_CHAMBER: rf"{_TWO}|vlax?\d*|vertical long\w*|grand axe vert\w*|suichoku\w*|nikuu?",
    View.SAX: r"[a-z]*sax[a-z0-9]*|(?:cine|lge|de|psir)?sa\d*|s ax|shax|sh?[or]+t? ?ax\w*"
    r"|kurz\w*|ka|petits? axes?|eje corto|asse corto|eixo curto|korte as"
    r"|kort ?a(?:x|ks)\w*|tan ?jiku\w*",
}
_PATIENT = {View.AXIAL: r"ax|axial\w*|axiaal|axiais|tra|transv\w*|transax\w*|trasv\w*"}
# Planes of the right ventricle, vessels and valves, which `View` does not list. Their names may
# hold that of another view.
_OTHER = (
    r"rv ?[23] ?ch\w*|rv (?:two|three) ?ch\w*|[23] ?(?:ch|cav\w*) (?:rv|vd)"
    rf"|rv (?:vla|hla|lax?|long\w*)|rv ?in(?:flow|let)?(?!{_OUT})"
    rf"|(?:ao|aort\w*|pulm\w*)(?!{_OUT})|aov|mitral\w*|tricusp\w*"
)


def _whole(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<= )(?:{words})(?= )")


_HEART_PATTERNS = {view: _whole(words) for view, words in _HEART.items()}
_PATIENT_PATTERNS = {view: _whole(words) for view, words in _PATIENT.items()}
_OTHER_PATTERN = _whole(_OTHER)


def describe(words: str) -> View:
    """The view that a description names, or unknown."""
    words = _OTHER_PATTERN.sub(" ", words)
    for patterns in (_HEART_PATTERNS, _PATIENT_PATTERNS):
        found = {view: match.start() for view, p in patterns.items() if (match := p.search(words))}
        if found:
            return min(found, key=found.get)
    return View.UNKNOWN


def names_another(words: str) -> bool:
    """Whether a description names a plane that `View` does not list, and no view."""
    return bool(_OTHER_PATTERN.search(words)) and describe(words) is View.UNKNOWN
