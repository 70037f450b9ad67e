"""Writing alarms: every one of these is a command through the ledger, and works while PostgreSQL is away."""

from typing import Annotated

from litestar import Response, patch, post
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody, PathParameter

from actors.api import commands, queries, reads
from actors.api.access import allow
from actors.api.context import By, Context, Ctx
from actors.api.openapi import DONE, ApiOperation
from actors.postgres import DatabaseUnavailable
from protocols.alarm import Alarm
from protocols.command import (
    Acknowledge,
    Action,
    Assign,
    Clear,
    Command,
    Edit,
    Note,
    Resolve,
    Unacknowledge,
    Unshelve,
)
from protocols.principal import Principal
from protocols.rest import (
    ActionNote,
    AlarmCreate,
    AlarmEdit,
    Assignment,
    Shelving,
)
from protocols.rest_bulk import (
    BulkRequest,
    BulkResult,
)

REPEATED = ResponseSpec(Alarm, generate_examples=False, description="It was open before, and counts one more occurrence")

AlarmName = Annotated[
    str,
    PathParameter(
        description="The alarm's `id` (UUID) or its external `alarm_id`",
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00-\x1f]+$",
    ),
]


async def _submit(ctx: Context, by: Principal, action: Action, names: tuple[str, ...]) -> commands.ChangedAlarm:
    past = await reads.past_of(ctx, by, names, needed=isinstance(action, Note | Edit)) if names else ()
    outcome = await ctx.submit(by, [Command(by, action, names, past)])
    return commands.single(outcome.changes, outcome.first)


async def _show(ctx: Context, by: Principal, shown: commands.ChangedAlarm, created: bool = False) -> Response[Alarm]:
    """The alarm as it now is: from the command's own Change, else as the fold has it, else (it is history) from PostgreSQL;
    while that is away 204 says that the command applied."""
    alarm = shown.alarm or reads.held_alarm(ctx, by, shown.id)
    if alarm is None:
        try:
            database = ctx.database
            await ctx.caught_up(by)
            alarm = await queries.get_alarm(database, shown.id, tenant=by.tenant)
        except DatabaseUnavailable:
            alarm = None
    headers = {"Location": f"/api/v1/faults/alarms/{shown.id}"} if created else {}
    if alarm is None:
        return Response(None, status_code=204, headers=headers)  # type: ignore[arg-type]
    return Response(alarm, status_code=201 if created and shown.raised else 200, headers=headers)


async def act(ctx: Context, by: Principal, name: str, action: Action) -> Response[Alarm]:
    return await _show(ctx, by, await _submit(ctx, by, action, (name,)))


@post(
    "/alarms",
    summary="Raise an alarm",
    operation_class=ApiOperation,
    responses={200: REPEATED, 204: DONE},
    opt=allow("operator"),
)
async def create_alarm(api: Ctx, by: By, data: JSONBody[AlarmCreate]) -> Response[Alarm]:
    """201 with the new alarm; 200 when an alarm of the same identity was open and counts one more occurrence."""
    tenant = commands.tenant_of(by, data.tenant_id, api.default_tenant)
    return await _show(api, by, await _submit(api, by, commands.raise_of(data, tenant), ()), created=True)


@patch("/alarms/{alarm_id:str}", summary="Edit an alarm", operation_class=ApiOperation, opt=allow("operator"))
async def edit_alarm(api: Ctx, by: By, alarm_id: AlarmName, data: JSONBody[AlarmEdit]) -> Response[Alarm]:
    """Change the fields given, leave the others."""
    return await act(api, by, alarm_id, commands.edit_of(data))


@post(
    "/alarms/{alarm_id:str}/acknowledge",
    summary="Acknowledge an alarm",
    status_code=200,
    operation_class=ApiOperation,
    opt=allow("operator"),
)
async def acknowledge(api: Ctx, by: By, alarm_id: AlarmName, data: JSONBody[ActionNote | None] = None) -> Response[Alarm]:
    """Somebody has seen it. It opens again only when it is raised with a higher severity."""
    return await act(api, by, alarm_id, Acknowledge(data.note if data else ""))


@post(
    "/alarms/{alarm_id:str}/unacknowledge",
    summary="Undo an acknowledgement",
    status_code=200,
    operation_class=ApiOperation,
    opt=allow("operator"),
)
async def unacknowledge(api: Ctx, by: By, alarm_id: AlarmName, data: JSONBody[ActionNote | None] = None) -> Response[Alarm]:
    """The alarm waits for somebody again."""
    return await act(api, by, alarm_id, Unacknowledge(data.note if data else ""))


@post(
    "/alarms/{alarm_id:str}/clear",
    summary="Clear an alarm by hand",
    status_code=200,
    operation_class=ApiOperation,
    opt=allow("operator"),
)
async def clear(api: Ctx, by: By, alarm_id: AlarmName, data: JSONBody[ActionNote | None] = None) -> Response[Alarm]:
    """The problem is over, although no device said so."""
    return await act(api, by, alarm_id, Clear(data.note if data else ""))


@post(
    "/alarms/{alarm_id:str}/resolve",
    summary="Resolve an alarm",
    status_code=200,
    operation_class=ApiOperation,
    opt=allow("operator"),
)
async def resolve(api: Ctx, by: By, alarm_id: AlarmName, data: JSONBody[ActionNote | None] = None) -> Response[Alarm]:
    """The work on it is done."""
    return await act(api, by, alarm_id, Resolve(data.note if data else ""))


@post(
    "/alarms/{alarm_id:str}/assign",
    summary="Assign an alarm",
    status_code=200,
    operation_class=ApiOperation,
    opt=allow("operator"),
)
async def assign(api: Ctx, by: By, alarm_id: AlarmName, data: JSONBody[Assignment]) -> Response[Alarm]:
    """Give it to somebody, or with `null` to nobody."""
    return await act(api, by, alarm_id, Assign(data.assigned_to, data.note))


@post(
    "/alarms/{alarm_id:str}/shelve",
    summary="Shelve an alarm",
    status_code=200,
    operation_class=ApiOperation,
    opt=allow("operator"),
)
async def shelve(api: Ctx, by: By, alarm_id: AlarmName, data: JSONBody[Shelving]) -> Response[Alarm]:
    """Keep it out of sight until a time, at most a year ahead."""
    return await act(api, by, alarm_id, commands.shelve_of(data, api.clock()))


@post(
    "/alarms/{alarm_id:str}/unshelve",
    summary="End an alarm's shelving",
    status_code=200,
    operation_class=ApiOperation,
    opt=allow("operator"),
)
async def unshelve(api: Ctx, by: By, alarm_id: AlarmName, data: JSONBody[ActionNote | None] = None) -> Response[Alarm]:
    """It is in sight again at once."""
    return await act(api, by, alarm_id, Unshelve(data.note if data else ""))


@post("/alarms/bulk", summary="One action on many alarms", status_code=200, operation_class=ApiOperation, opt=allow("operator"))
async def bulk(api: Ctx, by: By, data: JSONBody[BulkRequest]) -> BulkResult:
    """The alarms that the filter finds now (in PostgreSQL, bounded; `more` tells when there are more), or those named.

    With `alarm_ids` it works while PostgreSQL is away, but for notes on alarms that are history.
    """
    action = commands.bulk_action_of(data.action, api.clock())
    limit = api.settings.max_bulk
    if data.filter is None:
        found: tuple[str, ...] = tuple(dict.fromkeys(data.alarm_ids))
    else:
        await api.caught_up(by)
        found = await reads.matching(api, by, data.filter, limit + 1)
    chosen = found[:limit]
    if not chosen:
        return BulkResult(matched=0, accepted=(), refused=(), more=False)
    past = await reads.past_of(api, by, chosen, needed=False) if data.filter is None else ()
    outcome = await api.submit(by, [Command(by, action, chosen, past)])
    answer = commands.answers(outcome.changes, outcome.first, 1)[0]
    return BulkResult(
        matched=len(chosen), accepted=answer.accepted, refused=commands.refused_items(answer.refusals), more=len(found) > limit
    )


HANDLERS = [
    create_alarm,
    edit_alarm,
    acknowledge,
    unacknowledge,
    clear,
    resolve,
    assign,
    shelve,
    unshelve,
    bulk,
]
