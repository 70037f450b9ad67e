"""Ends: whoever was told of a subject is told of its end, whatever policies, contacts and rotas say by then."""

from collections.abc import Iterable

from actors.dispatcher.cause import DispatchSubject
from actors.dispatcher.messages.quiet import contact_quiet_until
from actors.dispatcher.messages.recipient import Telling
from actors.dispatcher.messages.sending import tell_all
from actors.dispatcher.people.reach import Reached
from actors.dispatcher.run import DispatchRun
from protocols.dispatch.channel import Channel
from protocols.dispatch.notification import MessageKind

News = dict[tuple[Channel, str], tuple[Reached, dict[tuple[str, MessageKind], Telling]]]
"""Messages to each person by channel and address, then by subject and kind."""


def tell_those_told(
    run: DispatchRun, subject: DispatchSubject, kind: MessageKind | None = None, group: str | None = None
) -> None:
    """Tell everybody who was told of ``subject`` the news: ``kind``, or that of its last request. ``group``: only those whom
    this group told."""
    for person, items in news_of(run, [subject], kind, group).values():
        tell_all(run, subject.tenant_id, person, list(items.values()))


def add_news(news: News, person: Reached, item: Telling) -> None:
    """Have ``person`` told ``item``. Two persons with one address get it once, as soon as one of them has no quiet hours."""
    items = news.setdefault((person.channel, person.address), (person, {}))[1]
    known = items.get((item.subject, item.kind))
    if known is None or item.until < known.until:
        items[item.subject, item.kind] = item


def news_of(
    run: DispatchRun, subjects: Iterable[DispatchSubject], kind: MessageKind | None = None, group: str | None = None
) -> News:
    """The same, to be told: what each person is told of ``subjects``."""
    people: News = {}
    for subject in subjects:
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
            person = Reached(to=told.to, to_name=told.to_name, channel=told.channel, address=told.address, why="was told")
            add_news(people, person, item)
    return people
