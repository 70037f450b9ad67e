"""``faultd profile``: what the vendor profiles make of a datagram, and which there are."""

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from actors.correlator.profiles import Translator, compile, explain_trap
from actors.trap_listener.intake import DroppedDatagram
from faultd.capture import Captured, CaptureError, read
from faultd.cli.common import EX_NOINPUT, EX_USAGE, configuration, fail, refuse
from faultd.config import Config, ConfigError
from faultd.inputs import read_profiles
from faultd.profiles_known import lines_about, read_oid
from faultd.security import offline_reader, why_refused
from protocols.event import Trap
from protocols.printable import printable
from protocols.profile import Profile, community_fields
from protocols.snmp.errors import SnmpRefusal
from protocols.snmp.notification import Notification

app = typer.Typer(
    help="Vendor profiles: list them, ask which OLTs they know, and see what they make of a datagram.", no_args_is_help=True
)

ProfilesOf = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        help="Use this configuration's profiles and SNMPv3 users; without it: the shipped profiles.",
        metavar="FILE",
    ),
]


@app.command("test", short_help="Show what each datagram becomes, and why.")
def explain_datagrams(
    what: Annotated[
        str,
        typer.Argument(metavar="FILE|PCAP|HEX", help="A pcap, a file of hexadecimal or raw octets, or the hexadecimal digits."),
    ],
    source: Annotated[str, typer.Option(help="The sender's address, where the input does not say.")] = "192.0.2.1",
    config: ProfilesOf = None,
) -> None:
    """Show what each datagram becomes, and why: every condition asked, every value decoded, the alarm at the end.

    Sends and stores nothing. Exit 1 when a datagram was refused or no profile knows it.
    """
    settings = _settings(config)
    try:
        capture = read(what)
    except CaptureError as error:
        fail(str(error), EX_USAGE)
    except OSError as error:
        fail(f"{what}: {error.strerror}", EX_NOINPUT)
    profiles = _profiles(settings)
    translator = compile(profiles)
    reader = offline_reader(settings, community_fields(profiles))
    known = True
    for number, datagram in enumerate(capture.datagrams, 1):
        if number > 1:
            sys.stdout.write("\n")
        for text in _explained(datagram, source, translator, reader, settings):
            sys.stdout.write(printable(text) + "\n")
            known = known and not text.startswith(("refused", "no finding"))
    if capture.passed_over:
        sys.stderr.write(f"{capture.passed_over} frames hold no whole UDP datagram\n")
    if not known or not capture.datagrams:
        raise typer.Exit(1)


@app.command("list", short_help="List the profiles.")
def list_profiles(config: ProfilesOf = None) -> None:
    """List the profiles: name, vendor, whether enabled, number of rules and of plans for polling, description."""
    settings = _settings(config)
    for profile in _profiles(settings):
        state = "enabled" if profile.enabled else "disabled"
        rules = len(profile.alarms) + len(profile.families)
        plans = len(profile.poll)
        line = f"{profile.name:<14} {profile.vendor:<14} {state:<9} {rules:>4} rules {plans:>2} plans  {profile.description}"
        sys.stdout.write(f"{line}\n")


@app.command("known", short_help="Answer whether a profile knows an OLT.")
def known(
    oid: Annotated[str, typer.Argument(metavar="OID", help="The sysObjectID of an OLT, or the OID of a trap, in numbers.")],
    config: ProfilesOf = None,
) -> None:
    """Answer whether a profile knows an OLT, by its sysObjectID or by a trap that it sends.

    Exit 1 when no enabled profile does.
    """
    asked = read_oid(oid)
    if asked is None:
        fail(f"{oid!r} is no OID in numbers, such as 1.3.6.1.4.1.2011.2.248", EX_USAGE)
    try:
        lines, is_known = lines_about(asked, read_profiles(_settings(config)))
    except ConfigError as error:
        refuse(error)
    for line in lines:
        sys.stdout.write(line + "\n")
    if not is_known:
        raise typer.Exit(1)


def _explained(
    datagram: Captured, source: str, translator: Translator, reader: Callable[[bytes], Notification], settings: Config
) -> Iterator[str]:
    try:
        notification = reader(datagram.payload)
    except (SnmpRefusal, DroppedDatagram) as error:
        yield f"refused: {why_refused(error)}"
        return
    trap = Trap(datagram.source or source, datetime.now(UTC), notification)
    for forgiven in notification.irregular:
        yield f"irregular: {forgiven}"
    yield from explain_trap(translator, trap, settings.correlator.relays).splitlines()


def _profiles(settings: Config) -> tuple[Profile, ...]:
    try:
        return read_profiles(settings)
    except ConfigError as error:
        refuse(error)


def _settings(config: Path | None) -> Config:
    return Config() if config is None else configuration(config)
