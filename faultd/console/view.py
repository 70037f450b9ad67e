"""Alarms on a terminal: pure functions from alarms to rich renderables.

An alarm that is attributed to a cause is folded under it. The cause shows their number and the reason for the attribution.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from io import StringIO

from rich.cells import cell_len, set_cell_size
from rich.console import Console, Group, RenderableType
from rich.text import Text

from protocols.alarm import Alarm
from protocols.printable import counted, printable
from protocols.probability import in_words
from protocols.severity import SEVERITIES, rank

STYLES = {
    "critical": "bold white on red",
    "major": "bold red",
    "minor": "yellow",
    "warning": "cyan",
    "info": "dim",
    "cleared": "green",
}
LINGER = timedelta(seconds=15)
"""A cleared alarm stays on the screen this long, so that the operator sees that it cleared."""


def held_back(alarm: Alarm) -> bool:
    """True for a child alarm, and for one that is shelved or suppressed by a maintenance window, a rule or flapping."""
    return alarm.status == "suppressed" or alarm.parent_alarm_id is not None


def open_children(alarms: Iterable[Alarm]) -> Counter[str]:
    """For each cause by id: the number of open alarms attributed to it, directly or through another alarm."""
    parents = {alarm.id: alarm.parent_alarm_id for alarm in alarms if alarm.cleared_at is None}
    found: Counter[str] = Counter()
    for alarm_id in parents:
        seen = {alarm_id}
        above = parents[alarm_id]
        while above is not None and above not in seen:
            found[above] += 1
            seen.add(above)
            above = parents.get(above)
    return found


def why(alarm: Alarm) -> str:
    """The reason to show below an alarm: why it is the cause of others, or what suppresses it. Empty when there is none."""
    if alarm.suppressed_by:
        held = alarm.suppressed_by[0]
        return printable(f"suppressed by {held.kind}: {held.reason}" if held.reason else f"suppressed by {held.kind}")
    if not alarm.is_root_cause:
        return ""
    confidence = alarm.metadata.get("confidence")
    said = alarm.description.partition(". ")[0]
    return printable(f"{in_words(confidence)}: {said}" if said and isinstance(confidence, int | float) else said)


def worth_showing(alarms: Iterable[Alarm], now: datetime) -> list[Alarm]:
    """Open alarms and those just cleared: the worst first, then those that hurt most customers, then the newest. What is
    attributed to an alarm that is shown is left out."""
    shown = {alarm.id: alarm for alarm in alarms if alarm.cleared_at is None or now - alarm.cleared_at < LINGER}
    tops = [alarm for alarm in shown.values() if alarm.parent_alarm_id not in shown]
    return sorted(tops, key=worst_first)


def worst_first(alarm: Alarm) -> tuple[bool, int, int, float]:
    """A key to sort by: open before cleared, then the worst, then those that hurt most customers, then the newest."""
    return alarm.cleared_at is not None, rank(alarm.severity), -alarm.subscriber_count, -alarm.last_occurrence.timestamp()


def heading(width: int) -> Text:
    """The names of the columns of :func:`rows`."""
    return Text(_row("Severity", "Id", "Alarm", "Cust.", "For", "Status", _title_width(width)).rstrip(), "bold")


def rows(alarm: Alarm, now: datetime, width: int, children: int = 0, agreements: str = "") -> list[Text]:
    """An alarm as lines of at most ``width`` columns: what it is, and why in lines of their own, with its ``agreements`` as the
    last. Nothing is cut off."""
    room = _title_width(width)
    over = alarm.cleared_at is not None
    first, *more = wrapped(printable(alarm.title), room)
    passed = duration((alarm.cleared_at or now) - alarm.first_occurrence)
    customers = str(alarm.subscriber_count or "")
    line = Text(_row(alarm.severity, printable(alarm.alarm_id), first, customers, passed, alarm.status, room).rstrip())
    line.stylize("dim" if over else "")
    line.stylize(STYLES["cleared"] if over else STYLES[alarm.severity], 0, len(alarm.severity))
    indent = " " * (_SEVERITY + _ID + 2)
    found = [line, *(Text(indent + each, "dim" if over else "") for each in more)]
    below, ticket = (
        (f"{counted(children, 'alarm')} below" if children else ""),
        (f"ticket {alarm.ticket_id}" if alarm.ticket_id else ""),
    )
    said = [each for each in (why(alarm), below, printable(ticket)) if each]
    for number, each in enumerate(wrapped("; ".join(said), width - len(indent) - 2) if said else ()):
        found.append(Text(f"{indent}{'└ ' if number == 0 else '  '}{each}", "dim" if over else "italic cyan"))
    for number, each in enumerate(wrapped(agreements, width - len(indent) - 2) if agreements else ()):
        found.append(Text(f"{indent}{'└ ' if number == 0 else '  '}{each}", "dim" if over else "bold yellow"))
    return found


_SEVERITY, _ID, _CUSTOMERS, _FOR, _STATUS = 8, 6, 5, 7, 12
_LEAST_TITLE = 12


def _title_width(width: int) -> int:
    return max(_LEAST_TITLE, width - (_SEVERITY + _ID + _CUSTOMERS + _FOR + _STATUS + 5))


def _row(severity: str, name: str, title: str, customers: str, passed: str, status: str, room: int) -> str:
    # By columns, not characters: a title can be of wide ones. An id that is longer pushes the rest to the right.
    title = set_cell_size(title, room)
    return f"{severity:<{_SEVERITY}} {name:<{_ID}} {title} {customers:>{_CUSTOMERS}} {passed:>{_FOR}} {status}"


def wrapped(text: str, room: int) -> list[str]:
    """The lines of ``text`` in ``room`` columns, at least one."""
    return [line.plain.rstrip() for line in Text(text).wrap(_PLAIN, max(1, room))] or [""]


_PLAIN = Console(file=StringIO(), color_system=None)


def screen(
    alarms: Iterable[Alarm],
    now: datetime,
    links: Sequence[tuple[str, str]],
    news: Sequence[str],
    width: int,
    height: int,
    agreements: Callable[[Alarm], str] = lambda _: "",
    total: str = "",
    mail: str = "",
) -> RenderableType:
    """The whole screen of ``width`` columns and ``height`` lines: where to look, what the plant just did, and the alarms, each
    with its ``agreements``. ``total`` is said of all agreements, ``mail`` is the last mail."""
    everything = list(alarms)
    visible = worth_showing(everything, now)
    children = open_children(everything)
    head = [_clipped(f"{name}: {link}", width, "dim") for name, link in links[: 2 if height < TALL else None]]
    told = [
        Text(("          " if number else "") + each, "magenta")
        for line in news[-(2 if height < TALL else 5) :]
        for number, each in enumerate(wrapped(printable(line), width - 10))
    ]
    said = [_clipped(total, width, "bold yellow")] if total else []
    said += [_clipped(f"mail {mail}", width, "bold blue")] if mail else []
    parts = [
        *head,
        _counts(everything),
        *said,
        Text("what the simulated plant does (faultd does not see this):", "bold"),
        *told,
    ]
    parts += [Text(), heading(width)]
    room = height - len(parts) - 1
    shown = 0
    for alarm in visible:
        lines = rows(alarm, now, width, children[alarm.id], agreements(alarm))
        if len(lines) > room:
            break
        room -= len(lines)
        shown += 1
        parts += lines
    if len(visible) > shown:
        parts.append(Text(f"... and {len(visible) - shown} more", "dim"))
    return Group(*parts)


TALL = 34
"""Screen height, in lines, from which the demo shows all addresses instead of the first."""


def counts(alarms: Iterable[Alarm]) -> Counter[str]:
    """Open alarms by severity."""
    return Counter(alarm.severity for alarm in alarms if alarm.cleared_at is None)


def _counts(alarms: Iterable[Alarm]) -> Text:
    opened = [alarm for alarm in alarms if alarm.cleared_at is None]
    found = counts(alarm for alarm in opened if not held_back(alarm))
    words = [Text(f" {found[severity]} {severity} ", STYLES[severity]) for severity in SEVERITIES[:-1]]
    held = sum(map(held_back, opened))
    return Text(" ").join([*words, Text(f"{held} suppressed", "dim")])


def _clipped(text: str, width: int, style: str) -> Text:
    text = printable(text)
    return Text(text if cell_len(text) <= width else set_cell_size(text, width - 1) + "…", style)


def line(alarm: Alarm, children: int = 0) -> str:
    """One alarm as one line of plain text, with how many are attributed to it."""
    state = "cleared" if alarm.cleared_at is not None else alarm.severity
    customers = f", {counted(alarm.subscriber_count, 'customer')}" if alarm.subscriber_count else ""
    below = f", {children} below" if children else ""
    reports = f", {alarm.occurrence_count} reports" if alarm.occurrence_count > 1 else ""
    ticket = f", ticket {alarm.ticket_id}" if alarm.ticket_id else ""
    facts = f"{alarm.alarm_type}, {alarm.status}{reports}{customers}{below}{ticket}"
    return printable(f"{state:<9} {alarm.alarm_id:<8} {alarm.title} [{facts}]")


def duration(passed: timedelta) -> str:
    """``42s``, ``3m07s``, ``2h05m``, ``3d04h``."""
    seconds = max(0, int(passed.total_seconds()))
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days}d{hours:02}h"
    if hours:
        return f"{hours}h{minutes:02}m"
    return f"{minutes}m{seconds:02}s" if minutes else f"{seconds}s"
