"""DICOM files spoiled by someone who knows the standard.

A mutator changes a tree (`dicom_tree.File`) in place; its name is the kind of the mutant.
"""

from __future__ import annotations

import copy
import struct
from random import Random

from pydicom.uid import AllTransferSyntaxes

from .dicom_tree import PIXELS, UNDEFINED, Element, File, encode
from .values import FLOATS, TEXTS, WHOLE, WORDS, whole

_IMAGE = (
    0x00280002, 0x00280006, 0x00280008, 0x00280010, 0x00280011, 0x00280100, 0x00280101,
    0x00280102, 0x00280103,
)  # fmt: skip
_TIMES = (0x00181060, 0x00181063, 0x00181062, 0x00180081, 0x00180082, 0x00200013, 0x00200011)
_GEOMETRY = (0x00280030, 0x00200032, 0x00200037, 0x00180050)
_REPRESENTATIONS = (
    b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"OB",
    b"OD", b"OF", b"OL", b"OV", b"OW", b"PN", b"SH", b"SL", b"SQ", b"SS", b"ST", b"SV", b"TM",
    b"UC", b"UI", b"UL", b"UN", b"UR", b"US", b"UT", b"UV", b"??", b"\0\0", b"\xff\xff",
)  # fmt: skip
_NUMERIC = (b"US", b"SS", b"UL", b"SL", b"FL", b"FD", b"DS", b"IS")


def remove(rng: Random, file: File) -> None:
    for _ in range(rng.choice((1, 1, 1, 3, 10))):
        places = file.every()
        if places:
            home, element = rng.choice(places)
            home[:] = [other for other in home if other is not element]


def duplicate(rng: Random, file: File) -> None:
    home, element = rng.choice(file.every())
    home.insert(rng.randrange(len(home) + 1), copy.deepcopy(element))


def swap(rng: Random, file: File) -> None:
    a, b = rng.choice(file.every())[1], rng.choice(file.every())[1]
    if rng.random() < 0.5:
        a.tag, b.tag = b.tag, a.tag
    else:
        a.value, b.value = b.value, a.value
        a.items, b.items = copy.deepcopy(b.items), copy.deepcopy(a.items)


def shuffle(rng: Random, file: File) -> None:
    rng.shuffle(file.body)


def representation(rng: Random, file: File) -> None:
    rng.choice(file.every())[1].vr = rng.choice(_REPRESENTATIONS)


def length(rng: Random, file: File) -> None:
    element = rng.choice(file.every() + [(file.meta, e) for e in file.meta])[1]
    true = len(element.value)
    element.stated = rng.choice(
        (0, 1, true + 1, true + 2, max(0, true - 1), max(0, true - 2), 0xFFFF, UNDEFINED,
         0x80000000, 0x7FFFFFFF, UNDEFINED - 1, 1 << 20)
    )  # fmt: skip


def number(rng: Random, file: File) -> None:
    for _ in range(rng.choice((1, 1, 2, 4))):
        _spoil_number(rng, file, [e for _, e in file.every() if e.vr in _NUMERIC])


def image_module(rng: Random, file: File) -> None:
    for _ in range(rng.choice((1, 1, 2, 3))):
        tag = rng.choice(_IMAGE)
        element = _wanted(file, tag, b"IS" if tag == 0x00280008 else b"US")
        element.value = file.number(element, whole(rng, 16))
        if tag == 0x00280008 and rng.random() < 0.5:
            element.value = rng.choice((b"0", b"-5", b"1000000", b"2147483647", b"49999", b"1e5"))


def bits(rng: Random, file: File) -> None:
    for tag in (0x00280100, 0x00280101, 0x00280102):
        if rng.random() < 0.7:
            element = _wanted(file, tag, b"US")
            element.value = file.number(element, rng.choice((0, 1, 2, 7, 8, 12, 15, 16, 24, 32,
                                                             33, 64, 65535)))  # fmt: skip


def sides(rng: Random, file: File) -> None:
    for tag in (0x00280010, 0x00280011):
        element = _wanted(file, tag, b"US")
        element.value = file.number(element, rng.choice((0, 1, 2, 3, 64, 4096, 8192, 65535)))


def rescale(rng: Random, file: File) -> None:
    for tag in (0x00281053, 0x00281052):
        element = _wanted(file, tag, b"DS")
        element.value = rng.choice(TEXTS) if element.vr == b"DS" else b"\xff" * 8


def times(rng: Random, file: File) -> None:
    _spoil_number(rng, file, [_wanted(file, rng.choice(_TIMES), b"DS")])


def geometry(rng: Random, file: File) -> None:
    element = _wanted(file, rng.choice(_GEOMETRY), b"DS")
    parts = [rng.choice(TEXTS) for _ in range(rng.choice((0, 1, 2, 3, 6, 100)))]
    element.value = b"\\".join(parts)


def multiplicity(rng: Random, file: File) -> None:
    element = rng.choice(file.every())[1]
    count = rng.choice((0, 2, 3, 1000))
    glue = b"" if element.vr in (b"US", b"UL", b"FD", b"SS", b"FL") else b"\\"
    element.value = glue.join([element.value] * count)


def text(rng: Random, file: File) -> None:
    element = rng.choice(file.every())[1]
    element.value = element.value[: rng.choice((0, 4, 100))] + rng.choice(WORDS)


def character_set(rng: Random, file: File) -> None:
    element = _wanted(file, 0x00080005, b"CS")
    element.value = rng.choice((b"ISO_IR 192", b"GB18030", b"\\ISO 2022 IR 87", b"rot13", b"zlib",
                                b"undefined", b"idna", b"ISO_IR 999"))  # fmt: skip


def nest(rng: Random, file: File) -> None:
    """A sequence in a sequence, a thousand deep, as bytes: no recursion is needed to write it."""
    depth = rng.choice((50, 1000, 1000, 3000))
    tag = rng.choice((0x00081140, 0x52009229, 0x52009230, 0x00091001))
    undefined = rng.random() < 0.5
    inner = b""
    for _ in range(depth):
        item = struct.pack(file.order + "HHI", 0xFFFE, 0xE000, len(inner)) + inner
        element = Element(tag, b"SQ", item, undefined=undefined, delimited=rng.random() < 0.99)
        inner = encode(element, file.order, file.implicit)
    item = struct.pack(file.order + "HHI", 0xFFFE, 0xE000, len(inner)) + inner
    _add(file, Element(tag, b"SQ", item))


def undelimited(rng: Random, file: File) -> None:
    element = rng.choice(file.every())[1]
    element.undefined, element.delimited = True, False


def transfer_syntax(rng: Random, file: File) -> None:
    stated = next((e for e in file.meta if e.tag == 0x00020010), None)
    if stated is None:
        stated = Element(0x00020010, b"UI")
        file.meta.append(stated)
    odd = (b"1.2.840.10008.1.2.1.98", b"1.2.840.113619.5.2", b"", b"9" * 64, b"JPEG", b"1.2\\1.3")
    choices = [uid.encode() for uid in AllTransferSyntaxes] + list(odd)
    stated.value = rng.choice(choices)


def meta_group(rng: Random, file: File) -> None:
    choice = rng.randrange(4)
    if choice == 0:
        file.meta.clear()
    elif choice == 1:
        file.prefix = b""
    elif file.meta:
        group = next((e for e in file.meta if e.tag == 0x00020000), file.meta[0])
        group.value = struct.pack("<I", rng.choice(WHOLE) & UNDEFINED)


def groups(rng: Random, file: File) -> None:
    """Functional groups dropped, shuffled, emptied or repeated."""
    for tag in (0x52009230, 0x52009229):
        element = file.find(tag)
        if element is None or not element.items:
            continue
        choice = rng.randrange(6)
        if choice == 0:
            element.items = element.items[: rng.randrange(len(element.items))]
        elif choice == 1:
            rng.shuffle(element.items)
        elif choice == 2:
            rng.choice(element.items).clear()
        elif choice == 3:
            element.items = element.items * rng.choice((2, 40))
        elif choice == 4:
            element.items, element.value = None, rng.randbytes(20)
        else:
            element.items = [[] for _ in element.items]


def pixels(rng: Random, file: File) -> None:
    """Pixels that are longer, shorter, elsewhere, twice, or in another element."""
    element = file.find(PIXELS)
    if element is None:
        return
    choice = rng.randrange(5)
    if choice == 0:
        element.value = element.value[: rng.randrange(len(element.value) + 1)]
    elif choice == 1:
        element.tag = rng.choice((0x7FE00008, 0x7FE00009, 0x7FE10010, 0x00280010))
    elif choice == 2:
        file.body.insert(rng.randrange(len(file.body)), copy.deepcopy(element))
    elif choice == 3:
        element.vr = rng.choice((b"OB", b"OW", b"UN", b"OF", b"US", b"SQ"))
    else:
        element.value += rng.randbytes(999)


def fragments(rng: Random, file: File) -> None:
    """Encapsulated pixels: offset tables that lie, codestreams cut, split or swapped."""
    element = file.find(PIXELS)
    if element is None:
        return
    if element.fragments is None:
        element.fragments, element.undefined = [b"", element.value], True
    parts = element.fragments
    choice = rng.randrange(8)
    if choice == 0:
        count = rng.choice((1, 3, len(parts), 2000))
        parts[0] = b"".join(struct.pack(file.order + "I", whole(rng, 32)) for _ in range(count))
    elif choice == 1:
        element.delimited = False
    elif choice == 2 and len(parts) > 1:
        at = rng.randrange(1, len(parts))
        parts[at] = parts[at][: rng.randrange(len(parts[at]) + 1)]
    elif choice == 3 and len(parts) > 1:
        at = rng.randrange(1, len(parts))
        cut = rng.randrange(len(parts[at]) + 1)
        parts[at : at + 1] = [parts[at][:cut], parts[at][cut:]]
    elif choice == 4:
        rng.shuffle(parts)
    elif choice == 5 and len(parts) > 1:
        # The first bytes of a codestream say its size, depth and components.
        at = rng.randrange(1, len(parts))
        spoiled = bytearray(parts[at])
        for _ in range(rng.choice((1, 2, 8))):
            if spoiled:
                spoiled[rng.randrange(min(len(spoiled), 120))] = rng.choice((0, 1, 127, 128, 255))
        parts[at] = bytes(spoiled)
    elif choice == 6:
        parts[1:] = [b""] * rng.choice((0, 1, 5, 1000))
    else:
        lie = b"".join(struct.pack(file.order + "Q", rng.choice(WHOLE)) for _ in parts[1:])
        _add(file, Element(0x7FE00001, b"OV", lie))
        _add(file, Element(0x7FE00002, b"OV", lie))


STRUCTURAL = (
    remove, duplicate, swap, shuffle, representation, length, number, image_module, bits, sides,
    rescale, times, geometry, multiplicity, text, character_set, nest, undelimited,
    transfer_syntax, meta_group, groups, pixels, fragments,
)  # fmt: skip


def _spoil_number(rng: Random, file: File, among: list[Element]) -> None:
    if not among:
        return
    element = rng.choice(among)
    if element.vr in (b"DS", b"IS"):
        element.value = rng.choice(TEXTS)
    elif element.vr in (b"FD", b"FL"):
        code = "d" if element.vr == b"FD" else "f"
        value = rng.choice(FLOATS)
        if code == "f" and abs(value) > 3.4e38 and value == value:
            value = float("inf")
        element.value = struct.pack(file.order + code, value)
    else:
        element.value = file.number(element, whole(rng, 16))


def _wanted(file: File, tag: int, vr: bytes) -> Element:
    """The element of a tag, put into the file where it is missing."""
    found = file.find(tag)
    if found is None:
        found = Element(tag, vr)
        _add(file, found)
    return found


def _add(file: File, element: Element) -> None:
    at = next((i for i, e in enumerate(file.body) if e.tag > element.tag), len(file.body))
    file.body.insert(at, element)
