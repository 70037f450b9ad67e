"""A rogue ONT: a transmitter that sends out of turn hides its siblings from the port, which then look cut off.

Some OLTs name it. Where none does, faultd suspects one from signs that a break does not give: siblings go dark and come back in
turns, the OLT receives upstream that it cannot decode (LOFi, DOWi), one ONT does not obey when ordered to be silent (DFi), or
is received while all others are dark, and the port has light all the time. All but one being dark is no sign by itself: a
feeder cut with a lost trap looks the same.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from actors.correlator.alarms.attachment import attach, reported_at
from actors.correlator.alarms.lifecycle import moved
from actors.correlator.draft import Draft
from actors.correlator.pon.alarm_types import SUSPECTED
from actors.correlator.pon.bounce import under_repair
from actors.correlator.pon.cause import Cause, Evidence
from actors.correlator.pon.conclude import NAME, RULE, conclude, over, withdraw
from actors.correlator.pon.gather import dim_of, heard_of, tree_of
from actors.correlator.pon.likelihood import Seen, Signs, poisson_tail
from actors.correlator.pon.likelihood import rogue as likelihood_of
from actors.correlator.pon.memory import SIGN_LASTS, Concluded, PonMemory, Sign, SignKind
from actors.correlator.strategies.symptoms import Symptoms
from protocols.alarm import Alarm

BEFORE = timedelta(seconds=120)
"""Alarms so long before the OLT's report belong to the rogue ONT too: an OLT needs time to find it."""
STEADY = timedelta(seconds=3)
"""An ONT that goes dark sooner after its return was never back: the network reordered its traps."""
IN_TURNS = timedelta(seconds=60)
"""An ONT that goes dark later after its return had recovered in between."""
AT_ONCE = timedelta(seconds=3)
"""ONTs that go dark within this time of one another have one reason: a bad connector above them, the mains of a street."""
QUIET = timedelta(seconds=60)
"""After this long without a sign, and with most ONTs back, it is over."""
FEWEST = 3
"""ONTs that must come and go to count as turns."""
_RECHECK = timedelta(seconds=6)
"""A suspicion is weighed again after this time."""
SURE = 0.7
"""Confidence from which a suspicion is raised; a raised one ends below half of it."""
_MOMENT = 0.5
"""Seconds in which an OLT reports ONTs that it lost at the same time, at least."""
_BY_CHANCE = 0.01
"""Probability below which ONTs that go dark at about the same time did not do so by chance."""
AT_MOST = 0.95
"""The highest confidence without a report of the OLT."""


def came_and_went(draft: Draft, memory: PonMemory, ont: str) -> None:
    """Note that an ONT went dark again soon after its return."""
    if STEADY <= draft.at - memory.back[ont] <= IN_TURNS:
        sign(draft, memory, ont, "turn")


def sign(draft: Draft, memory: PonMemory, ont: str, kind: SignKind) -> None:
    """Note a sign of a rogue on the ONT's port."""
    port = draft.state.plant.pon_of(ont)
    if port is not None and port != ont:
        draft.on_commit(memory.sign, port, Sign(kind, ont, draft.at))


def joins(draft: Draft, memory: PonMemory, port: str, alarm: Alarm) -> None:
    """A loss that begins on a port with a suspected rogue is attached to it at once: it is one more turn."""
    for alarm_id in memory.at_port.get(port, ()):
        cause = draft.get(alarm_id) if memory.causes[alarm_id].kind == "rogue" else None
        if cause is not None and cause.cleared_at is None and draft.latest(alarm).parent_alarm_id is None:
            attach(
                draft,
                alarm,
                cause,
                NAME,
                f"disturbed by a rogue ONT: {_said(cause)}",
                confidence=cause.metadata.get("confidence"),
            )


def suspected(alarm: Alarm) -> bool:
    """True when faultd suspects this rogue, rather than the OLT naming it."""
    return alarm.qualifier == SUSPECTED


def rogue_of(draft: Draft, port: str, said: Mapping[str, list[Alarm]]) -> Alarm | None:
    """The OLT's own report of a rogue ONT on this port. A report that names the ONT goes before one of the port."""
    symptoms = draft.state.symptoms
    return next((each for alarms in (*said.values(), heard_of(draft, port)) for each in alarms if _named(symptoms, each)), None)


def _named(symptoms: Symptoms, alarm: Alarm) -> bool:
    """True when the OLT itself names a rogue by this alarm."""
    traits = symptoms.get(alarm.alarm_type)
    return traits is not None and traits.rogue and not suspected(alarm)


def blame(
    draft: Draft,
    memory: PonMemory,
    causes: Mapping[str, Concluded],
    rogue: Alarm,
    out: Mapping[str, Evidence],
    said: Mapping[str, list[Alarm]],
) -> None:
    """Attach the alarms of the siblings to the rogue ONT, and withdraw earlier conclusions from them."""
    why = f"{rogue.resource_name or rogue.resource_id} sends out of turn and blinds its port to the others"
    begun = reported_at(draft, rogue) - BEFORE
    for alarm_id, cause in causes.items():
        if cause.kind == "rogue":
            withdraw(draft, memory, alarm_id, f"the OLT says so itself: {why}")
    suffering = [
        draft.alarm(alarm_id) for each in out.values() if not each.gasped and each.onset >= begun for alarm_id in each.alarms
    ]
    symptoms = draft.state.symptoms
    for alarms in said.values():
        suffering += [each for each in _disturbed(symptoms, alarms) if reported_at(draft, each) >= begun]
    port = draft.state.plant.pon_of(rogue.resource_id)
    if port is not None and port != rogue.resource_id:
        suffering += [alarm for alarm in heard_of(draft, port) if _named(symptoms, alarm)]
    if not suffering:
        return
    for alarm_id, cause in causes.items():
        if cause.kind in ("cut", "degraded") and cause.since >= begun:
            withdraw(draft, memory, alarm_id, why)
    for alarm in suffering:
        if alarm.resource_id != rogue.resource_id:
            attach(draft, alarm, rogue, NAME, why, confidence=0.9)
    rogue = draft.latest(rogue)
    if not rogue.is_root_cause and rogue.parent_alarm_id is None:
        draft.put(moved(rogue, is_root_cause=True, correlation_id=rogue.id), "root_cause", RULE, why)


def suspect(
    draft: Draft,
    memory: PonMemory,
    port: str,
    onts: Sequence[str],
    causes: dict[str, Concluded],
    out: Mapping[str, Evidence],
    by_cause: Mapping[str, Collection[str]],
    port_alarms: list[Alarm],
) -> tuple[set[str], datetime | None]:
    """Raise, revise, withdraw or end the suspicion of a rogue ONT on this port. Returns the ONTs that it explains, and when to
    inspect the port again. Removes the conclusions that it replaces from ``causes``."""
    signs = [each for each in memory.signs.get(port, ()) if draft.at - each.at <= SIGN_LASTS]
    standing = next((alarm_id for alarm_id, cause in causes.items() if cause.kind == "rogue"), None)
    if not signs and standing is None:
        return set(), None
    begun = min((each.at for each in signs), default=draft.at) - BEFORE
    if standing is not None:
        begun = min(begun, causes[standing].since - BEFORE)
    explained = {ont for cause_id, onts_of in by_cause.items() if not _over(draft, cause_id) for ont in onts_of}
    dark = {ont: each for ont, each in out.items() if ont not in explained and each.onset >= begun}
    quiet = not signs or draft.at - signs[-1].at >= QUIET
    if standing is not None and quiet and 2 * len(dark) <= len(causes[standing].members):
        over(draft, memory, standing, f"nothing of it for {QUIET.total_seconds():g} s")
        draft.drop(memory.signs, port)  # signs of this one are no signs of a new one
        del causes[standing]
        return set(), None
    if standing is None and not dark and quiet:
        return set(), None
    if _is_dark(draft, memory, port, port_alarms):
        if standing is not None:
            withdraw(draft, memory, standing, "the port receives no light: whatever is the matter, no ONT of it sends")
            del causes[standing]
        return set(), None
    found = _weighed(draft, memory, port, onts, signs, dark, out, explained)
    if standing is not None:
        found = _still(draft, causes, standing, found)
    if found is None:
        return set(), None
    place, confidence, why, hurt = found
    for alarm_id, cause in list(causes.items()):
        young = cause.kind in ("cut", "degraded") and cause.since >= begun and not cause.beyond_port
        if young or (cause.kind == "rogue" and cause.place != place):
            withdraw(draft, memory, alarm_id, why)
            del causes[alarm_id]
    known = dict.fromkeys([*(causes[standing].members if standing in causes else ()), *hurt, *dark])
    known.pop(place, None)  # the rogue ONT itself is a member of its conclusion, and not dark
    conclude(
        draft,
        memory,
        Cause(
            kind="rogue",
            place=place,
            ports=[port],
            evidence=[_evidence(draft, ont, begun) for ont in onts if ont in known or ont == place],
            dark=len(known),
            gasped=0,
            alive=int(place != port),
            unknown=len(onts) - len(known) - int(place != port),
            confidence=confidence,
            why=why,
        ),
    )
    return set(dark), max(signs[-1].at + QUIET, draft.at + _RECHECK) if signs else draft.at + QUIET


def _over(draft: Draft, cause_id: str) -> bool:
    alarm = draft.get(cause_id)
    return alarm is None or alarm.cleared_at is not None


Found = tuple[str, float, str, list[str]]
"""The place of the rogue, the confidence, the reasons, and the ONTs that it disturbed."""


def _weighed(
    draft: Draft,
    memory: PonMemory,
    port: str,
    onts: Sequence[str],
    signs: list[Sign],
    dark: Mapping[str, Evidence],
    out: Mapping[str, Evidence],
    explained: Collection[str],
) -> Found | None:
    """The suspicion by the evidence of the last two minutes; None when that is not enough."""
    turned, together = _in_turns(signs, draft.at)
    garbled = list(dict.fromkeys(each.ont for each in signs if each.kind == "garbled"))
    stuck = list(dict.fromkeys(each.ont for each in signs if each.kind == "stuck"))
    last = max((each.onset for each in dark.values()), default=None)
    lives = {each.ont for each in signs if each.kind != "turn" and last is not None and each.at > last + AT_ONCE}
    silent = [ont for ont in onts if ont not in out and ont not in explained and ont not in turned]
    alone = silent[0] if len(silent) == 1 and silent[0] in lives and len(dark) >= FEWEST else None
    if not (turned or stuck or alone):
        return None
    seen: dict[str, Seen] = {}
    for ont in onts:
        if ont in turned or ont in explained or (ont in out and ont not in dark):
            seen[ont] = "out"
        elif ont in dark:
            seen[ont] = "gasp" if dark[ont].gasped else "dark"
        else:
            seen[ont] = "alive" if ont in lives else "silent"
    culprit = stuck[0] if len(stuck) == 1 else alone
    unsteady = len(under_repair(draft, memory, port).union(together))
    of = Signs(len(onts), len(turned), len(garbled), bool(stuck), unsteady)
    confidence = min(AT_MOST, likelihood_of(tree_of(draft, port, seen), of, culprit=culprit))
    if confidence < SURE:
        return None
    hurt = list(dict.fromkeys([*turned, *garbled, *(ont for ont, each in dark.items() if not each.gasped)]))
    if culprit is None and turned and len(hurt) == len(onts) - 1:
        # All ONTs but one were affected, so that one is the rogue ONT.
        (culprit,) = (ont for ont in onts if ont not in hurt)
        confidence *= 0.9
    hurt = [ont for ont in hurt if ont != culprit]
    return culprit or port, confidence, _why(draft, port, culprit, turned, garbled, stuck, dark), hurt


def _is_dark(draft: Draft, memory: PonMemory, port: str, port_alarms: list[Alarm]) -> bool:
    """True when the port reports that it receives nothing: no ONT of it transmits, in turn or out of it."""
    since = memory.onset.get(port)
    return bool(port_alarms) and since is not None and draft.at - since <= SIGN_LASTS


def _still(draft: Draft, causes: Mapping[str, Concluded], standing: str, found: Found | None) -> Found:
    """A suspicion stays, and keeps its place, until evidence contradicts it: signs get old, the rogue ONT does not."""
    cause, alarm = causes[standing], draft.state.alarms[standing]
    port = cause.ports[0]
    # The suspected ONT was affected itself, so it is another one.
    cleared = found is not None and found[0] == port and cause.place in found[3]
    if found is None or (found[0] == port and cause.place != port and not cleared):
        hurt = found[3] if found is not None else []
        return cause.place, float(alarm.metadata.get("confidence", SURE)), _said(alarm), hurt
    if found[0] == cause.place:
        return cause.place, max(found[1], float(alarm.metadata.get("confidence", SURE))), found[2], found[3]
    return found


def _said(alarm: Alarm) -> str:
    return alarm.description.partition(". ")[0]


def _in_turns(signs: list[Sign], now: datetime) -> tuple[list[str], list[str]]:
    """ONTs that went dark again one by one, and those that went dark again together.

    A rogue ONT disturbs its siblings one after the other, at random times. A splice that bounces takes all ONTs below it within
    the moment that the OLT needs to report them. So ONTs that go dark at about the same time were together when so many within
    that time would be a rare chance for the rate of all turns (Poisson), and none of them twice.
    """
    turns = [each for each in signs if each.kind == "turn"]
    if len({each.ont for each in turns}) < FEWEST:
        return [], []
    span = max((now - turns[0].at).total_seconds(), IN_TURNS.total_seconds())
    singly: dict[str, None] = {}
    together: dict[str, None] = {}
    for burst in _bursts(turns):
        mine = dict.fromkeys(each.ont for each in burst)
        expected = len(turns) / span * max((burst[-1].at - burst[0].at).total_seconds(), _MOMENT)
        alike = len(burst) >= FEWEST and len(mine) == len(burst) and poisson_tail(len(burst), expected) < _BY_CHANCE
        (together if alike else singly).update(mine)
    return (list(singly) if len(singly) >= FEWEST else []), list(together)


def _bursts(turns: Sequence[Sign]) -> list[list[Sign]]:
    """The turns by time: one that follows the last within ``AT_ONCE`` belongs to it."""
    found: list[list[Sign]] = []
    for each in turns:
        if found and each.at - found[-1][-1].at <= AT_ONCE:
            found[-1].append(each)
        else:
            found.append([each])
    return found


def _disturbed(symptoms: Symptoms, alarms: Collection[Alarm]) -> list[Alarm]:
    """The ONT's alarms that show that the OLT receives it badly: low power or errors first."""
    disturbs = [each for each in alarms if (traits := symptoms.get(each.alarm_type)) is not None and traits.disturbs]
    return [*dim_of(symptoms, alarms), *disturbs]


def _evidence(draft: Draft, ont: str, begun: datetime) -> Evidence:
    """The alarms of an ONT that the rogue causes; none while the ONT is received."""
    symptoms = draft.state.symptoms
    mine = [
        each
        for each in heard_of(draft, ont)
        if (traits := symptoms.get(each.alarm_type)) is not None and traits.suffers and each.received_at >= begun
    ]
    return Evidence(ont, tuple(each.id for each in mine), False, min((each.received_at for each in mine), default=draft.at))


def _why(
    draft: Draft,
    port: str,
    culprit: str | None,
    turned: list[str],
    garbled: list[str],
    stuck: list[str],
    dark: Mapping[str, Evidence],
) -> str:
    def name(node_id: str) -> str:
        return getattr(draft.state.plant.nodes.get(node_id), "name", "") or node_id

    reasons = []
    if turned:
        reasons.append(f"{len(turned)} ONTs of {name(port)} go dark and come back in turns")
    elif dark:
        reasons.append(f"{len(dark)} ONTs of {name(port)} are dark")
    if garbled:
        reasons.append(f"the OLT receives light of {len(garbled)} ONTs and cannot read it (LOFi, DOWi)")
    reasons.append("the port has light all the time")
    for ont in stuck:
        reasons.append(f"{name(ont)} does not obey the order to be silent (DFi)")
    if culprit is not None and culprit not in stuck:
        reasons.append(f"{name(culprit)} alone was received all the time")
    which = f"{name(culprit)} sends" if culprit is not None else "an ONT sends"
    return f"suspected, not reported by the OLT: {which} when it must not, since " + ", ".join(reasons)
