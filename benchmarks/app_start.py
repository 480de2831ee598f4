"""How long until the page is there, and from there to the first scores?

    python benchmarks/app_start.py                 # 5 rounds, the bundled checkpoint
    python benchmarks/app_start.py --rounds 3

The floor is a bare Gradio app of one button that embeds one sample: `import torch, gradio`, a
model, and what a server and a browser cannot do without. Both are started in turn, each in a
process of its own; times are taken from the start of the process to the served page, and in
headless Chromium from the click on a sample (on the button) to its scores (to the embedding's
text), on a server that has answered nothing before and again on one that has. Printed are
medians and the medians of the ratios within a round.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time

import numpy as np
from app_served import APP, served

PATIENCE_MS = 120_000
SETTLED_S = 3.0  # a person looks at the page before he clicks
AGAIN = 3
FLOOR = """
import torch, gradio
from cmrclip_lite import load, read_study
from cmrclip_lite.bundled import sample_studies
model, sample = load(cache=False), list(sample_studies().values())[0]
with gradio.Blocks(analytics_enabled=False) as demo:
    button, text = gradio.Button("Embed", elem_id="go"), gradio.HTML(elem_id="out")
    def embed():
        return f"<b>{model.encode_study(read_study(sample))[0]:.6f} {torch.rand(1).item()}</b>"
    button.click(embed, None, text)
demo.launch(ssr_mode=False)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    from playwright.sync_api import sync_playwright

    commands = {
        "floor": ([sys.executable, "-c", FLOOR], "#go", "#out b"),
        "app": (APP, "button.sample", "#plot .bars .point"),
    }
    times: dict[str, list[list[float]]] = {name: [] for name in commands}
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for _ in range(arguments.rounds):
            for name, (command, click, wait) in commands.items():
                with served(command) as (url, _, seconds):
                    first, later = in_browser(browser, url, click, wait)
                times[name].append([seconds, first, later])
        browser.close()
    floor, app = (np.array(times[name]) for name in commands)
    print(f"{arguments.rounds} rounds on {os.cpu_count()} cores; seconds, medians")
    for column, what in enumerate(
        ("start to served page", "first click to scores", "a later click to scores")
    ):
        ratios = app[:, column] / floor[:, column]
        print(
            f"{what}: floor {np.median(floor[:, column]):.2f}, app {np.median(app[:, column]):.2f},"
            f" ratio {np.median(ratios):.2f} ({ratios.min():.2f} to {ratios.max():.2f})"
        )


def in_browser(browser, url: str, click: str, wait: str) -> tuple[float, float]:
    """Seconds from a click to what it brings: the first one ever, and the median of later ones."""
    took = []
    for _ in range(1 + AGAIN):
        page = browser.new_page(viewport={"width": 1360, "height": 900})
        page.set_default_timeout(PATIENCE_MS)
        page.goto(url)
        page.wait_for_selector(click)
        time.sleep(SETTLED_S)
        start = time.perf_counter()
        page.locator(click).first.click()
        page.wait_for_selector(wait)
        took.append(time.perf_counter() - start)
        page.close()
    return took[0], float(np.median(took[1:]))


if __name__ == "__main__":
    main()
