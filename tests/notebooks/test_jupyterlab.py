"""The first tutorial in a real JupyterLab, in headless Chromium, as a new user would take it."""

from __future__ import annotations

import json
import os
import shutil
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cmrclip_lite.bundled import sample_studies
from tests.demo.served import CHROMIUM, FLAGS, PATIENCE_MS, REPOSITORY, serving

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},  # cells out of sight exist too
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
PICTURE = ".widget-image"
# Where to keep the screenshots, for people to look at.
SCREENSHOTS = os.environ.get("CMRCLIP_SCREENSHOTS")


@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> Iterator[str]:
    """The address of a JupyterLab that shows copies of the tutorials as they are committed."""
    folder = tmp_path_factory.mktemp("lab")
    shutil.copytree(REPOSITORY / "notebooks", folder / "notebooks")
    for name, values in SETTINGS.items():
        path = folder / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(values))
    own = {f"JUPYTER_{name}_DIR": folder / name.lower() for name in ("CONFIG", "DATA", "RUNTIME")}
    own |= {"JUPYTERLAB_SETTINGS_DIR": folder / "settings"}
    own |= {"JUPYTERLAB_WORKSPACES_DIR": folder / "workspaces"}
    command = ["env", *(f"{name}={value}" for name, value in own.items())]
    command += [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += ["--port={port}", "--IdentityProvider.token="]
    notebooks = folder / "notebooks"
    command += [f"--config={notebooks}/jupyter_server_config.json", f"--notebook-dir={notebooks}"]
    for server in serving(folder, command):
        yield server.url


@pytest.fixture(scope="module")
def page(lab):
    """Notebook 1, run from top to bottom."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not Path(CHROMIUM).exists():
        pytest.skip("no chromium on this machine (apt-get install chromium)")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1200, "height": 1000})
        page.set_default_timeout(PATIENCE_MS)
        page.elsewhere = []
        ours = (lab, lab.replace("http", "ws"), "data:", "blob:")
        page.on("request", lambda r: r.url.startswith(ours) or page.elsewhere.append(r.url))
        page.goto(f"{lab}/lab/tree/01_first_scores.ipynb")
        page.get_by_text("| Idle").wait_for()
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_text("Run All Cells", exact=True).click()
        page.get_by_text("Restart Kernel and Run All").wait_for(state="hidden")
        # A widget is there only once the kernel made it: what is saved holds none.
        page.get_by_role("button", name="Open an exam").wait_for()
        page.get_by_text("| Idle").wait_for()
        yield page
        browser.close()


def look(page, name: str) -> None:
    if SCREENSHOTS:
        page.screenshot(path=Path(SCREENSHOTS, f"{name}.png"))


def viewer(page):
    """The first cine viewer."""
    return page.locator(".jp-OutputArea-output", has=page.locator(PICTURE)).first


def picture_of(viewer) -> str:
    return viewer.locator(PICTURE).get_attribute("src")


def pixels_of(page, viewer) -> list[int]:
    """What the browser painted, not the address of it."""
    return page.evaluate(
        """(image) => { const c = document.createElement('canvas');
        c.width = image.naturalWidth; c.height = image.naturalHeight;
        c.getContext('2d').drawImage(image, 0, 0);
        return [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data] }""",
        viewer.locator(PICTURE).element_handle(),
    )


def test_it_runs_without_an_error_and_asks_nobody_else(page):
    assert page.locator("[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
    assert page.locator("[data-mime-type='application/vnd.jupyter.error']").count() == 0
    assert page.elsewhere == []


def test_hearts_beat_and_bars_are_drawn(page):
    beating = page.locator("img[src^='data:image/webp']")
    assert beating.count() >= 9  # the stack, and two searches of four cases
    assert page.locator(".js-plotly-plot .bars path").count() >= 8
    page.locator(".js-plotly-plot").first.scroll_into_view_if_needed()
    look(page, "bars")


def test_the_slider_moves_the_picture(page):
    shown = viewer(page)
    shown.scroll_into_view_if_needed()
    caption, before = shown.locator(".widget-html-content").first, pixels_of(page, shown)
    old = caption.inner_text()
    handle = shown.locator(".widget-slider:has-text('Phase') .noUi-handle").first
    handle.focus()
    handle.press("ArrowRight")
    page.wait_for_function("([e, old]) => e.innerText !== old", arg=[caption.element_handle(), old])
    assert "phase 5 of 12" in caption.inner_text()  # the notebook left it at a third of the way
    page.wait_for_timeout(300)
    assert pixels_of(page, shown) != before
    look(page, "slider")


def test_the_viewer_plays(page):
    shown = viewer(page)
    seen = set()
    shown.locator(".jupyter-widgets.widget-play button").first.click()
    for _ in range(60):
        seen.add(picture_of(shown))
        page.wait_for_timeout(50)
        if len(seen) >= 5:
            break
    look(page, "playing")
    shown.locator(".jupyter-widgets.widget-play button").first.click()
    assert len(seen) >= 5


def test_the_prompt_box_follows_what_is_typed(page):
    box = page.locator(".jp-OutputArea-output", has=page.locator("textarea")).first
    box.scroll_into_view_if_needed()
    box.locator("textarea").fill("big right heart\nEF 20%\nno scar")
    box.get_by_role("button", name="Score").click()
    box.get_by_text("big right heart").wait_for()
    page.wait_for_function(
        "(e) => e.querySelectorAll('.js-plotly-plot .bars path').length === 3",
        arg=box.element_handle(),
    )
    look(page, "asked")


def test_the_upload_takes_a_zip_and_shows_it(page, tmp_path):
    """One of more than 10 MB, which Jupyter drops without a word unless it is configured."""
    exam = tmp_path / "exam.zip"
    shutil.copy(sample_studies()["normal"], exam)
    with zipfile.ZipFile(exam, "a") as archive:
        archive.writestr("more.bin", os.urandom(12 << 20))
    button = page.get_by_role("button", name="Open an exam")
    cell = page.locator(".jp-OutputArea-output", has=button).first
    with page.expect_file_chooser() as choosing:
        button.click()
    choosing.value.set_files(exam)
    cell.get_by_text("views SAX").wait_for()
    cell.locator(PICTURE).wait_for()
    cell.locator(".js-plotly-plot").wait_for()
    cell.scroll_into_view_if_needed()
    look(page, "uploaded")
