"""Notes: what people wrote about an alarm, each with its type."""

from typing import Any

from litestar import Request, Response, Router, get, post
from litestar.params import JSONBody

from actors.api.access import allow
from actors.api.alarm_commands import AlarmCommands, AlarmName
from actors.api.alarm_lookup import AlarmLookup, answer
from actors.api.openapi import DONE, ConditionalOperation, documented
from actors.api.parameters import read_query
from actors.api.routes import By, Given, IfMatch, resource
from actors.api.sql.timeline import timeline
from actors.api.submitter import Submitter
from protocols.alarm import Alarm, TimelineEntry
from protocols.command import Note
from protocols.rest_timeline import NotePage, NoteShown, NoteText, TimelineQuery


@get(
    "/alarms/{alarm_id:str}/notes",
    summary="An alarm's notes",
    operation_class=documented(TimelineQuery),
    opt=allow("viewer", query=TimelineQuery),
)
async def list_alarm_notes(
    request: Request[Any, Any, Any], alarms: Given[AlarmLookup], by: By, alarm_id: AlarmName
) -> Response[NotePage]:
    """Oldest first, or with `latest_first` the newest; also of alarms that are history."""
    query = read_query(request, TimelineQuery)
    database = alarms.database
    fresh = await alarms.stored.caught_up(by, newest=True)
    alarm = await alarms.existing(by, alarm_id)
    page = await timeline(
        database,
        alarm.id,
        limit=query.limit,
        cursor=query.cursor,
        latest_first=query.latest_first,
        tenant=by.tenant,
        action="noted",
    )
    return answer(NotePage(tuple(map(_shown, page.items)), page.next_cursor), fresh)


@post(
    "/alarms/{alarm_id:str}/notes",
    summary="Write a note",
    status_code=200,
    operation_class=ConditionalOperation,
    responses={204: DONE},
    opt=allow("operator"),
)
async def add_alarm_note(
    commands: Given[AlarmCommands], by: By, if_match: IfMatch, alarm_id: AlarmName, data: JSONBody[NoteText]
) -> Response[Alarm]:
    """A line in the alarm's timeline; also of an alarm that is history. Types: `note`, `investigation`, `resolution`."""
    return await commands.act(by, alarm_id, Note(data.text, data.type), if_match)


def _shown(entry: TimelineEntry) -> NoteShown:
    return NoteShown(
        id=f"{entry.offset}.{entry.number}",
        alarm_id=entry.alarm_id,
        type=entry.detail.get("type", "note"),
        text=entry.text,
        by=entry.actor,
        at=entry.at,
    )


def routes(submitter: Submitter, alarms: AlarmLookup) -> Router:
    """Notes of alarms."""
    return resource("alarms", [list_alarm_notes, add_alarm_note], alarms=alarms, commands=AlarmCommands(submitter, alarms))
