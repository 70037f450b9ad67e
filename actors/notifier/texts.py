"""The built-in texts of messages, from the facts of a notification. Pure: no template of an operator is needed, and a template
that fails falls back on them. Facts that are missing or of another shape are left out, never an error."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from actors.notifier.channel import MessageText
from actors.notifier.local_times import local_time, zone_of_facts
from actors.notifier.sms_parts import cut_to_parts
from protocols.dispatch.notification import DispatchedNotification, MessageKind

_HEADS: dict[MessageKind, str] = {
    "recovered": "CLEARED",
    "escalated": "ESCALATED",
    "flapping": "FLAPPING",
    "steady": "STEADY AGAIN",
    "reminder": "STILL OPEN",
    "storm": "STORM",
    "at_risk": "SLA AT RISK",
    "breach_opened": "SLA BREACHED",
    "breach_resolved": "SLA BREACH OVER",
    "credit": "SLA CREDIT",
    "maintenance": "PLANNED MAINTENANCE",
    "test": "TEST",
}
"""Of the others the severity is the head."""
_LONGEST_SUBJECT = 200
_SMS_PARTS = 3
_LONGEST_TEXT = 32_768

Facts = Mapping[str, Any]


def built_in_text(notification: DispatchedNotification, acknowledge_url: str = "") -> MessageText:
    """The message in plain English. Of an SMS ``text`` is one short line. ``acknowledge_url`` is the link of
    :class:`~actors.notifier.acknowledge_links.AcknowledgeLinks`."""
    causes = [cause for cause in _list(notification.facts.get("causes")) if isinstance(cause, Mapping)]
    subject = _subject(notification, causes)
    if notification.channel == "sms":
        return MessageText(subject=subject, text=cut_to_parts(_short(notification, subject, causes), _SMS_PARTS))
    lines = list(_lines(notification, causes, acknowledge_url))
    text = _cut("\n".join(lines), _LONGEST_TEXT)
    return MessageText(subject=subject, text=text + "\n", html=_html(subject, text, acknowledge_url), link=acknowledge_url)


def _subject(notification: DispatchedNotification, causes: list[Facts]) -> str:
    first = causes[0] if causes else {}
    head = _HEADS.get(notification.kind, _text(first.get("severity")).upper() or notification.kind.upper())
    if notification.kind == "maintenance" and first.get("state") == "ended":
        head = f"{head} WITHDRAWN"
    if notification.kind == "recovered" and _text(first.get("goes_on_as")):
        head = "ANOTHER CAUSE"
    elif notification.kind == "recovered" and first.get("lost"):
        head = "NO LONGER KNOWN"
    if notification.kind in ("escalated", "reminder") and (severity := _text(first.get("severity"))):
        head = f"{head}, {severity.upper()}"
    title = _text(first.get("title")) or ("this is a test of faultd" if notification.kind == "test" else notification.reason)
    more = _number(notification.facts.get("count")) - 1
    if notification.kind == "storm" and causes:
        over = len(_list(notification.facts.get("over")))
        if over > more:
            head, counted = "STORM OVER", f"{more + 1} causes are over"
        else:
            counted = f"{more + 1} causes" + (f", {over} of them over" if over else "")
        title = f"{counted}, the worst: {title}"
    elif more > 0:
        title = f"{title}, and {more} more"
    return _cut(_line(f"[{head}] {title}"), _LONGEST_SUBJECT)


def _short(notification: DispatchedNotification, subject: str, causes: list[Facts]) -> str:
    first = causes[0] if causes else {}
    parts = [subject]
    if name := _text(first.get("resource_name")):
        parts.append(name)
    if customers := _number(first.get("customer_count")):
        parts.append(f"{customers} customers")
    if alarm_id := _text(first.get("alarm_id")):
        parts.append(alarm_id)
    if heir := _text(first.get("goes_on_as")):
        parts.append(f"goes on as {heir}")
    return _line(", ".join(parts))


def _lines(notification: DispatchedNotification, causes: list[Facts], acknowledge_url: str) -> Iterator[str]:
    zone = zone_of_facts(notification.facts.get("time_zone"))
    for cause in causes:
        yield from _cause_lines(cause, zone)
        yield ""
    if others := _number(notification.facts.get("others")):
        yield f"{others} more are not shown."
        yield ""
    if passed := _number(notification.facts.get("passed")):
        yield f"{passed} came and went meanwhile."
        yield ""
    if notification.customer_id:
        yield f"Reference: {notification.id}"
        return
    if notification.reason:
        yield f"Why you are told: {_line(notification.reason)}"
    policy = _text(notification.facts.get("policy")) or notification.policy
    if policy:
        step = f", step {notification.step}" if notification.step else ""
        yield f"Policy: {_line(policy)}{step}"
    if acknowledge_url:
        yield f"Acknowledge: {acknowledge_url}"
    yield f"Notification {notification.id} of faultd"


def _cause_lines(cause: Facts, zone: ZoneInfo) -> Iterator[str]:
    planned = cause.get("kind") == "maintenance"
    severity, title = "" if planned else _text(cause.get("severity")).upper(), _text(cause.get("title"))
    over = "" if cause.get("lost") else " (does not take place at this time)" if planned else " (over)"
    ended = over if cause.get("state") == "ended" else ""
    yield _line(f"{severity + ': ' if severity else ''}{title}{ended}")
    for label, value in (
        ("Alarm", _text(cause.get("alarm_id"))),
        ("Resource", _resource(cause)),
        ("Area", _text(cause.get("area"))),
        ("Since", "" if planned else local_time(cause.get("first_occurrence") or cause.get("since"), zone)),
        ("Cleared", local_time(cause.get("cleared_at"), zone)),
        ("Begins", local_time(cause.get("starts"), zone)),
        ("Ends", local_time(cause.get("ends"), zone)),
        ("Goes on as", _text(cause.get("goes_on_as"))),
        ("Explains what was told before", ", ".join(map(_text, _list(cause.get("explains"))))),
        ("Customers", _counted(cause.get("customers"), cause.get("customer_count"))),
        ("Services", _counted(cause.get("services"), cause.get("service_count"))),
        ("Customer", _text(cause.get("customer_name")) or _text(cause.get("customer_id"))),
        ("Service level agreement", _text(cause.get("instance_id"))),
        ("Breach", _text(cause.get("breach_id"))),
        ("Credit", _credit(cause.get("credit"))),
        ("Alarms explained by it", str(_number(cause.get("children")) or "")),
        ("Description", _text(cause.get("why"))),
        ("Do", _text(cause.get("recommended_action"))),
        ("Acknowledged by", _text(cause.get("acknowledged_by"))),
        ("Ticket", _ticket(cause.get("ticket"))),
    ):
        if value:
            yield f"  {label}: {_line(value)}"


def _resource(cause: Facts) -> str:
    name, kind = _text(cause.get("resource_name")), _text(cause.get("resource_type"))
    return f"{name} ({kind})" if name and kind else name


def _credit(credit: Any) -> str:
    if not isinstance(credit, Mapping):
        return ""
    state = "final" if credit.get("final") else "so far"
    return f"{_text(credit.get('amount'))} {_text(credit.get('currency'))} ({state})"


def _ticket(ticket: Any) -> str:
    if not isinstance(ticket, Mapping):
        return ""
    key, number = _text(ticket.get("key")), _text(ticket.get("id"))
    if not key:
        return f"{number}, faultd's number: the desk has not answered yet" if number else ""
    return " ".join(filter(None, (key, _text(ticket.get("url")))))


def _counted(names: Any, count: Any) -> str:
    """``128: Smith, Jones ...``"""
    shown = [_text(name) for name in _list(names)]
    number = _number(count) or len(shown)
    if not number:
        return ""
    dots = " ..." if number > len(shown) and shown else ""
    return f"{number}: {', '.join(shown)}{dots}" if shown else str(number)


def _html(subject: str, text: str, acknowledge_url: str) -> str:
    body = "<br>\n".join(_html_line(line, acknowledge_url) for line in text.splitlines())
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(subject)}</title></head>'
        f'<body style="font-family:sans-serif"><h3>{escape(subject)}</h3><p>{body}</p></body></html>'
    )


def _html_line(line: str, acknowledge_url: str) -> str:
    if acknowledge_url and line == f"Acknowledge: {acknowledge_url}":
        return f'<a href="{escape(acknowledge_url)}">Acknowledge</a>'
    return escape(line).replace("  ", "&nbsp;&nbsp;")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else []


def _line(text: str) -> str:
    """On one line: whatever is no printable character is a space."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 3] + "..."
