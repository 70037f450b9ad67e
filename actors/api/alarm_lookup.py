"""Alarms by name and by filter: from the fold while it holds them, else from PostgreSQL; within the caller's tenant."""

from collections.abc import Sequence
from typing import TypeVar

from litestar import Response

from actors.api.answers import no_such_alarm
from actors.api.places import places_of
from actors.api.problems import ProblemError
from actors.api.sql.alarms import get_alarm, matching_ids, past_alarms
from actors.api.stored import Stored
from actors.postgres import DatabaseUnavailable, Postgres
from protocols.alarm import Alarm
from protocols.alarm_view import AlarmView
from protocols.command import Past
from protocols.principal import Principal
from protocols.query import AlarmFilter
from protocols.rest_body import fields_for
from protocols.rest_filter import AlarmFilterBody
from protocols.topology_view import TopologyView

T = TypeVar("T")
STALE = "Faultd-Stale"


class AlarmLookup:
    """``alarms`` are those of the fold, ``stored`` is PostgreSQL, ``topology`` resolves the places that a filter names."""

    def __init__(self, alarms: AlarmView, stored: Stored, topology: TopologyView) -> None:
        self.alarms, self.stored, self.topology = alarms, stored, topology

    @property
    def database(self) -> Postgres:
        """Raises ``DatabaseUnavailable`` when there is none."""
        return self.stored.database

    def held(self, by: Principal, name: str) -> Alarm | None:
        """The alarm of this id or external id as the fold has it now."""
        return self.alarms.find(name, by.tenant)

    async def existing(self, by: Principal, name: str) -> Alarm:
        """The alarm of this id or external id. ProblemError 404 when the caller sees none."""
        if (held := self.held(by, name)) is not None:
            return held
        found = await get_alarm(self.database, name, tenant=by.tenant)
        if found is None:
            raise no_such_alarm(name)
        return found

    async def id_of(self, by: Principal, name: str | None) -> str | None:
        """The ``id`` behind an id or an external id; the name itself when the caller sees no such alarm. None for None."""
        if name is None:
            return None
        held = self.held(by, name) or await get_alarm(self.database, name, tenant=by.tenant)
        return name if held is None else held.id

    async def past_of(self, by: Principal, names: Sequence[str], *, needed: bool) -> tuple[Past, ...]:
        """The named alarms that the fold no longer holds, read from PostgreSQL. While PostgreSQL is away: none, or
        ``DatabaseUnavailable`` where they are ``needed`` (the action applies to history)."""
        missing = [name for name in names if self.held(by, name) is None]
        if not missing:
            return ()
        try:
            database = self.database
            await self.stored.caught_up(by)
            return await past_alarms(database, missing, tenant=by.tenant)
        except DatabaseUnavailable:
            if needed:
                raise
            return ()

    def filter_of(self, by: Principal, wanted: AlarmFilterBody) -> AlarmFilter:
        """The filter within the caller's tenant. ProblemError 403 when it names another tenant, 400 for a node that the
        topology does not have."""
        if wanted.tenant_id is not None and not by.sees(wanted.tenant_id):
            raise ProblemError(403, "not_your_tenant", f"this token sees tenant {by.tenant!r} only")
        given = fields_for(AlarmFilter, wanted)
        given["since"] = wanted.since or wanted.from_date
        given["before"] = wanted.before or wanted.to_date
        given["places"] = places_of(self.topology, by, wanted)
        if wanted.parent_alarm_id is not None:
            parent = self.held(by, wanted.parent_alarm_id)
            given["parent_alarm_id"] = wanted.parent_alarm_id if parent is None else parent.id
        return AlarmFilter(**given)

    async def matching(self, by: Principal, wanted: AlarmFilterBody, limit: int) -> tuple[str, ...]:
        """Ids of at most ``limit`` alarms that pass the filter and that commands reach."""
        return await matching_ids(self.database, self.filter_of(by, wanted), limit=limit, tenant=by.tenant)


def answer(content: T, fresh: bool) -> Response[T]:
    """200, with ``Faultd-Stale: true`` when PostgreSQL does not show the caller's own writes yet."""
    return Response(content, headers={} if fresh else {STALE: "true"})
