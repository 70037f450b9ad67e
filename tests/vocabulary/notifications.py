"""Every NotificationRequested and its timeline entry say the same. Shared by property tests and the simulation."""

from collections.abc import Sequence

from protocols.change import AlarmChanged, Change, HistoryChanged, NotificationRequested


def unmatched_requests(changes: Sequence[Change]) -> str:
    """The mismatch between the requests and the timeline entries in ``changes``, the Changes of one Event. Empty when each
    request has one entry of the same alarm, offset and number that says the same, and no entry speaks of another request."""
    entries = [entry for change in changes if isinstance(change, AlarmChanged | HistoryChanged) for entry in change.entries]
    written = [
        (each.alarm_id, each.tenant_id, each.offset, each.number, each.at, each.text, each.detail["notice"])
        for each in entries
        if each.action == "notification_requested"
    ]
    requested = [
        (each.alarm_id, each.tenant_id, each.offset, each.number, each.at, each.reason, each.kind)
        for each in changes
        if isinstance(each, NotificationRequested)
    ]
    if sorted(requested) != sorted(written):
        return f"requested is {requested}, the timeline has {written}"
    if len({entry.number for entry in entries}) != len(entries):
        return f"two timeline entries have one number: {[entry.number for entry in entries]}"
    return ""
