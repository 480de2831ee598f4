"""Naming the public address is one change, and a placeholder leads nobody to a stranger's code."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PUBLIC = "https://github.com/heart-lab/cmrclip-lite"


def load(name: str):
    """A script of the folder `notebooks`, which is no package."""
    path = REPOSITORY / "notebooks" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


address = load("address")


@pytest.fixture
def copy(tmp_path) -> Path:
    """What the command reads and writes, of this repository."""
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    for page in address.PAGES:
        (tmp_path / page).parent.mkdir(exist_ok=True)
        shutil.copy(REPOSITORY / page, tmp_path / page)
    for notebook in (REPOSITORY / "notebooks").glob("*.ipynb"):
        shutil.copy(notebook, tmp_path / "notebooks")
    return tmp_path


def name_it(folder: Path, url: str, demo: str = "") -> None:
    project = folder / "pyproject.toml"
    old = address.addresses(folder)["Repository"]
    text = project.read_text().replace(f'Repository = "{old}"', f'Repository = "{url}"')
    if demo:
        text = text.replace(f'"{url}"', f'"{url}"\nDemo = "{demo}"')
    project.write_text(text)


def texts(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*") if p.is_file()}


def test_the_repository_is_up_to_date():
    assert address.main(["--check"]) == 0


def test_naming_it_makes_badges_install_cells_and_links(copy, capsys):
    name_it(copy, PUBLIC, "https://huggingface.co/spaces/heart-lab/cmrclip-lite")
    assert address.main(["--check"], copy) == 1
    assert "out of date: notebooks/01_first_scores.ipynb" in capsys.readouterr().out
    assert address.main([], copy) == 0
    assert address.main(["--check"], copy) == 0
    for path in (copy / "notebooks").glob("*.ipynb"):
        opening, badge, install, *_ = json.loads(path.read_text())["cells"]
        assert opening["source"][0].startswith("# ")
        target = f"github/heart-lab/cmrclip-lite/blob/main/notebooks/{path.name})"
        assert "".join(badge["source"]).endswith(target)
        assert f"git+{PUBLIC}" in "".join(install["source"])
    assert PUBLIC in (copy / "demo/README.md").read_text()
    assert PUBLIC in (copy / "demo/about.md").read_text()
    assert "spaces/heart-lab" in (copy / "README.md").read_text()
    index = (copy / "notebooks/README.md").read_text()
    assert index.count("colab.research.google.com/github/") == len(
        list((copy / "notebooks").glob("*.ipynb"))
    )


def test_taking_it_back_leaves_what_was_there(copy):
    before = texts(copy)
    name_it(copy, PUBLIC)
    address.main([], copy)
    name_it(copy, "https://example.org/cmrclip-lite")
    address.main([], copy)
    assert texts(copy) == before


@pytest.mark.parametrize(
    "url", ["https://example.org/cmrclip-lite", "http://github.com/a/b", "https://github.com/a"]
)
def test_only_a_github_repository_is_installed_from(url):
    assert not address.badge(url, "01_first_scores.ipynb")
    assert "pip" not in address.installing(url)


def test_elsewhere_than_on_colab_the_install_cell_does_nothing(monkeypatch):
    monkeypatch.delitem(sys.modules, "google.colab", raising=False)
    exec(address.installing("https://example.org/x"), {})
    monkeypatch.setitem(sys.modules, "google.colab", object())
    with pytest.raises(SystemExit, match="no public address"):
        exec(address.installing("https://example.org/x"), {})
