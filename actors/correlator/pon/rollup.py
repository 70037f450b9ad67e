"""The common cause of several places: of dark ports their card or OLT; of losses of power the node above them all."""

from collections.abc import Mapping
from datetime import timedelta

from actors.correlator.alarms.attachment import attach, children_of
from actors.correlator.draft import Draft
from actors.correlator.plant.power_area import AREA
from actors.correlator.pon.cause import Cause, Evidence
from actors.correlator.pon.conclude import NAME, conclude, grow, withdraw
from actors.correlator.pon.feeders import UNREPORTED, common_node, dark_together, signs_of, trunks_of
from actors.correlator.pon.gather import evidence, ports_below
from actors.correlator.pon.members import members_of
from actors.correlator.pon.memory import SETTLED, Concluded, Kind, PonMemory
from actors.correlator.pon.shared_loss import equipment_failed
from protocols.alarm import Alarm

TOGETHER = timedelta(seconds=20)
_LIKELIER = 0.5
_ABOVE: tuple[tuple[str, Kind], ...] = (("card", "card"), ("olt", "olt"))


def roll_up(
    draft: Draft, memory: PonMemory, port: str, wanted: Mapping[tuple[str, str], Cause], port_alarms: list[Alarm]
) -> bool:
    """When ``port`` and all other ports of its card are wholly dark, the card has failed; likewise the OLT. True when that
    explains the port."""
    if ("cut", port) not in wanted:
        return False
    plant = draft.state.plant
    place, evidence_here = port, wanted["cut", port].evidence
    largest: tuple[Cause, list[str]] | None = None
    burst = {each.port for each in dark_together(draft, memory, port, wanted["cut", port])}
    for type_, kind in _ABOVE:
        above = next((each for each in plant.parents(place) if each in plant.nodes and plant.nodes[each].type == type_), None)
        if above is None:
            break
        ports = ports_below(draft, above)
        if sum(1 for part in plant.children(above) if ports_below(draft, part)) < 2:
            break
        together = _together(draft, memory, port, ports, burst, evidence_here)
        if together is None:
            break
        found, replaced = together
        name = plant.nodes[above].name or above
        failed = equipment_failed(signs_of(draft, ports, found))
        if failed < _LIKELIER:
            break
        why = (
            f"every one of the {len(ports)} PON ports of {name} went dark together, and none reports loss of light itself: not "
            f"{len(ports)} fibres but what they share, or, less likely ({100 * (1 - failed):.0f} %), one cable with all feeders"
        )
        gasped = sum(each.gasped for each in found)
        total = sum(len(plant.onts_below(each)) for each in ports)
        cause = Cause(
            kind=kind,
            place=above,
            ports=ports,
            evidence=found,
            dark=len(found) - gasped,
            gasped=gasped,
            alive=0,
            unknown=total - len(found),
            confidence=failed,
            why=why,
        )
        largest, place = (cause, replaced), above
    if largest is None:
        return False
    cause, replaced = largest
    if cause.kind == "card":
        draft.wake(NAME, port, draft.at + UNREPORTED)
    concluded = conclude(draft, memory, cause, port_alarms)
    for cause_id in replaced:
        if concluded is not None and cause_id != concluded.id:
            for child in children_of(draft, cause_id):  # the alarms of the ports themselves
                if child.cleared_at is None:
                    attach(draft, child, concluded, NAME, cause.why, confidence=cause.confidence)
            withdraw(draft, memory, cause_id, cause.why, concluded)
    for cause_id in trunks_of(memory, cause.ports):
        if set(memory.causes[cause_id].ports) <= set(cause.ports):
            withdraw(draft, memory, cause_id, cause.why, concluded)
    return True


def refute_equipment(
    draft: Draft, memory: PonMemory, port: str, causes: dict[str, Concluded], port_alarms: list[Alarm]
) -> None:
    """Withdraw the conclusion that the card or OLT has failed when its ports report their own loss of light. Removes it from
    ``causes``."""
    for alarm_id, cause in list(causes.items()):
        if cause.kind not in ("card", "olt") or draft.at - cause.since > SETTLED:
            continue
        if not port_alarms and (cause.kind == "olt" or draft.at - cause.since < UNREPORTED):
            if cause.kind == "card":
                draft.wake(NAME, port, cause.since + UNREPORTED)
            continue
        found = [one for ont in cause.members if (one := evidence(draft, ont, memory)) is not None]
        signs = signs_of(draft, cause.ports, found)
        if equipment_failed(signs) < _LIKELIER:
            name = draft.state.plant.nodes[port].name or port
            if signs.dark:
                why = f"{name} reports loss of light itself, so {cause.place} works: a cable with all feeders was cut"
            else:
                why = f"{cause.place} has not been reported itself: a cable with all feeders was cut"
            withdraw(draft, memory, alarm_id, why)
            del causes[alarm_id]


def _together(
    draft: Draft, memory: PonMemory, port: str, ports: list[str], burst: set[str], evidence_here: list[Evidence]
) -> tuple[list[Evidence], list[str]] | None:
    """The evidence about the ONTs of all these ports, and the conclusions about them; None when not all went dark in one
    ``burst`` with ``port``, or with a card that has failed just now."""
    found = {each.ont: each for each in evidence_here}
    replaced: dict[str, None] = {}
    for each in ports:
        cause_id = _whole(memory, each)
        if cause_id is None and each != port:
            return None
        if cause_id is not None and cause_id not in replaced:
            cause = memory.causes[cause_id]
            if draft.at - cause.since > TOGETHER and (cause.kind != "cut" or each not in burst):
                return None
            replaced[cause_id] = None
            found.update((ont, one) for ont in cause.members if (one := evidence(draft, ont, memory)) is not None)
    return list(found.values()), list(replaced)


def join_larger(draft: Draft, memory: PonMemory, causes: Mapping[str, Concluded], out: Mapping[str, Evidence]) -> None:
    """ONTs that went dark together with something larger than their port, and were reported too late to be counted with it."""
    for alarm_id, cause in causes.items():
        alarm = draft.get(alarm_id)
        if cause.kind not in ("card", "olt") or alarm is None or alarm.cleared_at is not None:
            continue
        members = members_of(draft.state, alarm_id, cause)
        for found in [each for ont, each in out.items() if ont not in members]:
            if abs(found.onset - cause.since) > TOGETHER:
                continue
            for symptom in found.alarms:
                attach(
                    draft,
                    draft.alarm(symptom),
                    alarm,
                    NAME,
                    f"dark together with {len(cause.members)} others of {cause.place}",
                    confidence=0.9,
                )
            draft.on_commit(cause.members.append, found.ont)


def gather_power(
    draft: Draft, memory: PonMemory, port: str, wanted: dict[tuple[str, str], Cause], causes: Mapping[str, Concluded]
) -> None:
    """Where the topology has no areas: simultaneous losses of power around several places of one device become one, around the
    nearest node above them all. Changes ``wanted``."""
    mine = [each for (kind, _), each in wanted.items() if kind == "power"]
    if not mine:
        return
    plant = draft.state.plant
    device = plant.device_of(port)
    others = {
        alarm_id: cause
        for each in (ports_below(draft, device) if device is not None else ())
        for alarm_id in memory.at_port.get(each, ())
        if (cause := memory.causes[alarm_id]).kind == "power" and not cause.place.startswith(AREA)
        if alarm_id not in causes and draft.at - cause.since <= TOGETHER
    }
    places = dict.fromkeys([*(each.place for each in mine), *(cause.place for cause in others.values())])
    if len(places) < 2:
        return
    above = common_node(draft, list(places))
    if above is None:
        return
    for each in mine:
        del wanted["power", each.place]
    found = {one.ont: one for each in mine for one in each.evidence}
    if len(others) == 1:
        ((standing, known),) = others.items()
        alarm = draft.get(standing)
        if known.place == above and alarm is not None and alarm.cleared_at is None:
            # The usual course of an outage: port after port joins the existing conclusion, which is not examined again.
            gasped = int(alarm.metadata.get("gasped", 0)) + sum(one.gasped for one in found.values())
            grow(draft, memory, standing, around(draft, above, [*known.ports, port], list(found.values()), gasped, len(places)))
            return
    for cause in others.values():
        found.update({ont: one for ont in cause.members if (one := evidence(draft, ont, memory)) is not None})
    ports = list(dict.fromkeys([port, *(each for cause in others.values() for each in cause.ports)]))
    merged = around(draft, above, ports, list(found.values()), sum(one.gasped for one in found.values()), len(places))
    concluded = conclude(draft, memory, merged)
    for alarm_id, cause in others.items():
        if cause.place != above:
            withdraw(draft, memory, alarm_id, merged.why, concluded)


def around(draft: Draft, above: str, ports: list[str], found: list[Evidence], gasped: int, places: int) -> Cause:
    """Failed mains around ``above``: ``gasped`` ONTs in all, of which ``found`` are new."""
    name = draft.state.plant.nodes[above].name or above
    where = f"on {len(ports)} PON ports" if len(ports) > 1 else f"around {places} places"
    mine = sum(one.gasped for one in found)
    return Cause(
        kind="power",
        place=above,
        ports=ports,
        evidence=found,
        dark=len(found) - mine,
        gasped=mine,
        alive=0,
        unknown=0,
        confidence=0.9,
        why=f"{gasped} ONTs {where} below {name} gasped at about the same time: mains, not fibre",
    )


def _whole(memory: PonMemory, port: str) -> str | None:
    """The conclusion that the whole port is dark."""
    for alarm_id in memory.at_port.get(port, ()):
        cause = memory.causes[alarm_id]
        if (cause.kind == "cut" and cause.place == port) or cause.kind in ("card", "olt"):
            return alarm_id
    return None
