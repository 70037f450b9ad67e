"""``faultd alarms``: what is open, live, and what a person does about it, without curl."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Literal

import msgspec
import trio
import typer
from rich.console import Console
from rich.text import Text

from faultd.cli.client import ConfigOrUrl, StreamUrl, TokenFile, Url, rest, token, told, where
from faultd.cli.common import EX_USAGE, fail
from faultd.cli.explain import explain
from faultd.console.changes import Changes, Told, by
from faultd.console.follow import AlarmFollower, snapshot
from faultd.console.rest import Declined, NotFound, Rest, RestError, alarm_path, names_of
from faultd.console.view import STYLES, counts, heading, held_back, open_children, rows, why, worst_first, wrapped
from protocols.alarm import Alarm
from protocols.printable import counted, printable
from protocols.severity import SEVERITIES, Severity, rank

app = typer.Typer(help="Open alarms: list, follow, acknowledge, clear, note, explain.", no_args_is_help=True)

Everything = Annotated[
    bool,
    typer.Option(
        "--all", help="Also child alarms (attributed to a cause) and suppressed alarms (window, rule, shelf, flapping)."
    ),
]
Least = Annotated[
    Literal["critical", "major", "minor", "warning", "info"] | None,
    typer.Option("--severity", help="Only this severity and worse ones.", case_sensitive=False),
]
Names = Annotated[list[str], typer.Argument(help="Ids of alarms: A17, or 17, or a UUID.", metavar="ALARM...")]
Remark = Annotated[str, typer.Option("--note", "-m", help="A remark for the alarm's timeline.")]


@app.command("list", short_help="List the open alarms, the worst first.")
def list_alarms(
    everything: Everything = False,
    severity: Least = None,
    json: Annotated[bool, typer.Option("--json", help="A line of JSON for each alarm, as REST shows it.")] = False,
    config: ConfigOrUrl = None,
    url: Url = "",
    stream_url: StreamUrl = "",
    token_file: TokenFile = None,
) -> None:
    """List the open alarms that have no parent and are not suppressed, the worst first, and count the others.

    Works while PostgreSQL is away. On a terminal it prints a table; into a pipe, one line for each alarm, columns separated
    by tabs: severity, id, status, since, customers, alarm type, resource, title.
    """
    server = where(config, url, stream_url)
    with told():
        found = trio.run(snapshot, server.stream, token(token_file))
    opened = [alarm for alarm in found.values() if alarm.cleared_at is None and _bad_enough(alarm, severity)]
    shown = sorted((alarm for alarm in opened if everything or not held_back(alarm)), key=worst_first)
    if json:
        for alarm in shown:
            sys.stdout.buffer.write(msgspec.json.encode(alarm) + b"\n")
        return
    if sys.stdout.isatty():
        _table(shown, open_children(found.values()))
    else:
        for alarm in shown:
            sys.stdout.write(_tabbed(alarm) + "\n")
    sys.stderr.write(f"{summary(shown, len(opened) - len(shown), severity)}\n")


@app.command()
def follow(
    everything: Everything = False,
    severity: Least = None,
    config: ConfigOrUrl = None,
    url: Url = "",
    stream_url: StreamUrl = "",
    token_file: TokenFile = None,
) -> None:
    """Show the open alarms, then one line for each change, until Ctrl-C. It reconnects when the daemon restarts.

    A new alarm is shown after 3 seconds, when child alarms have their parent; with --all at once.
    """
    server = where(config, url, stream_url)
    subscription = AlarmFollower(server.stream, token(token_file), _say)
    with told():
        try:
            trio.run(partial(_follow, subscription, everything, severity))
        except* KeyboardInterrupt:
            pass


@app.command()
def ack(
    names: Names,
    note: Remark = "",
    config: ConfigOrUrl = None,
    url: Url = "",
    token_file: TokenFile = None,
) -> None:
    """Acknowledge alarms: somebody has taken them on.

    Exit 1 when the state of an alarm does not allow it, 66 when an alarm does not exist; the others are acknowledged.
    """
    _act(rest(config, url, token_file), names, "acknowledge", {"note": note}, "acknowledged")


@app.command(short_help="Clear alarms by hand: the problem is over.")
def clear(
    names: Names,
    note: Remark = "",
    config: ConfigOrUrl = None,
    url: Url = "",
    token_file: TokenFile = None,
) -> None:
    """Clear alarms by hand: the problem is over, although no device said so.

    Exit 1 when the state of an alarm does not allow it, 66 when an alarm does not exist; the others are cleared.
    """
    _act(rest(config, url, token_file), names, "clear", {"note": note}, "cleared")


@app.command("note")
def note_alarm(
    name: Annotated[str, typer.Argument(help="The id of an alarm: A17, or 17, or a UUID.", metavar="ALARM")],
    text: Annotated[str, typer.Argument(help="The remark.", metavar="TEXT")],
    config: ConfigOrUrl = None,
    url: Url = "",
    token_file: TokenFile = None,
) -> None:
    """Write a remark into an alarm's timeline."""
    if not text.strip():
        fail("the remark is empty", EX_USAGE)
    _act(rest(config, url, token_file), [name], "notes", {"text": text}, "noted")


app.command("explain", short_help="Explain an alarm: its cause, its decisions, its notes.")(explain)


def summary(shown: Sequence[Alarm], held: int, least: Severity | None = None) -> str:
    """``2 alarms: 1 critical, 1 minor; 40 more with --all``. ``least`` is the severity that was asked for."""
    by_severity = counts(shown)
    words = [f"{by_severity[severity]:,} {severity}" for severity in SEVERITIES if by_severity[severity]]
    text = (f"{counted(len(shown), 'alarm')}: " + ", ".join(words)) if shown else "no alarms" + _limit(least)
    return text + (f"; {held:,} more with --all" if held else "")


def _limit(least: Severity | None) -> str:
    if least is None or least == SEVERITIES[0]:
        return f" that are {least}" if least else ""
    return f" that are {least} or worse"


def _bad_enough(alarm: Alarm, least: Severity | None) -> bool:
    return least is None or rank(alarm.severity) <= rank(least)


def _table(alarms: Sequence[Alarm], children: dict[str, int]) -> None:
    console = Console(highlight=False)
    now = datetime.now(UTC)
    if alarms:
        console.print(heading(console.width))
    for alarm in alarms:
        for line in rows(alarm, now, console.width, children.get(alarm.id, 0)):
            console.print(line, soft_wrap=True)


def _tabbed(alarm: Alarm) -> str:
    since = f"{alarm.first_occurrence.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    resource = alarm.resource_name or alarm.resource_id
    cells = [
        alarm.severity,
        alarm.alarm_id,
        alarm.status,
        since,
        alarm.subscriber_count,
        alarm.alarm_type,
        resource,
        alarm.title,
    ]
    return "\t".join(printable(str(cell)) for cell in cells)


async def _follow(subscription: AlarmFollower, everything: bool, severity: Severity | None) -> None:
    changes = Changes(everything=everything)
    console = Console(highlight=False)
    begun = False

    def on_frame(changed: Sequence[Alarm], whole: bool) -> None:
        nonlocal begun
        if not begun:
            begun = True
            changes.begin(changed)
            opened = [alarm for alarm in changed if alarm.cleared_at is None and _bad_enough(alarm, severity)]
            shown = sorted((alarm for alarm in opened if everything or not held_back(alarm)), key=worst_first)
            for alarm in shown:
                _tell(console, Told(alarm, "open" if alarm.status == "active" else f"open, {alarm.status}", by(alarm)))
            _say(summary(shown, len(opened) - len(shown), severity))
        elif whole:
            changes.compare(subscription.alarms, trio.current_time())
        else:
            changes.take(changed, trio.current_time())

    async def tell() -> None:
        while True:
            await trio.sleep(0.25)
            for line in changes.due(subscription.alarms, trio.current_time()):
                if _bad_enough(line.alarm, severity):
                    _tell(console, line)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(tell)
        try:
            await subscription.run(on_frame)
        finally:
            nursery.cancel_scope.cancel()


def _tell(console: Console, line: Told) -> None:
    """A line for a change, and its reason on a terminal in another."""
    alarm, now = line.alarm, datetime.now().astimezone()
    if not sys.stdout.isatty():
        sys.stdout.write(f"{now:%Y-%m-%dT%H:%M:%S%z}\t{line.what}\t{_tabbed(alarm)}\n")
        sys.stdout.flush()
        return
    over = alarm.cleared_at is not None
    text = Text(f"{now:%H:%M:%S} ").append(f"{alarm.severity:<8}", STYLES["cleared"] if over else STYLES[alarm.severity])
    customers = f" ({counted(alarm.subscriber_count, 'customer')})" if alarm.subscriber_count else ""
    text.append(f" {printable(alarm.alarm_id):<6} ")
    indent = " " * text.cell_len
    what = f"{line.what} by {line.by}" if line.by else line.what
    first, *more = wrapped(printable(f"{what}: {alarm.title}") + customers, console.width - text.cell_len)
    lines = [text.append(first), *(Text(indent + each) for each in more)]
    if not over and (reason := why(alarm)):
        for number, each in enumerate(wrapped(reason, console.width - len(indent) - 2)):
            lines.append(Text(f"{indent}{'  ' if number else '└ '}{each}", "italic cyan"))
    for shown in lines:
        console.print(shown, soft_wrap=True)


def _say(text: str) -> None:
    sys.stderr.write(f"faultd: {text}\n")
    sys.stderr.flush()


def _act(api: Rest, names: Sequence[str], action: str, body: dict[str, str], done: str) -> None:
    """Send the command for each alarm and print ``done`` for each that took it. Print one line for each that refused it. Exit
    with the worst exit code of all."""
    failed: list[RestError] = []
    for name in names:
        try:
            octets = _once(api, name, action, body)
        except (NotFound, Declined) as error:
            sys.stderr.write(f"faultd: {printable(name)}: {error}\n")
            failed.append(error)
            continue
        except RestError as error:
            with told():
                raise error
        alarm = msgspec.json.decode(octets, type=Alarm) if octets else None
        cells = (name, done) if alarm is None else (alarm.alarm_id, done, alarm.title)
        sys.stdout.write("\t".join(map(printable, cells)) + "\n")
    if failed:
        raise typer.Exit(66 if any(isinstance(error, NotFound) for error in failed) else 1)


def _once(api: Rest, name: str, action: str, body: dict[str, str]) -> bytes:
    first, *others = names_of(name)
    try:
        return api.post(alarm_path(first, action), body)
    except NotFound:
        if not others:
            raise
        return api.post(alarm_path(others[0], action), body)
