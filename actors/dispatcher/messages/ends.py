"""Ends: whoever was told of a subject is told of its end, whatever policies, contacts and rotas say by then."""

from collections.abc import Iterable

from actors.dispatcher.cause import DispatchSubject, ToldPerson
from actors.dispatcher.messages.quiet import contact_quiet_until
from actors.dispatcher.messages.recipient import Telling
from actors.dispatcher.messages.sending import tell_all
from actors.dispatcher.people.reach import Reached
from actors.dispatcher.run import DispatchRun
from protocols.dispatch.channel import Channel
from protocols.dispatch.notification import MessageKind


def tell_those_told(
    run: DispatchRun, subjects: Iterable[DispatchSubject], kind: MessageKind | None = None, group: str | None = None
) -> bool:
    """Tell everybody who was told of ``subjects`` the news: ``kind``, or that of the last request of each. Each person gets one
    message. ``group``: only those whom this group told. True when there was anybody."""
    people: dict[tuple[Channel, str], tuple[ToldPerson, list[Telling]]] = {}
    tenant_id = ""
    for subject in subjects:
        tenant_id = subject.tenant_id
        for told in subject.told:
            if group is not None and told.group != group:
                continue
            item = Telling(
                subject=subject.key,
                kind=kind or subject.kind,
                policy=told.policy,
                reason=f"{subject.reason}; was told by {told.notification_id}",
                group=told.group,
                until=contact_quiet_until(run.state, told.to, subject.severity, run.now),
            )
            people.setdefault((told.channel, told.address), (told, []))[1].append(item)
    for told, items in people.values():
        person = Reached(to=told.to, to_name=told.to_name, channel=told.channel, address=told.address, why="was told")
        tell_all(run, tenant_id, person, items)
    return bool(people)
