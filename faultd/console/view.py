"""How alarms look on a terminal: pure functions from alarms to rich renderables."""

from collections import Counter
from collections.abc import Iterable, Sequence
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


def worth_showing(alarms: Iterable[Alarm], now: datetime) -> list[Alarm]:
    """Open alarms and those just cleared: the worst first, then those that hurt most customers, then the newest."""
    shown = [alarm for alarm in alarms if alarm.cleared_at is None or now - alarm.cleared_at < LINGER]
    return sorted(
        shown,
        key=lambda alarm: (
            alarm.cleared_at is not None,
            rank(alarm.severity),
            -alarm.subscriber_count,
            -alarm.last_occurrence.timestamp(),
        ),
    )


def table(alarms: Sequence[Alarm], now: datetime, rows: int) -> Table:
    """At most ``rows`` alarms as a table."""
    shown = Table(expand=True, box=None, header_style="bold", pad_edge=False)
    for title, options in (
        ("Severity", {"no_wrap": True, "width": 9}),
        ("Alarm", {"ratio": 5, "no_wrap": True, "overflow": "ellipsis"}),
        ("Type", {"ratio": 2, "no_wrap": True, "overflow": "ellipsis"}),
        ("Customers", {"justify": "right", "width": 9}),
        ("Count", {"justify": "right", "width": 6}),
        ("For", {"justify": "right", "width": 8}),
        ("Status", {"no_wrap": True, "width": 12}),
    ):
        shown.add_column(title, **options)
    for alarm in alarms[:rows]:
        over = alarm.cleared_at is not None
        style = "dim" if over else ""
        shown.add_row(
            Text(alarm.severity, STYLES["cleared"] if over else STYLES[alarm.severity]),
            Text(alarm.title, style),
            Text(alarm.alarm_type, style),
            Text(str(alarm.subscriber_count or ""), style),
            Text(str(alarm.occurrence_count), style),
            Text(duration((alarm.cleared_at or now) - alarm.first_occurrence), style),
            Text(alarm.status, STYLES["cleared"] if over else style),
        )
    return shown


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
    rest = len(visible) - rows
    parts: list[RenderableType] = [
        Panel(Group(head, Text(), counts), title="faultd", title_align="left"),
        Panel(told, title="what the simulated plant does (faultd is not told)", title_align="left"),
        table(visible, now, rows),
    ]
    if rest > 0:
        parts.append(Text(f"... and {rest} more", "dim"))
    return Group(*parts)


def line(alarm: Alarm) -> str:
    """One alarm as one line of plain text."""
    state = "cleared" if alarm.cleared_at is not None else alarm.severity
    customers = f", {alarm.subscriber_count} customers" if alarm.subscriber_count else ""
    facts = f"{alarm.alarm_type}, {alarm.status}, x{alarm.occurrence_count}{customers}"
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
