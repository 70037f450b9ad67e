"""The dispatcher's part of a back-test's result in words, in 80 columns."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from protocols.backtest_dispatch import (
    BacktestMessage,
    BacktestTicket,
    DispatchResult,
    MessageFigures,
    TicketDifference,
    WhichSide,
)
from protocols.printable import counted

MOST_ROWS = 30
"""People in the table."""
MOST_WARNINGS = 5
_COLUMNS = ("all", "pages", "night", "woken")
_SIGNS: dict[WhichSide, str] = {"today": "-", "new": "+", "both": " "}


def dispatch_words(result: DispatchResult, sides: tuple[str, str]) -> Iterator[str]:
    """The report, line by line. ``sides`` are the headings of both sides."""
    for warning in sorted(result.warnings, key=lambda each: each.endswith("configured"))[:MOST_WARNINGS]:
        yield f"warning: {warning}"
    if len(result.warnings) > MOST_WARNINGS:
        yield f"... and {counted(len(result.warnings) - MOST_WARNINGS, 'warning')} more, all of them with --json"
    if result.warnings:
        yield ""
    yield from _people(result, sides)
    yield from _tickets(result, sides)
    yield from _untold(result)
    yield from _ticket_differences(result)
    yield from _messages(result)


def _people(result: DispatchResult, sides: tuple[str, str]) -> Iterator[str]:
    if not result.people and (result.person or not result.channels):
        yield f"no message to {result.person or 'anybody'} on either side"
        yield ""
        return
    yield f"{'messages':<24}{sides[0]:>24}  {sides[1]:>24}"
    yield f"{'':<24}{_cells(_COLUMNS)}  {_cells(_COLUMNS)}"
    for person in result.people[:MOST_ROWS]:
        yield from _figures(person.name, person.today, person.new)
    left = result.people_found - min(len(result.people), MOST_ROWS)
    if left:
        yield f"... and {counted(left, 'person', 'people')} more"
    if not result.person:
        for channel in result.channels:
            yield from _figures(f"by {channel.channel}", channel.today, channel.new, steps=False)
    yield ""
    yield f"night: 22:00-06:00 by the person's clock, and quiet hours; woken: by {' or '.join(result.wakes) or 'nothing'}"
    if result.assumed:
        yield f"{counted(result.assumed, 'new message')} never sent in reality: taken as delivered at once"
    yield ""


def _figures(name: str, today: MessageFigures, new: MessageFigures, *, steps: bool = True) -> Iterator[str]:
    yield f"{_cut(name, 23):<24}{_cells(_values(today))}  {_cells(_values(new))}"
    for step in sorted({*today.steps, *new.steps}) if steps else ():
        yield f"{f'  step {step}':<24}{today.steps.get(step, 0):>12}{'':>12}  {new.steps.get(step, 0):>12}"


def _values(figures: MessageFigures) -> tuple[int, ...]:
    return figures.messages, figures.pages, figures.night, figures.woken


def _cells(values: Iterable[object]) -> str:
    return "".join(f"{value:>6}" for value in values)


def _tickets(result: DispatchResult, sides: tuple[str, str]) -> Iterator[str]:
    today, new = result.tickets_today, result.tickets_new
    yield f"{'':<24}{sides[0]:>10}{sides[1]:>10}"
    yield _row("causes told", result.told_today, result.told_new)
    yield _row("tickets", today.opened, new.opened)
    for priority in ("critical", "high", "medium", "low"):
        if priority in today.by_priority or priority in new.by_priority:
            yield _row(f"  priority {priority}", today.by_priority.get(priority, 0), new.by_priority.get(priority, 0))
    for team in sorted({*today.by_team, *new.by_team}):
        yield _row(f"  team {team}", today.by_team.get(team, 0), new.by_team.get(team, 0))


def _untold(result: DispatchResult) -> Iterator[str]:
    titles: Mapping[WhichSide, str] = {
        "today": "nobody would be told any more of",
        "new": "somebody would be told for the first time of",
    }
    for side, title in titles.items():
        found = result.untold_found.get(side, 0)
        if not found:
            continue
        listed = [each for each in result.untold if each.told == side]
        yield ""
        yield f"{title} {counted(found, 'cause')}"
        for each in listed:
            yield f"  {each.alarm_id or each.subject:<9} {each.title}"
        if found > len(listed):
            yield f"  ... and {found - len(listed)} more"


def _ticket_differences(result: DispatchResult) -> Iterator[str]:
    if not result.tickets_found:
        return
    yield ""
    yield f"{counted(result.tickets_found, 'ticket')} would differ"
    for each in result.tickets:
        yield f"{_ticket_sign(each)} {each.alarm_id or each.subject:<9} {each.title}"
        yield f"    {_ticket(each.today)} -> {_ticket(each.new)}"
    if result.tickets_found > len(result.tickets):
        yield f"... and {result.tickets_found - len(result.tickets)} more"


def _ticket_sign(each: TicketDifference) -> str:
    return "+" if each.today is None else "-" if each.new is None else " "


def _ticket(ticket: BacktestTicket | None) -> str:
    if ticket is None:
        return "none"
    causes = f", {ticket.causes} causes" if ticket.causes > 1 else ""
    return f"{ticket.priority}, team {ticket.team}, {ticket.category}{causes} ({ticket.policy})"


def _messages(result: DispatchResult) -> Iterator[str]:
    found = result.messages_found
    yield ""
    if not found and not result.messages:
        yield "no message differs"
        return
    words: Mapping[WhichSide, str] = {"today": "no more (-)", "new": "in addition (+)", "both": "at another time"}
    parts = [f"{counted(found[side], 'message')} {word}" for side, word in words.items() if found.get(side)]
    yield ", ".join(parts) or "no message differs"
    for each in result.messages:
        yield from _message(each, with_why=bool(result.person))
    left = sum(found.values()) - sum(each.side != "both" or each.new_at != each.at for each in result.messages)
    if left > 0:
        yield f"... and {left} more"


def _message(each: BacktestMessage, *, with_why: bool) -> Iterator[str]:
    step = f", step {each.step}" if each.step else ""
    night = "; wakes" if each.woke else "; at night" if each.night else ""
    to = each.name if each.name == each.address else f"{each.name} ({each.address})"
    yield f"{_SIGNS[each.side]} {_clock(each.at)} {each.channel} to {to}: {each.kind}{step}{night}"
    others = f" and {counted(each.others, 'other cause')}" if each.others else ""
    yield f"    {each.alarm_id or each.subject} {each.title}{others}"
    if with_why and each.why:
        yield f"    {each.why}"
    yield f"    {each.policy}: {each.reason}"
    if each.new_at is not None and each.new_at != each.at:
        yield f"    with the new policies at {_clock(each.new_at)}"


def _clock(at: datetime) -> str:
    return f"{at.astimezone():%a %Y-%m-%d %H:%M:%S}"


def _row(name: str, today: int, new: int) -> str:
    change = f"{new - today:+d}" if new != today else ""
    return f"{_cut(name, 23):<24}{today:>10}{new:>10}  {change}".rstrip()


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"
