"""What an operator does with the console, as stories against the real daemon in a real browser."""

from collections.abc import Awaitable, Callable

import pytest
from acceptance.harness import Daemon
from console.conftest import Operator
from playwright.sync_api import Dialog

pytestmark = pytest.mark.acceptance

Tell = Callable[..., Awaitable[None]]
HOSTILE = "<img src=x onerror=alert(1)> \u202etxt.exe " + "W" * 400


async def test_an_operator_acknowledges_by_keyboard_alone(tell: Tell) -> None:
    def story(ada: Operator) -> None:
        ada.raises("olt-1/0/1/1", "critical", customer_ids=["C1", "C2"])
        ada.raises("olt-1/0/1/2", "minor")
        ada.signs_in()
        ada.sees("olt-1/0/1/1: fault", "olt-1/0/1/2: fault")
        ada.presses("j", "Enter")
        ada.page.wait_for_selector(".cause h2:has-text('olt-1/0/1/1')")
        ada.presses("a")
        ada.page.wait_for_selector("dialog[open]")
        ada.page.keyboard.type("crew is on the way")
        ada.presses("Enter")
        ada.page.wait_for_selector(".toast:has-text('1 acknowledged')")
        alarm = ada.get("/alarms?resource_id=olt-1/0/1/1")["items"][0]
        assert alarm["acknowledged_by"] == "ada"
        ada.page.wait_for_selector(".cause .timeline:has-text('crew is on the way')")
        ada.presses("u")
        ada.page.wait_for_selector(".toast:has-text('not acknowledged any more')")
        assert ada.get("/alarms?resource_id=olt-1/0/1/1")["items"][0]["acknowledged_at"] is None

    await tell(story)


async def test_the_list_holds_still_and_a_bulk_action_hits_exactly_what_was_ticked(tell: Tell) -> None:
    def story(ada: Operator) -> None:
        for n in range(4):
            ada.raises(f"ont-{n}", "minor")
        ada.signs_in()
        before = ["ont-3: fault", "ont-2: fault", "ont-1: fault", "ont-0: fault"]
        ada.sees(*before)
        ada.page.locator(".row:has-text('ont-2') input").click()
        ada.page.locator(".row:has-text('ont-0') input").click()
        ada.raises("ont-9", "critical")
        ada.post(f"/alarms/{ada.get('/alarms?resource_id=ont-3')['items'][0]['id']}/clear", {})
        ada.page.wait_for_selector(".hold:has-text('1 new')")
        ada.page.wait_for_selector(".row.gone:has-text('ont-3')")
        assert ada.titles == before
        ada.presses("a")
        ada.page.wait_for_selector("dialog[open] h2:has-text('Acknowledge 2')")
        ada.page.keyboard.type("storm")
        ada.presses("Enter")
        ada.page.wait_for_selector(".toast:has-text('2 acknowledged')")
        found = {each["resource_id"] for each in ada.get("/alarms?acknowledged=true")["items"]}
        assert found == {"ont-0", "ont-2"}
        ada.page.mouse.move(5, 5)
        ada.presses("Escape")
        ada.sees("ont-9: fault", "ont-2: fault", "ont-1: fault", "ont-0: fault")

    await tell(story)


async def test_it_says_when_it_is_blind_and_goes_on_without_a_gap(tell: Tell, daemon: Daemon) -> None:
    def story(ada: Operator) -> None:
        ada.signs_in()
        ada.page.wait_for_selector(".nothing:has-text('Nothing is wrong')")
        ada.has_done(daemon.kill)
        ada.page.wait_for_selector(".banner.blind:has-text('not connected')")
        ada.page.wait_for_selector(".nothing:has-text('not the same as no alarm')")
        ada.has_done(daemon.start)
        ada.raises("ont-1")
        ada.sees("ont-1: fault")
        ada.page.wait_for_selector(".banner.sees", state="attached")

    await tell(story)


async def test_text_of_devices_is_text(tell: Tell) -> None:
    def story(ada: Operator) -> None:
        alerts: list[str] = []

        def dismiss(dialog: Dialog) -> None:
            alerts.append(dialog.message)
            dialog.dismiss()

        ada.page.on("dialog", dismiss)
        ada.raises("ont-1", title=HOSTILE[:200], description=HOSTILE, recommended_action=HOSTILE)
        ada.signs_in()
        ada.page.locator(".rows .row .title").first.click()
        ada.page.wait_for_selector(".cause h2")
        assert "<img" in ada.page.locator(".cause h2").inner_text()
        assert ada.page.locator(".cause img, .list img").count() == 0
        width = ada.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert (alerts, width) == ([], 0)

    await tell(story)


async def test_a_view_is_its_address(tell: Tell) -> None:
    def story(ada: Operator) -> None:
        ada.raises("ont-1", "critical")
        ada.raises("ont-2", "minor")
        ada.signs_in(query="?view=all&severity=minor")
        ada.sees("ont-2: fault")
        ada.page.get_by_role("button", name="Causes").click()
        assert ada.page.url.endswith("/?severity=minor")
        ada.page.go_back()
        ada.page.wait_for_selector("button.view[aria-current]:has-text('All')")
        ada.page.reload()
        ada.sees("ont-2: fault")

    await tell(story)


async def test_a_token_that_is_wrong_shows_nothing(tell: Tell) -> None:
    def story(ada: Operator) -> None:
        ada.page.goto(f"{ada.url}/")
        ada.page.fill("input[type=password]", "guess")
        ada.presses("Enter")
        ada.page.wait_for_selector(".wrong:has-text('unknown, revoked or expired')")

    await tell(story)


@pytest.mark.parametrize("width", [320, 390])
async def test_a_phone_can_acknowledge(tell: Tell, width: int) -> None:
    def story(ada: Operator) -> None:
        ada.raises("ont-1", "critical")
        ada.signs_in()
        ada.page.locator(".rows .row .title").click()
        ada.page.locator(".cause .actions button", has_text="Acknowledge").click()
        ada.page.locator("dialog button.first").click()
        ada.page.wait_for_selector(".toast:has-text('1 acknowledged')")
        assert ada.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0

    await tell(story, width, 800)


async def test_a_link_with_a_token_signs_in_and_hides_it(tell: Tell) -> None:
    def story(ada: Operator) -> None:
        ada.raises("ont-1")
        ada.page.goto(f"{ada.url}/?view=all#{ada.daemon.token}")
        ada.sees("ont-1: fault")
        assert ada.page.url == f"{ada.url}/?view=all"

    await tell(story)


async def test_another_language_says_the_same(tell: Tell) -> None:
    def story(ada: Operator) -> None:
        ada.signs_in()
        ada.page.wait_for_selector(".nothing")
        ada.presses("?")
        ada.page.select_option(".help select", "de")
        ada.page.wait_for_selector("button.view:has-text('Ursachen')")
        assert ada.page.evaluate("document.documentElement.lang") == "de"

    await tell(story)
