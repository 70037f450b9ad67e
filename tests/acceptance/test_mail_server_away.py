"""Timeline: the mail server is down from before the first page until an hour later."""

from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio
from acceptance.harness import API, PATIENCE, Daemon, own_port
from vocabulary.far_ends import HttpReceiver, MailServer, answer

pytestmark = pytest.mark.acceptance

CONFIG = """
[traps]
[correlator]
hold_critical_seconds = 1
[clock]
tick_seconds = 0.1
[notifier]
attempt_seconds = 600  # an attempt under way must outlast the steps in which time passes
[notifier.email]
host = "127.0.0.1"
port = {mail}
sender = "faultd@example.net"
tls = "none"
[notifier.sms]
url = "http://127.0.0.1:{gateway}/?to={{to}}&text={{text}}"
allow_private = true
[[notifier.webhook]]
name = "erp"
url = "http://127.0.0.1:{hook}/"
allow_private = true
"""
POLICY = {
    "name": "all",
    "priority": 1_000,
    "continue": False,
    "match": {"alarm_type": "device.down"},
    "actions": [{"channel": "email", "to": "Ann"}, {"channel": "webhook", "to": "erp"}],
}
Told = tuple[str, str, str, str]
"""The alarm, the kind, the channel and the status."""
METHODS = [{"channel": "email", "address": "ann@example.net"}, {"channel": "sms", "address": "+491511234567"}]


class TimelapseDaemon(Daemon):
    command = (str(Path(__file__).with_name("timelapse_launcher.py")),)
    passed = 0

    def pass_time(self, seconds: int) -> None:
        """Let so many seconds pass on the daemon's host."""
        self.passed += seconds
        new = self.folder / "clock.new"
        new.write_text(str(self.passed))
        new.rename(self.folder / "clock")

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        for left in (2, 1, 0):
            try:
                async with self.http() as client:
                    response = await client.request(method, f"{API}{path}", json=body)
                break
            except httpx.TransportError:
                # Minutes passed on the daemon's host while the request was on its way, and its time was over.
                if method != "GET" or not left:
                    raise
        assert response.is_success, response.text
        return response.json()

    async def event(self, kind: str, device: str) -> str:
        """Report an event; the UUID of its alarm."""
        await self.ask("POST", "/events", {"type": kind, "data": {"device_id": device}})
        found: str = (await self.ask("GET", f"/alarms?alarm_type=device.down&resource_id={device}"))["items"][0]["id"]
        return found

    async def pass_minutes(self, minutes: int) -> None:
        """Let time pass in steps, with something to do for the daemon in each."""
        for _ in range(minutes // 2):
            self.pass_time(120)
            await self.ask("GET", "/notifications")

    async def are(self, expected: set[Told]) -> bool:
        """True when the notifications are these."""
        return set(await self.notifications()) == expected

    async def until_sent(self, alarm: str, kind: str, channel: str) -> None:
        """Wait until this notification is sent."""
        with trio.fail_after(PATIENCE):
            while (alarm, kind, channel, "sent") not in await self.notifications():
                pass

    async def notifications(self) -> dict[Told, dict[str, Any]]:
        """By what they tell."""
        items = (await self.ask("GET", "/notifications"))["items"]
        found = {(each["alarm_id"], each["kind"], each["channel"], each["status"]): each for each in items}
        assert len(found) == len(items)
        return found

    async def until(self, *expected: Told) -> dict[Told, dict[str, Any]]:
        """Wait until there are these notifications, and no other ones; what they are by then."""
        found: dict[Told, dict[str, Any]] = {}
        try:
            with trio.fail_after(PATIENCE):
                while set(found) != set(expected):
                    found = await self.notifications()
        except trio.TooSlowError:
            pytest.fail(f"{sorted(found)}, expected {sorted(expected)}")
        return found

    async def until_late(self, status: str) -> dict[str, Any]:
        """Wait until the alarm about late mails has this status."""
        with trio.fail_after(PATIENCE):
            while True:
                items = (await self.ask("GET", "/alarms?alarm_type=notification.late"))["items"]
                if [each["status"] for each in items] == [status]:
                    found: dict[str, Any] = items[0]
                    return found


def waited(notification: dict[str, Any]) -> float:
    """Seconds from the decision to the far end's answer."""
    created, sent = (datetime.fromisoformat(notification[name]) for name in ("created_at", "sent_at"))
    return (sent - created).total_seconds()


async def test_an_hour_without_mail_server(place: Path, database_url: str) -> None:
    mail, hook, gateway = MailServer(), HttpReceiver(), HttpReceiver(answer("202 Accepted", b"0: Accepted for delivery"))
    port = own_port()
    async with hook.serving() as hook_port, gateway.serving() as gateway_port:
        daemon = TimelapseDaemon(place, database_url, CONFIG.format(mail=port, hook=hook_port, gateway=gateway_port))
        daemon.pass_time(0)
        await daemon.start(FAULTDTEST_CLOCK=str(place / "clock"))
        await daemon.ask("POST", "/contacts", {"name": "Ann", "methods": METHODS})
        await daemon.ask("POST", "/notification-policies", POLICY)

        # The first page. The webhook has it at once; the mail fails.
        first = await daemon.event("device.down", "olt-1")
        hooked = (first, "raised", "webhook", "sent")
        await daemon.until(hooked, (first, "raised", "email", "failed"))

        # Two minutes later Ann is told by SMS, and faultd alarms that mails are late.
        daemon.pass_time(121)
        texted = (first, "raised", "sms", "sent")
        told = await daemon.until(hooked, texted, (first, "raised", "email", "failed"))
        by_mail, by_text = told[first, "raised", "email", "failed"], told[texted]
        assert by_text["fallback_of"] == by_mail["id"]
        assert "email has not arrived after" in by_text["reason"]
        assert "Connection refused" in by_text["reason"]
        late = await daemon.until_late("active")
        assert "1 notification by email waited for longer than 120 s" in late["description"]

        # Half an hour later there is another cause, which is over a minute later.
        await daemon.pass_minutes(30)
        second = await daemon.event("device.down", "olt-2")
        await daemon.until_sent(second, "raised", "webhook")
        daemon.pass_time(60)
        await daemon.event("device.up", "olt-2")
        await daemon.until_sent(second, "recovered", "webhook")
        assert mail.offered == []

        # The mail server is there again after an hour. Each mail arrives once, those of a cause in their order.
        await daemon.pass_minutes(30)
        with mail.serving(port=port):
            expected = {hooked, texted, *((first, "raised", each, "sent") for each in ("email", "webhook"))}
            expected |= {(second, kind, each, "sent") for kind in ("raised", "recovered") for each in ("email", "webhook")}
            with trio.fail_after(PATIENCE):
                while not await daemon.are(expected):
                    daemon.pass_time(60)
            await daemon.until_late("cleared")
            told = await daemon.until(*expected)
            # Who was told by two methods hears of the end by both.
            await daemon.event("device.up", "olt-1")
            await daemon.until(*expected, *((first, "recovered", each, "sent") for each in ("email", "webhook", "sms")))
        assert await daemon.stop() == 0, daemon.last_words()
    arrived = told[first, "raised", "email", "sent"]
    assert waited(arrived) > 3_600
    assert arrived["answer"] == "250 2.0.0 taken"
    assert arrived["attempts"] >= 10
    subjects = [each["Subject"].split("]")[0] for each in mail.taken]
    assert sorted(subjects) == ["[CLEARED", "[CLEARED", "[CRITICAL", "[CRITICAL"]
    assert len({each["Message-ID"] for each in mail.taken}) == len(mail.offered) == 4
    answers = {each["In-Reply-To"]: number for number, each in enumerate(mail.taken) if each["In-Reply-To"]}
    ids = [each["Message-ID"] for each in mail.taken]
    assert all(ids.index(raised) < number for raised, number in answers.items())
    assert len(hook.requests) == 4
    assert len(gateway.requests) == 2
