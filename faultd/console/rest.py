"""A person's requests to the REST API: one connection each, and every failure an exception in words."""

import os
import ssl
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from protocols.printable import printable
from protocols.rest_problem import ProblemDocument

SECONDS = 15.0
PREFIX = "/api/v1/faults"


class RestError(Exception):
    """A request that was not served."""


class Unreachable(RestError):
    """Nothing that speaks the API answers, or it cannot at the moment (5xx)."""


class NotLetIn(RestError):
    """The token is not taken, or may not do this."""


class NotFound(RestError):
    """There is no such alarm, or none that the token may see."""


class Declined(RestError):
    """The request does not apply: the alarm is in another state, or the text is not acceptable."""


class Rest:
    """Requests below ``url``, with ``token``."""

    def __init__(self, url: str, token: str) -> None:
        self.url, self._token = url, token

    def get(self, path: str) -> bytes:
        """The body of the answer. Raises RestError."""
        return self._request("GET", path)

    def post(self, path: str, body: Any) -> bytes:
        """The body of the answer, empty for 204. Raises RestError."""
        return self._request("POST", path, msgspec.json.encode(body))

    def _request(self, method: str, path: str, body: bytes | None = None) -> bytes:
        parts = urlsplit(self.url)
        connection = (
            HTTPSConnection(parts.netloc, timeout=SECONDS, context=ssl.create_default_context())
            if parts.scheme == "https"
            else HTTPConnection(parts.netloc, timeout=SECONDS)
        )
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        try:
            connection.request(method, f"{parts.path}{PREFIX}{path}", body, headers)
            response = connection.getresponse()
            octets = response.read()
        except (OSError, HTTPException) as error:
            raise Unreachable(f"no faultd answers at {self.url}: {in_words(error)}") from error
        finally:
            connection.close()
        if response.status >= 300:
            raise self._failure(response.status, octets)
        return octets

    def _failure(self, status: int, octets: bytes) -> RestError:
        try:
            detail = printable(msgspec.json.decode(octets, type=ProblemDocument).detail)
        except msgspec.MsgspecError:
            detail = f"no faultd: status {status}"
        if status == 401:
            return NotLetIn(f"{self.url} does not take this token: {detail}")
        if status == 403:
            return NotLetIn(f"this token may not: {detail}")
        if status == 404:
            return NotFound(detail)
        # 501: it cannot be done there at all, as typst is not installed.
        return Declined(detail) if status < 500 or status == 501 else Unreachable(f"{self.url} cannot answer now: {detail}")


def in_words(error: BaseException) -> str:
    """An error of a connection, without its number."""
    if isinstance(error, OSError) and error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return printable(text or type(error).__name__)


def alarm_path(name: str, action: str = "") -> str:
    """Path of an alarm by its id, for one of its actions."""
    return f"/alarms/{quote(name, safe='')}" + (f"/{action}" if action else "")


def names_of(text: str) -> tuple[str, ...]:
    """Alarm ids that a typed text can mean, in the order of the attempts: ``17`` and ``a17`` also mean ``A17``."""
    digits = text[1:] if text[:1] in "aA" else text
    usual = f"A{digits}" if digits.isascii() and digits.isdigit() else text
    return (text,) if usual == text else (text, usual)
