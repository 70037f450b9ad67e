"""WCAG 2.2 AA by axe-core: no violation on any page, in either theme."""

from collections.abc import Awaitable, Callable

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from console.conftest import Operator

pytestmark = pytest.mark.acceptance

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def has_no_violation(ada: Operator, what: str) -> None:
    found = Axe().run(ada.page, options=RULES)
    assert found.response["passes"], what
    assert found.violations_count == 0, (what, found.generate_report())


async def test_no_page_has_a_violation(tell: Callable[..., Awaitable[None]]) -> None:
    def story(ada: Operator) -> None:
        ada.post("/topology/nodes", {"id": "olt-1", "type": "olt"})
        ada.post("/topology/nodes", {"id": "olt-1/1", "type": "pon", "parents": ["olt-1"]})
        for n in range(4):
            ada.post("/topology/nodes", {"id": f"olt-1/1/{n}", "type": "ont", "parents": ["olt-1/1"], "customer_id": f"C{n}"})
            ada.raises(f"olt-1/1/{n}", ("critical", "major", "minor", "warning")[n])
        ada.page.goto(f"{ada.url}/")
        ada.page.wait_for_selector("input[type=password]")
        has_no_violation(ada, "signing in")
        ada.signs_in()
        ada.page.wait_for_selector(".row.warning")
        for theme in ("dark", "light"):
            ada.page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
            has_no_violation(ada, f"list, {theme}")
            ada.page.locator(".rows .row.critical .title").click()
            ada.page.wait_for_selector(".pon")
            ada.presses("?")
            ada.page.wait_for_selector(".help")
            has_no_violation(ada, f"panel and help, {theme}")
            ada.presses("a")
            ada.page.wait_for_selector("dialog[open]")
            has_no_violation(ada, f"dialog, {theme}")
            ada.page.locator("dialog button", has_text="Cancel").click()
            ada.presses("?", "Escape", "Escape", "Escape")
            ada.page.wait_for_selector(".cause", state="detached")

    await tell(story, with_axe=True)
