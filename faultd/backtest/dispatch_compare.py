"""Differences of one cause between the dispatchers of both sides."""

from collections.abc import Hashable, Iterator

from faultd.backtest.dispatch_notes import CauseNotes, DispatchNotes, MadeMessage
from protocols.backtest_dispatch import (
    BacktestMessage,
    BacktestTicket,
    ChannelCompared,
    DispatchResult,
    MessageFigures,
    PersonCompared,
    TicketDifference,
    UntoldCause,
    WhichSide,
)
from protocols.dispatch.channel import CHANNELS

MOST_PEOPLE = 1_000
"""People in the result, those with the greatest difference first."""
Pair = tuple[MadeMessage | None, MadeMessage | None]


class DispatchComparison:
    """Compares the notes of two sides cause by cause, so that only the causes that are under way are kept."""

    def __init__(self, today: DispatchNotes, new: DispatchNotes, result: DispatchResult, most: int) -> None:
        """``result`` is filled; its lists of differences have at most ``most`` entries each."""
        self._today, self._new, self._result, self._most = today, new, result, most
        self._person = result.person.casefold()

    def compare_gone(self) -> None:
        """Compare the causes of which neither side holds anything any more."""
        for cause in list({**self._today.causes, **self._new.causes}):
            notes = self._today.causes.get(cause), self._new.causes.get(cause)
            held = (side.holds(each) for side, each in zip((self._today, self._new), notes, strict=True) if each is not None)
            if not any(held):
                self._compare(cause)

    def finish(self) -> None:
        """Compare everything that is left, and sum up."""
        for cause in list({**self._today.causes, **self._new.causes}):
            self._compare(cause)
        today, new, result = self._today, self._new, self._result
        result.policies_changed = today.policies_changed
        result.tickets_today, result.tickets_new = today.tickets, new.tickets
        result.channels = [
            ChannelCompared(
                channel=channel,
                today=today.channels.get(channel, MessageFigures()),
                new=new.channels.get(channel, MessageFigures()),
            )
            for channel in CHANNELS
            if channel in today.channels or channel in new.channels
        ]
        people = [
            PersonCompared(
                to=to, name=name, today=today.people.get(to, MessageFigures()), new=new.people.get(to, MessageFigures())
            )
            for to, name in (today.names | new.names).items()
            if self._wanted(to, name)
        ]
        people.sort(key=lambda each: (-abs(each.new.pages - each.today.pages), each.name))
        result.people_found, result.people = len(people), people[:MOST_PEOPLE]
        result.messages.sort(key=lambda each: each.at)

    def _compare(self, cause: Hashable) -> None:
        result = self._result
        today, new = self._today.finish(cause), self._new.finish(cause)
        one = today or new
        assert one is not None
        for notes in (each for each in (today, new) if each is not None):
            one.title, one.alarm_id = one.title or notes.title, one.alarm_id or notes.alarm_id
        told_today, told_new = today is not None and today.told, new is not None and new.told
        result.told_today += told_today
        result.told_new += told_new
        if told_today != told_new:
            told: WhichSide = "today" if told_today else "new"
            result.untold_found[told] = result.untold_found.get(told, 0) + 1
            if result.untold_found[told] <= self._most:
                result.untold.append(UntoldCause(told=told, subject=one.subject, alarm_id=one.alarm_id, title=one.title))
        tickets = [list(each.tickets.values()) if each is not None else [] for each in (today, new)]
        for before, after in _paired(*tickets):
            if _terms(before) != _terms(after):
                self._ticket(one, before, after)
        for pair in _pairs(today.messages if today is not None else [], new.messages if new is not None else []):
            self._message(*pair)

    def _ticket(self, cause: CauseNotes, today: BacktestTicket | None, new: BacktestTicket | None) -> None:
        self._result.tickets_found += 1
        if len(self._result.tickets) < self._most:
            self._result.tickets.append(
                TicketDifference(subject=cause.subject, alarm_id=cause.alarm_id, title=cause.title, today=today, new=new)
            )

    def _message(self, today: MadeMessage | None, new: MadeMessage | None) -> None:
        result, one = self._result, today or new
        assert one is not None
        side: WhichSide = "both" if today is not None and new is not None else "today" if new is None else "new"
        same = today is not None and new is not None and today.at == new.at
        if self._person and not self._wanted(one.to, one.name, one.address):
            return
        if not same:
            result.messages_found[side] = result.messages_found.get(side, 0) + 1
        if (self._person or not same) and len(result.messages) < self._most:
            result.messages.append(
                BacktestMessage(side=side, new_at=new.at if side == "both" and new is not None else None, **one._asdict())
            )

    def _wanted(self, *names: str) -> bool:
        return not self._person or self._person in (name.casefold() for name in names)


def _paired(
    today: list[BacktestTicket], new: list[BacktestTicket]
) -> Iterator[tuple[BacktestTicket | None, BacktestTicket | None]]:
    for number in range(max(len(today), len(new))):
        yield today[number] if number < len(today) else None, new[number] if number < len(new) else None


def _terms(ticket: BacktestTicket | None) -> tuple[str, ...] | None:
    return None if ticket is None else (ticket.priority, ticket.team, ticket.category)


def _pairs(today: list[MadeMessage], new: list[MadeMessage]) -> Iterator[Pair]:
    """Messages of the same content to the same address, in order; None where one side has none."""
    left: dict[Hashable, list[MadeMessage]] = {}
    for each in new:
        left.setdefault(_content(each), []).append(each)
    for each in today:
        same = left.get(_content(each))
        yield each, same.pop(0) if same else None
    for rest in left.values():
        for each in rest:
            yield None, each


def _content(each: MadeMessage) -> Hashable:
    return each.channel, each.address, each.kind, each.step
