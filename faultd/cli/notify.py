"""``faultd notify``: who is told of what, at a prompt."""

import sys
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from shutil import get_terminal_size
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
import typer

from faultd.cli.client import ConfigOrUrl, TokenFile, Url, rest, told
from faultd.cli.common import EX_UNAVAILABLE, EX_USAGE, fail
from faultd.cli.explain import fitted
from faultd.cli.notify_explain import explain_notifications
from faultd.console.rest import NotFound, Rest, names_of
from protocols.dispatch.policy import TicketTerms
from protocols.dispatch.policy_trial import PolicyTrial, TriedAction
from protocols.printable import printable
from protocols.rest_notification_preview import MessagePreview

app = typer.Typer(help="Notifications: who is told of what, and why.", no_args_is_help=True)
app.command("explain", short_help="Explain who was told of an alarm, and who was not.")(explain_notifications)

_INDENT = "   "
_PLAIN = ("severity", "area", "resource_type", "alarm_type", "resource_id", "title")


@app.command("who", short_help="Who would be told of a cause, now or at another time.")
def who(
    alarm: Annotated[
        str, typer.Argument(help="An alarm's id: A17, or 17, or a UUID. The options come on top of it.", metavar="[ALARM]")
    ] = "",
    at: Annotated[
        str,
        typer.Option(
            help="The time, 2026-03-28T03:00+01:00, or 03:00 today; without an offset it is this machine's. Without it: now.",
            metavar="TIME",
        ),
    ] = "",
    severity: Annotated[str, typer.Option(help="critical, major, minor, warning or info.")] = "",
    area: Annotated[str, typer.Option(help="The area of the resource.", metavar="AREA")] = "",
    subscribers: Annotated[int | None, typer.Option(help="Number of subscribers affected.", metavar="NUMBER")] = None,
    tier: Annotated[
        list[str] | None, typer.Option("--tier", help="A class of the customers affected; may be repeated.", metavar="TIER")
    ] = None,
    kind: Annotated[str, typer.Option(help="Kind of the notification: raised, breach_opened, maintenance ...")] = "raised",
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--field", help="Any other field that policies match, as JSON or text; may be repeated.", metavar="NAME=VALUE"
        ),
    ] = None,
    tenant: Annotated[str, typer.Option(help="The tenant; without it the alarm's, the token's, or the default.")] = "",
    config: ConfigOrUrl = None,
    url: Url = "",
    token_file: TokenFile = None,
    json: Annotated[bool, typer.Option("--json", help="Print the API's answer as it is.")] = False,
) -> None:
    """Say which notification policies match a cause, and whom they would reach at a time: the messages, the tickets, and the
    steps of escalations with whoever is on call by then. Nothing is sent.

    Asks the running daemon.
    """
    fields = {name: value for name, value in (("severity", severity), ("area", area)) if value}
    body: dict[str, Any] = {"kind": kind, "fields": fields | dict(map(_field, given or ()))}
    if subscribers is not None:
        body["fields"]["subscriber_count"] = subscribers
    if tier:
        body["fields"]["customer_tier"] = tier
    if tenant:
        body["tenant_id"] = tenant
    if at:
        body["at"] = _time(at).isoformat()
    api = rest(config, url, token_file)
    with told():
        octets = _asked(api, alarm, body)
    if json:
        sys.stdout.buffer.write(octets + b"\n")
        return
    try:
        trial = msgspec.json.decode(octets, type=PolicyTrial)
    except msgspec.MsgspecError as error:
        fail(f"{api.url} answers what is no trial of policies: {error}", EX_UNAVAILABLE)
    width = get_terminal_size().columns if sys.stdout.isatty() else None
    for line in lines_of(trial):
        for shown in fitted(printable(line), width):
            sys.stdout.write(f"{shown}\n")


@app.command("preview", short_help="A message as it would be sent.")
def preview(
    template: Annotated[
        str,
        typer.Argument(help="A template of the daemon, or a file NAME.toml; else built in.", metavar="[TEMPLATE]"),
    ] = "",
    channel: Annotated[str, typer.Option(help="email, sms, slack, teams, webhook or remediation.")] = "email",
    kind: Annotated[str, typer.Option(help="Kind of the notification: raised, recovered, storm ...")] = "raised",
    notification: Annotated[
        str, typer.Option(help="A notification's id: its facts, instead of those of an example.", metavar="ID")
    ] = "",
    html: Annotated[bool, typer.Option("--html", help="Print the HTML part instead of the text.")] = False,
    config: ConfigOrUrl = None,
    url: Url = "",
    token_file: TokenFile = None,
) -> None:
    """Print a message by a template, with nothing sent: the way to try a template before a policy names it. Exits 1 when the
    template fails; the message that is printed then is the one that would be sent.

    Asks the running daemon.
    """
    body: dict[str, Any] = {"channel": channel, "kind": kind}
    if template.endswith(".toml"):
        try:
            body["parts"] = tomllib.loads(Path(template).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            fail(f"{template}: {error.strerror if isinstance(error, OSError) else error}", EX_USAGE)
    elif template:
        body["template"] = template
    api = rest(config, url, token_file)
    with told():
        if notification:
            found = msgspec.json.decode(api.get(f"/notifications/{quote(notification, safe='')}"))
            body["facts"] = found["facts"]
        octets = api.post("/notifications/preview", body)
    try:
        message = msgspec.json.decode(octets, type=MessagePreview)
    except msgspec.MsgspecError as error:
        fail(f"{api.url} answers what is no preview: {error}", EX_UNAVAILABLE)
    for line in (f"Subject: {message.subject}", "", *(message.html if html else message.text).splitlines()):
        sys.stdout.write(f"{printable(line)}\n")
    if message.error:
        fail(f"the template failed, and the built-in texts are used: {message.error}", 1)


def lines_of(trial: PolicyTrial) -> Iterator[str]:
    """The trial as people read it. Times are those of this machine."""
    seen = trial.notice
    facts = [str(seen["subject"]), str(seen["kind"]), f"tenant {seen['tenant_id']}"]
    facts += [f"{name} {seen[name]}" for name in _PLAIN if name in seen]
    yield f"{_clock(trial.at)}: {', '.join(facts)}"
    if not trial.policies:
        yield "no policy matches: nobody would be told"
    for policy in trial.policies:
        routes = ", ".join(route for route in policy.routes if route)
        last = "" if policy.continues else "; no policy behind it is asked"
        yield f"{policy.name} ({policy.id}{f', {routes}' if routes else ''}){last}"
        if not policy.actions:
            yield f"{_INDENT}does nothing here"
        for action in policy.actions:
            for line in _action(action):
                yield f"{_INDENT}{line}"


def _action(action: TriedAction) -> Iterator[str]:
    when = f"{_clock(action.at)}, after {_span(action.after_seconds)} unless {action.until}: " if action.until else ""
    if action.ticket is not None:
        yield f"{when}ticket{_terms(action.ticket)}"
    if not action.to:
        return
    by = f"{action.channel} to " if action.channel else ""
    held = f"; quiet hours of the policy until {_clock(action.quiet_until)}" if action.quiet_until else ""
    yield f"{when}{by}{action.to}{held}{f': nobody, {action.nobody}' if action.nobody else ''}"
    for person in action.people:
        quiet = f"; quiet hours until {_clock(person.quiet_until)}" if person.quiet_until else ""
        name = f"{person.to_name}, " if person.to_name and person.to_name != person.address else ""
        yield f"{_INDENT}{name}{person.channel} {person.address} ({person.why}){quiet}"
    for missed in action.missed if action.people else ():
        yield f"{_INDENT}not told: {missed}"


def _terms(ticket: TicketTerms) -> str:
    given = [f"{name} {value}" for name in ("priority", "team", "category") if (value := getattr(ticket, name))]
    return f": {', '.join(given)}" if given else ""


def _span(seconds: float) -> str:
    minutes, rest_ = divmod(round(seconds), 60)
    return f"{minutes} min" if minutes and not rest_ else f"{seconds:g} s"


def _clock(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S %Z}"


def _asked(api: Rest, alarm: str, body: dict[str, Any]) -> bytes:
    names = names_of(alarm) if alarm else ()
    for name in names[:-1]:
        try:
            return api.post("/notification-policies/try", {**body, "alarm_id": name})
        except NotFound:
            pass
    return api.post("/notification-policies/try", {**body, "alarm_id": names[-1]} if names else body)


def _field(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        fail(f"--field {text}: expected NAME=VALUE", EX_USAGE)
    try:
        return name, msgspec.json.decode(value)
    except msgspec.DecodeError:
        return name, value


def _time(text: str) -> datetime:
    now = datetime.now(UTC).astimezone()
    try:
        at = datetime.fromisoformat(text if len(text) > 5 else f"{now:%Y-%m-%d}T{text:0>5}")
    except ValueError:
        fail(f"--at {text}: expected a time such as 2026-03-28T03:00+01:00 or 03:00", EX_USAGE)
    return at if at.tzinfo is not None else at.astimezone()
