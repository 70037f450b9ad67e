"""The tables of alarms, with an index for each way in which alarms are looked up."""

from collections.abc import Sequence
from datetime import datetime

from protocols.alarm import Alarm, Identity, is_own_name

Kind = tuple[str, str, str]
"""Tenant, resource and alarm type: a clear names them."""
Owner = tuple[str, str]
"""Tenant and device, whose open alarms are counted together. The device is empty where none is known."""


class AlarmWatcher:
    """Receives each alarm when it is written."""

    def changed(self, alarm: Alarm, *, moved: bool) -> None:
        """An alarm was written that began or ended (``moved``), or whose parent is another one."""


class AlarmTables:
    """Every alarm that the fold holds, and the indexes. Only a commit writes them."""

    def __init__(self) -> None:
        self.alarms: dict[str, Alarm] = {}
        self.names: dict[str, str] = {}
        """Alarms by the external names that faultd gave them."""
        self.given: dict[str, dict[str, None]] = {}
        """Alarms by the external names that others gave them."""
        self.counted: int | None = None
        """How many alarms external names have counted; None: they do not count yet."""
        self.current: dict[Identity, str] = {}
        """The alarm that a raise of this identity would repeat or re-open."""
        self.open: dict[Kind, dict[str, str]] = {}
        """Alarms not cleared, by kind and then qualifier."""
        self.open_of: dict[Owner, int] = {}
        """How many alarms are not cleared, by device."""
        self.by_resource: dict[str, dict[str, None]] = {}
        """Alarms not cleared, by resource."""
        self.children: dict[str, dict[str, None]] = {}
        """Alarms by the id of their parent."""
        self.shelved: dict[str, datetime] = {}
        self.cleared: dict[str, datetime] = {}
        """When each cleared alarm was cleared, by the ledger's time, oldest first."""
        self.watchers: Sequence[AlarmWatcher] = ()

    def put(self, alarm: Alarm, at: datetime) -> None:
        """Write an alarm as it is now, and bring every index in line."""
        alarm_id, is_open = alarm.id, alarm.cleared_at is None
        before = self.alarms.get(alarm_id)
        was_open = before is not None and before.cleared_at is None
        self.alarms[alarm_id] = alarm
        if before is None:
            self._name(alarm)
        if alarm.resolved_at is not None:
            if (before is None or before.resolved_at is None) and self.current.get(alarm.identity) == alarm_id:
                del self.current[alarm.identity]
        elif before is None or (is_open and not was_open):
            # An older alarm of the same identity, noted on after its end, does not come before the newer one.
            self.current[alarm.identity] = alarm_id
        if is_open != was_open:
            self._count((alarm.tenant_id, alarm.device_id), 1 if is_open else -1)
            _file(self.by_resource, alarm.resource_id, alarm_id, present=is_open)
            kind = alarm.tenant_id, alarm.resource_id, alarm.alarm_type
            if is_open:
                self.open.setdefault(kind, {})[alarm.qualifier] = alarm_id
                self.cleared.pop(alarm_id, None)
            else:
                self._close(kind, alarm)
        if not is_open:
            self.cleared.setdefault(alarm_id, at)
        parent, now = before.parent_alarm_id if before is not None else None, alarm.parent_alarm_id
        if parent != now:
            if parent is not None:
                _file(self.children, parent, alarm_id, present=False)
            if now is not None:
                _file(self.children, now, alarm_id, present=True)
        until = alarm.shelved_until
        if until is not None:
            self.shelved[alarm_id] = until
        elif self.shelved:
            self.shelved.pop(alarm_id, None)
        if is_open != was_open or parent != now:
            for each in self.watchers:
                each.changed(alarm, moved=is_open != was_open)

    def forget(self, alarm_id: str) -> None:
        """Remove a cleared alarm."""
        alarm = self.alarms.pop(alarm_id)
        if self.names.pop(alarm.alarm_id, None) is None:
            _file(self.given, alarm.alarm_id, alarm_id, present=False)
        if self.current.get(alarm.identity) == alarm_id:
            del self.current[alarm.identity]
        self.cleared.pop(alarm_id, None)
        self.shelved.pop(alarm_id, None)
        if alarm.parent_alarm_id is not None:
            _file(self.children, alarm.parent_alarm_id, alarm_id, present=False)

    def _name(self, alarm: Alarm) -> None:
        if is_own_name(alarm.alarm_id):
            self.names[alarm.alarm_id] = alarm.id
        else:
            _file(self.given, alarm.alarm_id, alarm.id, present=True)

    def named(self, name: str, tenant_id: str | None) -> list[Alarm]:
        """Alarms that ``name`` (an id or an external name) means: at most one of each tenant, of all tenants for None. Where a
        tenant gave one name to several, the open one or else the latest."""
        alarm = self.alarms.get(name) or self.alarms.get(self.names.get(name, ""))
        found = [alarm] if alarm is not None else [self.alarms[each] for each in self.given.get(name, ())]
        found = [each for each in found if tenant_id in (None, each.tenant_id)]
        found.sort(key=lambda each: (each.cleared_at is None, each.received_at, each.id))
        return sorted({each.tenant_id: each for each in found}.values(), key=lambda each: each.tenant_id)

    def at_resource(self, resource_id: str) -> list[Alarm]:
        """Open alarms of a resource, oldest first: an order that does not depend on how they came about."""
        filed = self.by_resource.get(resource_id)
        if filed is None:
            return []
        found = [self.alarms[each] for each in filed]
        if len(found) > 1:
            found.sort(key=age)
        return found

    @property
    def open_alarms(self) -> int:
        """How many alarms are not cleared."""
        return len(self.alarms) - len(self.cleared)

    def _count(self, owner: Owner, opened: int) -> None:
        count = self.open_of.get(owner, 0) + opened
        if count:
            self.open_of[owner] = count
        else:
            del self.open_of[owner]

    def _close(self, kind: Kind, alarm: Alarm) -> None:
        open_of_kind = self.open.get(kind)
        if open_of_kind is not None and open_of_kind.get(alarm.qualifier) == alarm.id:
            del open_of_kind[alarm.qualifier]
            if not open_of_kind:
                del self.open[kind]


def age(alarm: Alarm) -> tuple[datetime, str]:
    """Sort key of alarms where their order shows: the oldest first, however they came about."""
    return alarm.received_at, alarm.id


def _file(index: dict[str, dict[str, None]], key: str, alarm_id: str, *, present: bool) -> None:
    """Put ``alarm_id`` under ``key``, or take it away and the key with the last one."""
    if present:
        index.setdefault(key, {})[alarm_id] = None
        return
    filed = index.get(key)
    if filed is not None:
        filed.pop(alarm_id, None)
        if not filed:
            del index[key]
