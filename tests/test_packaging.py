"""One environment, described in several files: they must not drift apart."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
INSTALLED_EXTRAS = (
    "demo", "notebooks", "eval", "codecs", "formats", "deidentify", "scale", "baselines", "test",
)  # fmt: skip
ZEROGPU_TORCH = {"2.8.0", "2.9.1", "2.10.0", "2.11.0"}


def by_name(lines: list[str]) -> dict[str, Requirement]:
    requirements = [Requirement(line) for line in lines]
    return {canonicalize_name(r.name): r for r in requirements}


def requirement_lines(path: Path) -> list[str]:
    lines = (line.split("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line]


def environment() -> dict:
    return yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))


def declared() -> list[str]:
    return PROJECT["dependencies"] + [line for e in INSTALLED_EXTRAS for line in EXTRAS[e]]


def card() -> dict:
    text = (ROOT / "demo" / "README.md").read_text(encoding="utf-8")
    return yaml.safe_load(text.split("---")[1])


def test_core_dependencies_are_the_short_list() -> None:
    assert set(by_name(PROJECT["dependencies"])) == {
        "torch", "numpy", "safetensors", "huggingface-hub", "tokenizers",
        "pydicom", "nibabel", "plotly", "lancedb", "tqdm",
    }  # fmt: skip


def test_every_dependency_states_a_range() -> None:
    everything = PROJECT["dependencies"] + [line for extra in EXTRAS.values() for line in extra]
    for requirement in map(Requirement, everything):
        assert any(s.operator == ">=" for s in requirement.specifier), requirement


def test_one_package_has_one_range_in_all_extras() -> None:
    seen: dict[str, Requirement] = {}
    for line in PROJECT["dependencies"] + [line for extra in EXTRAS.values() for line in extra]:
        requirement = Requirement(line)
        first = seen.setdefault(canonicalize_name(requirement.name), requirement)
        assert first.specifier == requirement.specifier, requirement.name


def test_conda_environment_lists_what_pyproject_lists() -> None:
    pip_lines = environment()["dependencies"][-1]["pip"]
    assert pip_lines[-1] == "--editable ."
    listed, expected = by_name(pip_lines[:-1]), by_name(declared())
    assert set(listed) == set(expected)
    for name, requirement in expected.items():
        assert listed[name].specifier == requirement.specifier, name


def test_conda_environment_asks_for_the_same_python() -> None:
    assert f"python{PROJECT['requires-python']}" in environment()["dependencies"]


def test_constraints_pin_every_dependency_inside_its_range() -> None:
    pins = by_name(requirement_lines(ROOT / "constraints.txt"))
    for name, requirement in by_name(declared()).items():
        assert name in pins, f"constraints.txt does not pin {name}"
        (pin,) = pins[name].specifier
        assert pin.operator == "=="
        assert requirement.specifier.contains(pin.version), f"{name} {pin.version}"


def test_pinned_packages_take_the_oldest_python() -> None:
    """A pin that asks for a later 3.11.x leaves pip searching for minutes, then failing."""
    oldest = PROJECT["requires-python"].removeprefix(">=") + ".0"
    pins = by_name(requirement_lines(ROOT / "constraints.txt"))
    for installed in distributions():
        pin = pins.get(canonicalize_name(installed.name))
        if pin is not None and pin.specifier.contains(installed.version):
            needed = SpecifierSet(installed.metadata["Requires-Python"] or "")
            assert needed.contains(oldest), f"{installed.name} needs Python {needed}"


def test_space_requirements_are_those_of_the_app() -> None:
    """The Space pins torch and gradio, within our ranges; the rest is word for word ours."""
    listed = by_name(requirement_lines(ROOT / "demo" / "requirements.txt"))
    extras = EXTRAS["demo"] + EXTRAS["codecs"] + EXTRAS["formats"]
    expected = by_name(PROJECT["dependencies"] + extras)
    assert set(listed) == set(expected)
    for name, requirement in expected.items():
        if name in ("torch", "gradio"):
            (pin,) = listed[name].specifier
            assert pin.operator == "==" and requirement.specifier.contains(pin.version), name
        else:
            assert listed[name].specifier == requirement.specifier, name
    (torch_pin,) = listed["torch"].specifier
    assert torch_pin.version in ZEROGPU_TORCH


def test_space_card_names_the_gradio_we_test_with() -> None:
    front = card()
    pins = by_name(requirement_lines(ROOT / "constraints.txt"))
    space = by_name(requirement_lines(ROOT / "demo" / "requirements.txt"))
    assert f"=={front['sdk_version']}" == str(pins["gradio"].specifier)
    assert pins["gradio"].specifier == space["gradio"].specifier
    assert front["sdk"] == "gradio" and front["app_file"] == "app.py"
    assert front["license"] == "mit" and PROJECT["license"] == "MIT AND Apache-2.0"
    # The Hub cuts or refuses longer ones.
    assert len(front["short_description"]) <= 60


def test_versions_agree() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert citation["version"] == PROJECT["version"]
    assert re.search(r"^## (\S+)", changelog, re.MULTILINE)[1] == PROJECT["version"]
    try:
        installed = version("cmrclip-lite")
    except PackageNotFoundError:
        pytest.skip("cmrclip-lite is not installed here, only importable from its folder")
    assert installed == PROJECT["version"]


def test_import_is_light() -> None:
    """What only the app, the notebooks or a benchmark needs stays unloaded, though installed."""
    forbidden = (
        "gradio", "sklearn", "ray", "ipywidgets", "jupyterlab", "transformers", "timm",
        "torchvision", "PIL", "cv2", "nrrd", "dicomanonymizer",
    )  # fmt: skip
    code = f"import sys, cmrclip_lite; print(*sorted(set(sys.modules) & set({forbidden!r})))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


@pytest.mark.slow
def test_wheel_holds_checkpoint_and_samples(tmp_path: Path) -> None:
    """A wheel works without the repository: weights, samples and the command travel in it."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        entry_points = next(n for n in names if n.endswith("entry_points.txt"))
        assert "cmrclip = cmrclip_lite.cli:main" in archive.read(entry_points).decode()
    for name in ("config.json", "model.safetensors", "tokenizer.json", "README.md"):
        assert f"cmrclip_lite/bundled/{name}" in names
    assert any(re.match(r"cmrclip_lite/sample_data/studies/.+\.zip$", n) for n in names)
    assert any(n.startswith("cmrclip_lite/sample_data/library/") for n in names)
    assert not [n for n in names if n.startswith(("tests/", "demo/", "notebooks/"))]


@pytest.mark.slow
def test_space_runs_without_the_repository(tmp_path: Path) -> None:
    """`make space` gives a folder whose app imports the package lying beside it."""
    space = tmp_path / "space"
    build = [sys.executable, str(ROOT / "demo" / "build_space.py"), str(space)]
    subprocess.run(build, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert not list(space.rglob("__pycache__"))
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    environment |= {"PYTHONDONTWRITEBYTECODE": "1", "HF_HUB_OFFLINE": "1"}
    code = "import app, cmrclip_lite; print(app.__file__); print(cmrclip_lite.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=space, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert all(Path(line).is_relative_to(space) for line in done.stdout.splitlines()[-2:])


def test_space_is_not_written_over_other_files(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work", encoding="utf-8")
    build = [sys.executable, str(ROOT / "demo" / "build_space.py"), str(tmp_path)]
    done = subprocess.run(build, capture_output=True, text=True)
    assert done.returncode == 2 and "holds no Space" in done.stderr
    assert (tmp_path / "thesis.tex").read_text(encoding="utf-8") == "years of work"
