"""Sources whose traps are refused: one alarm for each that is refused persistently, until its traps are accepted again.

The trap listener counts and reports at a bounded rate (``SourceRefused``); what is persistent is decided here. Addresses
can be forged, so at most ``refused_source_alarms`` sources have an alarm of their own, half of it for addresses that the
topology does not know; one alarm of faultd's own stands for the others.
"""

from datetime import timedelta
from typing import Final

from msgspec.structs import replace

from actors.correlator.alarms.limits import admit
from actors.correlator.alarms.problem import ReportedProblem
from actors.correlator.alarms.raise_clear import SYSTEM, clear_problems
from actors.correlator.alarms.report_time import ReportTime
from actors.correlator.alarms.system import fold_system
from actors.correlator.draft import Draft
from actors.correlator.memories import RefusedSource, SilentDeviceMemory, SourceMemory
from actors.correlator.state import State
from protocols.alarm import Identity
from protocols.event import SourceRefused, SystemReport
from protocols.topology import Node

NAME: Final = "refused_sources"
REFUSED: Final = "traps.refused"
THE_OTHERS: Final = "more_sources"
"""Qualifier of faultd's own alarm for the sources beyond the bound."""
FORGET_UNKNOWN: Final = timedelta(hours=24)
"""An alarm about an address that the topology does not have, or whose device now sends from another address, ends when no
datagram has come from it for this long."""
_REPORTER: Final = "faultd:trap_listener"

_CHECK_KEYS: Final = "Compare the user's protocols and pass phrases on the device with those of [[traps.users]]"
ADVICE: Final[dict[str, tuple[str, str]]] = {
    "unknown_community": (
        "wrong community",
        "Set the device's trap community to one of [traps] communities, or add the device's to the list and reload.",
    ),
    "unknown_user": ("unknown SNMPv3 user", "Add the user that the device sends as to [[traps.users]] and reload."),
    "unknown_engine": (
        "unknown SNMPv3 engine",
        'Give a user in [[traps.users]] the device\'s engine id, or engine_id = "*", and reload. An INFORM must be sent to '
        "faultd's own engine id: have the device discover it again.",
    ),
    "unsupported_security_level": (
        "wrong SNMPv3 security level",
        "Make the device send at the level that the user in [[traps.users]] has: authPriv with auth and priv, authNoPriv with "
        "auth alone.",
    ),
    "wrong_digest": ("wrong SNMPv3 authentication key", f"{_CHECK_KEYS}: auth and auth_key, and engine_id."),
    "decryption_failed": ("wrong SNMPv3 privacy key", f"{_CHECK_KEYS}: priv, priv_key and key_extension."),
    "not_in_time_window": (
        "SNMPv3 engine clock outside of the time window",
        "Look at the device's snmpEngineBoots and snmpEngineTime: boots must rise with every restart and the time with every "
        'second. Until its software is mended, set time_window = "lenient" for its user, see docs/configuration.md.',
    ),
    "source_not_allowed": ("source not allowed", "Add the device's network to [traps] allow and reload, or stop the sender."),
}
"""By reason: the mistake in words, and the advice."""
_MALFORMED: Final = (
    "no SNMP notification that faultd can read",
    "Record a datagram (tcpdump -w) and look at it with `faultd profile test FILE`. Something other than a trap may be sent "
    "to this port.",
)


def fold_source_refused(draft: Draft, event: SourceRefused) -> None:
    """Count the refused datagrams of a source. Raise its alarm once they are persistent."""
    settings = draft.state.settings
    if not settings.refused_source_count:
        return
    memory = draft.state.memory(SourceMemory)
    window = timedelta(seconds=settings.refused_source_seconds)
    known = memory.sources.get(event.source)
    if known is None or (not known.alarmed and draft.at - known.since > window):
        known = RefusedSource(since=draft.at, last=draft.at, reasons={})
    reasons = dict(known.reasons)
    for reason, count in event.reasons.items():
        reasons[reason] = reasons.get(reason, 0) + count
    known = replace(known, last=draft.at, reasons=reasons)
    stands = event.accepted is None or event.accepted < event.last
    if known.alarmed or (stands and sum(reasons.values()) >= settings.refused_source_count):
        known = _raise(draft, memory, event.source, known)
    draft.on_commit(memory.put, event.source, known)
    draft.wake(NAME, event.source, draft.at + window)


def source_accepted(draft: Draft, source: str) -> None:
    """A trap of ``source`` was accepted: end its alarm. When the alarm was ended so before and came back, some traps of the
    source are accepted and some refused: it then stays until none was refused for the whole window."""
    memory = draft.state.memory(SourceMemory)
    known = memory.sources[source]
    if known.alarmed and not known.mixed:
        _clear(draft, memory, source, known, "its traps are accepted again")
        ended = replace(known, alarmed=False, mixed=True, since=draft.at, reasons={})
        draft.on_commit(memory.put, source, ended)


def due(draft: Draft, source: str) -> None:
    """Timer: no datagram of ``source`` was refused for the whole window."""
    memory = draft.state.memory(SourceMemory)
    known = memory.sources.get(source)
    if known is None:
        return
    window = timedelta(seconds=draft.state.settings.refused_source_seconds)
    silent = draft.at - known.last
    if silent < window:
        draft.wake(NAME, source, known.last + window)
        return
    if known.alarmed and _is_open(draft, source, known):
        node = draft.state.plant.device(source)
        if known.mixed:
            _clear(draft, memory, source, known, f"nothing was refused for {_words(window)}")
        elif silent < FORGET_UNKNOWN or (node is not None and not _heard_since(draft.state, node, known)):
            draft.wake(NAME, source, draft.at + (FORGET_UNKNOWN - silent if silent < FORGET_UNKNOWN else window))
            return
        else:
            elsewhere = "" if node is None else ", and traps of the device are accepted from another"
            _clear(draft, memory, source, known, f"nothing came from this address for {_words(silent)}{elsewhere}")
    draft.drop(memory.sources, source)


def _heard_since(state: State, node: Node, known: RefusedSource) -> bool:
    """True when a trap of the device was accepted, from any of its addresses, since this address was last refused."""
    heard = state.memory(SilentDeviceMemory).heard.get(node.id)
    return heard is not None and heard > known.last


def is_refused(state: State, source: str) -> bool:
    """True when the source has an open alarm about refused traps."""
    known = state.memory(SourceMemory).sources.get(source)
    return known is not None and known.alarmed


def _raise(draft: Draft, memory: SourceMemory, source: str, known: RefusedSource) -> RefusedSource:
    """Raise the alarm of a source, or repeat it with the latest counts, within the bound."""
    state = draft.state
    node = state.plant.device(source)
    tenant = (node.tenant if node is not None else "") or state.settings.default_tenant
    place = node.id if node is not None else source
    if known.alarmed and (known.tenant_id, known.resource_id) != (tenant, place):
        _clear(draft, memory, source, known, f"the topology knows this address as {place} now" if node else "no device has it")
        known = replace(known, alarmed=False)
    if not known.alarmed and not _has_room(memory, state.settings.refused_source_alarms, unknown=node is None):
        _tell_of_others(draft, memory)
        return known
    alarm = admit(
        draft, _problem(source, known, node, tenant, place), ReportTime(received=draft.at, reporter=_REPORTER, source=SYSTEM)
    )
    if alarm is None:
        return known
    return replace(known, alarmed=True, unknown=node is None, tenant_id=tenant, resource_id=place)


def _problem(source: str, known: RefusedSource, node: Node | None, tenant: str, place: str) -> ReportedProblem:
    by_count = sorted(known.reasons.items(), key=lambda item: (-item[1], item[0]))
    main = by_count[0][0] if by_count else ""
    wrong, advice = ADVICE.get(main, _MALFORMED)
    name = (node.name if node is not None else "") or place
    shown = source if name == source else f"{name} ({source})"
    counts = ", ".join(f"{count} {reason}" for reason, count in by_count)
    return ReportedProblem(
        identity=Identity(tenant, place, REFUSED, source),
        severity="major" if node is not None else "warning",
        source="system",
        resource_type=node.type if node is not None else "trap_source",
        resource_name=name,
        title=f"Traps of {shown} are refused: {wrong}",
        device_id=node.id if node is not None else "",
        event_type="communicationsAlarm",
        probable_cause="authenticationFailure" if main in ADVICE else "communicationsProtocolError",
        description=f"Refused since {known.since:%Y-%m-%d %H:%M:%S} UTC: {counts}. faultd hears nothing of what these say.",
        recommended_action=advice,
        metadata={"address": source, "refused": dict(by_count)},
        why="refused persistently",
    )


def _clear(draft: Draft, memory: SourceMemory, source: str, known: RefusedSource, why: str) -> None:
    report = ReportTime(received=draft.at, reporter=_REPORTER, source=SYSTEM)
    clear_problems(draft, known.tenant_id, known.resource_id, (REFUSED,), source, report, why)
    most = draft.state.settings.refused_source_alarms
    alarmed, strangers = _count(memory)
    if alarmed <= most and strangers - known.unknown < max(1, most // 2) and _others_are_told(draft):
        text = "every refused source has room for an alarm of its own"
        fold_system(draft, SystemReport(alarm_type=REFUSED, active=False, qualifier=THE_OTHERS, description=text))


def _tell_of_others(draft: Draft, memory: SourceMemory) -> None:
    settings = draft.state.settings
    if _others_are_told(draft):
        return
    fold_system(
        draft,
        SystemReport(
            alarm_type=REFUSED,
            active=True,
            severity="major",
            qualifier=THE_OTHERS,
            title=f"More sources are refused than the {_count(memory)[0]} that have an alarm of their own",
            description=f"[correlator] refused_source_alarms = {settings.refused_source_alarms}, half of it for addresses that "
            "the topology does not know. GET /api/v1/faults/sources?refused=true lists them all. Addresses can be forged.",
        ),
    )


def _others_are_told(draft: Draft) -> bool:
    tenant = draft.state.settings.default_tenant
    return any(alarm.qualifier == THE_OTHERS for alarm in draft.open_of(tenant, SYSTEM, REFUSED))


def _has_room(memory: SourceMemory, most: int, *, unknown: bool) -> bool:
    alarmed, strangers = _count(memory)
    return alarmed < most and (not unknown or strangers < max(1, most // 2))


def _count(memory: SourceMemory) -> tuple[int, int]:
    """Sources with an alarm, and those of them that the topology does not know."""
    alarmed = [each for each in memory.sources.values() if each.alarmed]
    return len(alarmed), sum(each.unknown for each in alarmed)


def _is_open(draft: Draft, source: str, known: RefusedSource) -> bool:
    return any(alarm.qualifier == source for alarm in draft.open_of(known.tenant_id, known.resource_id, REFUSED))


def _words(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    return f"{hours:.0f} h" if hours >= 1 else f"{span.total_seconds():.0f} s"
