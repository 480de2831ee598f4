"""Files into frames: classic, multi-frame and enhanced files alike, one record per image.

Past this module there is no difference between them.
"""

from __future__ import annotations

from .records import Frame, Header
from .tags import Elements


def explode(ds: Elements, header: Header) -> list[Frame]:
    """Explode a file into its frames; a value is looked up per frame, then shared, then plain."""
    shared = ds.items(0x52009229)[:1]
    per_frame = ds.items(0x52009230)
    # GE classic files may carry an empty group, which says nothing of its one frame.
    if not shared and not any(len(item) for item in per_frame):
        return _classic_frames(ds, header)
    frames = []
    for index in range(header.frame_count):
        own = per_frame[index : index + 1]
        frames.append(_frame(ds, header, index, _Groups(own + shared, ds)))
    return frames


def _classic_frames(ds: Elements, header: Header) -> list[Frame]:
    first = _frame(ds, header, 0, _Groups([], ds))
    frames = [first]
    # Many frames without geometry of their own are one slice over time; FrameTime or the
    # recommended rate gives the step between them.
    step = ds.number(0x00181063, "DS")
    start = first.times.get("trigger", 0.0)
    for index in range(1, header.frame_count):
        frame = _frame(ds, header, index, _Groups([], ds))
        frame.times = {"frame": float(index)}
        if step and step > 0:
            frame.times["trigger"] = start + index * step
        frames.append(frame)
    if header.frame_count > 1:
        first.times = {"frame": 0.0} | ({"trigger": start} if step and step > 0 else {})
    return frames


class _Groups:
    """Looks a value up in a frame's functional groups, then in the data set itself."""

    def __init__(self, groups: list[Elements], ds: Elements) -> None:
        self._groups, self._ds = groups, ds

    def inside(self, sequence: int) -> Elements:
        for group in self._groups:
            found = group.items(sequence)
            if found:
                return found[0]
        return self._ds


def _frame(ds: Elements, header: Header, index: int, groups: _Groups) -> Frame:
    content = groups.inside(0x00209111)
    cardiac = groups.inside(0x00189118)
    measures = groups.inside(0x00289110)
    scaling = groups.inside(0x00289145)
    modifier = groups.inside(0x00189115)
    kind = groups.inside(0x00189226)
    position = groups.inside(0x00209113).numbers(0x00200032, "DS")
    orientation = groups.inside(0x00209116).numbers(0x00200037, "DS")
    spacing = measures.numbers(0x00280030, "DS") or ds.numbers(0x00181164, "DS")
    candidates = {
        "trigger_delay": cardiac.number(0x00209153, "FD"),
        "trigger": ds.number(0x00181060, "DS"),
        "temporal_index": content.number(0x00209128, "UL"),
        "temporal_position": ds.number(0x00200100, "IS"),
        "acquisition_time": content.clock_ms(0x00189074) or ds.clock_ms(0x00080032),
        "content_time": ds.clock_ms(0x00080033),
        "instance": ds.number(0x00200013, "IS"),
        "frame": float(index),
    }
    nominal = cardiac.number(0x00209251, "FD") or ds.number(0x00181062, "IS")
    rate = ds.number(0x00181088, "IS")
    rr_ms = nominal if nominal and 250 <= nominal <= 3000 else None
    if rr_ms is None and rate and 20 <= rate <= 240:
        rr_ms = 60_000.0 / rate
    image_type = tuple(p.upper() for p in kind.texts(0x00089007)) or header.image_type
    complex_part = kind.text(0x00089208).upper()
    slope = scaling.number(0x00281053, "DS")
    inversion_ms = ds.number(0x00180082, "DS") or modifier.number(0x00189079, "FD")
    return Frame(
        header=header,
        index=index,
        position=position if position and len(position) == 3 else None,
        orientation=orientation if orientation and len(orientation) == 6 else None,
        spacing=(spacing[0], spacing[1]) if spacing and len(spacing) >= 2 else None,
        thickness=measures.number(0x00180050, "DS"),
        slope=slope if slope else 1.0,
        intercept=scaling.number(0x00281052, "DS") or 0.0,
        times={key: value for key, value in candidates.items() if value is not None},
        rr_ms=rr_ms,
        image_type=image_type + ((complex_part,) if complex_part else ()),
        echo_ms=groups.inside(0x00189114).number(0x00189082, "FD") or ds.number(0x00180081, "DS"),
        inversion_ms=inversion_ms if inversion_ms and inversion_ms > 0 else None,
        inversion="IR" in header.scanning or modifier.text(0x00189009).upper() == "YES",
        velocity=_encodes_velocity(ds, groups),
    )


def _encodes_velocity(ds: Elements, groups: _Groups) -> bool:
    venc = groups.inside(0x00189197).numbers(0x00189217, "FD")
    return ds.text(0x00189014).upper() == "YES" or bool(venc and any(v != 0 for v in venc))
