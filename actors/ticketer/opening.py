"""The desks that are configured, with the secret read and the certificates loaded."""

import trio

from actors.http_client import HttpClient
from actors.secret_files import read_secret, read_signing_keys, trusting
from actors.ticketer.desk import TicketDesk
from actors.ticketer.desk_client import DeskClient
from actors.ticketer.embedded import EmbeddedDesk
from actors.ticketer.rest_desk import RestDesk
from actors.ticketer.roundup import RoundupDesk
from actors.ticketer.rt import RequestTracker
from actors.ticketer.settings import TicketerSettings
from actors.ticketer.webhook import DeskWebhook


def open_desks(settings: TicketerSettings) -> dict[str, TicketDesk]:
    """The desks by their names: the embedded one, whose tickets stay where they are, and the configured one. Opens no
    connection. Raises SecretError for a file that cannot be used."""
    desks: dict[str, TicketDesk] = {"embedded": EmbeddedDesk()}
    if settings.desk != "embedded":
        desks[settings.desk] = _desk(settings)
    return desks


def open_webhook(settings: TicketerSettings) -> DeskWebhook:
    """The webhook back from the desk, with its keys. Raises SecretError for a file that cannot be used."""
    path = settings.webhook_secret_file
    return DeskWebhook(read_signing_keys("ticketer.webhook_secret_file", path) if path else ())


def _desk(settings: TicketerSettings) -> TicketDesk:
    secret = read_secret("ticketer.password_file", settings.password_file) if settings.password_file else ""
    # The administrator names the one host; within the operator's network it has a private address.
    http = HttpClient(
        trusting("ticketer.ca_file", settings.ca_file), trio.CapacityLimiter(2 * settings.concurrency), allow_private=True
    )
    client = DeskClient(http, settings.url, settings.user, secret, token="token" if settings.desk == "rt" else "Bearer")
    if settings.desk == "roundup":
        return RoundupDesk(settings, client)
    if settings.desk == "rt":
        return RequestTracker(settings, client)
    return RestDesk(settings, settings.rest.filled(), client)
