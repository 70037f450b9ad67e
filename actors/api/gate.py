"""The outermost part of the application: who is calling, how much they may send, and what is counted.

Nothing of a request's body is read before its token is known to be good, but for the webhook of the desk, whose body is signed.
"""

from typing import Any, cast

import structlog
import trio
from litestar import Litestar

from actors.api.access import Access, access_of, routed
from actors.api.asgi import Message, Receive, Scope, Send, header_values
from actors.api.methods import allow_of, as_routed
from actors.api.problems import ProblemError, headers_of, unavailable
from actors.api.representation import Representation
from actors.api.routes import Now
from actors.api.settings import ApiSettings
from actors.api.slashed_names import SlashedNames
from actors.metrics import Metrics
from actors.tokens import TokenFile, TokenFileError
from protocols.principal import Principal

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="faultd"'}

log = structlog.get_logger()


class Gate:
    """An ASGI application around ``app``: authentication, bounds, ``faultd_http_requests_total`` and the access log."""

    def __init__(self, app: Litestar, settings: ApiSettings, tokens: TokenFile, metrics: Metrics, clock: Now) -> None:
        self._app, self._names = app, SlashedNames(app)
        self._settings, self._tokens, self._metrics, self._clock = settings, tokens, metrics, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        status = 500

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        started = trio.current_time()
        method = scope["method"] if scope["method"] in _METHODS else "other"
        # The server's own scope keeps the client's method: it sends no body for HEAD.
        scope = {**scope, "method": as_routed(scope["method"])}
        try:
            await self._serve(scope, method, receive, counted)
        finally:
            route = scope.get("path_template") or "unmatched"
            self._metrics.http_requests.labels(method, route, str(status)).inc()
            who = scope["user"].name if scope.get("user") else None
            seconds = round(trio.current_time() - started, 6)
            # The path of a page for callers without a token may hold a permission.
            path = scope["path"] if who or route == "unmatched" else route
            log.debug("request", method=method, path=path, status=status, user=who, seconds=seconds)

    async def _serve(self, scope: Scope, method: str, receive: Receive, send: Send) -> None:
        self._names.join(scope)
        answer = Representation(scope, method, send)
        try:
            handler = scope["admitted"] = routed(self._app, scope["path"], scope["method"])
            access = access_of(handler)
            user = scope["user"] = self._principal(scope, access)
            if user is not None:
                access.check(user)
            body = await self._body(scope, receive, self._limit(user, access))
        except ProblemError as error:
            # What was not read of the body would be taken for the next request: the connection ends here.
            closing = {"Connection": "close"} if _has_body(scope) else {}
            await answer.problem(error, headers_of(error, self._settings.retry_after_seconds) | closing)
            return
        if body is None:
            return
        if method == "OPTIONS" and (allow := allow_of(self._app, scope["path"])) is not None:
            await send({"type": "http.response.start", "status": 204, "headers": [(b"allow", allow.encode())]})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return waiting.pop() if waiting else await receive()

        with answer.head_sent:
            await self._app(cast(Any, scope), cast(Any, replay), cast(Any, answer.send))

    def _principal(self, scope: Scope, access: Access) -> Principal | None:
        settings = self._settings
        if access.needed == "nothing" or (access.needed == "metrics" and not settings.metrics_need_token):
            return None
        values = header_values(scope["headers"], b"authorization")
        scheme, _, token = (values[0] if len(values) == 1 else "").partition(" ")
        if scheme.lower() != "bearer":
            text = "send Authorization: Bearer TOKEN; `faultd token create` makes one"
            raise ProblemError(401, "no_token", text, headers=_CHALLENGE)
        try:
            principal = self._tokens.verify(token.strip(), self._clock())
        except TokenFileError as error:
            log.error("no token can be checked", error=str(error))
            raise unavailable("tokens_unavailable", "tokens cannot be checked now; faultd's log says why") from error
        if principal is None:
            challenge = {"WWW-Authenticate": 'Bearer realm="faultd", error="invalid_token"'}
            raise ProblemError(401, "invalid_token", "the token is unknown, revoked or expired", headers=challenge)
        return principal

    def _limit(self, user: Principal | None, access: Access) -> int:
        """Bytes of a body that this caller may send here."""
        if user is None and not access.body:
            return 0
        limit: int = getattr(self._settings, access.body or "max_body_bytes")
        return limit

    async def _body(self, scope: Scope, receive: Receive, limit: int) -> bytes | None:
        """The whole body, None when the client went away. ProblemError 413 or 408."""
        for name, value in scope["headers"]:
            if name.lower() == b"content-length" and value.isdigit() and int(value) > limit:
                raise _too_large(limit)
        content = bytearray()
        with trio.move_on_after(self._settings.read_seconds) as deadline:
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return None
                content += message.get("body", b"")
                if len(content) > limit:
                    raise _too_large(limit)
                if not message.get("more_body", False):
                    return bytes(content)
        assert deadline.cancelled_caught
        raise ProblemError(408, "body_too_slow", f"the body did not arrive within {self._settings.read_seconds:g} s")


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _has_body(scope: Scope) -> bool:
    names = {name.lower() for name, value in scope["headers"] if value != b"0"}
    return not names.isdisjoint((b"content-length", b"transfer-encoding"))


def _too_large(limit: int) -> ProblemError:
    text = f"the body is larger than {limit} bytes" if limit else "no body is taken here without a token"
    return ProblemError(413, "body_too_large", text)
