"""A token of a tenant sees in the console what the API shows that tenant, and is told when it may not see more."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest
from acceptance.harness import Daemon
from console.conftest import Operator
from playwright.sync_api import expect

from actors.tokens import TokenFile

pytestmark = pytest.mark.acceptance


async def test_a_tenant_sees_its_own_alone(tell: Callable[..., Awaitable[None]], daemon: Daemon) -> None:
    book = TokenFile(daemon.folder / "state" / "tokens.json")
    token = book.create("nora", "operator", "north", datetime.now(UTC))

    def story(ada: Operator) -> None:
        for tenant, serial in (("north", "HWTC00000001"), ("south", "HWTC00000002")):
            ada.post("/topology/nodes", {"id": f"olt-{tenant}", "type": "olt", "tenant": tenant})
            pon = {"id": f"olt-{tenant}/1", "type": "pon", "parents": [f"olt-{tenant}"], "tenant": tenant}
            ada.post("/topology/nodes", pon)
            ont = {"id": f"olt-{tenant}/1/1", "type": "ont", "parents": [pon["id"]], "tenant": tenant, "serial": serial}
            ada.post("/topology/nodes", ont)
            ada.raises(f"olt-{tenant}/1/1", tenant_id=tenant)
        ada.signs_in(token)
        ada.sees("olt-north/1/1: fault")
        ada.page.locator(".rows .row .title").first.click()
        ada.page.wait_for_selector(".pon")
        assert "south" not in ada.page.content()
        for text, found in (
            ("HWTC00000001", "olt-north/1/1"),
            ("HWTC00000002", "Nothing has this name"),
            ("olt-south", "Nothing has"),
        ):
            ada.presses("Escape", "Control+k")
            ada.page.wait_for_selector(".find[open]")
            ada.page.fill(".find input", text)
            expect(ada.page.locator(".find")).to_contain_text(found)
            ada.presses("Escape")
            ada.page.wait_for_selector(".find", state="detached")
        ada.page.goto(f"{ada.url}/?page=plant&node=olt-south")
        expect(ada.page.locator(".detail .wrong")).to_contain_text("olt-south")
        for page in ("sla", "calendar", "rules", "inbox"):
            ada.page.goto(f"{ada.url}/?page={page}")
            ada.page.wait_for_selector("main.page")
            ada.page.wait_for_function("document.querySelector('.loading') === null")
            assert "south" not in ada.page.locator("main").inner_text()
            assert ada.page.locator(".wrong").count() == 0

    await tell(story)
