"""The request of a subscriber, admitted or refused by its request line and headers alone."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, cast, get_args
from urllib.parse import parse_qsl, urlsplit

import msgspec
from msgspec import Struct

from protocols.alarm import SOURCES, STATUSES, Alarm, Status
from protocols.alarm_match import passes
from protocols.principal import Principal
from protocols.query import AlarmFilter, Place, View
from protocols.severity import SEVERITIES, Severity
from protocols.stream import ALARMS, TOPICS, Topic

PATH = "/alarms"
PATHS = (PATH, "/stream")
"""The second is the one that the API's port hands over."""
SUBPROTOCOL = "bearer"
_PARAMETERS = ("since", "topic", "severity", "status", "tenant", "token")
_SEVERAL = ("source", "alarm_type", "tag")
_ONE = (
    "resource_type",
    "resource_id",
    "device_id",
    "customer_id",
    "service_id",
    "assigned_to",
    "ticket_id",
    "parent_alarm_id",
    "correlation_id",
)
_FLAGS = ("is_root_cause", "acknowledged")
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_FURTHER = (*_SEVERAL, *_ONE, *_FLAGS, "view")
_LONGEST = 200
_MOST_VALUES = 100
Headers = Sequence[tuple[bytes, bytes]]


class Tokens(Protocol):
    """Checks bearer tokens."""

    def verify(self, token: str, now: datetime) -> Principal | None:
        """The principal, or None when the token is unknown, revoked or expired at ``now``."""


class Filter(Struct, frozen=True):
    """The topics that a subscriber asks for, and the alarms, instances and breaches of them that it sees. An empty tuple, or
    None, admits all. Equal filters share their frames, so a filter is hashable."""

    severities: tuple[Severity, ...] = ()
    statuses: tuple[Status, ...] = ()
    tenant: str | None = None
    further: AlarmFilter | None = None
    """The criteria that the stream shares with the REST API; None: there are none."""
    topics: tuple[Topic, ...] = ALARMS

    def sees(self, alarm: Alarm) -> bool:
        """Whether the alarm is of this filter's tenant, which never changes."""
        return self.tenant is None or alarm.tenant_id == self.tenant

    def admits(self, alarm: Alarm) -> bool:
        return (
            self.sees(alarm)
            and (not self.severities or alarm.severity in self.severities)
            and (not self.statuses or alarm.status in self.statuses)
            and (self.further is None or passes(alarm, self.further))
        )

    def admits_service(self, tenant_id: str, customer_id: str, service_id: str) -> bool:
        """Whether the instances and breaches of a service are in this filter. Its other criteria are about alarms alone."""
        return (self.tenant is None or tenant_id == self.tenant) and (
            self.further is None
            or (self.further.customer_id in (None, customer_id) and self.further.service_id in (None, service_id))
        )


class Subscription(Struct, frozen=True):
    """An admitted request. ``since`` None asks for a snapshot."""

    principal: Principal
    token: str
    filter: Filter
    since: int | None
    subprotocol: str | None


class RefusedHandshake(Exception):
    """The handshake is answered with ``status`` and an RFC 9457 problem; ``reason`` is the metric's label."""

    def __init__(self, status: int, reason: str, title: str, detail: str, field: str = "") -> None:
        super().__init__(detail)
        self.status, self.reason, self.title, self.detail, self.field = status, reason, title, detail, field

    def body(self) -> bytes:
        """The ``application/problem+json`` document."""
        problem: dict[str, object] = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.field:
            problem["errors"] = [{"field": self.field, "message": self.detail}]
        return msgspec.json.encode(problem)

    def headers(self) -> list[tuple[bytes, bytes]]:
        found = [(b"Content-Type", b"application/problem+json"), (b"Connection", b"close")]
        if self.status == 401:
            found.append((b"WWW-Authenticate", b'Bearer realm="faultd"'))
        if self.status == 503:
            found.append((b"Retry-After", b"10"))
        return found


def admit(
    target: str,
    headers: Headers,
    host: str,
    subprotocols: Sequence[str],
    *,
    origins: Sequence[str],
    tokens: Tokens,
    now: datetime,
) -> Subscription:
    """Decide on one handshake. ``target`` is the request's path and query, ``host`` its Host header, ``origins`` the
    allowed origins. Raises Refused. A caller without a token learns nothing about the parameters."""
    try:
        split = urlsplit(target)
    except ValueError as error:
        raise RefusedHandshake(400, "target", "Bad request", f"the request's target cannot be read: {error}") from error
    if split.path not in PATHS:
        raise RefusedHandshake(404, "path", "Not found", f"no resource at {split.path!r}; the stream is at {PATH}")
    _check_origin(_header(headers, b"origin"), host, origins)
    query = parse_qsl(split.query, keep_blank_values=True, max_num_fields=100) if split.query.count("&") < 100 else []
    token = _token(headers, query, subprotocols)
    principal = tokens.verify(token, now) if token else None
    if principal is None:
        text = "the token is unknown or has expired" if token else "no bearer token was given"
        raise RefusedHandshake(401, "token", "Unauthorized", text)
    if split.query and not query:
        raise RefusedHandshake(400, "parameter", "Bad request", "the query string has too many parameters", "query")
    since, filter = _parameters(query, principal)
    return Subscription(principal, token, filter, since, SUBPROTOCOL if SUBPROTOCOL in subprotocols else None)


def _header(headers: Headers, name: bytes) -> str | None:
    for key, value in headers:
        if key.lower() == name:
            return value.decode("latin-1").strip()
    return None


def _check_origin(origin: str | None, host: str, allowed: Sequence[str]) -> None:
    # A browser sends no token of faultd by itself. A page of a foreign site is refused all the same.
    if origin is None or "*" in allowed or origin.lower() in {entry.lower().rstrip("/") for entry in allowed}:
        return
    try:
        own = urlsplit(origin).hostname == urlsplit(f"//{host}").hostname and urlsplit(origin).hostname is not None
    except ValueError:
        own = False
    if not own:
        raise RefusedHandshake(
            403, "origin", "Forbidden", f"pages of {origin!r} may not subscribe; see stream.allowed_origins", "Origin"
        )


def _token(headers: Headers, query: Sequence[tuple[str, str]], subprotocols: Sequence[str]) -> str:
    """From the Authorization header, else ``?token=``, else ``Sec-WebSocket-Protocol: bearer, TOKEN``; empty if none."""
    scheme, _, credentials = (_header(headers, b"authorization") or "").partition(" ")
    if scheme.lower() == "bearer" and credentials.strip():
        return credentials.strip()
    for name, value in query:
        if name == "token" and value:
            return value
    if len(subprotocols) >= 2 and subprotocols[0] == SUBPROTOCOL:
        return subprotocols[1]
    return ""


def _parameters(query: Sequence[tuple[str, str]], principal: Principal) -> tuple[int | None, Filter]:
    since: int | None = None
    tenant: str | None = principal.tenant
    severities: set[str] = set()
    statuses: set[str] = set()
    topics: set[str] = set()
    further: dict[str, list[str]] = {}
    for name, value in query:
        if name == "severity":
            severities |= _names(name, value, SEVERITIES)
        elif name == "status":
            statuses |= _names(name, value, STATUSES)
        elif name == "topic":
            topics |= _names(name, value, TOPICS)
        elif name == "since":
            if not value.isascii() or not value.isdigit() or len(value) > 18:
                raise _bad(name, value, "is not a sequence number (0 or greater)")
            since = int(value)
        elif name in ("tenant", "tenant_id"):
            if not value:
                raise _bad(name, value, "is empty")
            if not principal.sees(value):
                raise RefusedHandshake(403, "tenant", "Forbidden", f"the token does not cover tenant {value!r}", "tenant")
            tenant = value
        elif name in _FURTHER:
            further.setdefault(name, []).append(value)
        elif name != "token":
            raise _bad(name, value, f"is not a parameter here; known are {', '.join((*_PARAMETERS, *_FURTHER))}")
    return since, Filter(
        tuple(cast(Severity, name) for name in get_args(Severity) if name in severities),
        tuple(cast(Status, name) for name in get_args(Status) if name in statuses),
        tenant,
        _further(further),
        tuple(topic for topic in TOPICS if topic in topics) or ALARMS,
    )


def _further(given: Mapping[str, Sequence[str]]) -> AlarmFilter | None:
    """The criteria that the stream shares with the REST API."""
    found: dict[str, object] = {}
    for name, values in given.items():
        if name in _SEVERAL:
            found[name] = _texts(name, values)
            continue
        if len(values) > 1:
            raise _bad(name, values[1], "is given more than once")
        (value,) = values
        if name in _FLAGS:
            if value.lower() not in _BOOLEANS:
                raise _bad(name, value, "is neither true nor false")
            found[name] = _BOOLEANS[value.lower()]
        elif name == "view":
            if value not in get_args(View):
                raise _bad(name, value, f"is none of {', '.join(get_args(View))}")
            found[name] = value
        else:
            (text,) = _texts(name, (value,), several=False)
            found |= {"places": (Place(frozenset({text}), (text,)),)} if name == "device_id" else {name: text}
    for source in found.get("source", ()):  # type: ignore[attr-defined]
        if source not in SOURCES:
            raise _bad("source", source, f"is none of {', '.join(SOURCES)}")
    return AlarmFilter(**found) if found else None  # type: ignore[arg-type]


def _texts(name: str, values: Iterable[str], *, several: bool = True) -> tuple[str, ...]:
    """The values, sorted, so that equal filters share their frames."""
    found = {part for value in values for part in (value.split(",") if several else (value,))}
    if len(found) > _MOST_VALUES:
        raise _bad(name, "", f"has more than {_MOST_VALUES} values")
    for text in found:
        if not 0 < len(text) <= _LONGEST:
            raise _bad(name, text, f"is empty or longer than {_LONGEST} characters")
    return tuple(sorted(found))


def _names(field: str, value: str, known: Sequence[str]) -> set[str]:
    names = {name.strip() for name in value.split(",")}
    for name in sorted(names):
        if name not in known:
            raise _bad(field, name, f"is none of {', '.join(known)}")
    return names


def _bad(field: str, value: str, text: str) -> RefusedHandshake:
    return RefusedHandshake(400, "parameter", "Bad request", f"{field}: {value[:100]!r} {text}", field)
