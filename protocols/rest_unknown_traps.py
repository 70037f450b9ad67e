"""Queries and answers about traps that no profile knows."""

from typing import Annotated

from msgspec import Meta, Struct

from protocols.query import UnknownTrapCount, UnknownTrapRow
from protocols.rest_body import PageQuery


class UnknownTrapsQuery(PageQuery, frozen=True, kw_only=True):
    """The query of the inbox."""

    trap_oid: Annotated[str, Meta(pattern=r"^[0-9.]{1,1000}$")] | None = None


class UnknownTrapPage(Struct, frozen=True):
    """Traps that no profile knows, and the cursor of the next page."""

    items: tuple[UnknownTrapRow, ...]
    next_cursor: str | None = None


class UnknownTrapCounts(Struct, frozen=True):
    """Unknown traps by tenant and OID."""

    items: tuple[UnknownTrapCount, ...]
