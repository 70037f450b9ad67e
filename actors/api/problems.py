"""Errors as RFC 9457 problems: every 4xx and 5xx that a handler or Litestar gives leaves through here."""

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from actors.api.keyset import BadCursor
from actors.api.methods import with_head
from actors.postgres import DatabaseUnavailable
from protocols.rest_problem import FieldError, ProblemDocument

MEDIA_TYPE = "application/problem+json"
_URN = "urn:faultd:problem:"

log = structlog.get_logger()


class ProblemError(Exception):
    """A request that cannot be served. ``kind`` is the last part of the problem's type, stable for programs."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        errors: Iterable[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        revision: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.problem = ProblemDocument(
            type=_URN + kind,
            title=HTTPStatus(status).phrase,
            status=status,
            detail=detail,
            errors=tuple(errors),
            revision=revision,
        )
        self.headers = dict(headers or {})


def invalid_body(field: str, message: str) -> ProblemError:
    """422 for a body that is JSON but not what is asked for."""
    detail = f"{field}: {message}" if field else message
    return ProblemError(422, "invalid_body", detail, [FieldError(field, message)])


def invalid_parameter(field: str, message: str) -> ProblemError:
    """400 for a path or query parameter."""
    return ProblemError(400, "invalid_parameter", f"{field}: {message}", [FieldError(field, message)])


def unavailable(kind: str, detail: str) -> ProblemError:
    """503; the answer gets a Retry-After."""
    return ProblemError(503, kind, detail)


_PLACE = re.compile(r" - at `(key in )?\$\.?(?P<path>[^`]*)`$")
_MEMBER = re.compile(r"(?:required field|unknown field) `(?P<name>[^`]*)`")
_LONG = re.compile(r"Expected `(array|object)` of length <= (?P<most>\d+)")
_OWN = re.compile(r"^(?P<field>[A-Za-z_][\w.\[\]]*): ")


def field_error(error: msgspec.ValidationError) -> FieldError:
    """The field and message in a msgspec error: its path, or the member that is missing or unknown."""
    text = str(error)
    place = _PLACE.search(text)
    path = place["path"] if place else ""
    message = text[: place.start()] if place else text
    member = _MEMBER.search(message)
    own = _OWN.match(message)
    inner = member["name"] if member else own["field"] if own else ""
    if own and not member:
        message = message[own.end() :]
    if long := _LONG.fullmatch(message):
        message = f"has too many items; at most {int(long['most']):,} are allowed"
    return FieldError(".".join(part for part in (path, inner) if part), message)


def problem_response(problem: ProblemDocument, headers: Mapping[str, str] | None = None) -> Response[bytes]:
    """The problem as a response."""
    return Response(
        msgspec.json.encode(problem), status_code=problem.status, media_type=MEDIA_TYPE, headers=dict(headers or {})
    )


def no_such_path(path: str) -> ProblemDocument:
    """404 for a path that no route has."""
    return ProblemDocument(type=_URN + "no_such_path", title="Not Found", status=404, detail=f"nothing is at {path}")


def on_problem(request: Request[Any, Any, Any], error: ProblemError) -> Response[bytes]:
    """Litestar's handler of :class:`ProblemError`."""
    return problem_response(error.problem, headers_of(error, request.app.state.retry_after_seconds))


def headers_of(error: ProblemError, retry_after: int) -> dict[str, str]:
    """The headers of a problem; a 503 says when to come back."""
    return error.headers | ({"Retry-After": str(retry_after)} if error.problem.status == 503 else {})


def on_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """Litestar's handler of its own errors: no such route, method not allowed, and the like."""
    status = error.status_code
    if status >= 500:
        return on_bug(request, error)
    path: str = request.scope["path"]
    if status == 404:
        return problem_response(no_such_path(path))
    kind, detail, headers = "bad_request", error.detail, dict(error.headers or {})
    if status == 405:
        allow = headers["allow"] = with_head(headers.get("allow", ""))
        kind, detail = "method_not_allowed", f"{path} does not take {request.method}; it takes {allow}"
    return problem_response(
        ProblemDocument(type=_URN + kind, title=HTTPStatus(status).phrase, status=status, detail=detail), headers
    )


def on_validation(request: Request[Any, Any, Any], error: ValidationException) -> Response[bytes]:
    """Litestar's handler of what it found wrong itself: path parameters, and a body that is missing altogether."""
    extra = error.extra if isinstance(error.extra, list) else []
    # Litestar also counts a body that may be left out as missing once a path parameter is wrong.
    wrong = [FieldError(str(item["key"]), str(item["message"])) for item in extra if item.get("key") != "data"]
    if not wrong:
        return on_problem(request, ProblemError(400, "malformed_json", "a JSON body is needed here"))
    detail = "; ".join(f"{one.field}: {one.message}" for one in wrong)
    return on_problem(request, ProblemError(400, "invalid_parameter", detail, wrong))


def on_database(request: Request[Any, Any, Any], error: DatabaseUnavailable) -> Response[bytes]:
    """PostgreSQL is away: reads wait for it, commands do not."""
    detail = "the database that reads are answered from is away; commands and the stream go on"
    log.warning("read refused, database away", path=request.scope["path"], error=str(error))
    return on_problem(request, unavailable("database_unavailable", detail))


def on_cursor(request: Request[Any, Any, Any], error: BadCursor) -> Response[bytes]:
    """A cursor that this list did not give out."""
    return on_problem(request, invalid_parameter("cursor", str(error)))


def on_bug(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Any other exception is a defect of faultd: it is logged whole, and the answer names no internals."""
    log.error("request failed", method=request.method, path=request.scope["path"], exc_info=error)
    problem = ProblemDocument(
        type=_URN + "internal_error",
        title="Internal Server Error",
        status=500,
        detail="faultd could not handle this; see its log",
    )
    return problem_response(problem)
