"""The page behind the link of a message: GET shows the alarm, POST acknowledges it. The link is the permission.

A mail server that looks at links before people do sends GET alone, so it acknowledges nothing.
"""

from html import escape
from typing import Annotated

from litestar import MediaType, Response, Router, get, post
from litestar.openapi import ResponseSpec
from litestar.params import PathParameter

from actors.api.access import allow
from actors.api.alarm_commands import AlarmCommands
from actors.api.alarm_lookup import AlarmLookup
from actors.api.problems import ProblemError
from actors.api.routes import Given, Now, pages
from actors.api.submitter import Submitter
from protocols.acknowledge_link import PATH, AcknowledgeLink, LinkRefused, read_link
from protocols.alarm import Alarm
from protocols.command import Acknowledge
from protocols.principal import Principal

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
    # The link must not reach another host.
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:3rem auto;padding:0 1rem}"
    "button{font:inherit;padding:.6rem 1.2rem}"
)


def _refusal(description: str) -> ResponseSpec:
    return ResponseSpec(str, generate_examples=False, media_type=MediaType.HTML, description=description)


_REFUSED = {
    403: _refusal("The link grants nothing: it is not of this faultd, or has expired"),
    410: _refusal("faultd does not hold the alarm any more"),
}
LinkText = Annotated[str, PathParameter(description="The signed text of a message", min_length=1, max_length=2_000)]


class AcknowledgePages:
    """``key`` is that of the links."""

    def __init__(self, commands: AlarmCommands, alarms: AlarmLookup, key: bytes, now: Now) -> None:
        self._commands, self._alarms, self._key, self._now = commands, alarms, key, now

    def shown(self, text: str) -> Response[str]:
        """The alarm of the link, with a button."""
        try:
            link = self._read(text)
        except LinkRefused as refused:
            return _page(403, "No permission", str(refused))
        alarm = self._alarms.held(_principal(link), link.alarm_id)
        if alarm is None:
            return _page(410, "The alarm is over", "faultd does not hold it any more.")
        over = alarm.cleared_at is not None
        if alarm.acknowledged_at is not None:
            text = f"Acknowledged by {alarm.acknowledged_by}." + (" The alarm has cleared." if over else "")
            return _page(200, alarm.title, text, alarm)
        if over:
            return _page(200, alarm.title, "The alarm has cleared: there is nothing to acknowledge.", alarm)
        return _page(200, alarm.title, f"As {link.person}", alarm, button=True)

    async def acknowledged(self, text: str) -> Response[str]:
        """Acknowledge the alarm of the link in the name of the person who was told. One that is acknowledged already, or has
        cleared, is shown as it is: a button that is pressed twice is no mistake."""
        try:
            link = self._read(text)
        except LinkRefused as refused:
            return _page(403, "No permission", str(refused))
        note = f"by the link of notification {link.notification_id}"
        try:
            await self._commands.act(_principal(link), link.alarm_id, Acknowledge(note), None)
        except ProblemError as problem:
            if problem.problem.status == 409:
                return self.shown(text)
            return _page(problem.problem.status, "Not acknowledged", str(problem))
        return self.shown(text)

    def _read(self, text: str) -> AcknowledgeLink:
        return read_link(text, self._key, int(self._now().timestamp()))


@get(
    f"{PATH}/{{link:str}}",
    summary="The alarm of a link",
    media_type="text/html",
    tags=["alarms"],
    security=[],
    responses=_REFUSED,
    opt=allow("nothing"),
)
async def get_acknowledge_page(acknowledge_pages: Given[AcknowledgePages], link: LinkText) -> Response[str]:
    """The alarm that a message told of, and a button. Changes nothing."""
    return acknowledge_pages.shown(link)


@post(
    f"{PATH}/{{link:str}}",
    summary="Acknowledge by a link",
    status_code=200,
    media_type="text/html",
    tags=["alarms"],
    security=[],
    responses=_REFUSED,
    opt=allow("nothing"),
)
async def post_acknowledge_page(acknowledge_pages: Given[AcknowledgePages], link: LinkText) -> Response[str]:
    """The alarm is acknowledged in the name of the person who was told."""
    return await acknowledge_pages.acknowledged(link)


def routes(submitter: Submitter, alarms: AlarmLookup, key: bytes, now: Now) -> Router:
    """The page of acknowledge links."""
    made = AcknowledgePages(AlarmCommands(submitter, alarms), alarms, key, now)
    return pages([get_acknowledge_page, post_acknowledge_page], acknowledge_pages=made)


def _principal(link: AcknowledgeLink) -> Principal:
    return Principal(link.person, "operator", link.tenant_id)


def _page(status: int, title: str, text: str, alarm: Alarm | None = None, *, button: bool = False) -> Response[str]:
    facts = ""
    if alarm is not None:
        facts = f"<p>{escape(alarm.alarm_id)}, {alarm.severity}, {escape(alarm.resource_name or alarm.resource_id)}</p>"
    form = "<form method=post><button>Acknowledge</button></form>" if button else ""
    body = (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{escape(title)}</title><style>{_STYLE}</style><h1>{escape(title)}</h1>{facts}<p>{escape(text)}</p>{form}</html>"
    )
    return Response(body, status_code=status, media_type="text/html", headers=_HEADERS)
