"""What the store writes is quick to look up, however it came there."""

from __future__ import annotations

import struct
from dataclasses import replace

from cmrclip_lite.library import CaseLibrary
from cmrclip_lite.library.store import FILES
from tests.library.shelf import cases


def test_every_file_has_the_format_that_is_quick_to_look_up(tiny_model, tmp_path):
    some = cases(tiny_model, 9)
    library = CaseLibrary.create(tmp_path / "library", "t", tiny_model, some[:4])
    library.add(tiny_model, some[4:])
    library.add(tiny_model, [replace(some[0], impression="1. Normal.")], replace=True)
    library.optimize()
    files = list((tmp_path / "library").glob("*.lance/data/*.lance"))
    assert len(files) > 3
    # A file ends with two numbers of its format and a word.
    formats = {struct.unpack("<HH4s", file.read_bytes()[-8:]) for file in files}
    assert formats == {(*map(int, FILES.split(".")), b"LANC")}
