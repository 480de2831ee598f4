"""What the package and the command import, and what they leave until it is used."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import cmrclip_lite
from cmrclip_lite.bundled import sample_studies
from cmrclip_lite.library.importing import import_later

# Of formats, figures, apps, clusters and other people's models; torch's compiler.
NEVER_TO_SCORE = {
    *("cmrclip_lite.evaluate", "cmrclip_lite.figures", "cmrclip_lite.phantom"),
    *("cv2", "gradio", "ipywidgets", "nibabel", "nrrd", "plotly", "ray", "scipy", "sklearn"),
    *("lance_namespace_urllib3_client.api", "torch._dynamo", "transformers"),
}
NOT_TO_IMPORT = NEVER_TO_SCORE | {
    *("huggingface_hub", "lancedb", "pandas", "PIL", "pyarrow", "pydantic", "pydicom", "yaml"),
}
ASK = """
import json, sys
import cmrclip_lite
imported = sorted(sys.modules)
from cmrclip_lite.cli import main
code = main(["score", sys.argv[1], "--condition", "LV dilated"])
print(json.dumps({"imported": imported, "scored": sorted(sys.modules), "code": code}))
"""


@pytest.fixture(scope="module")
def modules() -> dict[str, list[str]]:
    """Those of a fresh process, after importing the package and after scoring a study."""
    study = str(next(iter(sample_studies().values())))
    told = subprocess.run(
        [sys.executable, "-c", ASK, study], capture_output=True, text=True, check=True
    ).stdout
    return json.loads(told.splitlines()[-1])


def test_importing_the_package_leaves_heavy_packages_until_they_are_used(modules):
    assert NOT_TO_IMPORT.isdisjoint(modules["imported"])


def test_scoring_a_study_imports_nothing_it_does_not_need(modules):
    assert modules["code"] == 0
    assert "lancedb" in modules["scored"]
    assert NEVER_TO_SCORE.isdisjoint(modules["scored"])


def test_names_that_are_imported_late_are_as_public_as_the_others():
    assert set(cmrclip_lite.__all__) <= set(dir(cmrclip_lite))
    assert all(hasattr(cmrclip_lite, name) for name in cmrclip_lite.__all__)
    assert cmrclip_lite.CMRCLIP is cmrclip_lite.model.CMRCLIP
    assert cmrclip_lite.download.HubRepository
    with pytest.raises(AttributeError, match="no attribute 'CMRCLAP'"):
        _ = cmrclip_lite.CMRCLAP
    with pytest.raises(ImportError, match="CMRCLAP"):
        from cmrclip_lite.model import CMRCLAP  # noqa: F401


def test_a_package_to_import_later_runs_when_a_name_in_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = tmp_path / "slow_client"
    folder.mkdir()
    (folder / "__init__.py").write_text("from .types import SMALL\nLARGE = SMALL + 1\n")
    (folder / "types.py").write_text("SMALL = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    import_later("slow_client")
    package = sys.modules["slow_client"]
    assert import_module("slow_client.types").SMALL == 1
    assert "LARGE" not in vars(package)
    assert package.LARGE == 2
    with pytest.raises(AttributeError, match="no attribute 'OTHER'"):
        _ = package.OTHER
    import_later("slow_client")
    assert sys.modules["slow_client"] is package
    import_later("no_such_client")
    assert "no_such_client" not in sys.modules
