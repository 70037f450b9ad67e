"""Query strings as Structs: decoded strictly, unknown names refused."""

import types
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin
from urllib.parse import parse_qsl

import msgspec
from litestar.connection import ASGIConnection

from actors.api.mistakes import in_one_line, mistakes_in
from actors.api.problems import ProblemError, invalid_parameter
from protocols.principal import Principal
from protocols.rest_problem import FieldError

Connection = ASGIConnection[Any, Any, Any, Any]
T = TypeVar("T", bound=msgspec.Struct)
_MAX_VALUES = 1_000
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def read_query(request: Connection, kind: type[T]) -> T:
    """The query string as ``kind``. A field of several values is repeated, or its values separated by commas; ``name[]`` is
    taken for ``name``. Raises ProblemError: 400 naming each parameter that is unknown, repeated or malformed, 403 for a
    ``tenant_id`` that is not the token's."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    values: dict[str, Any] = {}
    for name, text in _pairs(request):
        field = fields[name]
        if _is_list(field.type):
            parts = [part for part in text.split(",") if part]
            if not parts:
                raise invalid_parameter(name, "is empty; leave it out to ask for any")
            values.setdefault(name, []).extend(parts)
        elif name in values:
            raise invalid_parameter(name, "is given more than once")
        else:
            values[name] = _scalar(name, text, field.type)
    try:
        query = msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        found = mistakes_in(values, kind, error)
        raise ProblemError(400, "invalid_parameter", in_one_line(found), found) from error
    tenant, by = getattr(query, "tenant_id", None), request.scope.get("user")
    if tenant is not None and isinstance(by, Principal) and not by.sees(tenant):
        raise ProblemError(403, "not_your_tenant", f"this token sees tenant {by.tenant!r} only")
    return query


def known_parameters(request: Connection, kind: type[msgspec.Struct] | None) -> None:
    """Raise ProblemError (400) when the query string has names that are not fields of ``kind``."""
    known = {field.encode_name for field in msgspec.structs.fields(kind)} if kind else set()
    unknown = list(dict.fromkeys(name for name, _ in _pairs(request) if name not in known))
    if unknown:
        allowed = f"known are {', '.join(sorted(known))}" if known else "this path takes none"
        raise ProblemError(
            400,
            "unknown_parameter",
            f"unknown query parameter {', '.join(unknown)}; {allowed}",
            [FieldError(name, "unknown query parameter") for name in unknown],
        )


def _pairs(request: Connection) -> Iterable[tuple[str, str]]:
    raw: bytes = request.scope["query_string"]
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MAX_VALUES)
    except ValueError as error:
        raise ProblemError(400, "invalid_parameter", f"the query string is malformed: {error}") from error
    for name, text in pairs:
        if "\x00" in text:
            raise invalid_parameter(name, "holds the character NUL")
    return [(name.removesuffix("[]"), text) for name, text in pairs]


def _scalar(name: str, text: str, kind: Any) -> Any:
    plain = _plain(kind)
    if plain is bool:
        if text.lower() not in _BOOLEANS:
            raise invalid_parameter(name, f"{text!r} is neither true nor false")
        return _BOOLEANS[text.lower()]
    if plain is int:
        if not text.isascii() or not text.removeprefix("-").isdigit() or len(text) > 18:
            raise invalid_parameter(name, f"{text!r} is no whole number")
        return int(text)
    if plain is datetime:
        # A plus sign that was not escaped arrives as a space, and no RFC 3339 time needs one.
        return text.replace(" ", "+")
    return text


def _plain(kind: Any) -> Any:
    """``kind`` without Annotated and None."""
    if get_origin(kind) is Annotated:
        return _plain(get_args(kind)[0])
    if get_origin(kind) in (Union, types.UnionType):
        return next(plain for arg in get_args(kind) if (plain := _plain(arg)) is not type(None))
    return kind


def _is_list(kind: Any) -> bool:
    return get_origin(_plain(kind)) is tuple
