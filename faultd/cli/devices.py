"""``faultd devices``: the polled devices, at a prompt."""

import sys
from collections.abc import Iterator
from typing import Annotated, get_args
from urllib.parse import urlencode

import msgspec
import typer

from faultd.cli.client import ConfigOrUrl, TokenFile, Url, rest, told
from faultd.cli.common import EX_UNAVAILABLE, EX_USAGE, fail
from faultd.console.poll_lines import device_lines
from faultd.console.rest import Rest
from protocols.poll.device import DeviceState
from protocols.printable import counted, printable
from protocols.rest_devices import DevicePage, DeviceShown

STATES = get_args(DeviceState)


def list_devices(
    state: Annotated[str, typer.Option(help=f"Only devices in this state: {', '.join(STATES)}.", metavar="STATE")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Also devices that are not polled.")] = False,
    json: Annotated[bool, typer.Option("--json", help="A line of JSON for each device, as REST shows it.")] = False,
    config: ConfigOrUrl = None,
    url: Url = "",
    token_file: TokenFile = None,
) -> None:
    """List the devices that are polled: state, address, plan, round trip, loss and interval; below a device that is not up, its
    last error.

    Asks the running daemon, also while PostgreSQL is away. Into a pipe it prints one line for each device, columns separated by
    tabs: state, id, address, plan, round trip in ms, loss in percent, interval in seconds, last success, last error.
    """
    if state and state not in STATES:
        fail(f"--state {state!r} is none of {', '.join(STATES)}", EX_USAGE)
    query = ([] if everything else [("polled", "true")]) + ([("state", state)] if state else [])
    api = rest(config, url, token_file)
    with told():
        found = list(_devices(api, query))
    if json:
        for device in found:
            sys.stdout.buffer.write(msgspec.json.encode(device) + b"\n")
    elif sys.stdout.isatty():
        for line in device_lines(found):
            sys.stdout.write(printable(line) + "\n")
    else:
        for device in found:
            sys.stdout.write("\t".join(map(printable, _fields(device))) + "\n")
    sys.stderr.write(f"{counted(len(found), 'device')}\n")


def _devices(api: Rest, query: list[tuple[str, str]]) -> Iterator[DeviceShown]:
    cursor: str | None = ""
    while cursor is not None:
        asked = [*query, ("limit", "1000"), *([("cursor", cursor)] if cursor else [])]
        octets = api.get(f"/devices?{urlencode(asked)}")
        try:
            page = msgspec.json.decode(octets, type=DevicePage)
        except msgspec.MsgspecError as error:
            fail(f"{api.url} answers what is no page of devices: {error}", EX_UNAVAILABLE)
        yield from page.items
        cursor = page.next_cursor


def _fields(device: DeviceShown) -> Iterator[str]:
    yield device.state if device.polled else "not polled"
    yield device.id
    yield device.addresses[0]
    yield device.plan
    yield "" if device.round_trip_ms is None else f"{device.round_trip_ms:.1f}"
    yield "" if device.loss_percent is None else f"{device.loss_percent:.1f}"
    yield f"{device.interval_seconds:g}" if device.polled else ""
    yield "" if device.last_success is None else device.last_success.isoformat()
    yield "" if device.last_error is None else device.last_error.text
