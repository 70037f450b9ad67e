"""The screens of people who do not sit before the list: the wallboard, the phone, and somebody who listens."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest
from acceptance.harness import Daemon
from console.conftest import Operator
from console.test_console_access import has_no_violation
from playwright.sync_api import expect

from actors.tokens import TokenFile

pytestmark = pytest.mark.acceptance

Tell = Callable[..., Awaitable[None]]

CHIMES = """async () => {
  const { Chime } = await import("/console/model/chime.js");
  const chime = new Chime(["view=all"]);
  const heard = [
    chime.hear("view=all", ["a"], 0),
    chime.hear("view=all", ["a", "b"], 1),
    chime.hear("", ["a"], 1),
    chime.hear("", ["a", "b"], 2),
  ];
  chime.mute(10, 15);
  heard.push(chime.hear("view=all", ["a", "b", "c"], 899_999));
  heard.push(chime.hear("view=all", ["a", "b", "c", "d"], 900_010));
  heard.push(chime.hear("view=all", ["a"], 900_011), chime.hear("view=all", ["a", "b"], 900_012));
  return heard;
}"""


async def test_a_wallboard_takes_a_viewer_alone_and_comes_back_by_itself(tell: Tell, daemon: Daemon) -> None:
    looks = TokenFile(daemon.folder / "state" / "tokens.json").create("wall", "viewer", None, datetime.now(UTC))

    def story(ada: Operator) -> None:
        ada.page.goto(f"{ada.url}/console/wall.html#{daemon.token}")
        expect(ada.page.locator(".wrong")).to_contain_text("role admin")
        ada.raises("olt-1", "critical", customer_ids=["C1", "C2"])
        ada.page.goto("about:blank")
        ada.page.goto(f"{ada.url}/console/wall.html#{looks}")
        expect(ada.page.locator(".wall li.critical .what")).to_have_text("olt-1: fault")
        expect(ada.page.locator(".wall .counts .critical b")).to_have_text("1")
        has_no_violation(ada, "wallboard")
        ada.page.reload()
        expect(ada.page.locator(".wall li.critical .what")).to_have_text("olt-1: fault")
        assert ada.page.evaluate(CHIMES) == [[], ["b"], [], [], [], ["d"], [], ["b"]]

    await tell(story, 1920, 1080, with_axe=True)


async def test_on_a_phone_one_finds_a_serial_and_acknowledges_a_cause(tell: Tell) -> None:
    def story(ada: Operator) -> None:
        ada.post("/topology/nodes", {"id": "olt-1", "type": "olt"})
        ont = {
            "id": "olt-1/1/7",
            "type": "ont",
            "parents": ["olt-1"],
            "customer_id": "C7",
            "phone": "+49 30 123",
            "serial": "HWTC12345678",
        }
        ada.post("/topology/nodes", ont)
        ada.raises("olt-1/1/7", "critical", customer_ids=["C7"])
        ada.signs_in()
        ada.page.locator("button", has_text="Find").click()
        ada.page.keyboard.type("4857544312345678")
        ada.page.wait_for_selector(".find [aria-selected=true]:has-text('olt-1/1/7')")
        has_no_violation(ada, "finding")
        ada.presses("Enter")
        expect(ada.page.locator(".detail")).to_contain_text("+49 30 123")
        ada.page.locator(".detail button.link", has_text="A").last.click()
        ada.page.locator(".rows .row .title").first.click()
        ada.page.wait_for_selector(".cause a[href^='tel:']")
        ada.page.locator(".cause button", has_text="Acknowledge").click()
        ada.page.keyboard.type("called")
        ada.page.locator("dialog button.first").click()
        ada.page.wait_for_selector(".toast:has-text('1 acknowledged')")
        width = ada.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert width == 0
        ada.page.locator("button", has_text="Sound").click()
        expect(ada.page.locator("button", has_text="Mute 15 min")).to_be_visible()
        ada.page.locator("button", has_text="Mute 15 min").click()
        expect(ada.page.locator("button", has_text="Muted for")).to_be_visible()
        ada.page.locator("button", has_text="Sign out").click()
        ada.page.wait_for_selector("input[type=password]")
        assert ada.page.evaluate("sessionStorage.length") == 0
        assert "olt-1" not in ada.page.content()

    await tell(story, 390, 800, with_axe=True)
