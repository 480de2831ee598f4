"""A library is written as a dataset for others and read back, whole or not at all."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from cmrclip_lite.errors import CmrClipError, LibraryError
from cmrclip_lite.figures import first_pixels, moving_picture
from cmrclip_lite.library import CaseLibrary, Filters
from cmrclip_lite.library.sharing import export_library, load_library
from tests.library.shelf import cases, library

ROOT = Path(__file__).parents[2]
KEPT = ("impression", "findings", "picture", "acquisition", "sex", "age_band")


@pytest.fixture
def shelf(tiny_model, tmp_path) -> CaseLibrary:
    return library(tmp_path / "shelf", tiny_model)


@pytest.fixture
def folder(shelf, tmp_path) -> Path:
    """It, exported in three files of at most ten cases."""
    return export_library(shelf, tmp_path / "shared", rows_per_file=10, source="made up")


def kept(case) -> tuple:
    return tuple(getattr(case, name) for name in KEPT)


def test_a_loaded_library_finds_what_the_shared_one_does(shelf, folder, tmp_path, tiny_model):
    loaded = load_library(folder, tmp_path / "loaded")
    loaded.require(tiny_model)
    assert (loaded.name, loaded.layout, loaded.model_name) == ("ward round", "heart", "tiny")
    assert loaded.verify().ok and loaded.verify().cases == len(shelf) == 23
    records = shelf.get(shelf.ids[:4])
    for by, name in (("image", "embedding"), ("impression", "impression_embedding")):
        for query in (getattr(record, name) for record in records):
            one, other = shelf.search(query, 3, by=by), loaded.search(query, 3, by=by)
            same = pytest.approx([c.similarity for c in one], abs=1e-5)
            assert [c.similarity for c in other] == same
            assert list(map(kept, one)) == list(map(kept, other))
    query = shelf.embeddings[1]
    where = Filters(findings=("own finding",), field_strengths_t=(1.5,))
    for lib in (shelf, loaded):
        found = lib.search(query, 1, where=where, words='"EF 37"')[0]
        assert found.words and found.impression == "1. Dilated left ventricle, EF 37 %."
    assert CaseLibrary.open(tmp_path / "loaded").ids == loaded.ids


def test_ids_order_source_and_fingerprints_stay_behind(shelf, folder, tmp_path):
    loaded = load_library(folder, tmp_path / "loaded")
    assert sorted(loaded.ids) == [f"case-{i:06d}" for i in range(1, 24)]
    where = {tuple(v): i for i, v in enumerate(shelf.embeddings.tolist())}
    order = [where[tuple(v)] for v in loaded.embeddings.tolist()]
    assert sorted(order) == list(range(23)) and order != sorted(order)
    records = loaded.get(loaded.ids)
    assert {r.source for r in records} == {"made up"}
    assert {r.fingerprint for r in records} == {""}
    written = b"".join(p.read_bytes() for p in folder.rglob("*") if p.is_file())
    for trace in (b"ward-7", b"digest-", b"files-", b"archive of a hospital"):
        assert trace not in written


def test_two_exams_with_a_series_in_common_stay_known_as_such(shelf, folder, tmp_path):
    """And nobody who knows the digest of a series can tell where it is."""
    loaded = load_library(folder, tmp_path / "loaded")
    one, other = shelf.search(shelf.embeddings[0]), loaded.search(shelf.embeddings[0])
    assert len(one[0].folded) == len(other[0].folded) == 10
    again = export_library(shelf, tmp_path / "again")
    twin = load_library(again, tmp_path / "twin")
    known = [{d for r in lib.get(lib.ids) for d in r.content} for lib in (shelf, loaded, twin)]
    assert len(known[0]) == len(known[1]) == len(known[2])
    assert len(set.union(*known)) == 3 * len(known[0])


def test_ids_and_order_are_kept_when_asked_for(shelf, tmp_path):
    shared = export_library(shelf, tmp_path / "shared", keep_ids=True)
    assert load_library(shared, tmp_path / "loaded").ids == shelf.ids


def test_a_loaded_library_can_be_added_to(folder, tmp_path, tiny_model):
    loaded = load_library(folder, tmp_path / "loaded")
    assert loaded.add(tiny_model, cases(tiny_model, 2)) == 2
    assert loaded.add(tiny_model, cases(tiny_model, 2)) == 0
    assert len(loaded) == 25


def test_datasets_shows_pictures_and_vectors(shelf, folder, tmp_path, monkeypatch):
    """As whoever opens it on the Hub without this package."""
    datasets = pytest.importorskip("datasets")
    found = datasets.load_dataset(str(folder), split="train", cache_dir=str(tmp_path / "cache"))
    assert len(found) == 23
    assert found.features["picture"] == datasets.Image()
    assert found.features["embedding"] == datasets.List(datasets.Value("float32"), length=16)
    assert found.features["findings"] == datasets.List(datasets.Value("string"))
    by_vector = {tuple(v): i for i, v in enumerate(shelf.embeddings.tolist())}
    pictures = 0
    for row in found:
        record = shelf.get([shelf.ids[by_vector[tuple(row["embedding"])]]])[0]
        assert (row["impression"], tuple(row["findings"])) == (record.impression, record.findings)
        assert (row["impression_embedding"] is None) == (not record.impression)
        assert (row["picture"] is None) == (not record.picture)
        if record.picture:
            pictures += 1
            assert row["picture"].n_frames == 3
            shown = np.asarray(row["picture"].convert("L"))
            np.testing.assert_array_equal(shown, first_pixels(record.picture))
    assert pictures == 20


def test_the_card_tells_what_it_is(folder, shelf):
    from huggingface_hub import DatasetCard

    card = DatasetCard.load(folder / "README.md")
    info = card.data["dataset_info"]
    assert info["splits"][0]["num_examples"] == 23 and card.data["size_categories"] == ["n<1K"]
    files = list((folder / "data").iterdir())
    assert info["download_size"] == sum(f.stat().st_size for f in files) and len(files) == 3
    columns = pq.read_schema(files[0]).names
    assert [f["name"] for f in info["features"]] == columns
    assert all(f"`{name}`" in card.text for name in columns)
    assert card.data.license is None and "never for diagnosis" in card.text
    assert shelf.model_identity in card.text and "23 cases" in card.text
    assert "| LV dilated | `lv_dilation` | 17 |" in card.text
    assert "| own finding | `own finding` | 17 |" in card.text


def test_a_licence_is_stated_where_one_is_given(shelf, tmp_path):
    from huggingface_hub import DatasetCard

    shared = export_library(shelf, tmp_path / "shared", licence="cc-by-4.0")
    assert DatasetCard.load(shared / "README.md").data["license"] == "cc-by-4.0"


def test_a_text_that_seems_to_tell_of_a_person_is_not_shared(shelf, tmp_path, tiny_model):
    told = replace(cases(tiny_model, 1)[0], id="told", impression="Seen with Dr Smith, 03/04/2021.")
    shelf.add(tiny_model, [told])
    with pytest.raises(LibraryError) as refused:
        export_library(shelf, tmp_path / "shared")
    assert "'told' (a date, a title and a name)" in str(refused.value)
    assert "Smith" not in str(refused.value) and "2021" not in str(refused.value)
    assert [p.name for p in tmp_path.iterdir()] == ["shelf"]
    shared = export_library(shelf, tmp_path / "shared", reviewed=True)
    assert "declared that the cases had been reviewed" in (shared / "README.md").read_text()


def test_many_such_cases_are_counted(shelf, tmp_path, tiny_model):
    told = [replace(c, impression="MRN 12345678") for c in cases(tiny_model, 15)]
    shelf.add(tiny_model, told, replace=True)
    with pytest.raises(LibraryError, match="and 5 more. Look at them"):
        export_library(shelf, tmp_path / "shared")


def test_ids_are_looked_at_only_where_they_are_kept(shelf, tmp_path, tiny_model):
    shelf.add(tiny_model, [replace(cases(tiny_model, 1)[0], id="19480312-0042")])
    with pytest.raises(LibraryError, match="a long number"):
        export_library(shelf, tmp_path / "kept", keep_ids=True)
    export_library(shelf, tmp_path / "new")


def test_text_in_a_picture_is_seen(shelf, tmp_path, tiny_model):
    from PIL import Image, ImageDraw

    image = Image.fromarray(np.full((88, 88), 40, np.uint8))
    ImageDraw.Draw(image).text((3, 70), "SMITH 12345", fill=255)
    picture = moving_picture(np.repeat(np.asarray(image)[None], 3, 0), size=160)
    shelf.add(tiny_model, [replace(cases(tiny_model, 1)[0], id="drawn", picture=picture)])
    with pytest.raises(LibraryError, match=r"'drawn' \(text in the picture\)"):
        export_library(shelf, tmp_path / "shared")


def test_a_source_or_name_may_not_tell_either(shelf, tmp_path):
    with pytest.raises(LibraryError, match="The source seems to hold the name of an institution"):
        export_library(shelf, tmp_path / "shared", source="Mercy Hospital")


def test_a_damaged_case_is_not_shared(shelf, tmp_path, tiny_model):
    shelf._table.update(where="id = 'ward-7-0003'", values={"sex": "male"})
    with pytest.raises(LibraryError, match="'ward-7-0003' is not as it was written"):
        export_library(CaseLibrary.open(tmp_path / "shelf"), tmp_path / "shared")
    assert [p.name for p in tmp_path.iterdir()] == ["shelf"]


@pytest.mark.parametrize("what", ["export", "load"])
def test_a_folder_that_holds_something_is_left_alone(shelf, folder, tmp_path, what):
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "notes.txt").write_text("mine")
    with pytest.raises(LibraryError, match="'taken' is not empty"):
        export_library(shelf, taken) if what == "export" else load_library(folder, taken)
    assert [p.name for p in taken.iterdir()] == ["notes.txt"]


def test_an_empty_folder_is_taken(folder, tmp_path):
    (tmp_path / "empty").mkdir()
    assert len(load_library(folder, tmp_path / "empty")) == 23


def break_bytes(folder: Path) -> None:
    path = folder / "data" / "train-00001-of-00003.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def other_format(folder: Path) -> None:
    index = json.loads((folder / "library.json").read_text())
    (folder / "library.json").write_text(json.dumps(index | {"format": "1", "files": None}))


def other_model(folder: Path) -> None:
    index = json.loads((folder / "library.json").read_text())
    (folder / "library.json").write_text(json.dumps(index | {"model_identity": "other"}))


def no_parquet(folder: Path) -> None:
    """A file that is as its index says, but no Parquet."""
    import hashlib

    index = json.loads((folder / "library.json").read_text())
    index["files"][1]["sha256"] = hashlib.sha256(b"PAR1 no").hexdigest()
    (folder / "library.json").write_text(json.dumps(index))
    (folder / "data" / "train-00001-of-00003.parquet").write_bytes(b"PAR1 no")


def twice(folder: Path) -> None:
    """The second file is the first once more, and the index knows of it."""
    index = json.loads((folder / "library.json").read_text())
    index["files"][1] = index["files"][0]
    (folder / "library.json").write_text(json.dumps(index))
    data = folder / "data"
    shutil.copy(data / "train-00000-of-00003.parquet", data / "train-00001-of-00003.parquet")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (break_bytes, "train-00001-of-00003.parquet of the folder 'shared' is not as it was"),
        (no_parquet, "train-00001-of-00003.parquet of the folder 'shared' is not as it was"),
        (twice, "is damaged, there twice"),
        (other_model, "or of another model"),
        (other_format, "of format 1, and this version of cmrclip-lite reads 2"),
        (lambda f: (f / "library.json").write_text("[]"), "library.json of .* is damaged"),
        (lambda f: (f / "library.json").unlink(), "holds no case library that was exported"),
        (lambda f: shutil.rmtree(f / "data"), "train-00000-of-00003.parquet is missing"),
    ],
)
def test_a_dataset_that_is_spoiled_or_no_library_is_told(folder, tmp_path, spoil, said):
    spoil(folder)
    with pytest.raises(LibraryError, match=said):
        load_library(folder, tmp_path / "loaded")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["shared", "shelf"]


def test_a_name_that_is_nothing_and_a_revision_of_a_folder(folder, tmp_path):
    with pytest.raises(LibraryError, match="There is no folder nowhere, and it is no Hub id"):
        load_library("nowhere", tmp_path / "loaded")
    with pytest.raises(LibraryError, match="A folder has no revisions"):
        load_library(folder, tmp_path / "loaded", revision="v1")


def test_an_empty_library_is_not_exported(shelf, tmp_path):
    shelf.remove(shelf.ids)
    with pytest.raises(LibraryError, match="holds no case"):
        export_library(shelf, tmp_path / "shared")


FULL = """
import sys
from pathlib import Path
from cmrclip_lite.errors import LibraryError
from cmrclip_lite.library import CaseLibrary
from cmrclip_lite.library.sharing import export_library, load_library
what, given, small = sys.argv[1:]
try:
    if what == "export":
        export_library(CaseLibrary.open(given), Path(small) / "out", reviewed=True)
    else:
        load_library(given, Path(small) / "out")
except LibraryError as error:
    print(error)
print(sorted(p.name for p in Path(small).iterdir()))
"""


@pytest.mark.slow
@pytest.mark.parametrize("what", ["export", "load"])
def test_a_full_disk_leaves_nothing(tiny_model, tmp_path, what):
    """A real one: a small file system in memory, which only the process itself sees."""
    large = cases(tiny_model, 200, noise=40_000)
    many = CaseLibrary.create(tmp_path / "many", "many", tiny_model, large)
    given = tmp_path / "many"
    if what == "load":
        given = export_library(many, tmp_path / "shared", reviewed=True)
    small = tmp_path / "small"
    small.mkdir()
    mount = 'mount -t tmpfs -o size=3m none "$1" && shift && exec "$@"'
    command = ["unshare", "-rm", "sh", "-c", mount, "sh"]
    if shutil.which("unshare") is None or subprocess.run([*command, small, "true"]).returncode:
        pytest.skip("this machine lets nobody mount a small file system")
    done = subprocess.run(
        [*command, small, sys.executable, "-c", FULL, what, given, small],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    said, left = done.stdout.splitlines()
    assert "no space left" in said or "disk is full" in said, done.stderr
    assert left == "[]"


LOADING = """
import sys
from cmrclip_lite.library.sharing import load_library
print("ready", flush=True)
load_library(sys.argv[1], sys.argv[2])
print("done", flush=True)
"""


@pytest.mark.slow
def test_killed_at_any_moment_it_is_complete_or_absent(tiny_model, tmp_path):
    large = cases(tiny_model, 3000, noise=20_000)
    many = CaseLibrary.create(tmp_path / "many", "many", tiny_model, large)
    shared = export_library(many, tmp_path / "shared", reviewed=True, rows_per_file=700)
    out = tmp_path / "loaded"

    def run(seconds: float | None) -> float:
        """Start a load, kill it after so long; how long it ran."""
        command = [sys.executable, "-c", LOADING, shared, out]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout.readline() == "ready\n"
            start = time.monotonic()
            if seconds is None:
                assert process.stdout.readline() == "done\n"
            else:
                time.sleep(seconds)
                process.kill()
        return time.monotonic() - start

    whole = run(None)
    midway = 0
    for share in np.linspace(0.1, 1.0, 6):
        shutil.rmtree(out, ignore_errors=True)
        run(whole * share)
        if out.exists():
            found = CaseLibrary.open(out)
            assert len(found) == 3000 and found.verify().ok
            assert found.search(found.embeddings[0], 1, words="dilated")
        else:
            midway += (tmp_path / ".loaded.cmrclip-partial").exists()
    assert midway > 0  # killed while it was being written
    shutil.rmtree(out, ignore_errors=True)
    assert load_library(shared, out).verify().ok
    assert sorted(p.name for p in tmp_path.iterdir()) == ["loaded", "many", "shared"]


def test_a_picture_that_cannot_be_shown_is_named(shelf, tmp_path, tiny_model):
    shelf.add(tiny_model, [replace(cases(tiny_model, 1)[0], id="odd", picture=b"no picture")])
    with pytest.raises(CmrClipError, match="Case 'odd': This moving picture cannot be shown"):
        export_library(shelf, tmp_path / "shared")
