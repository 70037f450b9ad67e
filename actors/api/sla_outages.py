"""Outage intervals, from which downtime follows: read, and corrected by operators."""

from typing import Annotated, Any

from litestar import Request, Response, Router, get, patch
from litestar.params import JSONBody, PathParameter
from msgspec import UNSET

from actors.api.access import allow
from actors.api.alarm_lookup import answer
from actors.api.answers import SLA
from actors.api.command_resource import CommandResource
from actors.api.openapi import PROBLEM, ApiOperation, documented
from actors.api.parameters import read_query
from actors.api.problems import ProblemError
from actors.api.routes import By, Given, Now, resource
from actors.api.sql.sla_outages import get_outage, list_outages
from actors.api.stored import Stored
from actors.api.submitter import Submitter
from protocols.principal import Principal
from protocols.rest_sla_outages import OutageCorrection, OutagesQuery, SlaOutagePage, SlaOutageShown, outage_shown
from protocols.sla.actions import CorrectOutage
from protocols.sla.local_time import instant_at
from protocols.sla.outage import SlaOutage
from protocols.sla.view import SlaView

OutageId = Annotated[
    str, PathParameter(description="The outage's `id`", min_length=1, max_length=80, pattern=r"^[A-Za-z0-9:.-]+$")
]


class OutageCommands:
    """The outages that the fold knows, and corrections of them."""

    def __init__(self, submitter: Submitter, view: SlaView) -> None:
        self._commands, self._view = CommandResource(submitter, SLA), view

    def held(self, by: Principal, outage_id: str) -> SlaOutage | None:
        """The outage of this id in the fold; None when the caller sees none there. Those of shared equipment are for tokens
        without a tenant."""
        found = self._view.outage(outage_id)
        return found if found is not None and by.tenant in (None, found.tenant_id) else None

    async def correct(self, by: Principal, action: CorrectOutage) -> None:
        """ProblemError when it was refused."""
        await self._commands.submit(by, action)


@get("/sla-outages", summary="List outages", operation_class=documented(OutagesQuery), opt=allow("viewer", query=OutagesQuery))
async def list_sla_outages(
    request: Request[Any, Any, Any], stored: Given[Stored], clock: Given[Now], by: By
) -> Response[SlaOutagePage]:
    """Outage intervals that concern a service level agreement, the latest first."""
    query, now = read_query(request, OutagesQuery), instant_at(clock())
    database = stored.database
    fresh = await stored.caught_up(by)
    page = await list_outages(database, query, tenant=by.tenant)
    return answer(
        SlaOutagePage(items=tuple(outage_shown(each, now) for each in page.items), next_cursor=page.next_cursor), fresh
    )


@get("/sla-outages/{outage_id:str}", summary="Show an outage", operation_class=ApiOperation, opt=allow("viewer"))
async def get_sla_outage(
    stored: Given[Stored], outages: Given[OutageCommands], clock: Given[Now], by: By, outage_id: OutageId
) -> Response[SlaOutageShown]:
    """One outage interval: `ALARM.NUMBER`, where an alarm that was re-opened has several."""
    found, fresh = outages.held(by, outage_id), True
    if found is None:
        database = stored.database
        fresh = await stored.caught_up(by)
        found = await get_outage(database, outage_id, tenant=by.tenant)
    if found is None:
        raise _unknown(outage_id)
    return answer(outage_shown(found, instant_at(clock())), fresh)


@patch(
    "/sla-outages/{outage_id:str}",
    summary="Correct an outage",
    operation_class=ApiOperation,
    responses={409: PROBLEM},
    opt=allow("operator"),
)
async def correct_sla_outage(
    outages: Given[OutageCommands], clock: Given[Now], by: By, outage_id: OutageId, data: JSONBody[OutageCorrection]
) -> SlaOutageShown:
    """State its true begin or end. The figures of the running period and of the one before follow, breaches are opened or
    withdrawn, and what the alarm says of that begin or end counts no more."""
    await outages.correct(
        by,
        CorrectOutage(
            outage_id,
            data.reason,
            None if data.start_time is UNSET else instant_at(data.start_time),
            None if data.end_time is UNSET else instant_at(data.end_time),
        ),
    )
    found = outages.held(by, outage_id)
    if found is None:
        raise _unknown(outage_id)
    return outage_shown(found, instant_at(clock()))


def _unknown(outage_id: str) -> ProblemError:
    return ProblemError(404, "unknown_outage", f"no outage {outage_id!r}")


def routes(submitter: Submitter, stored: Stored, view: SlaView, clock: Now) -> Router:
    """Outages."""
    handlers = [list_sla_outages, get_sla_outage, correct_sla_outage]
    return resource("outages", handlers, outages=OutageCommands(submitter, view), stored=stored, clock=clock)
