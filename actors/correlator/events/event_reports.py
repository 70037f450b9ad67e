"""Events as reports for people: the content of a trap, the profile's names for it, and its sender."""

from typing import Any, Final

import msgspec

from actors.correlator.events.traps import TrapDevice
from actors.correlator.polling.reconciliation import REPORTER
from actors.correlator.profiles.rules import ProfileRule
from actors.correlator.profiles.translator import Translator
from actors.correlator.profiles.trap_oids import normalise
from actors.correlator.profiles.values import VarbindReader
from actors.correlator.state import State
from protocols.command import Clear, Command, Raise, Resolve
from protocols.event import NetworkEvent, Stamped, SystemReport, Trap
from protocols.poll.contact import PollAnswered, PollMissed, PollStopped
from protocols.poll.states import LevelCrossed, PolledStates
from protocols.report import EventReport, TrapShown, VarbindShown
from protocols.snmp.notification import VarBind

SECRET: Final = frozenset({"1.3.6.1.6.3.18.1.4.0", "1.3.6.1.6.3.18.1.4"})
"""snmpTrapCommunity: a proxy puts the community of a v1 trap there (RFC 3584, 3.1)."""
_LEFT_OUT: Final = frozenset({"key", "tenant_id", "reported_by"})


def report_of(state: State, stamped: Stamped) -> EventReport | None:
    """The report that an Event is; None for Events that say nothing about alarms."""
    event, tenant = stamped.event, state.settings.default_tenant
    match event:
        case Trap():
            return _trap(state, stamped, event)
        case NetworkEvent():
            return EventReport(
                offset=stamped.offset,
                at=stamped.at,
                received=None,
                kind="network_event",
                tenant_id=event.tenant_id,
                by=f"user:{event.reported_by}",
                event=_fields(event),
            )
        case Command(action=Raise() | Clear() | Resolve() as action):
            owner = action.tenant_id if isinstance(action, Raise) else (event.by.tenant or "")
            return EventReport(
                offset=stamped.offset,
                at=stamped.at,
                received=None,
                kind="command",
                tenant_id=owner,
                by=f"user:{event.by.name}",
                event={"action": type(action).__name__.lower(), **_fields(action)},
            )
        case PollMissed() | PollAnswered() | PollStopped() | PolledStates() | LevelCrossed():
            device = state.plant.nodes.get(event.device)
            return EventReport(
                offset=stamped.offset,
                at=stamped.at,
                received=None,
                kind="poll",
                tenant_id=(device.tenant if device is not None else "") or tenant,
                by=REPORTER,
                event=_named(event),
            )
        case SystemReport():
            return EventReport(
                offset=stamped.offset,
                at=stamped.at,
                received=None,
                kind="faultd",
                tenant_id=tenant,
                by="faultd:self",
                event=_fields(event),
            )
        case _:
            return None


def _fields(value: msgspec.Struct) -> dict[str, Any]:
    """The fields of a Struct without the empty ones."""
    return {
        name: shown
        for name in value.__struct_fields__
        if name not in _LEFT_OUT and (shown := msgspec.to_builtins(getattr(value, name))) not in ("", None, (), [], {})
    }


def _named(value: Any) -> Any:
    """The content of a Struct by the names of its fields, without the empty ones; Events of polls are arrays within."""
    if isinstance(value, msgspec.Struct):
        fields = {name: _named(getattr(value, name)) for name in value.__struct_fields__}
        return {name: each for name, each in fields.items() if each not in ("", None, [], {})}
    if isinstance(value, tuple | list):
        return [_named(each) for each in value]
    return msgspec.to_builtins(value)


def _trap(state: State, stamped: Stamped, trap: Trap) -> EventReport:
    reading = state.translator.read(trap, state.settings.relays, state.plant.by_address)
    device = TrapDevice(state.plant.device(reading.device_address), reading.device_address, state.settings.default_tenant)
    finding = reading.findings[0] if reading.findings else None
    told = trap.notification
    profile = _profile(state.translator, told.trap_oid, finding.profile if finding is not None else None)
    shown = TrapShown(
        sender=trap.source,
        device_address=reading.device_address,
        address_from=reading.address_from,
        address_why=reading.address_why,
        version=told.version,
        inform=told.kind == "inform",
        trap_oid=told.trap_oid,
        trap_name=_trap_name(state, profile, told.trap_oid),
        uptime_seconds=None if told.uptime is None else told.uptime / 100,
        enterprise=told.enterprise,
        generic=told.generic,
        specific=told.specific,
        user=told.security if told.version == "3" else None,
        profile=finding.profile if finding is not None else None,
        rule=finding.rule if finding is not None else None,
        reason=reading.reason,
        varbinds=_varbinds(profile, trap),
        irregular=told.irregular,
    )
    return EventReport(
        offset=stamped.offset,
        at=stamped.at,
        received=trap.received,
        kind="trap",
        tenant_id=device.tenant,
        by=f"device:{device.id}",
        trap=shown,
    )


def _profile(translator: Translator, trap_oid: str, name: str | None) -> ProfileRule | None:
    """The profile that read the trap, or else one that knows its OID."""
    known = [candidate.profile for candidate in translator.candidates(trap_oid)]
    known += [candidate.profile for candidate in translator.fallback]
    return next((profile for profile in known if name in (None, profile.name)), None)


def _trap_name(state: State, rule: ProfileRule | None, trap_oid: str) -> str | None:
    if state.profiles is None or rule is None:
        return None
    names = next((one.notifications for one in state.profiles.profiles if one.name == rule.name), {})
    asked = normalise(trap_oid)
    for name, oids in names.items():
        if asked in (normalise(oid) for oid in ((oids,) if isinstance(oids, str) else oids)):
            return name
    return None


def _varbinds(profile: ProfileRule | None, trap: Trap) -> tuple[VarbindShown, ...]:
    names: dict[int, str] = {}
    decoded: dict[int, Any] = {}
    if profile is not None:
        scope = profile.scope(trap)
        for name, reader in profile.readers.items():
            if not isinstance(reader, VarbindReader) or (at := reader.place(scope)) < 0:
                continue
            names.setdefault(at, name)
            if not reader.plain and (value := reader.get(scope)) is not None:
                decoded.setdefault(at, value)
    return tuple(_varbind(varbind, names.get(at), decoded.get(at)) for at, varbind in enumerate(trap.notification.varbinds))


def _varbind(varbind: VarBind, name: str | None, decoded: Any) -> VarbindShown:
    if varbind.oid in SECRET:
        return VarbindShown(oid=varbind.oid, name=name, type=varbind.type, value="***", hex=None)
    value, octets = varbind.value, None
    if isinstance(value, bytes):
        octets = value.hex()
        text = value.decode("utf-8", "replace").rstrip("\0")
        value = text if text.isprintable() else None
    elif isinstance(value, int) and abs(value) >= 2**53:
        value = str(value)  # JSON's readers keep no more digits
    return VarbindShown(oid=varbind.oid, name=name, type=varbind.type, value=value, hex=octets, decoded=decoded)
