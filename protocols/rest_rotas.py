"""Bodies of the REST API about rotas. A new one is a :class:`protocols.dispatch.rota.RotaPlan`."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct, field

from protocols.dispatch.rota import RotaLayer, RotaOverride
from protocols.rest_body import Body, PageQuery
from protocols.rest_fields import Line, Name, Time


class RotasQuery(PageQuery, frozen=True, kw_only=True):
    """The query of the list of rotas."""

    name: Line | None = None
    contact_id: Annotated[Name | None, Meta(description="Rotas that name this contact")] = None
    tenant_id: Name | None = None


class RotaShown(Struct, frozen=True, kw_only=True):
    """A rota. Its contacts are named by their ids. ``tenant_id`` null: for the causes of every tenant."""

    id: str
    name: str
    time_zone: str
    layers: tuple[RotaLayer, ...]
    overrides: tuple[RotaOverride, ...]
    tenant_id: str | None
    created_at: datetime
    updated_at: datetime
    updated_by: str
    revision: int


class RotaPage(Struct, frozen=True):
    """Rotas, the oldest first, and the cursor of the next page (null on the last)."""

    items: tuple[RotaShown, ...]
    next_cursor: str | None = None


class OnCallQuery(Body, frozen=True, kw_only=True):
    """The query of who is on call."""

    at: Annotated[Time | None, Meta(description="Left out: now")] = None


class ShiftShown(Struct, frozen=True, kw_only=True):
    """A shift, or a gap: then ``contact_id`` and ``contact_name`` are null. A ``start`` or ``end`` more than 800 days away is
    null. ``by`` is the part of the rota that says so, such as ``layer 1``."""

    contact_id: str | None
    contact_name: str | None
    start: datetime | None
    end: datetime | None
    by: str


class OnCallShown(Struct, frozen=True, kw_only=True):
    """Whoever is on call ``at`` a time, and from ``on_call.end`` on (null: nothing changes)."""

    rota_id: str
    at: datetime
    on_call: ShiftShown
    next: ShiftShown | None


class ShiftsQuery(PageQuery, frozen=True, kw_only=True):
    """The query of the shifts of a rota."""

    start: Annotated[Time | None, Meta(description="Left out: now")] = field(name="from", default=None)
    end: Annotated[Time | None, Meta(description="At most 62 days after `from`; left out: 14 days after it")] = field(
        name="to", default=None
    )


class ShiftPage(Struct, frozen=True):
    """Shifts and gaps of a time in order, the first and the last one whole. The cursor of the next page is null on the last."""

    items: tuple[ShiftShown, ...]
    next_cursor: str | None = None
