"""How alarms look on a terminal: pure functions from alarms to rich renderables.

What faultd has attributed to a cause is folded under it: the cause shows how many there are, and why it is the cause.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from protocols.alarm import Alarm
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
"""A cleared alarm stays on screen this long, so that one sees it go."""


def open_children(alarms: Iterable[Alarm]) -> Counter[str]:
    """How many open alarms are attributed to each, directly or through others, by its id."""
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
    """The reason to show below an alarm: why it is the cause of others, or what holds it back. Empty when there is none."""
    if alarm.suppressed_by:
        held = alarm.suppressed_by[0]
        return f"held back by {held.kind}: {held.reason}" if held.reason else f"held back by {held.kind}"
    if not alarm.is_root_cause:
        return ""
    confidence = alarm.metadata.get("confidence")
    said = alarm.description.partition(". ")[0]
    return f"{confidence:.0%} sure: {said}" if said and isinstance(confidence, int | float) else said


def worth_showing(alarms: Iterable[Alarm], now: datetime) -> list[Alarm]:
    """Open alarms and those just cleared: the worst first, then those that hurt most customers, then the newest. What is
    attributed to an alarm that is shown is left out."""
    shown = {alarm.id: alarm for alarm in alarms if alarm.cleared_at is None or now - alarm.cleared_at < LINGER}
    tops = [alarm for alarm in shown.values() if alarm.parent_alarm_id not in shown]
    return sorted(
        tops,
        key=lambda alarm: (
            alarm.cleared_at is not None,
            rank(alarm.severity),
            -alarm.subscriber_count,
            -alarm.last_occurrence.timestamp(),
        ),
    )


def table(alarms: Sequence[Alarm], now: datetime, rows: int, children: Mapping[str, int]) -> tuple[Table, int]:
    """Alarms as a table of at most ``rows`` lines, and how many of them it shows: a reason takes a line of its own."""
    shown = Table(expand=True, box=None, header_style="bold", pad_edge=False)
    for title, options in (
        ("Severity", {"no_wrap": True, "width": 9}),
        ("Alarm", {"ratio": 5, "no_wrap": True, "overflow": "ellipsis"}),
        ("Type", {"ratio": 2, "no_wrap": True, "overflow": "ellipsis"}),
        ("Below", {"justify": "right", "width": 6}),
        ("Customers", {"justify": "right", "width": 9}),
        ("Count", {"justify": "right", "width": 6}),
        ("For", {"justify": "right", "width": 8}),
        ("Status", {"no_wrap": True, "width": 12}),
    ):
        shown.add_column(title, **options)
    lines = count = 0
    for alarm in alarms:
        reason = why(alarm)
        lines += 2 if reason else 1
        if lines > rows:
            break
        count += 1
        over = alarm.cleared_at is not None
        style = "dim" if over else ""
        shown.add_row(
            Text(alarm.severity, STYLES["cleared"] if over else STYLES[alarm.severity]),
            Text(alarm.title, style),
            Text(alarm.alarm_type, style),
            Text(str(children.get(alarm.id) or ""), style),
            Text(str(alarm.subscriber_count or ""), style),
            Text(str(alarm.occurrence_count), style),
            Text(duration((alarm.cleared_at or now) - alarm.first_occurrence), style),
            Text(alarm.status, STYLES["cleared"] if over else style),
        )
        if reason:
            shown.add_row("", Text(f"  └ {reason}", "dim" if over else "italic cyan"))
    return shown, count


def screen(
    alarms: Iterable[Alarm], now: datetime, links: Sequence[tuple[str, str]], news: Sequence[str], rows: int
) -> RenderableType:
    """The whole screen: where to look, what the plant just did, and the alarms."""
    everything = list(alarms)
    visible = worth_showing(everything, now)
    open_by_severity = Counter(alarm.severity for alarm in everything if alarm.cleared_at is None)
    counts = Text("  ").join(
        Text(f" {open_by_severity[severity]} {severity} ", STYLES[severity]) for severity in SEVERITIES[:-1]
    )
    head = Table.grid(padding=(0, 2))
    for name, link in links:
        head.add_row(Text(name, "bold"), Text(link))
    told = Text("\n").join(Text(line, "magenta") for line in news) if news else Text("the plant is quiet", "dim")
    shown, count = table(visible, now, rows, open_children(everything))
    rest = len(visible) - count
    parts: list[RenderableType] = [
        Panel(Group(head, Text(), counts), title="faultd", title_align="left"),
        Panel(told, title="what the simulated plant does (faultd is not told)", title_align="left"),
        shown,
    ]
    if rest > 0:
        parts.append(Text(f"... and {rest} more", "dim"))
    return Group(*parts)


def line(alarm: Alarm, children: int = 0) -> str:
    """One alarm as one line of plain text, with how many are attributed to it."""
    state = "cleared" if alarm.cleared_at is not None else alarm.severity
    customers = f", {alarm.subscriber_count} customers" if alarm.subscriber_count else ""
    below = f", {children} below" if children else ""
    facts = f"{alarm.alarm_type}, {alarm.status}, x{alarm.occurrence_count}{customers}{below}"
    return f"{state:<9} {alarm.alarm_id:<8} {alarm.title} [{facts}]"


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
