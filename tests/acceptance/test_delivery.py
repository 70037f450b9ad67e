"""Notifications on their way out of the real daemon: to a mail server and a webhook, across a kill -9, and at a prompt."""

from pathlib import Path
from typing import Any

import httpx
import pytest
import trio
from acceptance.console import faultd
from acceptance.harness import API, PATIENCE, Daemon
from vocabulary.far_ends import HttpReceiver, MailServer, verified

pytestmark = pytest.mark.acceptance

KEY = b"a key of more than sixteen octets"
CONFIG = """
[traps]
[correlator]
hold_critical_seconds = 0.5
[clock]
tick_seconds = 0.1
[notifier]
templates = "{folder}/templates"
[notifier.email]
host = "127.0.0.1"
port = {mail}
sender = "faultd@example.net"
tls = "none"
[[notifier.webhook]]
name = "erp"
url = "http://127.0.0.1:{hook}/"
secret_file = "{folder}/key"
allow_private = true
"""


async def posted(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> Any:
    response = await client.post(f"{API}{path}", json=body)
    assert response.status_code < 300, response.text
    return response.json()


async def until(daemon: Daemon, *expected: tuple[str, str]) -> None:
    """Wait until the notifications have these channels and statuses, in whatever order."""
    with trio.fail_after(PATIENCE):
        while True:
            async with daemon.http() as client:
                items = (await client.get(f"{API}/notifications")).json()["items"]
            if sorted((each["channel"], each["status"]) for each in items) == sorted(expected):
                return
            await trio.sleep(0.1)


async def test_mail_and_webhook_are_delivered_once_also_across_a_kill(place: Path, database_url: str) -> None:
    mail, hook = MailServer("451 4.7.1 not yet"), HttpReceiver()
    (place / "key").write_bytes(KEY)
    (place / "templates").mkdir()
    (place / "templates" / "short.toml").write_text('subject = "short: {{ causes[0].title }}"')
    async with hook.serving() as hook_port:
        with mail.serving() as mail_port:
            daemon = Daemon(place, database_url, CONFIG.format(folder=place, mail=mail_port, hook=hook_port))
            await daemon.start()
            async with daemon.http() as client:
                policy = {
                    "name": "all",
                    "priority": 1_000,
                    "continue": False,
                    "match": {"severity": "critical"},
                    "actions": [
                        {"channel": "email", "to": "ann@example.net", "template": "short"},
                        {"channel": "webhook", "to": "erp"},
                    ],
                }
                await posted(client, "/notification-policies", policy)
                event = {"type": "device.down", "data": {"device_id": "olt-1"}}
                await posted(client, "/events", event)
                await until(daemon, ("email", "failed"), ("webhook", "sent"))
                # The mail server refuses for now: the mail waits in the state, and outlasts a kill.
                await daemon.kill()
                assert mail.taken == []
                mail.replies = ["250 taken"]
                await daemon.start()
            await until(daemon, ("email", "sent"), ("webhook", "sent"))
            async with daemon.http() as client:
                await posted(client, "/events", {"type": "device.up", "data": {"device_id": "olt-1"}})
            await until(daemon, *[("email", "sent"), ("webhook", "sent")] * 2)
            shown = await faultd(daemon, "notify", "preview", "short")
            assert (shown.code, shown.out.splitlines()[0]) == (0, "Subject: short: Feeder fibre cut")
            shown = await faultd(daemon, "notify", "preview", "none")
            assert (shown.code, "no template is named 'none'" in shown.err) == (1, True)
            assert await daemon.stop() == 0, daemon.last_words()
    raised, cleared = mail.taken
    assert raised["Subject"].startswith("short: ")
    assert raised["Message-ID"] == cleared["In-Reply-To"]
    assert all(verified(request, KEY) for request in hook.requests)
    assert len({request.headers["webhook-id"] for request in hook.requests}) == len(hook.requests) == 2
    assert KEY.decode() not in daemon.log.read_text()
