"""The pages beside the list of alarms, each by what an operator does with it, and without a violation of WCAG 2.2 AA."""

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from acceptance.harness import Daemon, run_tool
from acceptance.test_sla import definition
from console.conftest import Operator
from console.test_console_access import has_no_violation
from playwright.sync_api import expect

pytestmark = [pytest.mark.acceptance, pytest.mark.interop]

Tell = Callable[..., Awaitable[None]]
TRAP = "1.3.6.1.4.1.99999.1.2"


def plant(ada: Operator) -> None:
    ada.post("/topology/nodes", {"id": "olt-1", "type": "olt", "name": "Mill Lane", "address": "127.9.0.1"})
    ada.post("/topology/nodes", {"id": "olt-1/1", "type": "pon", "parents": ["olt-1"], "name": "PON 1"})
    ada.post("/topology/nodes", {"id": "olt-1/1/7", "type": "ont", "parents": ["olt-1/1"], "customer_id": "C7"})


def opens(ada: Operator, tab: str) -> None:
    ada.page.locator(".pages button", has_text=tab).click()
    ada.page.wait_for_selector(f".pages button[aria-current=page]:has-text('{tab}')")


def looks_right(ada: Operator, what: str) -> None:
    """No violation in either theme, and at 320 px nothing is wider than the page."""
    for theme in ("light", "dark"):
        ada.page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
        has_no_violation(ada, f"{what}, {theme}")
    ada.page.set_viewport_size({"width": 320, "height": 700})
    width = ada.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert width == 0, f"{what} at 320 px is {width} px too wide"
    ada.page.set_viewport_size({"width": 1280, "height": 800})


async def test_an_agreement_its_period_and_a_window_that_would_break_it(tell: Tell) -> None:
    def story(ada: Operator) -> None:
        plant(ada)
        short = ada.post("/sla-definitions", definition("short", 0.99))
        contract = {"sla_definition_id": short["id"], "customer_id": "C7", "service_id": "s7", "resources": ["olt-1/1/7"]}
        made = ada.post("/sla-instances", contract)
        raised = ada.raises("olt-1/1/7", "critical", alarm_type="ont.los")
        ada.signs_in()
        opens(ada, "SLA")
        ada.page.locator(".things button", has_text="s7").click()
        ada.page.wait_for_selector(f".detail:has-text('{made['id']}')")
        bar = ada.page.locator(".detail svg.period")
        expect(bar).to_have_attribute("aria-label", re.compile("down"))
        expect(ada.page.locator(".detail")).to_contain_text(raised["title"])
        looks_right(ada, "SLA")
        ada.page.locator(".views button", has_text="Compliance report").click()
        ada.page.wait_for_selector(".things:has-text('(runs)')")
        looks_right(ada, "compliance report")

        opens(ada, "Calendar")
        ada.page.locator("button", has_text="Plan a window").click()
        begins = datetime.now(UTC) + timedelta(days=1)
        ada.page.get_by_label("Title").fill("Splicing")
        ada.page.get_by_label("Names").fill("olt-1")
        ada.page.get_by_label("Start").fill(begins.strftime("%Y-%m-%dT10:00"))
        ada.page.locator("button", has_text="Show what it hides and costs").click()
        expect(ada.page.locator(".plan [role=status]")).to_contain_text("1 customers with 1 services")
        assert ada.get("/maintenance-windows")["items"] == [], "showing what it costs has planned it"
        looks_right(ada, "calendar")
        ada.page.locator("button", has_text="Plan it").click()
        expect(ada.page.locator(".days")).to_contain_text("Splicing")
        assert [each["title"] for each in ada.get("/maintenance-windows")["items"]] == ["Splicing"]
        ada.page.locator("button", has_text="Cancel the window").click()
        expect(ada.page.locator(".detail .facts")).to_contain_text("cancelled")

    await tell(story, with_axe=True)


async def test_a_place_of_the_plant_a_rule_and_a_draft_for_an_unknown_trap(tell: Tell, daemon: Daemon) -> None:
    def story(ada: Operator) -> None:
        plant(ada)
        ada.raises("olt-1/1/7", "critical", alarm_type="ont.los")
        ada.has_done(
            run_tool, "snmptrap", "-v2c", "-cpublic", daemon.trap_address, "", TRAP, f"{TRAP}.1", "s", '<b>"lost"\\</b>'
        )
        ada.signs_in(query="?page=plant&node=olt-1")
        ada.page.locator(".detail .things button", has_text="PON 1").click()
        ada.page.locator(".detail .things button", has_text="olt-1/1/7").click()
        expect(ada.page.locator(".detail")).to_contain_text("olt-1/1/7: fault")
        assert ada.page.locator(".way").inner_text().startswith("Mill Lane")
        looks_right(ada, "plant")

        opens(ada, "Rules")
        ada.page.locator(".things button", has_text="PON port flapping").click()
        looks_right(ada, "rules")
        ada.page.locator("button", has_text="Show what it would have done").click()
        expect(ada.page.locator(".detail [role=status]").last).to_contain_text("Nothing would have been different.")

        opens(ada, "Inbox")
        ada.page.locator(".things button", has_text=TRAP).click()
        draft = ada.page.locator("#draft")
        expect(draft).to_have_value(re.compile(re.escape(TRAP)))
        ada.page.locator("button", has_text="Try it on the stored traps").click()
        expect(ada.page.locator(".detail [role=status]")).to_contain_text("The draft knows 1 of 1 traps")
        looks_right(ada, "inbox")
        draft.fill(draft.input_value().replace('type = "vendor.event"', 'type = "no.such.type"'))
        ada.page.locator("button", has_text="Try it on the stored traps").click()
        expect(ada.page.locator(".detail [role=status]")).to_contain_text("no.such.type")
        expect(ada.page.locator("button", has_text="Save as a file")).to_be_disabled()

    await tell(story, with_axe=True)
