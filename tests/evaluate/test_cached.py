"""A folder of exams is embedded once, whatever its reports say next time."""

from __future__ import annotations

import stat
from pathlib import Path

import numpy as np
import pytest

from benchmarks.library_faults import write_exams
from cmrclip_lite.evaluate import cached
from cmrclip_lite.evaluate.cached import cache_folder, embed_exams
from cmrclip_lite.library.build import building, plan_exams
from cmrclip_lite.readers import read_study

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv(cached.VARIABLE, str(tmp_path / "kept" / "cache"))
    return tmp_path / "kept" / "cache"


@pytest.fixture
def exams(tmp_path) -> Path:
    return write_exams(tmp_path / "exams", 4)


def plan(exams: Path):
    return plan_exams(exams, exams / "reports.csv")


def read_now(monkeypatch) -> list[str]:
    """The ids of exams that are read from here on."""
    results: list[str] = []
    run = building.Means.run

    def watched(self, items, model):
        for result in run(self, items, model):
            if not isinstance(result, building.Passed):
                results.append(result.id)
            yield result

    monkeypatch.setattr(building.Means, "run", watched)
    return results


def test_exams_are_read_once_and_again_when_their_files_change(exams, first, monkeypatch, cache):
    embed_exams(plan(exams), first, workers=1)
    # Of a report nothing is kept, and nobody else may look at what is.
    kept = b"".join(p.read_bytes() for p in cache.rglob("*") if p.is_file())
    assert kept and b"Disc number" not in kept and b"lv_dilation" not in kept
    assert str(exams).encode() not in kept and stat.S_IMODE(cache.stat().st_mode) == 0o700
    read = read_now(monkeypatch)
    reports = exams / "reports.csv"
    reports.write_text(reports.read_text().replace("lv_dilation", "rv_dilation?"))
    again = embed_exams(plan(exams), first, workers=1)
    assert read == [] and len(again.records) == 4
    assert {record.findings for record in again.records} == {("rv_dilation?",)}
    assert again.records[2].impression == "1. Disc number 2."
    np.testing.assert_allclose(
        again.records[2].embedding,
        first.encode_study(read_study(exams / "exam-002.npz")),
        atol=1e-6,
    )
    (exams / "exam-002.npz").write_bytes((exams / "exam-003.npz").read_bytes())
    changed = embed_exams(plan(exams), first, workers=1)
    assert read == ["exam-002"]
    np.testing.assert_allclose(
        changed.records[2].embedding, changed.records[3].embedding, atol=1e-6
    )


def test_each_model_and_folder_has_its_own(exams, first, second, tmp_path, cache):
    embed_exams(plan(exams), first, workers=1)
    embed_exams(plan(exams), second, workers=1)
    embed_exams(plan(write_exams(tmp_path / "others", 1)), first, workers=1)
    assert len(list(cache.iterdir())) == 3


def test_an_exam_that_went_or_broke_is_not_in_the_cohort(exams, first):
    embed_exams(plan(exams), first, workers=1)
    (exams / "exam-000.npz").unlink()
    (exams / "exam-001.npz").write_bytes(b"broken")
    found = embed_exams(plan(exams), first, workers=1)
    assert [record.id for record in found.records] == ["exam-002", "exam-003"]
    assert [failure.id for failure in found.failed] == ["exam-001"]


def test_the_cache_lies_where_the_system_keeps_such_things(monkeypatch, tmp_path):
    monkeypatch.delenv(cached.VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    assert cache_folder() == tmp_path / "cmrclip-lite"
    monkeypatch.setattr("sys.platform", "darwin")
    assert cache_folder().parts[-3:] == ("Library", "Caches", "cmrclip-lite")
