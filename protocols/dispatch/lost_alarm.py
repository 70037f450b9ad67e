"""An alarm of a lost ledger, of which people were told and not yet of its end."""

from msgspec import Struct

from protocols.alarm import Alarm
from protocols.severity import Severity


class LostAlarm(Struct, frozen=True, kw_only=True):
    """As PostgreSQL had it. No report and no command reaches it any more: a problem that persists is raised anew, under another
    id."""

    id: str
    alarm_id: str
    """Its external name: ``A17``."""
    tenant_id: str
    alarm_type: str
    qualifier: str = ""
    severity: Severity
    title: str
    resource_type: str
    resource_id: str
    resource_name: str = ""

    @property
    def key(self) -> str:
        """The key of its subject."""
        return f"alarm:{self.id}"

    @property
    def identity(self) -> str:
        """The key that the alarm has in common with the one that its next report raises."""
        return "|".join((self.tenant_id, self.resource_id, self.alarm_type, self.qualifier))


def identity_of(alarm: Alarm) -> str:
    """:attr:`LostAlarm.identity` of an alarm of this ledger."""
    return "|".join((alarm.tenant_id, alarm.resource_id, alarm.alarm_type, alarm.qualifier))
