"""Who was told of an alarm, and who was not and why, over HTTP and as lines."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from vocabulary.api import RunningApi
from vocabulary.dispatch import make_contact, make_notification, make_ticket

from actors.correlator.settings import CorrelatorSettings
from actors.dispatcher.settings import DispatchInputs
from faultd.cli.explain import fitted
from faultd.console.notification_lines import explanation_lines
from protocols.dispatch.changes import ContactChanged, DispatchChange, NotificationChanged, TicketUpdated
from protocols.dispatch.contact import ContactMethod
from protocols.dispatch.outcomes import MessageFailed, MessageSent
from protocols.dispatch.policy import NotificationPolicy
from protocols.dispatch.quiet_hours import QuietHours
from protocols.event import DispatchDataRestored, DispatchLoaded, PolicyLoaded, Tick
from protocols.rest_notification_explain import NotificationExplanation

MAIL, PHONE = "noc@example.net", "+385911234567"
QUIET = QuietHours(begin="00:00", end="23:00", allowed=("critical",))


async def policy(lab: RunningApi, *actions: dict[str, str], **fields: Any) -> None:
    """A policy ``all`` of the files."""
    found = msgspec.convert({"name": "all", "actions": actions, **fields}, NotificationPolicy)
    inputs = msgspec.msgpack.encode(DispatchInputs(channels=("email", "sms")))
    hold = msgspec.msgpack.encode(CorrelatorSettings(hold_ont_seconds=0))
    await lab.record([PolicyLoaded("p", hold), DispatchLoaded(f"{lab.state.offset}", (found,), inputs)])


async def restore(lab: RunningApi, *records: DispatchChange) -> None:
    await lab.record([DispatchDataRestored("old", records)])


async def wait(lab: RunningApi, seconds: float) -> None:
    """Let the time pass, as the clock's ticks do."""
    lab.now += timedelta(seconds=seconds)
    for _ in range(3):
        await lab.record([Tick()])


async def explained(client: Any, alarm: dict[str, Any]) -> NotificationExplanation:
    answer = await client.get(f"{RunningApi.ALARMS}/{alarm['alarm_id']}/notifications")
    assert answer.status_code == 200, answer.text
    return msgspec.json.decode(answer.content, type=NotificationExplanation)


def lines(found: NotificationExplanation) -> list[str]:
    return [shown for line in explanation_lines(found) for shown in fitted(line, 80)]


async def test_who_was_told_and_who_was_not_and_what_is_to_come(stored_lab: RunningApi) -> None:
    lab = stored_lab
    ada = make_contact(methods=(ContactMethod(channel="sms", address=PHONE),), quiet_hours=QUIET, tenant_id=None)
    async with lab.serve(), lab.client() as client:
        await restore(lab, ContactChanged(0, ada.id, ada))
        await policy(
            lab, {"channel": "email", "to": MAIL}, {"channel": "sms", "to": "Ada"}, {"channel": "sms", "to": "on-call"}
        )
        alarm = await lab.create(client, severity="major")
        await wait(lab, 60)
        found = await explained(client, alarm)
        (page,) = found.notifications
        await lab.record(
            [
                MessageSent(
                    notification_id=page.id,
                    tenant_id=page.tenant_id,
                    channel="email",
                    to=MAIL,
                    kind="raised",
                    attempts=2,
                    answer="250 queued as 7F",
                )
            ]
        )
        found = await explained(client, alarm)
    (page,) = found.notifications
    assert (page.address, page.kind, page.status, page.answer) == (MAIL, "raised", "sent", "250 queued as 7F")
    assert page.policy_name == "all"
    assert found.why == ""
    assert found.owed == (f"email to {MAIL}",)
    assert [each.action for each in found.requests] == ["notification_requested"]
    notes = [(each.policy_name, each.text) for each in found.notes]
    assert ("all", "sms to on-call: no rota is named 'on-call'") in notes
    assert any("sms to Ada" in text and "quiet hours" in text for _, text in notes)
    upcoming = [each.text for each in found.upcoming]
    assert "raised by sms to Ada, waits: quiet hours" in upcoming
    assert f"reminder by email to {MAIL}" in upcoming
    shown = lines(found)
    assert f"    raised by email to {MAIL}: sent" in "\n".join(shown).replace(f"  {page.created_at:%Y-%m-%d %H:%M:%S}", "   ")
    assert "      answer: 250 queued as 7F" in shown
    assert "not told, or later, and why" in shown
    assert all(len(line) <= 80 for line in shown)


async def test_an_alarm_below_another_one(stored_lab: RunningApi) -> None:
    lab = stored_lab
    async with lab.serve(), lab.client() as client:
        await policy(lab, {"channel": "email", "to": MAIL})
        cause = await lab.create(client, alarm_type="olt.down", resource_id="olt-1")
        below = await lab.create(client)
        held = lab.state.alarms[below["id"]]
        lab.state.alarms[held.id] = replace(held, parent_alarm_id=cause["id"])
        found = await explained(client, below)
    assert found.cause is not None
    assert found.why == f"it is a consequence of alarm {cause['alarm_id']} ({cause['title']}): people hear of that one"
    assert lines(found)[1].startswith("  nobody is told of it now: it is a consequence of")
    assert "nobody was told of it; times in UTC" in lines(found)


async def test_one_that_is_over_before_anybody_had_to_know(stored_lab: RunningApi) -> None:
    lab = stored_lab
    async with lab.serve(), lab.client() as client:
        await policy(lab, {"channel": "email", "to": MAIL})
        alarm = await lab.create(client)
        assert (await explained(client, alarm)).why.startswith("the correlator has not requested it")
        await client.post(f"{lab.ALARMS}/{alarm['id']}/clear", json={})
        await wait(lab, 60)
        found = await explained(client, alarm)
    assert (found.why, found.notifications) == ("it is over", ())


async def test_no_policy_matches(stored_lab: RunningApi) -> None:
    lab = stored_lab
    async with lab.serve(), lab.client() as client:
        await policy(lab, {"channel": "email", "to": MAIL}, match={"severity": "info"})
        alarm = await lab.create(client, severity="critical")
        await wait(lab, 60)
        found = await explained(client, alarm)
    assert [each.text.partition(" (")[0] for each in found.notes] == ["no policy matches"]
    assert found.upcoming == ()


async def test_while_postgresql_is_away_it_has_what_the_dispatcher_holds(lab: RunningApi) -> None:
    async with lab.serve(), lab.client() as client:
        await policy(lab, {"channel": "email", "to": MAIL})
        alarm = await lab.create(client, severity="critical")
        await wait(lab, 60)
        await restore(lab, TicketUpdated(0, make_ticket(tenant_id=alarm["tenant_id"], alarm_ids=(alarm["id"],))))
        (page,) = lab.stages.dispatch.notifications.values()
        await lab.record(
            [
                MessageFailed(
                    notification_id=page.id,
                    tenant_id=page.tenant_id,
                    channel="email",
                    to=MAIL,
                    kind="raised",
                    error="550 no such user",
                    dead=True,
                )
            ]
        )
        answer = await client.get(f"{lab.ALARMS}/{alarm['id']}/notifications")
        assert answer.headers["Faultd-Degraded"] == "true"
        found = msgspec.json.decode(answer.content, type=NotificationExplanation)
        assert found.degraded is not None
        shown = lines(found)
        assert "given up after 1 attempt" in " ".join(" ".join(shown).split())
        assert "      last error: 550 no such user" in shown
        assert "  101 open in rt, priority high, team plant: Feeder cut" in shown
        assert "      comment given up: 503" in shown
        lab.problem(await client.get(f"{lab.ALARMS}/A99/notifications"), 503, "database_unavailable")


async def test_another_tenants_alarm_is_not_there(stored_lab: RunningApi) -> None:
    lab = stored_lab
    async with lab.serve(), lab.client() as client, lab.client("north-viewer") as north:
        alarm = await lab.create(client)
        await restore(lab, NotificationChanged(0, make_notification(tenant_id="default", alarm_ids=(alarm["id"],))))
        lab.problem(await north.get(f"{lab.ALARMS}/{alarm['id']}/notifications"), 404, "unknown_alarm")


@pytest.mark.parametrize("width", [40, 80])
async def test_lines_fit_the_terminal(lab: RunningApi, width: int) -> None:
    async with lab.serve(), lab.client() as client:
        await policy(lab, {"channel": "email", "to": MAIL})
        alarm = await lab.create(client, title="x " * 100)
        await restore(lab, NotificationChanged(0, make_notification(tenant_id=alarm["tenant_id"], alarm_ids=(alarm["id"],))))
        found = await explained(client, alarm)
    shown = [each for line in explanation_lines(found) for each in fitted(line, width)]
    assert max(map(len, shown)) <= width
    assert any("because N3 to the same person had not arrived" in " ".join(line.split()) for line in explanation_lines(found))
