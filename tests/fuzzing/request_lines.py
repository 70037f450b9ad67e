"""Requests as strangers write them: the spellings of a path, and the handshakes of the stream, right and wrong."""

import random
from collections.abc import Callable, Iterator
from urllib.parse import quote

PIECES: tuple[str, ...] = (
    "/",
    "//",
    "[",
    "]",
    "::1",
    "alarms",
    "?",
    "&",
    "=",
    ";",
    "#",
    "@",
    ":",
    "%2f",
    "%ff",
    "%00",
    "..",
    "token",
    "since",
)
PIECES += (
    "tenant",
    "topic",
    "sla_breaches",
    "severity",
    "status",
    "good",
    "http://",
    "99999999999999999999",
    "critical,",
    "\x00",
    "\u00b2",
    "\udcff",
    " ",
)
PIECES += ("/./", "/../", "\\", "%", "%zz", "%252f", "%c0%af", "\uff0f", ";x=1", "\t", "/healthz", "/schema", "*", "x" * 9_000)
METHODS = (
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "PROPFIND",
    "BREW",
    "get",
    "G\u00b2",
    "",
)


def spellings(path: str) -> Iterator[str]:
    """Ways to write a path that some part between the socket and the handler could take for the same."""
    yield path
    yield f"/{path}"
    yield f"//{path}"
    yield path.replace("/", "//")
    yield f"{path}/"
    yield f"{path}//"
    yield f"/.{path}"
    yield f"/x/..{path}"
    yield f"/healthz/..{path}"
    yield f"/schema/..{path}"
    yield f"/healthz/{path}"
    yield f"/%2e%2e{path}"
    yield f"/%2f{path[1:]}"
    yield f"/%2F{path}"
    yield f"/{path[1:].replace('/', '%2f')}"
    if len(path) > 1:
        yield f"/%{ord(path[1]):02x}{path[2:]}"
    yield path.replace("/", "/./")
    yield path.upper()
    yield f"{path};x=1"
    yield f"{path}%20"
    yield f"{path}%00"
    yield f"{path}%ff"
    yield f"{path}?/healthz"
    yield f"{path}?token=x"
    yield f"{path}#/healthz"
    yield f"/healthz%0d%0a{path}"
    yield f"\\{path}"
    yield f"http://x{path}"
    yield f"http://x/{path}"
    yield f"x:{path}"
    yield path[1:]


def _somewhere(path: str, rng: random.Random, change: Callable[[str], str]) -> str:
    """``path`` with one of its characters changed."""
    at = rng.randrange(len(path)) if path else 0
    return path[:at] + change(path[at : at + 1]) + path[at + 1 :]


def respell(path: str, rng: random.Random) -> str:
    """One of the spellings of ``path``, changed in up to three more places."""
    path = rng.choice(list(spellings(path)))
    for _ in range(rng.randrange(4)):
        change: Callable[[str], str] = rng.choice(
            (
                lambda one: one * 2,
                lambda one: "",
                lambda one: one.swapcase(),
                lambda one: "".join(f"%{octet:02x}" for octet in one.encode("utf-8", "surrogateescape")),
                lambda one: f"%25{ord(one):x}" if one else "",
                lambda one: one + rng.choice(PIECES),
                lambda one: f"{one}?" if rng.random() < 0.2 else f"{one}/",
            )
        )
        path = _somewhere(path, rng, change)
    return path


def written(lines: list[str], end: str = "\r\n") -> bytes:
    """The octets of a request without a body. A lone surrogate stands for an octet that is no UTF-8."""
    return (end.join(lines) + end * 2).encode("utf-8", "surrogateescape")


def handshake(token: str, rng: random.Random) -> bytes:
    """A WebSocket handshake with the stream, with ``token`` where that is not empty; most of the time spoilt in some lines."""
    target = "/alarms" if rng.random() < 0.8 else "".join(rng.choices(PIECES, k=rng.randrange(8)))
    headers = ["Host: x", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]
    headers.append("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
    match rng.randrange(3) if token else -1:
        case 0:
            headers.append(f"Authorization: Bearer {token}")
        case 1:
            headers.append(f"Sec-WebSocket-Protocol: bearer, {token}")
        case 2:
            target += f"?token={quote(token)}"
    for _ in range(rng.choice((0, 0, 0, 1, 3))):
        target = _somewhere(target, rng, lambda one: one + rng.choice(PIECES))
    lines = [f"{rng.choice(METHODS) if rng.random() < 0.1 else 'GET'} {target} HTTP/1.1", *headers]
    if rng.random() < 0.2:
        lines.append(f"{rng.choice(('Origin', 'Content-Length', 'Transfer-Encoding', 'Sec-WebSocket-Extensions'))}: ")
    for _ in range(rng.choice((0, 0, 0, 1, 2))):
        at = rng.randrange(len(lines))
        match rng.randrange(4):
            case 0 if len(lines) > 1:
                del lines[at]
            case 1:
                lines.insert(at, lines[at])
            case 2:
                lines[at] += rng.choice(PIECES)
            case _:
                lines[at] = _somewhere(lines[at], rng, lambda one: rng.choice(PIECES))
    octets = bytearray(written(lines, "\n" if rng.random() < 0.05 else "\r\n"))
    if rng.random() < 0.1:
        octets[rng.randrange(len(octets))] = rng.randrange(256)
    return bytes(octets)


def frames(rng: random.Random) -> bytes:
    """Frames of a client, some of which RFC 6455 does not allow."""
    found = b""
    for _ in range(rng.randrange(4)):
        payload = rng.choice((b"", b"x", b"\xff\xfe", b"\x03\xe8bye", b"\x00\x01", b"\x0f", b"x" * 126, b"x" * 70_000))
        size = len(payload)
        if rng.random() < 0.1:
            size = rng.choice((0, 1, 127, 2**16, 2**63, 2**64 - 1))
        if size < 126:
            length = bytes((size,))
        else:
            length = b"\x7e" + size.to_bytes(2, "big") if size < 2**16 else b"\x7f" + size.to_bytes(8, "big")
        first = rng.choice((0x81, 0x82, 0x88, 0x89, 0x8A)) if rng.random() < 0.7 else rng.randrange(256)
        masked = rng.random() < 0.9
        found += bytes((first, length[0] | (0x80 if masked else 0))) + length[1:] + (b"\0\0\0\0" if masked else b"") + payload
    return found
