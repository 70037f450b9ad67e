"""One action on many alarms."""

from litestar import Router, post
from litestar.params import JSONBody

from actors.api.access import allow
from actors.api.actions import bulk_action_of
from actors.api.alarm_lookup import AlarmLookup
from actors.api.answers import ALARM, refused_items
from actors.api.command_resource import CommandResource
from actors.api.openapi import ApiOperation
from actors.api.routes import By, Given, Now, resource
from actors.api.settings import ApiSettings
from actors.api.submitter import Submitter
from protocols.rest_bulk import BulkRequest, BulkResult


@post("/alarms/bulk", summary="One action on many alarms", status_code=200, operation_class=ApiOperation, opt=allow("operator"))
async def act_on_alarms(
    commands: Given[CommandResource],
    alarms: Given[AlarmLookup],
    settings: Given[ApiSettings],
    clock: Given[Now],
    by: By,
    data: JSONBody[BulkRequest],
) -> BulkResult:
    """The alarms that the filter finds now (in PostgreSQL, bounded; `more` tells when there are more), or those named.

    With `alarm_ids` it works while PostgreSQL is away, but for notes on alarms that are history.
    """
    action = bulk_action_of(data.action, clock())
    limit = settings.max_bulk
    if data.filter is None:
        found: tuple[str, ...] = tuple(dict.fromkeys(data.alarm_ids))
    else:
        await alarms.stored.caught_up(by)
        found = await alarms.matching(by, data.filter, limit + 1)
    chosen = found[:limit]
    if not chosen:
        return BulkResult(matched=0, accepted=(), refused=(), more=False)
    past = await alarms.past_of(by, chosen, needed=False) if data.filter is None else ()
    answer = (await commands.submit_many(by, action, chosen, past)).answer
    return BulkResult(
        matched=len(chosen), accepted=answer.accepted, refused=refused_items(answer.refusals), more=len(found) > limit
    )


def routes(submitter: Submitter, alarms: AlarmLookup, settings: ApiSettings, clock: Now) -> Router:
    """Writing many alarms at once."""
    commands = CommandResource(submitter, ALARM)
    return resource("alarms", [act_on_alarms], commands=commands, alarms=alarms, settings=settings, clock=clock)
