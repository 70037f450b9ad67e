"""Errors of the REST API."""

from msgspec import Struct


class FieldError(Struct, frozen=True):
    """One thing that is wrong with a request. ``field`` is its path in the body or a parameter's name."""

    field: str
    message: str


class ProblemDocument(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An error, as RFC 9457 ``application/problem+json``."""

    type: str
    title: str
    status: int
    detail: str = ""
    errors: tuple[FieldError, ...] = ()
    revision: int | None = None
    """With 412: the present revision of the resource."""
