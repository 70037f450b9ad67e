"""Far ends for the notifier, real ones: an SMTP server, an HTTP receiver that can fail in every way, and a certificate."""

import asyncio
import base64
import hashlib
import hmac
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import partial
from pathlib import Path
from typing import Any

import trio
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PASSWORD = "correct horse"


def certificate(folder: Path, *, days: int = 1) -> tuple[Path, ssl.SSLContext]:
    """A certificate of ``localhost`` and 127.0.0.1 that signs itself: the file to trust, and a server's context. It is valid
    until ``days`` from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=10))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    file, key_file = folder / "server.pem", folder / "server.key"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, key_file)
    return file, context


class _Controller(Controller):
    """On a free port, which the original cannot find again."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        socket.create_connection((self.hostname, self.port), 5.0).close()


class MailServer:
    """Takes mails. ``replies`` has the answer to each mail in turn, the last one over and over."""

    def __init__(self, *replies: str) -> None:
        self.replies = list(replies) or ["250 2.0.0 taken"]
        self.offered: list[bytes] = []
        self.taken: list[EmailMessage] = []
        self.users: list[str] = []
        self.recipients: list[str] = []

    async def handle_RCPT(self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if address.startswith("nobody@"):
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        self.recipients.append(address)
        return "250 ok"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        self.offered.append(envelope.content)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if reply.startswith("2"):
            parsed = message_from_bytes(envelope.content, policy=default)
            assert isinstance(parsed, EmailMessage)
            self.taken.append(parsed)
        return reply

    def authenticate(self, server: SMTP, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.users.append(data.login.decode())
        return AuthResult(success=data.password == PASSWORD.encode(), handled=False)

    @contextmanager
    def serving(
        self, *, tls: ssl.SSLContext | None = None, implicit: bool = False, auth: bool = False, port: int = 0
    ) -> Iterator[int]:
        """Serve on ``port`` of 127.0.0.1 (0: any that is free), with STARTTLS or (``implicit``) TLS from the first octet where
        ``tls`` is given."""
        options: dict[str, Any] = {"authenticator": self.authenticate, "auth_required": True} if auth else {}
        if tls is not None:
            options |= {"ssl_context": tls} if implicit else {"tls_context": tls, "require_starttls": True}
        if implicit:
            # It does not know that the session is encrypted already.
            options |= {"auth_require_tls": False, "auth_required": False}
        controller = _Controller(self, hostname="127.0.0.1", port=port, **options)
        controller.start()
        try:
            yield controller.port
        finally:
            controller.stop()


class HttpRequest:
    """A request as the receiver read it."""

    def __init__(self, method: str, target: str, headers: dict[str, str], body: bytes) -> None:
        self.method, self.target, self.headers, self.body = method, target, headers, body


Answer = bytes | Callable[[trio.SocketStream], Awaitable[None]]
"""Octets of a whole answer, or what is done with the connection."""


def answer(status: str, body: bytes = b"", **headers: str) -> bytes:
    """A whole answer, such as ``answer("429 Too Many Requests", retry_after="30")``."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


class HttpReceiver:
    """Takes requests. ``answers`` has the answer to each in turn, the last one over and over."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers) or [answer("204 No Content")]
        self.requests: list[HttpRequest] = []
        self.written = 0

    @asynccontextmanager
    async def serving(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
        """Serve on a port of 127.0.0.1."""
        async with trio.open_nursery() as nursery:
            if tls is None:
                listeners: Any = await nursery.start(partial(trio.serve_tcp, self._serve, 0, host="127.0.0.1"))
                port = listeners[0].socket.getsockname()[1]
            else:
                serve = partial(trio.serve_ssl_over_tcp, self._serve, 0, tls, host="127.0.0.1")
                listeners = await nursery.start(serve)
                port = listeners[0].transport_listener.socket.getsockname()[1]
            yield port
            nursery.cancel_scope.cancel()

    async def _serve(self, stream: Any) -> None:
        try:
            async with stream:
                await self._one(stream)
        except (trio.BrokenResourceError, ConnectionError):
            pass

    async def _one(self, stream: Any) -> None:
        read = b""
        while b"\r\n\r\n" not in read:
            part = await stream.receive_some()
            if not part:
                return
            read += part
        head, _, body = read.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        while len(body) < int(headers.get("content-length", "0")):
            body += await stream.receive_some()
        method, target, _ = first.split(" ")
        self.requests.append(HttpRequest(method, target, headers, body))
        step = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(step, bytes):
            await stream.send_all(step)
        else:
            await step(stream)


def verified(request: HttpRequest, key: bytes) -> bool:
    """What a receiver does by Standard Webhooks, written independently of faultd."""
    signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    given = [each.split(",", 1)[1] for each in request.headers["webhook-signature"].split(" ") if each.startswith("v1,")]
    return any(hmac.compare_digest(each, expected) for each in given)
