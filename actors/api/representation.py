"""The outermost steps of an answer: ETag and 304, gzip, HEAD.

A body that comes whole is looked at; one that comes in parts (a CSV export) is sent as it comes.
"""

import gzip
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

import msgspec
import trio

from actors.api.asgi import Message, Scope, Send, header_values
from actors.api.content_coding import accepts_gzip
from actors.api.entity_tags import condition_of, representation_tag, wrong_revision
from actors.api.problems import MEDIA_TYPE, ProblemError

SMALLEST: Final = 1_024
"""Octets: a smaller body is not compressed unless the client takes no other."""
_AT_ONCE: Final = 65_536
"""Octets: a larger body is compressed in a thread, so that traps do not wait for it."""
_LEVEL: Final = 4
_WITHOUT_BODY = (b"content-length", b"content-type")
_TEXTS = (b"text/", b"application/json", b"application/problem+json", b"application/vnd.oai.openapi")

Pairs = list[tuple[bytes, bytes]]


class Representation:
    """Sends the answer to the request of ``scope``. ``method`` is the client's: HEAD is answered as GET is, without a body."""

    def __init__(self, scope: Scope, method: str, send: Send) -> None:
        self._headers: Sequence[tuple[bytes, bytes]] = scope["headers"]
        self._method, self._send = method, send
        self._start: Message = {}
        self._under_way = False
        self.head_sent = trio.CancelScope()
        """Cancelled once HEAD is answered: nobody reads the rest of a body that is made in parts."""

    async def send(self, message: Message) -> None:
        """ASGI's ``send`` for the application."""
        if message["type"] != "http.response.body":
            self._start = message
            return
        if self._under_way:
            # Behind the answer to HEAD nothing is sent.
            if self._method != "HEAD":
                await self._send(message)
            return
        self._under_way = True
        if message.get("more_body", False):
            if self._method == "HEAD":
                # The cancellation is to meet the body where it waits: a generator that is suspended meanwhile is not closed.
                with trio.CancelScope(shield=True):
                    await self._send(self._start)
                    await self._send({"type": "http.response.body", "body": b"", "more_body": False})
                self.head_sent.cancel()
            else:
                await self._send(self._start)
                await self._send(message)
            return
        try:
            start, body = await self._whole(self._start, message.get("body", b""))
        except ProblemError as error:
            start, body = _problem(error, error.headers)
        await self._send(start)
        await self._send({**message, "body": b"" if self._method == "HEAD" else body})

    async def problem(self, error: ProblemError, headers: Mapping[str, str]) -> None:
        """Answer with a problem."""
        start, body = _problem(error, headers)
        await self.send(start)
        await self.send({"type": "http.response.body", "body": body, "more_body": False})

    async def _whole(self, start: Message, body: bytes) -> tuple[Message, bytes]:
        pairs: Pairs = list(start["headers"])
        status: int = start["status"]
        tag = None
        if self._method in ("GET", "HEAD") and status == 200 and (revision := _value(pairs, b"etag")) is not None:
            tag = representation_tag(revision.decode("latin-1"), body)
            status = self._conditional(tag)
        if body and (_value(pairs, b"content-type") or b"").startswith(_TEXTS):
            _vary(pairs)
            coding = accepts_gzip(header_values(self._headers, b"accept-encoding"))
            if coding.gzip and status != 304 and (len(body) >= SMALLEST or not coding.identity):
                body = await _compressed(body)
                pairs = [pair for pair in pairs if pair[0] != b"content-length"]
                pairs += [(b"content-encoding", b"gzip"), (b"content-length", str(len(body)).encode())]
                tag = tag and f"{tag}-gzip"
        if tag is not None:
            pairs = [pair for pair in pairs if pair[0] != b"etag"] + [(b"etag", f'"{tag}"'.encode("latin-1"))]
        if status == 304:
            return {**start, "status": 304, "headers": [pair for pair in pairs if pair[0] not in _WITHOUT_BODY]}, b""
        return {**start, "status": status, "headers": pairs}, body

    def _conditional(self, tag: str) -> int:
        """200 or 304 for a representation with this tag. ProblemError 412 when ``If-Match`` does not hold of it."""
        match = condition_of("If-Match", header_values(self._headers, b"if-match"))
        revision = int(tag.partition("-")[0])
        if match is not None and not match.any and revision not in match.revisions():
            raise wrong_revision(f"the revision is {revision}, which If-Match does not name", revision)
        none_match = condition_of("If-None-Match", header_values(self._headers, b"if-none-match"))
        return 304 if none_match is not None and none_match.weakly(tag) else 200


async def _compressed(body: bytes) -> bytes:
    compress = partial(gzip.compress, body, _LEVEL, mtime=0)
    return compress() if len(body) <= _AT_ONCE else await trio.to_thread.run_sync(compress)


def _problem(error: ProblemError, others: Mapping[str, str]) -> tuple[Message, bytes]:
    body = msgspec.json.encode(error.problem)
    headers = {"content-type": MEDIA_TYPE, "content-length": str(len(body)), **others}
    pairs = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    return {"type": "http.response.start", "status": error.problem.status, "headers": pairs}, body


def _value(pairs: Pairs, name: bytes) -> bytes | None:
    return next((value for key, value in pairs if key.lower() == name), None)


def _vary(pairs: Pairs) -> None:
    """Name Accept-Encoding among what the answer depends on."""
    known = _value(pairs, b"vary")
    pairs[:] = [pair for pair in pairs if pair[0].lower() != b"vary"]
    pairs.append((b"vary", b"Accept-Encoding" if known is None else known + b", Accept-Encoding"))
