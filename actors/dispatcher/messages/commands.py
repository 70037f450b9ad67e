"""Commands about notifications: deliver one once more that was given up, and send a test."""

from msgspec.structs import replace

from actors.command_refused import CommandRefused
from actors.dispatcher.messages.ends import tell_those_told
from actors.dispatcher.messages.message_subjects import subjects_of
from actors.dispatcher.messages.overdue import watch
from actors.dispatcher.messages.recipient import Telling
from actors.dispatcher.messages.sending import count_as_told
from actors.dispatcher.people.reach import Reached, lack_of_channel, reach
from actors.dispatcher.policies.templates import lack_of_template
from actors.dispatcher.run import DispatchRun
from protocols.change import Refusal
from protocols.dispatch.actions import ResendNotification, SendTest
from protocols.dispatch.notification import DispatchedNotification
from protocols.principal import Principal
from protocols.severity import rank
from protocols.sla.local_time import utc_text

MOST_TESTED = 20
"""The most people whom one test tells."""


def resend(run: DispatchRun, by: Principal, action: ResendNotification) -> None:
    """Deliver a notification anew that was given up, with the same id: all attempts begin again. The person is owed the end of
    what is still open, and is told at once of the end of what is over. One that the stage no longer holds is taken as
    PostgreSQL has it. Refused unless it is dead."""
    name = action.notification_id
    found = run.state.notifications.get(name, action.past)
    if found is None or not by.sees(found.tenant_id):
        raise CommandRefused(Refusal(name, "unknown_notification", f"no notification {name!r}"))
    if found.status != "dead":
        raise CommandRefused(Refusal(name, "wrong_state", f"status: notification {name} is {found.status}, not dead"))
    asked = f"{found.reason}; sent again, asked for by {by.name}"
    again = replace(found, status="pending", attempts=0, reason=asked, revision=found.revision + 1)
    run.put_notification(again)
    concerned = list(subjects_of(run.state, again))
    if still_open := [each.severity for each in concerned if each.state == "open"]:
        watch(run, again, min(still_open, key=rank))
    for subject in concerned:
        item = Telling(subject.key, again.kind, again.policy, step=again.step)
        if subject.state == "open":
            count_as_told(run, subject, item, again)
        elif subject.key not in again.facts.get("over", ()):
            # It has ended since: the message about its end follows in the same thread.
            count_as_told(run, replace(subject, state="open"), item, again)
            known = run.state.subjects[subject.key]
            run.put_subject(replace(known, state="ended"))
            tell_those_told(run, run.state.subjects[subject.key])
    run.answer(name)


def send_test(run: DispatchRun, by: Principal, action: SendTest) -> None:
    """Send a test to everybody whom ``to`` reaches by this channel now. It disregards quiet hours and storms. Refused when it
    reaches nobody, and for a template that the configuration lacks."""
    if not by.sees(action.tenant_id):
        raise CommandRefused(Refusal("", "not_your_tenant", f"tenant_id: this token sees tenant {by.tenant!r} only"))
    if lack := lack_of_template(action.template, run.state.inputs.templates):
        raise CommandRefused(Refusal("", "invalid", f"template: {lack}"))
    found = reach(run.state, action.to, action.channel, "critical", run.now, tenant_id=action.tenant_id)
    people = [each for each in found.people if each.channel == action.channel][:MOST_TESTED]
    if not people:
        lacks = dict.fromkeys(lack_of_channel(run.state.contacts[each.to], action.channel) for each in found.people)
        text = "; ".join(lacks) or found.nobody
        raise CommandRefused(Refusal("", "invalid", f"to: {text}"))
    made = [_test(run, by, action, each) for each in people]
    run.answer(*(each.id for each in made))


def _test(run: DispatchRun, by: Principal, action: SendTest, person: Reached) -> DispatchedNotification:
    number = run.new_id("N")
    cause = {
        "subject": "test",
        "kind": "test",
        "state": "open",
        "severity": "info",
        "title": "Test of faultd's notifications",
        "area": "",
        "since": utc_text(run.now),
        "reason": f"asked for by {by.name}",
        "children": 0,
    }
    notification = DispatchedNotification(
        id=number,
        tenant_id=action.tenant_id,
        subject="test",
        channel=person.channel,
        to=person.to,
        to_name=person.to_name,
        address=person.address,
        kind="test",
        template=action.template,
        facts={"causes": [cause], "count": 1, "others": 0, "over": [], "policy": "", "step": 0},
        thread=number,
        reason=f"a test, asked for by {by.name}; {person.why}",
        created_at=run.at,
    )
    run.put_notification(notification)
    return notification
