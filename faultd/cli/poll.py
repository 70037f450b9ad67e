"""``faultd poll``: one device, asked once from this machine."""

import socket
import sys
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import trio
import typer
from msgspec.structs import replace

from actors.poller.credentials import with_secrets
from actors.poller.settings import PollerCredentials, PollerSettings
from actors.secret_files import SecretError
from faultd.cli.common import (
    DEFAULT_CONFIG,
    EX_CONFIG,
    EX_NOINPUT,
    EX_NOPERM,
    EX_UNAVAILABLE,
    EX_USAGE,
    configuration,
    fail,
    leaves,
    refuse,
)
from faultd.config import Config, ConfigError
from faultd.console.poll_advice import OTHER_CREDENTIALS, advice
from faultd.console.poll_lines import reading_lines
from faultd.console.view import wrapped
from faultd.inputs import read_profiles
from faultd.one_poll import poll_once
from protocols.poll.plan.compile_plan import compile_plans
from protocols.printable import printable
from protocols.rest_devices import polled_of

WIDTH = 80


def poll(
    host: Annotated[str, typer.Argument(help="An IP address, or a name.", metavar="HOST")],
    credentials: Annotated[
        str,
        typer.Option(
            help="Name of the [[poller.credentials]]; without it the only ones there are.", metavar="NAME", show_default=False
        ),
    ] = "",
    community_file: Annotated[
        Path | None,
        typer.Option(
            help="A file with a community, instead of credentials of the configuration; - for standard input.", metavar="FILE"
        ),
    ] = None,
    version: Annotated[Literal["1", "2c"], typer.Option("--snmp", help="SNMP version with --community-file.")] = "2c",
    plan: Annotated[str, typer.Option(help="A plan, or a profile; without it sysObjectID chooses.", metavar="PLAN")] = "",
    port: Annotated[int, typer.Option(help="UDP port of the agent; without it as configured.", min=0, max=65_535)] = 0,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for an answer; without it as configured.", min=0)] = 0.0,
    json: Annotated[bool, typer.Option("--json", help="Print what was read as JSON, as REST shows it.")] = False,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            "-c",
            help=f"The configuration, for credentials and profiles; without it {DEFAULT_CONFIG}.",
            metavar="FILE",
        ),
    ] = None,
) -> None:
    """Ask one device once, without the daemon, and print what was read. Nothing is stored.

    Exit 69 when it does not answer, 77 when it refuses the credentials.
    """
    settings = _settings(config, needed=community_file is None)
    chosen = _credentials(settings, credentials, community_file, version)
    try:
        plans = compile_plans(read_profiles(settings))
    except ConfigError as error:
        refuse(error)
    if plan and not plans.named(plan):
        fail(f"--plan {plan!r} is no plan and no profile with plans; there are {', '.join(sorted(plans.by_name))}", EX_USAGE)
    asked: PollerSettings = replace(
        settings.poller,
        port=port or settings.poller.port,
        timeout_seconds=min(60.0, timeout) or settings.poller.timeout_seconds,
    )
    address = _address(host)
    try:
        reading = trio.run(poll_once, address, chosen, asked, plans, plan)
    except BaseException as error:
        for leaf in leaves(error):
            if isinstance(leaf, KeyboardInterrupt):
                raise typer.Exit(130) from None
            if isinstance(leaf, OSError):
                fail(f"no socket: {leaf.strerror or leaf}", EX_UNAVAILABLE)
        raise
    if json:
        sys.stdout.buffer.write(msgspec.json.encode(polled_of(reading)) + b"\n")
    else:
        for line in reading_lines(reading):
            for part in wrapped(printable(line), WIDTH):
                sys.stdout.write(part + "\n")
    if reading.error is None:
        return
    if text := advice(reading.error.reason, chosen.version):
        sys.stderr.write("\n".join(wrapped(text, WIDTH)) + "\n")
    raise typer.Exit(EX_NOPERM if reading.error.reason in OTHER_CREDENTIALS else EX_UNAVAILABLE)


def _settings(config: Path | None, *, needed: bool) -> Config:
    if config is None and not needed and not DEFAULT_CONFIG.exists():
        return Config()
    return configuration(config or DEFAULT_CONFIG)


def _credentials(settings: Config, name: str, community_file: Path | None, version: Literal["1", "2c"]) -> PollerCredentials:
    """The credentials to ask with, their secrets read."""
    if community_file is not None:
        if name:
            fail("--credentials and --community-file: give one of them", EX_USAGE)
        if str(community_file) == "-":
            community = sys.stdin.readline().strip()
            if not community:
                fail("standard input has no community", EX_NOINPUT)
            return PollerCredentials(name="prompt", version=version, community=community)
        found = PollerCredentials(name="prompt", version=version, community_file=str(community_file))
    else:
        known = {each.name: each for each in settings.poller.credentials}
        names = f"the configuration has {', '.join(map(repr, known)) or 'none'}"
        if not name and len(known) != 1:
            fail(f"which credentials? Give --credentials NAME ({names}), or --community-file FILE", EX_USAGE)
        if name and name not in known:
            fail(f"no [[poller.credentials]] are named {name!r}; {names}", EX_CONFIG)
        found = known[name] if name else next(iter(known.values()))
    try:
        return with_secrets(found)
    except SecretError as error:
        fail(str(error), EX_NOINPUT if community_file is not None else EX_CONFIG)


def _address(host: str) -> str:
    """The address of a host: as written, or the first that its name has."""
    try:
        address = str(ip_address(host))
    except ValueError:
        pass
    else:
        zone = host.partition("%")[2]
        if zone and zone not in {name for _, name in socket.if_nameindex()}:
            fail(f"{host}: no interface is named {zone!r}", EX_UNAVAILABLE)
        return address
    if ":" in host:
        fail(f"{host}: neither an IP address nor a name; --port gives another port", EX_USAGE)
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        fail(f"{host}: {reason}", EX_UNAVAILABLE)
    return str(found[0][4][0])
