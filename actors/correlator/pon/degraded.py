"""Siblings that keep their service and lose light together: a bend or a connector above them."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from actors.correlator.draft import Draft
from actors.correlator.pon.conclude import Cause
from actors.correlator.pon.gather import Evidence, dim_of, leaves, tree_of
from actors.correlator.pon.likelihood import Seen, explain
from actors.correlator.pon.memory import PonMemory, fading
from protocols.alarm import Alarm

FADES = timedelta(minutes=10)
"""What begins further apart did not begin together: an OLT measures its ONTs' light every few minutes."""


def degraded(
    draft: Draft,
    memory: PonMemory,
    port: str,
    onts: list[str],
    out: Mapping[str, Evidence],
    said: Mapping[str, list[Alarm]],
) -> dict[tuple[str, str], Cause]:
    """The places below which ONTs lost light at about the same time."""
    dim = {ont: found for ont, alarms in said.items() if ont not in out and (found := dim_of(alarms))}
    causes: dict[tuple[str, str], Cause] = {}
    for together in _episodes({ont: memory.onset.get(fading(ont), draft.at) for ont in dim}):
        if len(together) >= 2:
            causes |= _explain(draft, port, onts, out, {ont: dim[ont] for ont in together}, dim)
    return causes


def _explain(
    draft: Draft,
    port: str,
    onts: list[str],
    out: Mapping[str, Evidence],
    together: Mapping[str, list[Alarm]],
    dim: Mapping[str, list[Alarm]],
) -> dict[tuple[str, str], Cause]:
    seen: dict[str, Seen] = {
        ont: "dark" if ont in together else "out" if ont in out or ont in dim else "silent" for ont in onts
    }
    tree = tree_of(draft, port, seen)
    causes: dict[tuple[str, str], Cause] = {}
    for found in explain(tree):
        if found.own or found.cause != "cut":
            continue
        below = leaves(tree, found.place)
        members = [Evidence(ont, tuple(dim[ont]), False, dim[ont][0].last_occurrence) for ont in below if ont in together]
        name = getattr(draft.state.plant.nodes.get(found.place), "name", "") or found.place
        causes["degraded", found.place] = Cause(
            kind="degraded",
            place=found.place,
            ports=[port],
            evidence=members,
            dark=0,
            gasped=0,
            alive=len(members),
            unknown=len(below) - len(members),
            confidence=found.confidence,
            why=f"{len(members)} of {len(below)} ONTs below {name} lost light together and none went dark: a bend or connector",
        )
    return causes


def _episodes(onset: Mapping[str, datetime]) -> Iterable[list[str]]:
    grouped: list[list[str]] = []
    last: datetime | None = None
    for ont in sorted(onset, key=lambda each: (onset[each], each)):
        if last is None or onset[ont] - last > FADES:
            grouped.append([])
        grouped[-1].append(ont)
        last = onset[ont]
    return grouped
