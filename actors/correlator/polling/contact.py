"""Contact with polled devices: lost, had again, or no longer looked for.

    event                    contact so far            becomes                      alarm
    fewer misses than K      none                      missed                       –
    K misses                 missed                    down, unreachable            device.down or snmp.unreachable is raised
    K misses                 missed                    doubted, as long again       –
    K misses, blind          any but down/unreachable  unseen                       monitoring.blind is raised
    K misses, in the dark    missed, unseen            the same, polled anew        –
    a trap of the device     down                      unreachable                  snmp.unreachable in place of device.down
    an answer                any                       none                         its alarms are cleared

``device.down`` is one alarm, whoever reports it. What another system reported last, an answer to a poll does not clear: that
system sees the device in its own way, and reports the end itself. Where it reports the end and the poller has no answer yet,
the device is polled anew.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from actors.correlator.alarms.lifecycle import moved
from actors.correlator.alarms.problem import ReportedProblem
from actors.correlator.alarms.raise_clear import SYSTEM, clear_problems, raise_problem
from actors.correlator.alarms.report_time import ReportTime
from actors.correlator.draft import Draft
from actors.correlator.events.clock_jumps import at_present
from actors.correlator.polling.blindness import BLIND, CONTACT, go_blind, see, see_again, unsee, verify
from actors.correlator.polling.common_place import PolledPlaces, answers_below, attach_to_place, leave_place
from actors.correlator.polling.contact_memory import ContactMemory, SilentDevice
from actors.correlator.polling.read_memory import ReadMemory
from actors.correlator.polling.requests import request_each
from actors.correlator.polling.restarts import Restart, carried, restart_between
from actors.correlator.polling.settling import note_answer, started_at
from actors.correlator.polling.verdict import LATE_TRAP, evidence_of, signs_of_life, verdict_on
from actors.correlator.resources import silent_devices
from protocols.alarm import Alarm, Identity
from protocols.poll.contact import AgentTimes, PollAnswered, PollMissed, PollStopped
from protocols.topology import Node

DOWN: Final = "device.down"
UNREACHABLE: Final = "snmp.unreachable"
ACTOR: Final = "faultd:polling"
_WAIT: Final = timedelta(seconds=30), timedelta(minutes=30)
"""Least and longest time for which a verdict waits; between them as long as the misses took."""


def fold_poll_missed(draft: Draft, event: PollMissed) -> None:
    """A device did not answer a poll."""
    state = draft.state
    node = state.plant.nodes.get(event.device)
    if node is None:
        draft.note("poll_of_no_node")
        return
    memory = state.memory(ContactMemory)
    known = memory.silent.get(event.device)
    first = at_present(event.first, state, draft.at)
    if known is None:
        known = SilentDevice(first=first, misses=event.misses, needed=event.needed)
        draft.on_commit(state.view(PolledPlaces).fell_silent, event.device)
        silent_devices.watch(draft, event.device)
    elif event.misses <= 1 or event.misses <= known.misses:
        known = replace(known, first=first, trap=None)  # the poller counts anew
    known = replace(known, misses=event.misses, needed=event.needed, own_fault=bool(event.own_fault))
    if event.misses < event.needed:
        draft.set(memory.silent, event.device, known)
        return
    lives = signs_of_life(event, known.first, known.trap)
    known = replace(known, evidence=evidence_of(event, known.first), lives=lives)
    verdict = verdict_on(event, lives)
    if known.contact in ("down", "unreachable"):
        if not memory.blind_for_all and verdict in ("down", "unreachable"):
            _conclude(draft, memory, node, known)
    elif verdict == "blind" and (memory.blind is None or (memory.own_fault and not event.own_fault)):
        go_blind(draft, memory, event, known)
    elif verdict == "blind" or memory.blind_for_all:
        unsee(draft, memory, ((event.device, known),))
    elif memory.sighted is not None and known.first < memory.sighted:
        draft.set(memory.silent, event.device, known)
        verify(draft, (event.device,))
    elif verdict == "doubted":
        draft.set(memory.silent, event.device, replace(known, contact="doubted"))
        # Until then those that are silent now have missed as many polls as this device, and show whether faultd is blind.
        draft.wake(CONTACT, event.device, draft.at + min(max(draft.at - known.first, _WAIT[0]), _WAIT[1]))
    else:
        _conclude(draft, memory, node, known)


def fold_poll_answered(draft: Draft, event: PollAnswered) -> None:
    """A device answered: its alarms end, and its times tell whether it restarted. Its poller reads it whole after a restart,
    and after as many misses as are needed."""
    state = draft.state
    node = state.plant.nodes.get(event.device)
    if node is None:
        draft.note("poll_of_no_node")
        return
    memory = state.memory(ContactMemory)
    times = replace(event.times, at=at_present(event.times.at, state, draft.at))
    known = memory.silent.get(event.device)
    if known is not None or event.device not in memory.heard:
        draft.on_commit(state.view(PolledPlaces).answered, event.device)
    draft.drop(memory.parked, event.device)
    _clear(draft, node, (DOWN, UNREACHABLE), times.at, "it answers SNMP again", told=known is not None)
    # The fold's own have moved along with every jump of the clock; the poller's are of its last read.
    own = memory.heard.get(event.device)
    before = own if event.before is None or (state.jumps and own is not None) else event.before
    restart = None if before is None else _note_restart(draft, node, before, times)
    outage = known is not None and known.contact in ("down", "unreachable", "unseen")
    note_answer(draft, event.device, started_at(before, times, restart, outage=outage))
    draft.set(memory.heard, event.device, times if before is None else carried(before, times))
    if known is None:
        return
    _forget_silence(draft, memory, event.device, known, times.at)
    if not known.place:
        answers_below(draft, memory, event.device)
    if known.contact == "unseen" and event.misses < known.needed:
        request_each(draft, (event.device,), "returned", "faultd was blind, and the device answers again")


def fold_poll_stopped(draft: Draft, event: PollStopped) -> None:
    """A device is polled no longer. What a parked poller found stays; else nothing is claimed of the device any more."""
    memory = draft.state.memory(ContactMemory)
    node = draft.state.plant.nodes.get(event.device)
    if event.parked and node is not None:
        draft.set(memory.parked, event.device, None)
        return
    draft.on_commit(draft.state.memory(ReadMemory).forget, event.device)
    _forget(draft, memory, event.device, f"it is polled no longer: {event.reason}")


def forget_nodes(draft: Draft, removes: Sequence[str]) -> None:
    """Before a change of the topology: forget the devices that leave it."""
    memory = draft.state.memory(ContactMemory)
    if memory.heard or memory.silent or memory.parked:
        for node_id in removes:
            if node_id in memory.heard or node_id in memory.silent or node_id in memory.parked:
                _forget(draft, memory, node_id, "the topology has no such device any more")


def accept_trap(draft: Draft, node: Node) -> None:
    """A trap came from a silent device itself: it lives."""
    memory = draft.state.memory(ContactMemory)
    known = memory.silent.get(node.id)
    if known is None or draft.at <= known.first + LATE_TRAP:
        return
    if known.trap is None or draft.at - known.trap > LATE_TRAP:
        known = replace(known, trap=draft.at)
        draft.set(memory.silent, node.id, known)
    if known.contact == "down":
        lives = f"a trap of it was accepted at {draft.at:%H:%M:%S} UTC"
        _conclude(draft, memory, node, replace(known, lives=lives))


def ended_elsewhere(draft: Draft, alarm: Alarm) -> None:
    """An operator or another system ended an alarm. A device that still answers no poll is polled anew; so are all that are
    unseen, when it was the alarm of blindness."""
    memory, device = draft.state.memory(ContactMemory), alarm.resource_id
    if alarm.alarm_type == BLIND and memory.blind is not None:
        see_again(draft, memory)
    if alarm.alarm_type not in (DOWN, UNREACHABLE):
        return
    known = draft.read(memory.silent, device)
    if known is not None and known.contact in ("down", "unreachable"):
        leave_place(draft, memory, known)
        draft.set(memory.silent, device, replace(known, contact="missed", place=""))
        request_each(draft, (device,), "returned", "its alarm was ended, and the device has not answered since")


def due(draft: Draft, device: str) -> None:
    """Timer: judge a device whose verdict was put off, or request once more what could not be verified."""
    memory = draft.state.memory(ContactMemory)
    known = memory.silent.get(device)
    node = draft.state.plant.nodes.get(device)
    if known is None or node is None or memory.blind_for_all:
        return
    if known.contact == "doubted":
        _conclude(draft, memory, node, known)
    elif known.contact == "unseen":
        verify(draft, (device,))


def _conclude(draft: Draft, memory: ContactMemory, node: Node, known: SilentDevice) -> None:
    """The device is down, or lives and its agent does not answer."""
    if known.trap is not None and not known.lives and known.trap > known.first + LATE_TRAP:
        known = replace(known, lives=f"a trap of it was accepted at {known.trap:%H:%M:%S} UTC")
    was = known.contact
    known = replace(known, contact="unreachable" if known.lives else "down")
    name = node.name or node.id
    see(draft, memory, node.id, known.first)
    if known.lives:
        leave_place(draft, memory, known)
        known = replace(known, place="")
        _clear(draft, node, (DOWN,), draft.at, f"the device lives: {known.lives}")
        problem = _problem(
            draft,
            node,
            UNREACHABLE,
            title=f"{name} does not answer to SNMP",
            description=f"{_sentence(known.evidence)} The device lives: {known.lives}.",
            action="Check the SNMP agent, its credentials and access lists, and the way to the device's management address. "
            "Customers may have service: nothing is known of them.",
            why=f"{known.evidence}; {known.lives}",
        )
        _raise(draft, problem, known)
    else:
        _clear(draft, node, (UNREACHABLE,), draft.at, "nothing shows any more that the device lives")
        problem = _problem(
            draft,
            node,
            DOWN,
            title=f"{name} is down",
            description=f"{_sentence(known.evidence)} No trap of it was accepted since.",
            action="Check the device's power and its uplink, and the way to its management address.",
            why=known.evidence,
        )
        alarm = _raise(draft, problem, known)
        if alarm is not None and was != "down":
            known = attach_to_place(draft, memory, node, known, alarm)
    draft.set(memory.silent, node.id, known)


def _problem(draft: Draft, node: Node, alarm_type: str, title: str, description: str, action: str, why: str) -> ReportedProblem:
    down = alarm_type == DOWN
    return ReportedProblem(
        identity=Identity(_tenant(draft, node), node.id, alarm_type),
        severity="critical" if down else "major",
        source="network_device",
        resource_type=node.type,
        resource_name=node.name or node.id,
        title=title,
        device_id=node.id,
        event_type="equipmentAlarm" if down else "communicationsAlarm",
        probable_cause="unavailable" if down else "communicationsSubsystemFailure",
        description=description,
        recommended_action=action,
        why=why,
    )


def _raise(draft: Draft, problem: ReportedProblem, known: SilentDevice) -> Alarm | None:
    """Raise the alarm, dated from the first missed poll. One that is open already gets a line of its timeline, once."""
    alarm = draft.current(problem.identity)
    if alarm is not None and alarm.cleared_at is None:
        if known.contact != _contact_before(draft, problem.identity.resource_id):
            draft.put(moved(alarm), "confirmed", ACTOR, problem.why)
        return draft.latest(alarm)
    return raise_problem(draft, problem, _report(draft, known.first))


def _contact_before(draft: Draft, device: str) -> str:
    known = draft.state.memory(ContactMemory).silent.get(device)
    return "" if known is None else known.contact


def _clear(draft: Draft, node: Node, types: tuple[str, ...], at: datetime, why: str, *, told: bool = True) -> None:
    """End the device's alarms of these types that no other system reported last. ``told``: the others get a line of their
    timeline."""
    tenant = _tenant(draft, node)
    mine = []
    for alarm_type in types:
        for alarm in draft.open_of(tenant, node.id, alarm_type):
            mark = draft.state.marks.get(alarm.id)
            if alarm.qualifier:
                continue
            if mark is None or mark.source == SYSTEM:
                mine.append(alarm_type)
            elif told:
                text = f"{why}; the alarm stays until {mark.source.removeprefix('api:')}, which reported it, reports its end"
                draft.put(moved(alarm), "clear_ignored", ACTOR, text)
    clear_problems(draft, tenant, node.id, mine, "", _report(draft, at), why)


def _forget(draft: Draft, memory: ContactMemory, device: str, why: str) -> None:
    node = draft.state.plant.nodes.get(device)
    known = memory.silent.get(device)
    if node is not None and known is not None:
        _clear(draft, node, (DOWN, UNREACHABLE), draft.at, why)
    if known is not None:
        _forget_silence(draft, memory, device, known, draft.at)
    draft.drop(memory.heard, device)
    draft.drop(memory.parked, device)
    draft.on_commit(draft.state.view(PolledPlaces).forget, device)


def _forget_silence(draft: Draft, memory: ContactMemory, device: str, known: SilentDevice, at: datetime) -> None:
    draft.drop(memory.silent, device)
    draft.no_wake(CONTACT, device)
    silent_devices.watch_no_more(draft, device)
    see(draft, memory, device, at)
    leave_place(draft, memory, known)


def _note_restart(draft: Draft, node: Node, before: AgentTimes, now: AgentTimes) -> Restart:
    """Report a restart as a device event."""
    found = restart_between(before, now)
    if found.oddity:
        draft.note("agent_times_odd")
    if not found.restarted:
        return found
    name = node.name or node.id
    device = found.restarted == "device"
    detail = {
        "why": found.reason,
        "uptime_seconds": None if now.uptime is None else now.uptime / 100,
        "boots": now.boots,
        "host_uptime_seconds": None if now.host_uptime is None else now.host_uptime / 100,
    }
    draft.device_event(
        _tenant(draft, node),
        node.id,
        "device.restarted" if device else "agent.restarted",
        f"{name} restarted" if device else f"The SNMP agent of {name} restarted",
        detail,
        severity="warning" if device else "info",
        resource_type=node.type,
    )
    return found


def _report(draft: Draft, dated: datetime) -> ReportTime:
    return ReportTime(received=draft.at, reporter=ACTOR, source=SYSTEM, dated=dated)


def _tenant(draft: Draft, node: Node) -> str:
    return node.tenant or draft.state.settings.default_tenant


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
