"""Pauses of the clocks of an alarm, as operators state them: now, in the future, or afterwards for a time in the past."""

from msgspec.structs import replace

from actors.command_refused import CommandRefused
from actors.sla_clock.limits.clock_facts import put_facts, walk
from actors.sla_clock.run import FoldRun
from actors.sla_clock.time_limit import set_pause
from protocols.change import Refusal
from protocols.principal import Principal
from protocols.sla.actions import PauseClock
from protocols.sla.clock_facts import ClockPause

MOST_PAUSES = 200
"""Pauses of one alarm."""


def pause_clock(run: FoldRun, by: Principal, action: PauseClock) -> None:
    """Set a pause of an alarm. The clocks of every instance below the alarm are read anew, also those of a closed period."""
    facts = run.state.clocks.get(action.alarm_id)
    if facts is None or not by.sees(facts.tenant_id):
        raise CommandRefused(Refusal(action.alarm_id, "unknown_alarm", f"no SLA clock of an alarm {action.alarm_id!r}"))
    known = next((pause for pause in facts.times.pauses if pause.id == action.pause_id), None)
    if action.pause_id and known is None:
        raise CommandRefused(Refusal("", "invalid", f"pause_id: the alarm has no pause {action.pause_id!r}"))
    start = action.start if action.start is not None else known.start if known is not None else run.now
    if action.end is not None and action.end <= start and known is None:
        raise CommandRefused(Refusal("", "invalid", "end_time: must be after start_time"))
    if known is None and len(facts.times.pauses) >= MOST_PAUSES:
        raise CommandRefused(Refusal("", "limit", f"the alarm has {MOST_PAUSES} pauses; change one of them"))
    pause = ClockPause(
        known.id if known is not None else run.new_id("CP"), action.reason, start, action.end, by=by.name, note=action.note
    )
    if pause != known:
        why = f"{by.name} paused the clocks of {facts.name}: {action.reason}"
        put_facts(run, action.alarm_id, replace(facts, times=set_pause(facts.times, pause)), why)
        since = start if known is None else min(start, known.start)
        walk(run, run.state.clocks.family(action.alarm_id), why, since)
    run.answer(pause.id, duplicate=pause == known)
