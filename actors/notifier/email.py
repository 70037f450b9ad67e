"""The channel ``email``: smtplib in a thread of a bounded number."""

import smtplib
import socket
import ssl
from email.message import EmailMessage
from io import BufferedIOBase
from typing import Final

import trio

from actors.delivery_failed import DeliveryFailed
from actors.notifier.channel import Delivered, OutgoingMessage
from actors.notifier.mail import mail_of, octets_of
from actors.notifier.settings import EmailSettings

_MOST_REPLIED: Final = 65_536
"""Octets of a server's answers in one session."""


class Email:
    """One mail server. ``limiter`` bounds the threads; ``seconds`` is the longest time that the server may be silent."""

    pace_seconds = 0.0
    paces_addresses = True

    def __init__(
        self,
        settings: EmailSettings,
        password: str,
        tls: ssl.SSLContext,
        limiter: trio.CapacityLimiter,
        installation: str,
        seconds: float,
    ) -> None:
        self._settings, self._password, self._tls = settings, password, tls
        self._limiter, self._installation, self._seconds = limiter, installation, seconds
        self.secrets: tuple[str, ...] = (password,) if password else ()

    async def deliver(self, message: OutgoingMessage) -> Delivered:
        """Send the mail. When it is cancelled, the connection is closed, so that the thread ends too. Raises
        DeliveryFailed."""
        mail = mail_of(message, self._settings.sender, self._installation)
        session = _Session(self._settings, self._password, self._tls, self._seconds)
        try:
            answer = await trio.to_thread.run_sync(
                session.send, mail, message.notification.address, limiter=self._limiter, abandon_on_cancel=True
            )
        except BaseException:
            session.abort()
            raise
        return Delivered(answer)


class _BoundedFile:
    """The replies of a server, of which :data:`_MOST_REPLIED` octets are read."""

    def __init__(self, file: BufferedIOBase) -> None:
        self._file, self._left = file, _MOST_REPLIED

    def readline(self, size: int) -> bytes:
        """Raises OSError for a server that goes on and on."""
        line = self._file.readline(size)
        self._left -= len(line)
        if self._left < 0:
            raise OSError(f"its answers are longer than {_MOST_REPLIED} octets")
        return line

    def close(self) -> None:
        self._file.close()


class _BoundedSmtp(smtplib.SMTP):
    """smtplib keeps every line of an answer, and an answer has as many as the server likes. It makes a code of its own of what
    is no answer: 500 for a line that is too long, -1 for one without a code."""

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = _BoundedFile(self.sock.makefile("rb"))
        try:
            code, text = super().getreply()
        except smtplib.SMTPResponseException as error:
            raise smtplib.SMTPServerDisconnected(f"no answer of a mail server: {error.smtp_error!s}") from error
        if code < 0:
            raise smtplib.SMTPServerDisconnected("no answer of a mail server: it begins without a code")
        return code, text


class _BoundedSmtps(_BoundedSmtp, smtplib.SMTP_SSL):
    """The same over TLS from the first octet."""


class _Session:
    """One connection for one mail. :meth:`abort` is called from another thread."""

    def __init__(self, settings: EmailSettings, password: str, tls: ssl.SSLContext, seconds: float) -> None:
        self._settings, self._password, self._tls, self._seconds = settings, password, tls, seconds
        self._connection: smtplib.SMTP | None = None
        self._connected: socket.socket | None = None
        self._aborted = False

    def send(self, mail: EmailMessage, address: str) -> str:
        """The server's answer to the mail. Raises DeliveryFailed: for good when the answer is 5xx."""
        try:
            connection = self._open()
            try:
                answer = self._submit(connection, mail, address)
            except BaseException:
                connection.close()
                raise
            self._quit(connection)
            return answer
        except smtplib.SMTPResponseException as error:
            raise _refused(error.smtp_code, error.smtp_error) from error
        except smtplib.SMTPNotSupportedError as error:
            raise DeliveryFailed(f"the mail server lacks what is needed: {error}", permanent=True) from error
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            raise DeliveryFailed(f"{type(error).__name__}: {error}") from error

    def abort(self) -> None:
        """Close the connection under the thread that uses it."""
        self._aborted = True
        sock = self._connection.sock if self._connection is not None else None
        sock = sock or self._connected
        if sock is not None:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                return

    def _open(self) -> smtplib.SMTP:
        settings = self._settings
        if settings.tls == "tls":
            connection: smtplib.SMTP = _BoundedSmtps(timeout=self._seconds, context=self._tls)
        else:
            connection = _BoundedSmtp(timeout=self._seconds)
        # The name that the server's certificate must have; the constructor takes it only together with connecting.
        connection._host = settings.host  # type: ignore[attr-defined]
        # The same as connect() of smtplib, but with the socket known before anything is awaited from it.
        sock = socket.create_connection((settings.host, settings.port), self._seconds)
        self._connected = sock
        if self._aborted:
            sock.close()
            raise DeliveryFailed("given up before the mail server answered")
        connection.sock = self._tls.wrap_socket(sock, server_hostname=settings.host) if settings.tls == "tls" else sock
        self._connection = connection
        try:
            code, text = connection.getreply()
            if code != 220:
                raise smtplib.SMTPConnectError(code, text)
        except BaseException:
            connection.close()
            raise
        return connection

    def _submit(self, connection: smtplib.SMTP, mail: EmailMessage, address: str) -> str:
        settings = self._settings
        connection.ehlo_or_helo_if_needed()
        if settings.tls == "starttls":
            code, text = connection.starttls(context=self._tls)
            if code != 220:
                raise smtplib.SMTPResponseException(code, text)
        if settings.user:
            connection.login(settings.user, self._password)
        connection.ehlo_or_helo_if_needed()
        utf8 = not (address + settings.sender).isascii()
        if utf8 and not connection.has_extn("smtputf8"):
            raise smtplib.SMTPNotSupportedError("SMTPUTF8, for letters other than those of ASCII in an address")
        octets = octets_of(mail, utf8=utf8)
        options = [f"SIZE={len(octets)}"] if connection.has_extn("size") else []
        _accepted(connection.mail(settings.sender, [*options, "SMTPUTF8", "BODY=8BITMIME"] if utf8 else options))
        _accepted(connection.rcpt(address))
        if self._aborted:
            raise DeliveryFailed("given up before the mail was sent")
        return _answer(*_accepted(connection.data(octets)))

    def _quit(self, connection: smtplib.SMTP) -> None:
        """The mail is taken: a server that is gone by now changes nothing."""
        try:
            connection.quit()
        except (smtplib.SMTPException, OSError):
            connection.close()


def _accepted(reply: tuple[int, bytes]) -> tuple[int, bytes]:
    """The reply, when it is 2xx. Raises SMTPResponseException."""
    if not 200 <= reply[0] < 300:
        raise smtplib.SMTPResponseException(*reply)
    return reply


def _refused(code: int, text: bytes | str) -> DeliveryFailed:
    said = text if isinstance(text, bytes) else text.encode()
    return DeliveryFailed(_answer(code, said), permanent=500 <= code < 600)


def _answer(code: int, text: bytes) -> str:
    return f"{code} {text.decode('utf-8', 'replace')}".strip()
