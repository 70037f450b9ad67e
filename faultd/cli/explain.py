"""``faultd explain``: why an alarm is shown as it is."""

import sys
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import msgspec
import typer

from faultd.cli.common import DEFAULT_CONFIG, EX_NOINPUT, EX_NOPERM, EX_UNAVAILABLE, ConfigFile, configuration, fail
from protocols.alarm import Alarm
from protocols.rest import Explanation

_INDENT = "   "


def explain(
    alarm: Annotated[str, typer.Argument(help="An alarm's id, or its short name (A17).", metavar="ALARM")],
    config: ConfigFile = DEFAULT_CONFIG,
    token_file: Annotated[
        Path | None, typer.Option(help="A file with a token of the API (`faultd token create`); without it: standard input.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the API's answer as it is.")] = False,
) -> None:
    """Print the reasoning behind an alarm: its root cause, what is attributed to it, and each decision with its evidence.

    Asks the running daemon.
    """
    settings = configuration(config)
    try:
        token = (token_file.read_text(encoding="ascii") if token_file is not None else sys.stdin.readline()).strip()
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{token_file or 'standard input'}: {error}", EX_NOINPUT)
    host, _, port = settings.http.bind.rpartition(":")
    connection = HTTPConnection(host.strip("[]"), int(port), timeout=30)
    try:
        path = f"/api/v1/faults/alarms/{quote(alarm, safe='')}/explain"
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        response = connection.getresponse()
        octets = response.read()
        if response.status in (401, 403):
            fail(f"{settings.http.bind} does not take this token", EX_NOPERM)
        if response.status == 404:
            fail(f"no alarm {alarm!r}", EX_NOINPUT)
        if response.status != 200:
            fail(f"{settings.http.bind} answers {response.status}: {octets.decode(errors='replace')}", EX_UNAVAILABLE)
        found = msgspec.json.decode(octets, type=Explanation)
    except (OSError, HTTPException, ValueError) as error:
        fail(f"no faultd answers at {settings.http.bind}: {error}", EX_UNAVAILABLE)
    finally:
        connection.close()
    if json:
        sys.stdout.buffer.write(octets + b"\n")
        return
    for line in tree(found):
        sys.stdout.write(f"{line}\n")


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
        yield f"{indent}  held back by {held.kind} since {held.since:%H:%M:%S}: {held.reason or held.by}"
    children = found.children
    if children.total:
        kinds = ", ".join(f"{count} {kind}" for kind, count in children.by_type.items())
        yield f"{indent}  {children.total} alarms attributed to it, {children.open} still open: {kinds}"
        for child in children.first:
            yield f"{indent}{_INDENT}{child.severity:<9}{child.alarm_id:<9}{child.title} [{child.status}]"
        if children.total > len(children.first):
            yield f"{indent}{_INDENT}... and {children.total - len(children.first)} more"
    yield ""
    yield "decisions" if found.decisions else "faultd decided nothing about it: it is shown as it was reported"
    for entry in found.decisions:
        yield f"  {entry.at:%Y-%m-%d %H:%M:%S} {entry.action} by {entry.actor.removeprefix('faultd:')}: {entry.text}"
        for name, value in entry.detail.items():
            yield f"      {name}: {_value(value)}"
    if found.truncated:
        yield "  ... and more: see the alarm's timeline"


def _line(alarm: Alarm) -> str:
    facts = [alarm.alarm_type, alarm.status]
    facts += ["root cause"] if alarm.is_root_cause else []
    facts += [f"{alarm.subscriber_count} customers"] if alarm.subscriber_count else []
    confidence = alarm.metadata.get("confidence")
    facts += [f"confidence {_value(confidence)}"] if confidence is not None else []
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
