"""What may be wrong with an exam itself, in sentences for a person.

Each check looks for one flaw of the acquisition and says, at most once per study, what was seen
and what it may do to a score. A check that cannot be made (no times, no positions) is silent, and
so is an exam without flaws. Thresholds were set on synthetic exams with known flaws and on real
ones; `benchmarks/quality.py` prints how often each flaw is found, and how often wrongly.

The checks look at coarse grids and at some of the pixels, so that they cost a few milliseconds.
"""

from __future__ import annotations

import numpy as np

from ..study import Study
from . import alignment, frames, geometry, heart, timing, writing

# More than this is not read.
MOST_NOTES = 6


def quality_notes(study: Study) -> list[str]:
    """Sentences on what looks wrong with an exam, most important first.

    Args:
        study: read, its views told; it is not changed.

    Returns:
        At most `MOST_NOTES` sentences, none for an exam in which nothing was found.
    """
    # Values near the limits of their type overflow; then no check has anything to say.
    with np.errstate(all="ignore"):
        seen, sparse = heart.look(study), frames.look(study)
        sizes = geometry.implausible_sizes(study)
        # What spoils every score first, what blurs some of them last.
        notes = (
            sizes,
            writing.text_in_pixels(study),
            frames.blank_frames(sparse),
            seen and heart.cut_off(seen),
            # Of a wrong spacing it is said once.
            seen and not sizes and heart.implausible_size(seen),
            geometry.missing_slices(study),
            geometry.short_stack(study),
            timing.few_phases(study),
            timing.missing_phases(study),
            seen and alignment.misaligned_slices(seen),
            frames.repeated_frames(sparse),
            frames.odd_frames(sparse),
            timing.implausible_heartbeat(study),
            timing.uneven_phases(study),
            timing.changing_rhythm(study),
            geometry.wide_steps(study),
            frames.saturated_pixels(sparse),
        )
    return [note for note in notes if note][:MOST_NOTES]
