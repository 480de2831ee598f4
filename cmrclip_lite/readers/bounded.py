"""How much of a DICOM data set is parsed before it is called damaged.

An empty element takes eight bytes of a file and an empty item too, but microseconds and, for the
item, a kilobyte of memory to parse: a few megabytes of them would keep a reader busy for minutes.
"""

from __future__ import annotations

import io

# Less than this is parsed in a moment whatever it holds.
SMALL_BYTES = 1 << 16
# An enhanced file of 5,000 frames, its sequences written without lengths, has about 60,000 items
# and takes about a million reads.
MOST_READS = 1_500_000
MOST_ITEMS = 150_000
_ITEM_TAGS = (b"\xfe\xff\x00\xe0", b"\xff\xfe\xe0\x00")


class BoundedBytes(io.BytesIO):
    """A data set in memory that refuses to be read in too many small pieces.

    Raises:
        ValueError: here if the data hold too many sequence items, later from `read`.
    """

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._left = MOST_READS
        if any(data.count(tag) > MOST_ITEMS for tag in _ITEM_TAGS):
            raise ValueError("more items than an exam has")

    def read(self, size: int | None = -1) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise ValueError("more elements than an exam has")
        return super().read(size)
