"""Requests that two servers could read differently are refused: where one message ends and the next begins must be plain.

h11 is lenient where RFC 9112 lets it be (a bare LF, a folded header, a Content-Length beside a Transfer-Encoding). A proxy in
front that is lenient in another way would let a client smuggle a request past it (RFC 9112 section 11.2). Whatever is refused
here is answered with 400 and ends the connection.
"""

import re
from typing import Any

import h11

_END = re.compile(rb"\n\r?\n")
_LENGTH = re.compile(rb"[0-9]{1,18}")
_ONCE = (b"content-length", b"transfer-encoding", b"host")
_OVERHEAD = 8
"""Octets of chunk headers for each octet of a body, beyond what one head may have: one-octet chunks have 5."""


def mistake(head: bytes) -> str:
    """Why a request's line and headers are refused, "" when they are plain. ``head`` ends before the empty line."""
    lines = head.split(b"\r\n")
    if any(b"\n" in line or b"\r" in line for line in lines):
        return "a line of the head does not end with CR LF"
    if not lines[0].endswith((b" HTTP/1.1", b" HTTP/1.0")):
        return "its version is neither HTTP/1.0 nor HTTP/1.1"
    found: dict[bytes, bytes] = {}
    for line in lines[1:]:
        if line[:1] in (b" ", b"\t"):
            return "a header is folded over two lines"
        name, _, value = line.partition(b":")
        name = name.lower()
        if name in _ONCE and name in found:
            return f"the header {name.decode()} is there twice"
        found[name] = value.strip(b" \t")
    if b"transfer-encoding" in found:
        if b"content-length" in found:
            return "Content-Length and Transfer-Encoding exclude one another"
        if lines[0].endswith(b"1.0"):
            return "HTTP/1.0 has no Transfer-Encoding"
    length = found.get(b"content-length")
    if length is not None and not _LENGTH.fullmatch(length):
        return "Content-Length is not one number"
    return ""


class Strict(h11.Connection):
    """h11's server connection, refusing what :func:`mistake` names, heads and chunk extensions beyond ``max_header_bytes``.
    ``refusal`` is why the last request was refused; ``bodiless`` whether its answer has no body (HEAD)."""

    def __init__(self, max_header_bytes: int) -> None:
        super().__init__(h11.SERVER, max_incomplete_event_size=max_header_bytes)
        self._most = max_header_bytes
        self._received = self._body = 0
        self.refusal = ""
        self.bodiless = False

    def receive_data(self, data: Any) -> None:
        """As h11's."""
        self._received += len(data)
        super().receive_data(data)

    def next_event(self) -> Any:
        """As h11's. Raises RemoteProtocolError also for what is ambiguous."""
        if self.their_state is h11.IDLE:
            self.bodiless = False
            self._check_head(bytes(self.trailing_data[0]))
        try:
            event = super().next_event()
        except h11.RemoteProtocolError as error:
            self.refusal = self.refusal or str(error)
            raise
        if isinstance(event, h11.Request):
            self.bodiless = event.method == b"HEAD"
            self._received, self._body = len(self.trailing_data[0]), 0
        elif isinstance(event, h11.Data):
            self._body += len(event.data)
        if self.their_state is h11.SEND_BODY:
            overhead = self._received - len(self.trailing_data[0]) - self._body
            if overhead > self._most + _OVERHEAD * self._body:
                self._refuse("the chunks of the body have more around them than in them", 400)
        return event

    def _check_head(self, waiting: bytes) -> None:
        end = _END.search(waiting)
        if end is None:
            return
        if end.start() > self._most:
            self._refuse(f"the head is larger than {self._most} bytes", 431)
        if wrong := mistake(waiting[: end.start()].removesuffix(b"\r")):
            self._refuse(wrong, 400)

    def _refuse(self, text: str, status: int) -> None:
        self.refusal = text
        raise h11.RemoteProtocolError(text, error_status_hint=status)
