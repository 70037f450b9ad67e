"""The parts that every body and query of the REST API shares.

Unknown fields are refused. Text is bounded and holds no NUL (PostgreSQL cannot keep one). Times are RFC 3339 with an offset
from UTC; a time without one is refused. Each module ``rest_*`` holds the bodies and answers of one resource; OpenAPI is
generated from them.
"""

from typing import Annotated, Any

from msgspec import Meta, Struct
from msgspec.structs import asdict


class Body(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request body: unknown fields refused."""


Limit = Annotated[int, Meta(ge=1, le=1_000, description="At most so many items")]
Cursor = Annotated[
    Annotated[str, Meta(min_length=1, max_length=1_000)] | None, Meta(description="`next_cursor` of the page before this one")
]


class PageQuery(Body, frozen=True, kw_only=True):
    """The query of a list: how many, and from where on."""

    limit: Limit = 100
    cursor: Cursor = None


def fields_for(kind: type[Struct], value: Struct) -> dict[str, Any]:
    """The fields of ``value`` that ``kind`` has too: a body as a command, a record as REST shows it."""
    wanted = set(kind.__struct_fields__)
    return {name: each for name, each in asdict(value).items() if name in wanted}
