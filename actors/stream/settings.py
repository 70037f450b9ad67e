"""The settings of the alarm stream (section ``[stream]``)."""

from msgspec import Struct

from protocols.address import split_bind

_BOUNDS = ("max_clients", "max_clients_per_token", "max_clients_per_address")


class StreamSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The alarm stream for WebSocket subscribers."""

    bind: str = "127.0.0.1:8163"
    """Address and port to listen on; an IPv6 address stands in brackets."""
    heartbeat_seconds: float = 15.0
    """A subscriber that nothing was sent to for this long gets a heartbeat. Also how often its token is checked again
    and its connection is probed with a ping."""
    window_batches: int = 4096
    """How many recorded batches a subscriber may be behind, or have been away (`since`), before it needs a fresh
    snapshot."""
    pace_seconds: float = 0.02
    """Changes are sent at most this often to each subscriber; what happens in between is merged into one frame."""
    allowed_origins: tuple[str, ...] = ()
    """Web origins (`https://noc.example.net`) whose pages may subscribe, besides pages of the stream's own host; `*`
    allows all. Programs that send no Origin are not affected."""
    max_clients: int = 500
    """Subscribers at a time; more are refused with 503."""
    max_clients_per_token: int = 100
    """Subscribers at a time with one token. One more takes the place of one that reads nothing; if all read, it is refused with
    503."""
    max_clients_per_address: int = 250
    """Subscribers at a time from one address, which may be that of a proxy in front; the same beyond it."""
    send_timeout_seconds: float = 30.0
    """A subscriber that does not take one frame within this time is disconnected."""

    def __post_init__(self) -> None:
        split_bind(self.bind)
        for name in ("heartbeat_seconds", "send_timeout_seconds", *_BOUNDS, "window_batches"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name}: {getattr(self, name)!r} is not greater than 0")
        if self.pace_seconds < 0:
            raise ValueError(f"pace_seconds: {self.pace_seconds!r} is negative")
