"""Writing single alarms: every write is a command through the ledger, and works while PostgreSQL is away."""

from typing import Annotated

from litestar import Response, Router, patch, post
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody, PathParameter

from actors.api.access import allow
from actors.api.actions import edit_of, raise_of, shelve_of, tenant_of
from actors.api.alarm_lookup import AlarmLookup
from actors.api.answers import ALARM
from actors.api.command_resource import CommandResource, Done
from actors.api.entity_tags import Condition, expected
from actors.api.openapi import DONE, ApiOperation, ConditionalOperation
from actors.api.routes import PREFIX, By, Given, IfMatch, Now, resource, tagged
from actors.api.sql.alarms import get_alarm
from actors.api.submitter import Submitter
from actors.postgres import DatabaseUnavailable
from protocols.alarm import Alarm
from protocols.change import AlarmChanged
from protocols.command import Acknowledge, AlarmAction, Assign, Clear, Edit, Note, Raise, Resolve, Unacknowledge, Unshelve
from protocols.principal import Principal
from protocols.rest_alarms import ActionNote, AlarmCreate, AlarmEdit, Assignment, Shelving

REPEATED = ResponseSpec(Alarm, generate_examples=False, description="It was open before, and counts one more occurrence")

OptionalNote = JSONBody[ActionNote | None]
AlarmName = Annotated[
    str,
    PathParameter(
        description="The alarm's `id` (UUID) or its external `alarm_id`",
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00-\x1f]+$",
    ),
]


class AlarmCommands:
    """Commands on single alarms, each answered with the alarm as it is then."""

    def __init__(self, submitter: Submitter, alarms: AlarmLookup) -> None:
        self._commands, self._alarms = CommandResource(submitter, ALARM), alarms

    async def raise_alarm(self, by: Principal, action: Raise) -> Response[Alarm]:
        """201 with the new alarm, 200 with the open one of the same identity."""
        done = await self._commands.submit(by, action)
        raised = any(entry.action == "raised" for change in _changes_of(done) for entry in change.entries)
        headers = {"Location": f"{PREFIX}/alarms/{done.id}"}
        return await self._shown(by, done, 201 if raised else 200, headers)

    async def act(self, by: Principal, name: str, action: AlarmAction, if_match: Condition | None) -> Response[Alarm]:
        """An action on the alarm of this id or external id. ProblemError when it was refused."""
        past = await self._alarms.past_of(by, (name,), needed=isinstance(action, Note | Edit) or if_match is not None)
        held = self._alarms.held(by, name)
        current = held.revision if held is not None else past[0].revision if past else None
        done = await self._commands.submit(by, action, name, past, expected(if_match, name, current))
        return await self._shown(by, done, 200, {})

    async def _shown(self, by: Principal, done: Done, status: int, headers: dict[str, str]) -> Response[Alarm]:
        """The alarm from the command's own Changes (correlation may have added some), else as the fold has it, else (it is
        history) from PostgreSQL; 204 while that is away."""
        mine = _changes_of(done)
        alarm = mine[-1].alarm if mine else self._alarms.held(by, done.id)
        if alarm is None:
            try:
                database = self._alarms.database
                await self._alarms.stored.caught_up(by)
                alarm = await get_alarm(database, done.id, tenant=by.tenant)
            except DatabaseUnavailable:
                alarm = None
        if alarm is None:
            return Response(None, status_code=204, headers=headers)  # type: ignore[arg-type]
        return tagged(alarm, alarm.revision, status, headers)


def _changes_of(done: Done) -> list[AlarmChanged]:
    return [change for change in done.changes if isinstance(change, AlarmChanged) and change.alarm.id == done.id]


@post(
    "/alarms",
    summary="Raise an alarm",
    operation_class=ApiOperation,
    responses={200: REPEATED, 204: DONE},
    opt=allow("operator"),
)
async def create_alarm(
    commands: Given[AlarmCommands], by: By, default_tenant: Given[str], data: JSONBody[AlarmCreate]
) -> Response[Alarm]:
    """201 with the new alarm; 200 when an alarm of the same identity was open and counts one more occurrence."""
    return await commands.raise_alarm(by, raise_of(data, tenant_of(by, data.tenant_id, default_tenant)))


@patch(
    "/alarms/{alarm_id:str}",
    summary="Edit an alarm",
    operation_class=ConditionalOperation,
    responses={204: DONE},
    opt=allow("operator"),
)
async def edit_alarm(
    commands: Given[AlarmCommands], by: By, if_match: IfMatch, alarm_id: AlarmName, data: JSONBody[AlarmEdit]
) -> Response[Alarm]:
    """Change the given fields. The others keep their values."""
    return await commands.act(by, alarm_id, edit_of(data), if_match)


@post(
    "/alarms/{alarm_id:str}/acknowledge",
    summary="Acknowledge an alarm",
    status_code=200,
    operation_class=ConditionalOperation,
    responses={204: DONE},
    opt=allow("operator"),
)
async def acknowledge_alarm(
    commands: Given[AlarmCommands], by: By, if_match: IfMatch, alarm_id: AlarmName, data: OptionalNote = None
) -> Response[Alarm]:
    """The alarm is acknowledged. It becomes active again only if it is raised with a higher severity."""
    return await commands.act(by, alarm_id, Acknowledge(data.note if data else ""), if_match)


@post(
    "/alarms/{alarm_id:str}/unacknowledge",
    summary="Undo an acknowledgement",
    status_code=200,
    operation_class=ConditionalOperation,
    responses={204: DONE},
    opt=allow("operator"),
)
async def unacknowledge_alarm(
    commands: Given[AlarmCommands], by: By, if_match: IfMatch, alarm_id: AlarmName, data: OptionalNote = None
) -> Response[Alarm]:
    """The alarm is active again, as if nobody had acknowledged it."""
    return await commands.act(by, alarm_id, Unacknowledge(data.note if data else ""), if_match)


@post(
    "/alarms/{alarm_id:str}/clear",
    summary="Clear an alarm",
    status_code=200,
    operation_class=ConditionalOperation,
    responses={204: DONE},
    opt=allow("operator"),
)
async def clear_alarm(
    commands: Given[AlarmCommands], by: By, if_match: IfMatch, alarm_id: AlarmName, data: OptionalNote = None
) -> Response[Alarm]:
    """The alarm is cleared by an operator, without a report of the device."""
    return await commands.act(by, alarm_id, Clear(data.note if data else ""), if_match)


@post(
    "/alarms/{alarm_id:str}/resolve",
    summary="Resolve an alarm",
    status_code=200,
    operation_class=ConditionalOperation,
    responses={204: DONE},
    opt=allow("operator"),
)
async def resolve_alarm(
    commands: Given[AlarmCommands], by: By, if_match: IfMatch, alarm_id: AlarmName, data: OptionalNote = None
) -> Response[Alarm]:
    """The alarm is resolved: the repair is complete."""
    return await commands.act(by, alarm_id, Resolve(data.note if data else ""), if_match)


@post(
    "/alarms/{alarm_id:str}/assign",
    summary="Assign an alarm",
    status_code=200,
    operation_class=ConditionalOperation,
    responses={204: DONE},
    opt=allow("operator"),
)
async def assign_alarm(
    commands: Given[AlarmCommands], by: By, if_match: IfMatch, alarm_id: AlarmName, data: JSONBody[Assignment]
) -> Response[Alarm]:
    """Assign the alarm to a person or a team; `null` removes the assignment."""
    return await commands.act(by, alarm_id, Assign(data.assigned_to, data.note), if_match)


@post(
    "/alarms/{alarm_id:str}/shelve",
    summary="Shelve an alarm",
    status_code=200,
    operation_class=ConditionalOperation,
    responses={204: DONE},
    opt=allow("operator"),
)
async def shelve_alarm(
    commands: Given[AlarmCommands], by: By, clock: Given[Now], if_match: IfMatch, alarm_id: AlarmName, data: JSONBody[Shelving]
) -> Response[Alarm]:
    """The alarm is suppressed until the time given, at most a year ahead (RFC 8632: shelving)."""
    return await commands.act(by, alarm_id, shelve_of(data, clock()), if_match)


@post(
    "/alarms/{alarm_id:str}/unshelve",
    summary="End an alarm's shelving",
    status_code=200,
    operation_class=ConditionalOperation,
    responses={204: DONE},
    opt=allow("operator"),
)
async def unshelve_alarm(
    commands: Given[AlarmCommands], by: By, if_match: IfMatch, alarm_id: AlarmName, data: OptionalNote = None
) -> Response[Alarm]:
    """The shelving ends now, and the alarm has its former status again."""
    return await commands.act(by, alarm_id, Unshelve(data.note if data else ""), if_match)


_HANDLERS = [
    create_alarm,
    edit_alarm,
    acknowledge_alarm,
    unacknowledge_alarm,
    clear_alarm,
    resolve_alarm,
    assign_alarm,
    shelve_alarm,
    unshelve_alarm,
]


def routes(submitter: Submitter, alarms: AlarmLookup, default_tenant: str, clock: Now) -> Router:
    """Writing single alarms."""
    commands = AlarmCommands(submitter, alarms)
    return resource("alarms", _HANDLERS, commands=commands, default_tenant=default_tenant, clock=clock)
