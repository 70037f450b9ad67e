"""Requests to a desk with JSON: the account, the statuses, and what is no answer of a desk."""

import base64
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from actors.delivery_failed import DeliveryFailed
from actors.http_client import MOST_READ, HttpAnswer, HttpClient, json_of

_FOR_GOOD: Final = frozenset({400, 404, 405, 410, 413, 415, 422})
"""Statuses to which the same request leads again. A refused account is none: when it is mended, the tickets go on."""


class DeskClient:
    """``url`` is the base of all paths. ``user`` empty: ``secret`` is a token of the kind ``token``."""

    def __init__(self, client: HttpClient, url: str, user: str, secret: str, *, token: str = "Bearer") -> None:
        self._client, self._url = client, url.rstrip("/")
        self._headers = {"Accept": "application/json"}
        self.secrets: tuple[str, ...] = ()
        if secret:
            basic = base64.b64encode(f"{user}:{secret}".encode()).decode()
            self._headers["Authorization"] = f"Basic {basic}" if user else f"{token} {secret}"
            self.secrets = (secret, basic)

    async def call(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Any:
        """The JSON of the answer. Raises DeliveryFailed for a status other than 2xx, and for what is no JSON: a proxy's page of
        an error has the status 200 too."""
        return _decoded(await self.exchange(method, path, body, headers))

    async def exchange(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> HttpAnswer:
        """The answer of 2xx, which may be empty. Raises DeliveryFailed."""
        sent = b"" if body is None else msgspec.json.encode(body)
        kind = {} if body is None else {"Content-Type": "application/json"}
        answer = await self._client.request(method, self._url + path, {**self._headers, **kind, **(headers or {})}, sent)
        if 300 <= answer.status < 400:
            raise DeliveryFailed(f"{answer.status}: a redirect, which is not followed", permanent=True)
        if not 200 <= answer.status < 300:
            raise DeliveryFailed(answer.shown, permanent=answer.status in _FOR_GOOD)
        return answer


def _decoded(answer: HttpAnswer) -> Any:
    if len(answer.body) >= MOST_READ:
        raise DeliveryFailed(f"the answer is longer than {MOST_READ} octets")
    try:
        return json_of(answer.body)
    except ValueError as error:
        raise DeliveryFailed(f"the answer is no JSON: {answer.shown}") from error
