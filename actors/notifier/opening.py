"""The channels that are configured, with their secrets read and their certificates loaded."""

from collections.abc import Callable, Iterator

import trio

from actors.http_client import HttpClient
from actors.http_url import http_url_problem
from actors.metrics import Metrics
from actors.notifier.channel import DeliveryChannel
from actors.notifier.email import Email
from actors.notifier.heartbeat import Heartbeat
from actors.notifier.remediation import Remediation
from actors.notifier.settings import NotifierSettings
from actors.notifier.slack import Slack
from actors.notifier.sms import Sms
from actors.notifier.teams import Teams
from actors.notifier.webhook import Webhook
from actors.secret_files import SecretError, read_secret, read_signing_keys, trusting


def open_channels(settings: NotifierSettings, installation: str) -> dict[str, DeliveryChannel]:
    """The channels by the names of their lanes. ``installation`` tells this faultd from others: the id of its ledger. Opens no
    connection. Raises SecretError for a file that cannot be used."""
    return dict(_channels(settings, installation))


def _channels(settings: NotifierSettings, installation: str) -> Iterator[tuple[str, DeliveryChannel]]:
    tls = trusting("notifier.ca_file", settings.ca_file)

    def limiter() -> trio.CapacityLimiter:
        # Threads that were abandoned at their time limit need room beside those that are at work.
        return trio.CapacityLimiter(2 * settings.concurrency)

    def client(allow_private: bool) -> HttpClient:
        return HttpClient(tls, limiter(), allow_private=allow_private)

    email = settings.email
    if email.host:
        password = read_secret("notifier.email.password_file", email.password_file) if email.password_file else ""
        yield "email", Email(email, password, tls, limiter(), installation, settings.attempt_seconds)
    for number, webhook in enumerate(settings.webhook):
        setting = f"notifier.webhook[{number}].secret_file"
        keys = read_signing_keys(setting, webhook.secret_file) if webhook.secret_file else ()
        yield f"webhook:{webhook.name}", Webhook(webhook.url, keys, client(webhook.allow_private), installation)
    sms = settings.sms
    if sms.url:
        password = read_secret("notifier.sms.password_file", sms.password_file) if sms.password_file else ""
        yield "sms", Sms(sms, password, client(sms.allow_private))
    slack = settings.slack
    if slack.token_file:
        yield "slack", Slack(slack.url, read_secret("notifier.slack.token_file", slack.token_file), client(slack.allow_private))
    teams = settings.teams
    if teams.url_file:
        yield "teams", Teams(_url("notifier.teams.url_file", teams.url_file), client(teams.allow_private))
    remediation = settings.remediation
    if remediation.url:
        keys = read_signing_keys("notifier.remediation.secret_file", remediation.secret_file)
        yield "remediation", Remediation(remediation, keys, client(remediation.allow_private), installation)


def open_heartbeat(settings: NotifierSettings, ready: Callable[[], bool], metrics: Metrics) -> Heartbeat | None:
    """The dead man's switch; None when there is none. Raises SecretError."""
    beat = settings.heartbeat
    if not beat.url_file:
        return None
    client = HttpClient(
        trusting("notifier.ca_file", settings.ca_file), trio.CapacityLimiter(2), allow_private=beat.allow_private
    )
    return Heartbeat(_url("notifier.heartbeat.url_file", beat.url_file), beat.seconds, client, ready, metrics)


def _url(setting: str, path: str) -> str:
    url = read_secret(setting, path)
    if problem := http_url_problem(url):
        raise SecretError(setting, path, problem)
    return url
