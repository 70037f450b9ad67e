"""Sibling ONTs that keep their service and lose optical power together: a bend or a connector above them.

All ONTs behind one bend lose the same share of their optical power. ONTs that lost clearly different amounts have different
causes, however near they are to one another. How much an ONT lost is known where its power was measured before: see
:mod:`actors.correlator.resources.optical_power`. Elsewhere the devices' alarms of low power and errors are the only evidence.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import NamedTuple

from actors.correlator.draft import Draft
from actors.correlator.memories import OpticalPowerMemory
from actors.correlator.pon.calibration import calibrated
from actors.correlator.pon.cause import Cause, Evidence
from actors.correlator.pon.explanation import explain
from actors.correlator.pon.gather import dim_of, leaves, tree_of
from actors.correlator.pon.likelihood import MEASURED_ALIKE, ODDS, Seen
from actors.correlator.pon.memory import PonMemory, fading
from actors.correlator.resources.optical_power import fall, fell_since, latest
from protocols.alarm import Alarm

FADES = timedelta(minutes=10)
"""Losses that begin further apart did not begin together: an OLT measures its ONTs' optical power every few minutes."""
ALIKE = 1.5
"""dB within which losses count as equal. A loss is the difference of two readings, each right to some tenths of a dB, and
perhaps taken at different hours of the day."""
APART = 2 * ALIKE
"""dB by which the loss of an ONT must differ from the others below a bend to be a fault of its own."""
STEADY = 1.0
"""Loss in dB below which an ONT counts as having its optical power, whatever else it reports."""
ALARMS_ALONE = 0.7
"""Confidence of a conclusion from alarms alone, as a share of one from measured losses: two bends look like one."""
FALLS_SHOWN = 64
"""The timeline lists the losses of so many ONTs at most."""

Lonely = tuple[Evidence, str, float]
"""An ONT with a fault of its own, the reason in words, and the confidence."""


Span = tuple[datetime, datetime]
"""Readings that are compared with each other: the first and the last."""


class Fading(NamedTuple):
    """An ONT with service and too little light. ``fell``: its loss in dB, None when that is not known."""

    evidence: Evidence
    fell: float | None


def degraded(
    draft: Draft,
    memory: PonMemory,
    port: str,
    onts: Sequence[str],
    out: Mapping[str, Evidence],
    said: Mapping[str, list[Alarm]],
) -> tuple[dict[tuple[str, str], Cause], list[Lonely]]:
    """The places below which ONTs lost light at about the same time; and the ONTs that were measured to have lost theirs
    alone."""
    fades, lit = _fading(draft, memory, onts, out, said)
    causes: dict[tuple[str, str], Cause] = {}
    lonely: list[Lonely] = []
    for together in _episodes(fades):
        for alike in _by_fall(draft, port, together, fades):
            mine = {ont: fades[ont] for ont in alike}
            found, alone = _explain(draft, port, onts, out, mine, fades, lit)
            for key, cause in found.items():
                # Two different losses at one place: keep the one that more ONTs have.
                if key not in causes or len(cause.evidence) > len(causes[key].evidence):
                    causes[key] = cause
            lonely += alone
    members = {each.ont for cause in causes.values() for each in cause.evidence}
    return causes, [each for each in lonely if each[0].ont not in members]


def _fading(
    draft: Draft, memory: PonMemory, onts: Iterable[str], out: Mapping[str, Evidence], said: Mapping[str, list[Alarm]]
) -> tuple[dict[str, Fading], dict[str, Span]]:
    """The ONTs that are short of light; and for each ONT that was measured to have its light, the span of its readings."""
    lights = draft.state.memory(OpticalPowerMemory)
    found: dict[str, Fading] = {}
    lit: dict[str, Span] = {}
    for ont in onts if lights.lights else said:
        if ont in out:
            continue
        alarms = dim_of(draft.state.symptoms, said.get(ont, ()))
        fell = fell_since(lights, ont) if lights.lights else None
        if not alarms:
            if fell is not None:
                found[ont] = Fading(Evidence(ont, (), False, fell), fall(lights, ont, fell))
            elif lights.lights and (span := _lit(lights, ont)) is not None:
                lit[ont] = span
            continue
        onset = memory.onset.get(fading(ont), draft.at)
        onset = min(onset, fell) if fell is not None else onset
        loss = fall(lights, ont, onset) if lights.lights else None
        if loss is not None and loss < STEADY:
            lit[ont] = (onset - FADES, draft.at)  # bit errors, and no loss of light
        else:
            found[ont] = Fading(Evidence(ont, tuple(each.id for each in alarms), False, onset), loss)
    return found, lit


def _lit(lights: OpticalPowerMemory, ont: str) -> Span | None:
    light = latest(lights, ont)
    return (light.known, light.at) if light is not None and light.known is not None else None


def _episodes(fades: Mapping[str, Fading]) -> Iterable[list[str]]:
    grouped: list[list[str]] = []
    last: datetime | None = None
    for ont in sorted(fades, key=lambda each: (fades[each].evidence.onset, each)):
        onset = fades[ont].evidence.onset
        if last is None or onset - last > FADES:
            grouped.append([])
        grouped[-1].append(ont)
        last = onset
    return grouped


def _by_fall(draft: Draft, port: str, together: Sequence[str], fades: Mapping[str, Fading]) -> list[list[str]]:
    """The ONTs with the same loss, the largest group first. An ONT without a measured loss joins the measured ones that are
    nearest to it in the plant; where none is measured all are one group."""
    measured = sorted((fell, ont) for ont in together if (fell := fades[ont].fell) is not None)
    groups = [[ont for _, ont in group] for group in _cut(measured)]
    if len(groups) < 2:
        return [list(together)]
    number = {ont: place for place, group in enumerate(groups) for ont in group}
    parent = draft.state.plant.ancestors
    near: dict[str, Counter[int]] = {}
    for ont in number:
        for above in parent(ont):
            near.setdefault(above, Counter())[number[ont]] += 1
    for ont in together:
        if ont not in number:
            above = next((each for each in parent(ont) if each in near), port)
            place, _ = max(near.get(above, Counter({0: 1})).items(), key=lambda each: (each[1], -each[0]))
            groups[place].append(ont)
    return sorted(groups, key=lambda group: (-len(group), group[0]))


def _cut(measured: list[tuple[float, str]]) -> list[list[tuple[float, str]]]:
    """Split at the widest gap until each group lies within ``ALIKE``."""
    done: list[list[tuple[float, str]]] = []
    waiting = [measured] if measured else []
    while waiting:
        group = waiting.pop()
        if group[-1][0] - group[0][0] <= ALIKE:
            done.append(group)
            continue
        _, at = max((group[at][0] - group[at - 1][0], at) for at in range(1, len(group)))
        waiting += [group[:at], group[at:]]
    return done


def _explain(
    draft: Draft,
    port: str,
    onts: Sequence[str],
    out: Mapping[str, Evidence],
    mine: Mapping[str, Fading],
    fades: Mapping[str, Fading],
    lit: Mapping[str, Span],
) -> tuple[dict[tuple[str, str], Cause], list[Lonely]]:
    begun = min(each.evidence.onset for each in mine.values())
    falls = sorted(each.fell for each in mine.values() if each.fell is not None)
    if len(mine) < 2 and not falls:
        return {}, []
    seen: dict[str, Seen] = {
        ont: "dark"
        if ont in mine
        else "out"
        if ont in out or ont in fades
        else "alive"
        if (span := lit.get(ont)) is not None and span[0] < begun <= span[1]
        else "silent"
        for ont in onts
    }
    odds = ODDS._replace(drop=ODDS.drop + MEASURED_ALIKE) if len(falls) > 1 else ODDS
    tree = tree_of(draft, port, seen)
    causes: dict[tuple[str, str], Cause] = {}
    lonely: list[Lonely] = []
    for found in explain(tree, odds=odds):
        if found.cause != "cut":
            continue
        if found.own:
            fell = mine[found.place].fell
            if fell is not None and mine[found.place].evidence.alarms:
                why = f"fell by {fell:.1f} dB, and no sibling by as much at that time: its own drop fibre or connector"
                lonely.append((mine[found.place].evidence, why, found.confidence))
            continue
        below = leaves(tree, found.place)
        causes["degraded", found.place] = _cause(
            draft, port, found.place, below, _members(below, mine, fades), found.confidence
        )
    return causes, lonely


def _members(below: Iterable[str], mine: Mapping[str, Fading], fades: Mapping[str, Fading]) -> dict[str, Fading]:
    """The ONTs of a bend: those with equal losses, and the others below it whose loss is not clearly different."""
    below = list(below)
    falls = [each.fell for ont in below if (each := mine.get(ont)) is not None and each.fell is not None]
    middle = median(falls) if falls else None
    found = {}
    for ont in below:
        each = fades.get(ont)
        if each is None:
            continue
        if ont in mine or (middle is not None and each.fell is not None and abs(each.fell - middle) < APART):
            found[ont] = each
    return found


def _cause(
    draft: Draft, port: str, place: str, below: Sequence[str], members: Mapping[str, Fading], confidence: float
) -> Cause:
    name = getattr(draft.state.plant.nodes.get(place), "name", "") or place
    falls = {ont: round(each.fell, 1) for ont, each in members.items() if each.fell is not None}
    why = f"{len(members)} of {len(below)} ONTs below {name} lost light together and none went dark: a bend or connector"
    detail: dict[str, object] = {"measured": len(falls), "median_db": None, "spread_db": None}
    if len(falls) > 1:
        middle, spread = round(median(falls.values()), 1), round(max(falls.values()) - min(falls.values()), 1)
        why += f"; {len(falls)} of them measured, by {middle:g} dB to within {spread:g}"
        detail |= {"median_db": middle, "spread_db": spread}
        confidence *= ALARMS_ALONE + (1.0 - ALARMS_ALONE) * len(falls) / len(members)
    else:
        why += "; by their alarms alone: no light was measured before it, so by how much each fell is not known"
        confidence *= ALARMS_ALONE
    shown = dict(sorted(falls.items())[:FALLS_SHOWN])
    return Cause(
        kind="degraded",
        place=place,
        ports=[port],
        evidence=[each.evidence for each in members.values()],
        dark=0,
        gasped=0,
        alive=len(members),
        unknown=len(below) - len(members),
        confidence=calibrated("degraded", confidence),
        why=why,
        summary=detail,
        detail={"fell_db": shown} if shown else {},
    )
