"""``faultd explain``: why an alarm is shown as it is."""

import sys
from collections.abc import Iterator
from shutil import get_terminal_size
from typing import Annotated

import msgspec
import typer

from faultd.cli.client import ConfigOrUrl, TokenFile, Url, rest, told
from faultd.cli.common import EX_UNAVAILABLE, fail
from faultd.console.rest import PREFIX, NotFound, Rest, RestError, alarm_path, names_of
from faultd.console.view import wrapped
from protocols.alarm import Alarm
from protocols.printable import counted, printable
from protocols.probability import in_words
from protocols.rest_timeline import Explanation, NotePage

_INDENT = "   "
REMARKS = 20
"""Notes that are shown."""


def explain(
    alarm: Annotated[str, typer.Argument(help="An alarm's id: A17, or 17, or a UUID.", metavar="ALARM")],
    config: ConfigOrUrl = None,
    url: Url = "",
    token_file: TokenFile = None,
    json: Annotated[bool, typer.Option("--json", help="Print the API's answer as it is.")] = False,
) -> None:
    """Explain an alarm: its root cause, what is attributed to it, each decision with its evidence, and the notes.

    Asks the running daemon.
    """
    api = rest(config, url, token_file)
    with told():
        octets = asked(api, alarm, "explain")
    if json:
        sys.stdout.buffer.write(octets + b"\n")
        return
    try:
        found = msgspec.json.decode(octets, type=Explanation)
    except msgspec.MsgspecError as error:
        fail(f"{api.url} answers what is no explanation: {error}", EX_UNAVAILABLE)
    width = get_terminal_size().columns if sys.stdout.isatty() else None
    for line in (*tree(found), *remarks(api, found.alarm)):
        for shown in fitted(printable(line), width):
            sys.stdout.write(f"{shown}\n")


def asked(api: Rest, name: str, what: str) -> bytes:
    """The answer about an alarm, by any name that people give it. Raises RestError."""
    first, *others = names_of(name)
    try:
        return api.get(alarm_path(first, what))
    except NotFound:
        if not others:
            raise
        return api.get(alarm_path(others[0], what))


def fitted(line: str, width: int | None) -> Iterator[str]:
    """``line`` in ``width`` columns, broken between words and continued below its own indent; whole without a width."""
    if width is None:
        yield line
        return
    text = line.lstrip()
    indent = " " * (len(line) - len(text))
    first, *more = wrapped(text, width - len(indent) - len(_INDENT))
    yield f"{indent}{first}"
    for each in more:
        yield f"{indent}{_INDENT}{each}"


def remarks(api: Rest, alarm: Alarm) -> Iterator[str]:
    """Operators' notes about the alarm, newest first. When they cannot be read now, one line that says why."""
    try:
        page = msgspec.json.decode(api.get(f"{alarm_path(alarm.id, 'notes')}?latest_first=true&limit={REMARKS}"), type=NotePage)
    except RestError as error:
        yield ""
        yield f"notes cannot be read now: {error}"
        return
    if page.items:
        yield ""
        yield "notes"
    for note in page.items:
        yield f"  {note.at:%Y-%m-%d %H:%M:%S} by {note.by.removeprefix('user:')}: {note.text}"
    if page.next_cursor is not None:
        yield f"  ... and older ones: GET {PREFIX}{alarm_path(alarm.alarm_id, 'notes')}"


def tree(found: Explanation) -> Iterator[str]:
    """The root first, each cause below what it is attributed to, then the alarm with its children and its decisions."""
    depth = 0
    for cause in reversed(found.causes):
        yield f"{_INDENT * depth}{_line(cause)}"
        depth += 1
    indent = _INDENT * depth
    alarm = found.alarm
    yield f"{indent}{_line(alarm)}"
    for held in alarm.suppressed_by:
        yield f"{indent}  suppressed by {held.kind} since {held.since:%H:%M:%S}: {held.reason or held.by}"
    children = found.children
    if children.total:
        kinds = ", ".join(f"{count} {kind}" for kind, count in children.by_type.items())
        yield f"{indent}  {counted(children.total, 'alarm')} attributed to it, {children.open} still open: {kinds}"
        for child in children.first:
            yield f"{indent}{_INDENT}{child.severity:<9}{child.alarm_id:<9}{child.title} [{child.status}]"
        if children.total > len(children.first):
            yield f"{indent}{_INDENT}... and {children.total - len(children.first)} more"
    yield ""
    yield "decisions" if found.decisions else "faultd decided nothing about it: it is shown as it was reported"
    for entry in found.decisions:
        yield f"  {entry.at:%Y-%m-%d %H:%M:%S} {entry.action} by {entry.actor.removeprefix('faultd:')}: {entry.text}"
        for name, value in entry.detail.items():
            yield f"      {name}: {in_words(value) if name == 'confidence' and isinstance(value, float) else _value(value)}"
    if found.truncated:
        yield "  ... and more: see the alarm's timeline"


def _line(alarm: Alarm) -> str:
    facts = [alarm.alarm_type, alarm.status]
    facts += ["root cause"] if alarm.is_root_cause else []
    facts += [counted(alarm.subscriber_count, "customer")] if alarm.subscriber_count else []
    confidence = alarm.metadata.get("confidence")
    facts += [in_words(confidence)] if isinstance(confidence, float | int) else []
    return f"{alarm.severity:<9}{alarm.alarm_id:<9}{alarm.title} [{', '.join(facts)}]"


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, list):
        shown = ", ".join(map(_value, value[:8]))
        return shown + (f" ... and {len(value) - 8} more" if len(value) > 8 else "")
    if isinstance(value, dict):
        return ", ".join(f"{name} {_value(each)}" for name, each in value.items())
    return str(value)
