"""The page behind a message's link: GET shows, POST acts; a link is bound to its alarm, its person and its time."""

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vocabulary.api import LINK_KEY, RunningApi

from protocols.acknowledge_link import AcknowledgeLink, LinkRefused, read_link, signed_link
from protocols.alarm import Alarm
from protocols.command import Command

ALARM = "<b>olt-1</b> is down"


async def raised(lab: RunningApi) -> Alarm:
    """An open alarm of the tenant ``default``."""
    async with lab.client() as client:
        body = {
            "alarm_type": "device.down",
            "severity": "major",
            "title": ALARM,
            "resource_type": "olt",
            "resource_id": "olt-1",
        }
        made = await client.post(f"{lab.FAULTS}/alarms", json=body)
        assert made.status_code == 201, made.text
    (alarm,) = lab.state.alarms.values()
    return alarm


def path(lab: RunningApi, alarm: Alarm, key: bytes = LINK_KEY, **fields: object) -> str:
    rights = {
        "alarm_id": alarm.id,
        "tenant_id": alarm.tenant_id,
        "person": "Ann",
        "notification_id": "N17",
        "expires": int((lab.now + timedelta(days=1)).timestamp()),
    }
    return f"/acknowledge/{signed_link(AcknowledgeLink(**rights | fields), key)}"  # type: ignore[arg-type]


async def test_get_shows_and_post_acknowledges_in_the_persons_name(lab: RunningApi) -> None:
    async with lab.serve(), lab.client(None) as client:
        alarm = await raised(lab)
        link = path(lab, alarm)
        for _ in range(2):
            page = await client.get(link)
            assert page.status_code == 200
            assert "<form method=post>" in page.text
            assert "&lt;b&gt;olt-1&lt;/b&gt; is down" in page.text
        assert lab.state.alarms[alarm.id].acknowledged_at is None
        done = await client.post(link)
        assert done.status_code == 200
        assert "Acknowledged by Ann" in done.text
        assert "<form" not in (await client.get(link)).text
        # Twice is once, and somebody else's button says whose it is.
        for again in (link, path(lab, alarm, person="Eve")):
            pressed = await client.post(again)
            assert (pressed.status_code, "Acknowledged by Ann." in pressed.text) == (200, True)
        async with lab.client() as operator:
            assert (await operator.post(f"{lab.FAULTS}/alarms/{alarm.id}/clear")).status_code == 200
        assert "Acknowledged by Ann. The alarm has cleared." in (await client.post(link)).text
    assert lab.state.alarms[alarm.id].acknowledged_by == "Ann"
    command = lab.appended[1].events[0]
    assert isinstance(command, Command)
    assert "N17" in str(command.action)
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_links_that_grant_nothing(lab: RunningApi, method: str) -> None:
    async with lab.serve(), lab.client(None) as client:
        alarm = await raised(lab)
        good = path(lab, alarm)
        rights, _, digest = good.rpartition("/")[2].partition(".")
        other = path(lab, alarm, person="Eve").rpartition("/")[2].partition(".")[0]
        refused = {
            "another key": path(lab, alarm, b"x" * 32),
            "expired": path(lab, alarm, expires=int(lab.now.timestamp())),
            "other rights under the same signature": f"/acknowledge/{other}.{digest}",
            "no signature": f"/acknowledge/{rights}",
            "an empty signature": f"/acknowledge/{rights}.",
            "cut": good[:-3],
            "nonsense": "/acknowledge/%00%ff.x",
        }
        for name, link in refused.items():
            answer = await client.request(method, link)
            assert answer.status_code in (400, 403, 404), name
            assert ALARM not in answer.text, name
        unknown = await client.request(method, path(lab, alarm, alarm_id="00000000-0000-0000-0000-000000000000"))
        assert unknown.status_code in (404, 410)
        foreign = await client.request(method, path(lab, alarm, tenant_id="other"))
        assert foreign.status_code in (404, 410)
    assert lab.state.alarms[alarm.id].acknowledged_at is None


async def test_no_log_has_the_link(lab: RunningApi, capsys: pytest.CaptureFixture[str]) -> None:
    async with lab.serve(), lab.client(None) as client:
        link = path(lab, await raised(lab))
        await client.get(link)
    said = capsys.readouterr().out
    assert "/acknowledge/{link" in said
    assert not re.search(r"/acknowledge/[A-Za-z0-9_-]{20}", said)


@given(st.text(max_size=200))
def test_no_text_is_a_link(text: str) -> None:
    with pytest.raises(LinkRefused):
        read_link(text, LINK_KEY, 0)
