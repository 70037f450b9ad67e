"""Settings of the REST API (section ``[http]``)."""

from typing import Literal

from msgspec import Struct

from protocols.address import split_bind

AlertSeverity = Literal["critical", "major", "minor", "warning", "info", "clear"]
"""Severities that a word of another system can stand for."""

_POSITIVE = (
    "answer_seconds",
    "max_body_bytes",
    "max_topology_bytes",
    "max_webhook_bytes",
    "max_desk_webhook_bytes",
    "max_header_bytes",
    "max_batch",
    "max_bulk",
    "max_connections",
    "max_connections_per_address",
    "header_seconds",
    "read_seconds",
    "write_seconds",
    "retry_after_seconds",
)
_NOT_NEGATIVE = ("read_your_writes_seconds", "drain_seconds")


class ApiSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The HTTP server and the limits of its requests. Durations are seconds."""

    bind: str = "127.0.0.1:8162"
    """Address and port to listen on; an IPv6 address stands in brackets. Put a TLS proxy in front of anything but
    loopback: tokens travel in clear otherwise."""
    public_url: str = ""
    """`https://...` at which people reach the API from outside, for links in messages. Empty: messages have none."""
    read_your_writes_seconds: float = 2.0
    """How long a read waits for PostgreSQL to show what the same token wrote before; then it is answered as it is, with the
    header `Faultd-Stale: true`."""
    answer_seconds: float = 10.0
    """How long a command waits for its result. Then the answer is 503 `outcome_unknown`."""
    max_body_bytes: int = 1_048_576
    """Largest request body; a larger one is refused with 413."""
    max_topology_bytes: int = 536_870_912
    """Largest body of `PUT /topology`, which only admins send: a million nodes are about 170 MB."""
    max_webhook_bytes: int = 16_777_216
    """Largest notification of Alertmanager or Grafana; a larger one is refused with 413, and what it says is lost. Of a group
    of 1,000 alerts about 1.3 MB are usual; Alertmanager's `max_alerts` bounds them."""
    max_desk_webhook_bytes: int = 65_536
    """Largest body of `POST /tickets/webhook`, which is read before its signature is checked."""
    alert_severities: dict[str, AlertSeverity] = {}
    """The meaning of severities in other systems' alerts, beside the words that are known
    ([API](api.md#alertmanager-and-grafana)): `critical`, `major`, `minor`, `warning`, `info`, or `clear` for a
    word that says that all is well."""
    max_header_bytes: int = 16_384
    """Largest request line and headers together; larger ones are refused with 431."""
    max_batch: int = 1_000
    """Most network events in one request."""
    max_bulk: int = 10_000
    """Most alarms that one bulk action touches."""
    max_connections: int = 512
    """Connections at a time. One more takes the place of one without a request under way; if all have one, it is closed at once
    and counted."""
    max_connections_per_address: int = 256
    """Connections at a time from one address, which may be that of a proxy in front; the same beyond it."""
    header_seconds: float = 10.0
    """How long a client may take to send a request's headers, and a connection may stay idle between requests."""
    read_seconds: float = 20.0
    """How long a client may take to send a request's body."""
    write_seconds: float = 20.0
    """How long a client may refuse to read what it is sent before its connection is closed."""
    drain_seconds: float = 5.0
    """At shutdown, how long requests under way may take to finish."""
    retry_after_seconds: int = 5
    """The value of `Retry-After` with a 503."""
    metrics_need_token: bool = False
    """Whether `/metrics` asks for a token too."""

    def __post_init__(self) -> None:
        split_bind(self.bind)
        if self.public_url and not self.public_url.startswith(("https://", "http://")):
            raise ValueError("public_url: is no URL that begins with https:// or http://")
        for name in _POSITIVE:
            if getattr(self, name) <= 0:
                raise ValueError(f"{name}: {getattr(self, name)!r} is not greater than 0")
        for name in _NOT_NEGATIVE:
            if getattr(self, name) < 0:
                raise ValueError(f"{name}: {getattr(self, name)!r} is negative")
