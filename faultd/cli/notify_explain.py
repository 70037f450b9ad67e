"""``faultd notify explain``: who was told of an alarm, and who was not, and why."""

import sys
from shutil import get_terminal_size
from typing import Annotated

import msgspec
import typer

from faultd.cli.client import ConfigOrUrl, TokenFile, Url, rest, told
from faultd.cli.common import EX_UNAVAILABLE, fail
from faultd.cli.explain import asked, fitted
from faultd.console.notification_lines import explanation_lines
from protocols.printable import printable
from protocols.rest_notification_explain import NotificationExplanation


def explain_notifications(
    alarm: Annotated[str, typer.Argument(help="An alarm's id: A17, or 17, or a UUID.", metavar="ALARM")],
    config: ConfigOrUrl = None,
    url: Url = "",
    token_file: TokenFile = None,
    json: Annotated[bool, typer.Option("--json", help="Print the API's answer as it is.")] = False,
) -> None:
    """Explain who was told of an alarm, when, by which policy, and what the far end answered; who was not told, and why; its
    tickets; and what is still to come.

    Asks the running daemon. While PostgreSQL is away it shows what the dispatcher holds.
    """
    api = rest(config, url, token_file)
    with told():
        octets = asked(api, alarm, "notifications")
    if json:
        sys.stdout.buffer.write(octets + b"\n")
        return
    try:
        found = msgspec.json.decode(octets, type=NotificationExplanation)
    except msgspec.MsgspecError as error:
        fail(f"{api.url} answers what is no explanation: {error}", EX_UNAVAILABLE)
    width = get_terminal_size().columns if sys.stdout.isatty() else None
    for line in explanation_lines(found):
        for shown in fitted(printable(line), width):
            sys.stdout.write(f"{shown}\n")
