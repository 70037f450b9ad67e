"""Settings of the notifier (section ``[notifier]``). A channel without its first setting is not configured."""

from collections.abc import Iterator
from typing import Annotated, Literal

from msgspec import Meta, Struct

from actors.http_url import check_url

Port = Annotated[int, Meta(ge=1, le=65535)]
WebhookName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]


class EmailSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[notifier.email]``"""

    host: str = ""
    """Mail server (SMTP). Empty: no mail is sent."""
    port: Port = 587
    """Its port."""
    sender: str = ""
    """The address in `From`, such as `faultd@example.net`. Required with `host`."""
    tls: Literal["starttls", "tls", "none"] = "starttls"
    """`starttls`: a server that does not offer it gets no mail. `tls`: from the first octet (port 465). `none`: in clear."""
    user: str = ""
    """Account at the mail server. Empty: none."""
    password_file: str = ""
    """File with the account's password."""

    def __post_init__(self) -> None:
        if self.host and "@" not in self.sender:
            raise ValueError("sender: a mail address is needed")
        if self.user and not self.password_file:
            raise ValueError("password_file: is needed with user")
        if self.user and self.tls == "none" and self.host not in ("localhost", "127.0.0.1", "::1"):
            raise ValueError("tls: a password is not sent in clear to another host")


class WebhookSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[[notifier.webhook]]``"""

    name: WebhookName
    """Policies and contacts name the webhook by this name."""
    url: str
    """Notifications are posted to it as JSON. Redirects are not followed."""
    secret_file: str = ""
    """File with the secret of the signature (`whsec_...`); a second line has the former secret while you rotate. Empty: not
    signed."""
    allow_private: bool = False
    """Also post to a name that leads to a private or local address. An address that the URL gives itself is always used."""

    def __post_init__(self) -> None:
        check_url(self.url)


class SlackSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[notifier.slack]``"""

    token_file: str = ""
    """File with the bot's token (`xoxb-...`). Empty: no Slack."""
    url: str = "https://slack.com/api"
    """The Web API."""
    allow_private: bool = False
    """Also use a Web API whose name leads to a private or local address."""

    def __post_init__(self) -> None:
        check_url(self.url)


class TeamsSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[notifier.teams]``"""

    url_file: str = ""
    """File with the URL of the incoming webhook, which is a secret. Empty: no Teams."""
    allow_private: bool = False
    """Also post to a name that leads to a private or local address."""


class SmsSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[notifier.sms]``"""

    url: str = ""
    """The gateway, with `{to}`, `{text}`, `{coding}`, `{id}` and `{password}` where these belong. Empty: no SMS."""
    body: str = ""
    """Body of the request, with the same places. Empty: a GET of the URL."""
    password_file: str = ""
    """File with what stands for `{password}`."""
    allow_private: bool = False
    """Also use a gateway whose name leads to a private or local address."""

    def __post_init__(self) -> None:
        check_url(self.url)
        if self.url and "{text}" not in self.url + self.body:
            raise ValueError("url: neither it nor body has a place for {text}")


class RemediationSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[notifier.remediation]``"""

    url: str = ""
    """Requests for repair are posted to it as JSON. Empty: none."""
    secret_file: str = ""
    """File with the secret of the signature, as for a webhook. Required with `url`."""
    dry_run: bool = True
    """Ask the system to say what it would do, and to do nothing."""
    per_minute: Annotated[float, Meta(gt=0, le=600)] = 6.0
    """Requests in a minute at most; others wait."""
    allow_private: bool = False
    """Also post to a name that leads to a private or local address."""

    def __post_init__(self) -> None:
        check_url(self.url)
        if self.url and not self.secret_file:
            raise ValueError("secret_file: is needed with url")


class HeartbeatSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[notifier.heartbeat]``"""

    url_file: str = ""
    """File with a URL that is asked (GET) while faultd is ready, as services for dead man's switches give one. Empty: none."""
    seconds: Annotated[float, Meta(ge=1, le=86_400)] = 60.0
    """Between two beats."""
    allow_private: bool = False
    """Also ask a name that leads to a private or local address."""


class NotifierSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[notifier]``"""

    give_up_seconds: Annotated[float, Meta(gt=0, le=2_592_000)] = 14_400.0
    """A notification that could not be delivered for as long is given up."""
    attempt_seconds: Annotated[float, Meta(gt=0, le=600)] = 30.0
    """Longest time of one attempt."""
    concurrency: Annotated[int, Meta(ge=1, le=32)] = 4
    """Attempts at a time by each channel, and by each webhook."""
    queue: Annotated[int, Meta(ge=1, le=1_000_000)] = 10_000
    """Notifications that each channel holds in memory. Others wait in the dispatcher's state."""
    ca_file: str = ""
    """Certificates (PEM) that are trusted for mail servers and URLs, beside those of the system."""
    templates: str = ""
    """Directory of your own templates (`NAME.toml`), which policies name. Empty: none."""
    email: EmailSettings = EmailSettings()
    """See `[notifier.email]`."""
    webhook: tuple[WebhookSettings, ...] = ()
    """See `[[notifier.webhook]]`."""
    slack: SlackSettings = SlackSettings()
    """See `[notifier.slack]`."""
    teams: TeamsSettings = TeamsSettings()
    """See `[notifier.teams]`."""
    sms: SmsSettings = SmsSettings()
    """See `[notifier.sms]`."""
    heartbeat: HeartbeatSettings = HeartbeatSettings()
    """See `[notifier.heartbeat]`."""
    remediation: RemediationSettings = RemediationSettings()
    """See `[notifier.remediation]`."""

    def __post_init__(self) -> None:
        names = [webhook.name for webhook in self.webhook]
        if len(set(names)) < len(names):
            raise ValueError("webhook: two of them have one name")


def lane_names(settings: NotifierSettings) -> tuple[str, ...]:
    """The channels that are configured, webhooks as ``webhook:NAME``."""
    return tuple(_lane_names(settings))


def _lane_names(settings: NotifierSettings) -> Iterator[str]:
    if settings.email.host:
        yield "email"
    if settings.sms.url:
        yield "sms"
    if settings.slack.token_file:
        yield "slack"
    if settings.teams.url_file:
        yield "teams"
    for webhook in settings.webhook:
        yield f"webhook:{webhook.name}"
    if settings.remediation.url:
        yield "remediation"
