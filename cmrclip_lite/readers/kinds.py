"""What a slice's images are: a cine, late enhancement, or something the model does not see.

Tags that state physics come first, then the course of time, then the words of the description in
the habits of several vendors and languages.
"""

from __future__ import annotations

import re

import numpy as np

from ..study import Sequence
from .grouping import Slice

# A heartbeat lasts no longer than this (30 per minute); perfusion and dynamic series run on.
LONGEST_BEAT_MS = 2000.0

SINGLE = "single images without a time course, not recognised as late enhancement"

LATE_TOGETHER = "late enhancement with several images of one place"

_LGE = re.compile(
    r" (lge|late|delayed|psir|dhe|mde|viab\w*|de|spät\w*|spaet\w*|tardif|tardivo|realce) "
    r"| (de|lge|dhe|mde)(sax|lax|ir|tfi|tfl|psir)\w* |late gad"
)
_SCOUT = re.compile(
    r" (scout\w*|locali[sz]er\w*|loc|survey|plan\w*|topogram|pilot|repér\w*|übersicht\w*|haste"
    r"|smartbrain|3 plane|3pl|tiscout|ti scout|look locker) "
)
_MAPPING = re.compile(
    r" (molli\w*|shmolli\w*|sasha|smart1map|t1map\w*|t2map\w*|map\w*|t1|t2|t2star|ecv|t2w|stir|"
    r"tirm|dixon|dark blood|black blood|tse|db) "
)
_PERFUSION = re.compile(r" (perf\w*|first pass|stress|rest|dynamic|dyn|adenosine|tfl sr\w*) ")
_FLOW = re.compile(r" (flow\w*|fluss\w*|venc\w*|velocity|phase contrast|qflow|pc|pcmra|4dflow) ")
_TAGGING = re.compile(r" (tag\w*|spamm|cspamm|grid\w*|dense|sense tag) ")
_ELSEWHERE = re.compile(
    r" (brain\w*|head|neuro\w*|skull|kopf\w*|schädel|cerveau|cranio\w*|csf|liquor|spine|lspine|"
    r"cspine|tspine|lumbar|cervical|neck|knee|knie|genou|hip|shoulder|ankle|wrist|elbow|hand|foot|"
    r"extremity|pelvis|prostate|breast|uterus|fetal|fetus|mrcp|kidneys?|bowel|enterography) "
)
_HEART = re.compile(
    r" (heart|herz\w*|card\w*|cor|coeur|cuore|coraz\w*|hjerte|sax|lax|[234] ?ch\w*|[lr]vot\w*|"
    r"ventric\w*|short axis|long axis|chamber\w*) "
)
_MADE = re.compile(r" (mip|mpr|subtraction|sub|cine tool|screen\w*) ")

# Siemens names a velocity-encoded sequence like "*fl2d1_v150in".
_SIEMENS_VENC = re.compile(r"_v\d+(in|fh|ap|rl|_|$)")


def kind(found: Slice) -> Sequence | str:
    """The sequence of a slice, or words for why it is set aside."""
    first = found.frames[0]
    header, words = first.header, first.header.words
    parts = set(first.image_type)
    count = len(found.frames)
    inversions = {round(f.inversion_ms) for f in found.frames if f.inversion_ms}
    if header.samples != 1 or header.photometric.startswith(("RGB", "YBR", "PALETTE")):
        return "colour images, not raw MR"
    if parts & {"LOCALIZER", "SCOUT"} or _SCOUT.search(words):
        return "scouts, made to plan other images"
    if _ELSEWHERE.search(header.body_part + words) and not _HEART.search(words):
        return "images of another part of the body"
    if _MADE.search(words) or parts & {"MPR", "MIP", "PROJECTION IMAGE", "SUBTRACTION"}:
        return "images computed from others"
    late = bool(_LGE.search(words))
    named_cine = " cine " in words
    mapping = not named_cine and bool(_MAPPING.search(words))
    mapping = mapping or any(re.match(r"T[12]\S* ?MAP|ECV", part) for part in parts)
    if count == 1:
        if late and not mapping:
            return Sequence.LGE
        if mapping:
            return "mapping or anatomy, neither cine nor late enhancement"
        # Without words, an inversion pulse with a single fixed delay means late enhancement.
        if first.inversion and inversions and 120 <= min(inversions) <= 500:
            return Sequence.LGE
        return SINGLE
    if found.component != "magnitude" or first.velocity:
        return "phase contrast (flow)"
    if _SIEMENS_VENC.search(header.sequence_name.lower()) or _FLOW.search(words):
        return "phase contrast (flow)"
    if _TAGGING.search(words):
        return "tagging"
    if len(inversions) > 2 or mapping:
        return "mapping or anatomy, neither cine nor late enhancement"
    if _PERFUSION.search(words) and not named_cine:
        return "perfusion, over many heartbeats"
    if runs_past_one_beat(found):
        return "time points that run past one heartbeat, as in perfusion"
    if late:
        return LATE_TOGETHER
    if count < 4 and found.time_key in ("acquisition_time", "content_time", "instance", "frame"):
        return "few images of one place without heartbeat timing"
    return Sequence.CINE


def runs_past_one_beat(found: Slice) -> bool:
    """Whether the time points of a slice span more than one heartbeat.

    A cine's trigger times stay within one RR interval however many beats it took to acquire; a
    dynamic series has one image a beat, which shows in trigger or in acquisition times.
    """
    frames = found.frames
    rr = frames[0].rr_ms or LONGEST_BEAT_MS / 1.5
    if found.time_key in ("trigger", "trigger_delay"):
        return float(np.ptp(found.times)) > max(1.5 * rr, LONGEST_BEAT_MS)
    clock = [frame.times.get("acquisition_time") for frame in frames]
    if None in clock or len(set(clock)) < len(frames):
        return False
    step = float(np.median(np.diff(np.sort(np.array(clock, dtype=float)))))
    return step > 300.0 and step * len(frames) > LONGEST_BEAT_MS
