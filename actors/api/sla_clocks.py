"""Response and resolution clocks of alarms and instances, and their pauses. Answered from the SLA clock's state, so all of it
works while PostgreSQL is away."""

from datetime import datetime
from typing import Annotated, Any

from litestar import Request, Response, Router, delete, get, patch, post
from litestar.params import JSONBody, PathParameter
from msgspec import UNSET

from actors.api.access import allow
from actors.api.alarm_commands import AlarmName
from actors.api.alarm_lookup import AlarmLookup
from actors.api.answers import SLA
from actors.api.command_resource import CommandResource
from actors.api.keyset import Order, SortKey
from actors.api.openapi import ApiOperation, documented
from actors.api.parameters import read_query
from actors.api.problems import ProblemError
from actors.api.routes import PREFIX, By, Given, Now, resource
from actors.api.submitter import Submitter
from protocols.principal import Principal
from protocols.rest_problem import FieldError
from protocols.rest_sla_limits import AlarmClocks, ClockShown, ClocksQuery, InstanceClocks, PauseCreate, PauseEdit, PauseShown
from protocols.sla.actions import PauseClock
from protocols.sla.clock_facts import ClockPause
from protocols.sla.limits_view import ClockedAlarm, LimitsView, LiveClock
from protocols.sla.local_time import SECOND, instant_at, utc_time

_ORDER = Order("clocks", (SortKey("id", str),))
PauseName = Annotated[str, PathParameter(description="The pause's `id`", max_length=40, pattern=r"^[A-Za-z0-9.]+$")]
InstanceName = Annotated[str, PathParameter(description="The instance's `id`", max_length=40, pattern=r"^[A-Za-z0-9.]+$")]


class ClockPauses:
    """Clocks that the fold knows, and commands that pause them."""

    def __init__(self, submitter: Submitter, alarms: AlarmLookup, limits: LimitsView) -> None:
        self._commands, self._alarms, self.limits = CommandResource(submitter, SLA), alarms, limits

    async def alarm(self, by: Principal, name: str) -> ClockedAlarm:
        """ProblemError 404 when the caller sees no such alarm, or it has no clocks."""
        found = self.limits.alarm(name)
        if found is None or not by.sees(found.tenant_id):
            known = await self._alarms.existing(by, name)
            found = self.limits.alarm(known.id)
            if found is None:
                text = f"alarm {known.alarm_id} has no SLA clocks: it has no effect on service, or ended too long ago"
                raise ProblemError(404, "no_sla_clocks", text)
        return found

    async def put(self, by: Principal, alarm: ClockedAlarm, action: PauseClock) -> PauseShown:
        """The pause as it is then. ProblemError when it was refused."""
        pause_id = (await self._commands.submit(by, action)).id
        return _pause_shown(self.pause(await self.alarm(by, alarm.id), pause_id))

    def pause(self, alarm: ClockedAlarm, pause_id: str) -> ClockPause:
        """ProblemError 404 when the alarm has no such pause."""
        for pause in alarm.pauses:
            if pause.id == pause_id:
                return pause
        raise ProblemError(404, "unknown_pause", f"alarm {alarm.name} has no pause {pause_id!r}")


@get(
    "/alarms/{alarm_id:str}/sla-clocks",
    summary="Clocks of an alarm",
    operation_class=documented(ClocksQuery),
    opt=allow("viewer", query=ClocksQuery),
)
async def list_alarm_clocks(
    request: Request[Any, Any, Any], clocks: Given[ClockPauses], clock: Given[Now], by: By, alarm_id: AlarmName
) -> AlarmClocks:
    """Response and resolution time of every instance that the alarm concerns, or an alarm below it, by instance: limit, time
    elapsed, due time, state and pauses."""
    query = read_query(request, ClocksQuery)
    alarm = await clocks.alarm(by, alarm_id)
    limits, now = clocks.limits, clock()
    found = [each for each in limits.instances_of(alarm.id) if _sees(by, limits, each)]
    page = _ORDER.page(found, lambda one: [one], query.limit, query.cursor)
    return AlarmClocks(
        alarm_id=alarm.id,
        alarm_name=alarm.name,
        cause_alarm_id=alarm.cause_id,
        instances=len(found),
        pauses=tuple(map(_pause_shown, alarm.pauses)),
        items=tuple(shown(one) for each in page.items for one in limits.clocks(each, now, alarm.id)),
        next_cursor=page.next_cursor,
    )


@get(
    "/sla-instances/{instance_id:str}/clocks",
    summary="Clocks of an instance",
    operation_class=ApiOperation,
    opt=allow("viewer"),
)
async def list_instance_clocks(
    clocks: Given[ClockPauses], clock: Given[Now], by: By, instance_id: InstanceName
) -> InstanceClocks:
    """The clocks of the alarms of the running and the previous period that concern the instance, the earliest first."""
    if not _sees(by, clocks.limits, instance_id):
        raise ProblemError(404, "unknown_instance", f"no instance {instance_id!r}")
    return InstanceClocks(tuple(shown(one) for one in clocks.limits.clocks(instance_id, clock())))


@post(
    "/alarms/{alarm_id:str}/sla-pauses",
    summary="Pause the clocks of an alarm",
    operation_class=ApiOperation,
    opt=allow("operator"),
)
async def pause_alarm_clocks(
    clocks: Given[ClockPauses], by: By, alarm_id: AlarmName, data: JSONBody[PauseCreate]
) -> Response[PauseShown]:
    """The clocks of every instance that the alarm concerns halt meanwhile. A pause of the past withdraws a breach that would
    not have been one. The pauses of a root cause count for the alarms below it."""
    alarm = await clocks.alarm(by, alarm_id)
    action = PauseClock(alarm.id, data.reason, _instant(data.start_time), _instant(data.end_time), note=data.note)
    pause = await clocks.put(by, alarm, action)
    return Response(pause, status_code=201, headers={"Location": f"{PREFIX}/alarms/{alarm.id}/sla-pauses/{pause.id}"})


@patch(
    "/alarms/{alarm_id:str}/sla-pauses/{pause_id:str}",
    summary="Change or end a pause",
    operation_class=ApiOperation,
    opt=allow("operator"),
)
async def edit_pause(
    clocks: Given[ClockPauses], by: By, alarm_id: AlarmName, pause_id: PauseName, data: JSONBody[PauseEdit]
) -> PauseShown:
    """Change the given fields. Breaches are opened or withdrawn as if the pause had been so from the beginning."""
    alarm = await clocks.alarm(by, alarm_id)
    known = clocks.pause(alarm, pause_id)
    start = known.start if data.start_time is UNSET else instant_at(data.start_time)
    end = known.end if data.end_time is UNSET else _instant(data.end_time)
    if end is not None and end <= start:
        text = "must be after start_time; DELETE takes a pause back"
        raise ProblemError(422, "invalid_body", f"end_time: {text}", [FieldError("end_time", text)])
    reason = known.reason if data.reason is UNSET else data.reason
    note = known.note if data.note is UNSET else data.note
    return await clocks.put(by, alarm, PauseClock(alarm.id, reason, start, end, pause_id, note))


@delete(
    "/alarms/{alarm_id:str}/sla-pauses/{pause_id:str}",
    summary="Take a pause back",
    operation_class=ApiOperation,
    opt=allow("operator"),
)
async def take_pause_back(clocks: Given[ClockPauses], by: By, alarm_id: AlarmName, pause_id: PauseName) -> None:
    """The clocks run as if there had been no pause. It stays in the list, with an end that is its start."""
    alarm = await clocks.alarm(by, alarm_id)
    known = clocks.pause(alarm, pause_id)
    await clocks.put(by, alarm, PauseClock(alarm.id, known.reason, known.start, known.start, pause_id, known.note))


def shown(clock: LiveClock) -> ClockShown:
    """A clock as REST shows it."""
    remaining = None if clock.limit is None else max(0, clock.limit - clock.elapsed) / SECOND
    return ClockShown(
        sla_instance_id=clock.instance.id,
        customer_id=clock.instance.customer_id,
        customer_name=clock.instance.customer_name,
        service_id=clock.instance.service_id,
        sla_definition_id=clock.definition_id,
        definition_version=clock.definition_version,
        alarm_id=clock.alarm_id,
        alarm_name=clock.alarm_name,
        clock=clock.kind,
        state=clock.state,
        severity=clock.severity,
        raised_at=utc_time(clock.raised),
        limit=None if clock.limit is None else clock.limit / SECOND,
        elapsed=clock.elapsed / SECOND,
        remaining=remaining,
        due_at=_time(clock.due_at),
        warning_at=_time(clock.warning_at),
        breach_at=_time(clock.breach_at),
        stopped_at=_time(clock.stopped_at),
        paused_by=clock.paused_by,
        sla_breach_id=clock.breach_id or None,
    )


def _pause_shown(pause: ClockPause) -> PauseShown:
    return PauseShown(
        id=pause.id,
        reason=pause.reason,
        start_time=utc_time(pause.start),
        end_time=_time(pause.end),
        note=pause.note,
        by=pause.by,
    )


def _sees(by: Principal, limits: LimitsView, instance_id: str) -> bool:
    instance = limits.instance(instance_id)
    return instance is not None and by.sees(instance.tenant_id)


def _time(instant: int | None) -> datetime | None:
    return None if instant is None else utc_time(instant)


def _instant(at: datetime | None) -> int | None:
    return None if at is None else instant_at(at)


def routes(submitter: Submitter, alarms: AlarmLookup, limits: LimitsView, clock: Now) -> Router:
    """Clocks of alarms and instances."""
    handlers = [list_alarm_clocks, list_instance_clocks, pause_alarm_clocks, edit_pause, take_pause_back]
    return resource("service levels", handlers, clocks=ClockPauses(submitter, alarms, limits), clock=clock)
