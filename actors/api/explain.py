"""Why an alarm is shown as it is: its causes, what is attributed to it, and what faultd decided about it."""

from litestar import Response, Router, get

from actors.api.access import allow
from actors.api.alarm_commands import AlarmName
from actors.api.alarm_lookup import AlarmLookup, answer
from actors.api.openapi import ApiOperation
from actors.api.routes import By, Given, resource
from actors.api.sql.alarms import get_alarm
from actors.api.sql.families import children_of, decisions_about
from protocols.alarm import Alarm
from protocols.principal import Principal
from protocols.rest_timeline import Explanation

MOST_CAUSES = 16
"""Generations upwards."""
MOST_DECISIONS = 200


@get("/alarms/{alarm_id:str}/explain", summary="Explain an alarm", operation_class=ApiOperation, opt=allow("viewer"))
async def explain_alarm(alarms: Given[AlarmLookup], by: By, alarm_id: AlarmName) -> Response[Explanation]:
    """The alarms to which it is attributed up to the root, how many are attributed to it, and what faultd decided and why."""
    database = alarms.database
    fresh = await alarms.stored.caught_up(by, newest=True)
    alarm = await alarms.existing(by, alarm_id)
    decisions = await decisions_about(database, alarm, MOST_DECISIONS + 1)
    found = Explanation(
        alarm=alarm,
        causes=await _causes(alarms, alarm, by),
        children=await children_of(database, alarm, by.tenant),
        decisions=decisions[:MOST_DECISIONS],
        truncated=len(decisions) > MOST_DECISIONS,
    )
    return answer(found, fresh)


async def _causes(alarms: AlarmLookup, alarm: Alarm, by: Principal) -> tuple[Alarm, ...]:
    """Upwards until the root, or what this caller does not see."""
    causes: list[Alarm] = []
    seen = {alarm.id}
    while alarm.parent_alarm_id is not None and alarm.parent_alarm_id not in seen and len(causes) < MOST_CAUSES:
        above = alarms.held(by, alarm.parent_alarm_id)
        if above is None:
            above = await get_alarm(alarms.database, alarm.parent_alarm_id, tenant=by.tenant)
        if above is None:
            break
        causes.append(above)
        seen.add(above.id)
        alarm = above
    return tuple(causes)


def routes(alarms: AlarmLookup) -> Router:
    """Explanations of alarms."""
    return resource("alarms", [explain_alarm], alarms=alarms)
