"""Exams from elsewhere, made from exams at hand: shifts of a study, and what a model makes of them.

    from cmrclip_lite.robustness import SHIFTS, scores_before_and_after, shifted

    noisy = shifted(study, "noise", strength=3)
    changes = scores_before_and_after(model, study, "noise", 3, ["LV dilated"])

`shifts.py` is the table of what can be done to a study, `acquired`, `greys`, `placed` and `held` do
it, `one_study` scores one study before and after, `measure` a whole cohort, and `wording` asks the
same in other words.
"""

from .measure import Embedded, Response, embed_shifted, join, respond
from .one_study import ScoreChange, scores_before_and_after
from .shifts import MIDDLE, SHIFTS, STRENGTHS, Shift, shifted
from .wording import WordingSpread, wording_spread

__all__ = [
    "MIDDLE",
    "SHIFTS",
    "STRENGTHS",
    "Embedded",
    "Response",
    "ScoreChange",
    "Shift",
    "WordingSpread",
    "embed_shifted",
    "join",
    "respond",
    "scores_before_and_after",
    "shifted",
    "wording_spread",
]
