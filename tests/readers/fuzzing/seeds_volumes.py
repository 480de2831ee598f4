"""NIfTI, NumPy, NRRD and video files of one small cine."""

from __future__ import annotations

import gzip
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path

import nibabel
import numpy as np

from tests import dicom_maker as maker


def volumes() -> Iterator[tuple[str, str, bytes]]:
    """Name (its last word is that of the file), form and bytes of each."""
    cine = np.stack([[maker.picture(z, t, 8) for t in range(5)] for z in range(2)])
    yield from _nifti(cine)
    yield from _numpy(cine)
    yield from _nrrd(cine)
    yield from _pictures(cine)
    yield from _video()


def _nifti(cine: np.ndarray) -> Iterator[tuple[str, str, bytes]]:
    affine = np.array([[0.9, 0.2, 1, -40], [-0.2, 1.1, 5, 9], [0.1, -0.3, 8, 70], [0, 0, 0, 1]])
    voxels = cine.transpose(3, 2, 0, 1)
    for name, kind, order, stored in (
        ("sax.nii", nibabel.Nifti1Image, "<", np.int16),
        ("sax_be.nii", nibabel.Nifti1Image, ">", np.int16),
        ("sax_f.nii", nibabel.Nifti1Image, "<", np.float32),
        ("sax_two.nii", nibabel.Nifti2Image, "<", np.uint16),
    ):
        header = kind.header_class(endianness=order)
        header.set_data_dtype(stored)
        image = kind(voxels.astype(stored), affine, header)
        if stored is np.float32:
            image.header.set_slope_inter(2.0, -1.0)
        image.header["descrip"] = b"Wintergreen Rosalind"
        data = image.to_bytes()
        yield name, "nifti", data
        yield f"{name}.gz", "nifti", gzip.compress(data, mtime=0)


def _numpy(cine: np.ndarray) -> Iterator[tuple[str, str, bytes]]:
    for name, array in {"stack.npy": cine, "one.npy": cine[0].astype(">f4")}.items():
        stream = io.BytesIO()
        np.save(stream, array)
        yield name, "npy", stream.getvalue()
    for name, save in {"stack.npz": np.savez, "packed.npz": np.savez_compressed}.items():
        stream = io.BytesIO()
        save(stream, pixels=cine, spacing_mm=[8.0, 1.5, 1.25], view="SAX")
        yield name, "npz", stream.getvalue()


def _nrrd(cine: np.ndarray) -> Iterator[tuple[str, str, bytes]]:
    header = (
        "NRRD0005\n# Wintergreen Rosalind\ntype: int16\ndimension: 4\nspace: "
        "left-posterior-superior\nsizes: 5 8 8 2\nspace directions: none (1.2,0,0.1) (0,1.2,0) "
        "(0,0,8)\nspace origin: (-40,9,70)\nkinds: list domain domain domain\nendian: little\n"
        "encoding: {}\npatient:=Wintergreen\n\n"
    )
    data = cine.transpose(1, 3, 2, 0).astype("<i2").tobytes(order="F")
    yield "sax.nrrd", "nrrd", header.format("raw").encode() + data
    packed = gzip.compress(data, mtime=0)
    yield "packed.nrrd", "nrrd", header.format("gzip").encode() + packed


def _pictures(cine: np.ndarray) -> Iterator[tuple[str, str, bytes]]:
    try:
        from PIL import Image
    except ImportError:
        return
    frames = [Image.fromarray((frame % 256).astype(np.uint8)) for frame in cine[0]]
    for name, options in {"cine.gif": {}, "cine.webp": {"lossless": True}, "cine.png": {}}.items():
        stream = io.BytesIO()
        form = name.split(".")[1]
        try:
            frames[0].save(
                stream, form, save_all=True, append_images=frames[1:], duration=50, **options
            )
        except (KeyError, OSError):
            continue  # this Pillow was built without that format
        yield name, "picture", stream.getvalue()


def _video() -> Iterator[tuple[str, str, bytes]]:
    try:
        import cv2
    except ImportError:
        return
    for name, code in {"cine.avi": "MJPG", "cine.mp4": "mp4v"}.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*code), 20.0, (32, 32))
            for t in range(6):
                writer.write(np.full((32, 32, 3), 40 * t, np.uint8))
            writer.release()
            data = path.read_bytes() if path.is_file() else b""
        if data:
            yield name, "video", data
