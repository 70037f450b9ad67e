"""A subject goes to the policies: messages join their groups, tickets are wanted, escalations begin."""

from msgspec.structs import replace

from actors.dispatcher.escalation import chain
from actors.dispatcher.messages import groups
from actors.dispatcher.policies.notice import notice_of
from actors.dispatcher.policies.routing import routed, why_nothing
from actors.dispatcher.run import DispatchRun
from actors.dispatcher.tickets.wanting import want_ticket
from protocols.dispatch.notification import MessageKind


def route_subject(run: DispatchRun, key: str, kind: MessageKind, reason: str, *, more: bool = False) -> None:
    """Ask the policies what to do about a subject. Groups that no policy names any more say nothing further of it, but tell its
    end. ``more``: only what no policy wanted before is done; the rest goes on as it is."""
    subject = run.state.subjects[key]
    notice = notice_of(subject, kind)
    actions = routed(run.state, notice, run.now)
    if not actions and not more:
        run.note(subject, f"{why_nothing(run.state, notice, run.now)} ({kind}: {reason})")
    joined: list[str] = []
    chains: set[chain.Place] = set()
    for each in actions:
        action = each.action
        if action.channel is not None:
            name = groups.group_key(subject, each, notice)
            joined.append(name)
            if not more or name not in subject.groups:
                groups.join_group(run, subject, kind, reason, each, name)
        elif action.ticket is not None:
            want_ticket(run, subject, action.ticket, each.policy_id)
        else:
            chains.add((each.policy_id, each.pointer))
            chain.begin(run, subject, each)
    if not more:
        chain.keep(run, subject, chains)
    kept = tuple(dict.fromkeys((*subject.groups, *joined) if more else joined))
    subject = run.state.subjects[key]
    groups.leave(run, subject, kept)
    run.put_subject(replace(subject, routed=True, groups=kept))
    for name in kept:
        groups.schedule(run, name, key)
