"""Nobody is kept out: axe-core finds nothing serious on any part of the page, light or dark."""

from __future__ import annotations

import pytest

from tests.demo.served import opened

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SERIOUS = ("serious", "critical")
TABS = ("Search by words", "Screen several", "Learn", "Model and limits")
BELOW = ("See why", "Try to break it", "Take it away")


def found(page) -> list[str]:
    """Each serious finding with the elements it is about."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not there")
    results = axe.Axe().run(page)
    assert results.response["passes"], "axe looked at nothing"
    return [
        f"{finding['id']}: {node['html'][:200]} ({'; '.join(c['message'] for c in node['any'])})"
        for finding in results.response["violations"]
        if finding["impact"] in SERIOUS
        for node in finding["nodes"]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_part_has_a_serious_finding(browser, server, theme):
    page = opened(browser, server, path=f"/?__theme={theme}")
    problems = {"empty": found(page)}
    page.locator("button.sample").first.click()
    page.wait_for_selector("#similar .case")
    page.get_by_role("button", name="Pick from the vocabulary").click()
    page.get_by_role("button", name="The sentences behind a condition").click()
    problems["open"] = found(page)
    for name in (*BELOW, *TABS):
        page.get_by_role("tab", name=name).click()
        page.wait_for_timeout(500)
        problems[name] = found(page)
    page.close()
    assert {part: few for part, few in problems.items() if few} == {}


def test_a_phone_has_no_serious_finding(browser, server):
    page = opened(browser, server, width=390, height=844)
    page.locator("button.sample").first.click()
    page.wait_for_selector("#similar .case")
    assert found(page) == []
    page.close()


def test_axe_does_find_what_is_wrong(browser):
    page = browser.new_page()
    page.set_content("<html lang='en'><title>x</title><main><button></button></main></html>")
    assert any(one.startswith("button-name") for one in found(page))
    page.close()
