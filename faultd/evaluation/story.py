"""One case as a story: the faults, faultd's conclusions with their reasons, and the score."""

from collections import Counter
from collections.abc import Iterator

from msgspec import structs

from faultd.evaluation.cases import Case
from faultd.evaluation.play import Played
from faultd.evaluation.score import score
from faultd.evaluation.totals import failed
from faultd.simulator.habits import OltHabits
from faultd.simulator.mess import habits_of
from faultd.simulator.narration import narrate
from protocols.alarm import Alarm
from protocols.change import AlarmChanged, NotificationRequested

_QUIET = frozenset({"raised", "cleared", "severity_changed", "reopened", "cleared_before_raise", "clear_ignored"})
"""Traps of the devices. Only their number is printed, unless the user wants all."""


def tell(case: Case, *, everything: bool = False) -> Iterator[str]:
    """The lines of the story. With ``everything`` each line of every alarm's timeline, devices' own included."""
    spec = case.plant.spec
    yield f"case {case.id}"
    if case.dimensions:
        yield f"messy: {', '.join(case.dimensions)}"
    yield (
        f"plant: {spec.olts} OLTs ({', '.join(spec.vendors)}), {spec.cards_per_olt} cards, {spec.pons_per_card} ports, "
        f"{spec.onts_per_pon} ONTs on 1:{spec.first_split} x 1:{spec.second_split}, {len(case.plant.areas)} power areas"
    )
    for fault in (*case.faults, *case.background):
        yield f"truth: {fault.id} {fault.kind} at {fault.target}, {fault.start:.1f} s to {fault.end or 0:.1f} s"
    played = Played(case)
    yield from _mess(case, played)
    news = list(narrate(played.plan))
    told: Counter[str] = Counter()
    for at, event, datagram in played.events():
        while news and news[0].at <= at:
            yield from _counted(told)
            yield f"{news[0].at:8.2f}  PLANT    {news[0].text}"
            news.pop(0)
        changes = played.step(at, event, datagram)
        if at < 0.0 and not everything:
            continue
        for change in changes:
            if isinstance(change, AlarmChanged) and change.alarm.source != "system":
                lines, quiet = _lines(at, change, everything)
                told.update(quiet)
                if lines:
                    yield from _counted(told)
                    yield from lines
            elif isinstance(change, NotificationRequested):
                yield from _counted(told)
                yield f"{at:8.2f}  NOTICE   {change.kind}: {_name(played.alarm(change.alarm_id))} ({change.reason})"
    yield from _counted(told)
    finished = played.finish()
    scored = score(finished)
    yield ""
    yield f"verdict at {finished.verdict:.1f} s"
    for each in finished.standing:
        if not each.parent and (each.faults or each.inferred or not case.dimensions):
            mark = "root" if each.root else "alone"
            yield f"  {mark:<5} {each.alarm_type} at {each.place}" + (
                f" <- {', '.join(sorted(each.faults))}" if each.faults else ""
            )
    for one in scored.faults:
        what = "found" if one.found else f"not knowable: {one.unheard}" if one.unheard else "NOT FOUND"
        yield f"  {one.id} {one.kind}: {what}, {one.seconds:.2f} s after its last trap, {one.pages} pages, {one.shown} shown"
    for wrong in scored.wrong:
        yield f"  WRONG {wrong.alarm_type} at {wrong.place}, about {wrong.about or 'nothing'}"
    yield f"  {failed(scored) or 'nothing is wrong'}"


def _mess(case: Case, played: Played) -> Iterator[str]:
    """The mess of the case: ONTs that were dark before, errors of the records, and the habits of each OLT with a fault."""
    if not case.dimensions:
        return
    dark = played.plan.dark
    yield f"dark since long: {len(dark)} ONTs, of {sum(dark.values())} with the alarms of that time"
    moved = ", ".join(f"{ont} at {place}" for ont, place in sorted(case.errors.wrong.items()))
    yield f"records: {len(case.errors.missing)} ONTs are missing; recorded elsewhere: {moved or 'none'}"
    tidy = structs.asdict(OltHabits())
    hit = {olt for each in played.plan.faults for olt in each.olts}
    for olt, habits in habits_of(case.plant, case.options.mess, case.options.seed).items():
        changed = {name: value for name, value in structs.asdict(habits).items() if value != tidy[name]}
        if olt in hit:
            yield f"habits of {olt} ({case.plant.olts[olt].vendor}): {changed or 'tidy'}"


def _lines(at: float, change: AlarmChanged, everything: bool) -> tuple[list[str], list[str]]:
    lines: list[str] = []
    quiet: list[str] = []
    for entry in change.entries:
        if not everything and not entry.actor.startswith("faultd:") and entry.action in _QUIET:
            quiet.append(f"{change.alarm.alarm_type} {entry.action}")
            continue
        if not everything and entry.action == "correlated":
            quiet.append(f"{change.alarm.alarm_type} attached ({entry.text})")
            continue
        detail = f" {entry.detail}" if entry.detail else ""
        lines.append(f"{at:8.2f}  {entry.action:<8} {_name(change.alarm)}: {entry.text} [{entry.actor}]{detail}")
    return lines, quiet


def _counted(told: Counter[str]) -> Iterator[str]:
    """The traps since the last line, by kind."""
    for words, count in told.items():
        yield f"{'':8}  {count:>7}x {words}"
    told.clear()


def _name(alarm: Alarm | None) -> str:
    return f"{alarm.alarm_type} at {alarm.resource_id}" if alarm is not None else "an alarm"
