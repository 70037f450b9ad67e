"""What must be true, kept beside the daemon: every Event and batch on disk, an uninterrupted fold of those Events, and a plain
projection of its Changes. Whoever acts on something tells the oracle first, and it compares."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, field
from simulation import polled_plant
from simulation.agreements import sla_of
from simulation.gap_history import GapHistory
from simulation.polling import ContactHistory, Pollers, PollHistory
from simulation.postgres import UNSTORABLE, Tables, archive, expire
from simulation.sla_oracle import SlaHistory, judge_agreements, judge_outages
from vocabulary.counter import COUNTED, TenantCounter
from vocabulary.counter import NAME as COUNTER
from vocabulary.dispatch_oracle import DispatchHistory
from vocabulary.dispatch_outcomes import sent
from vocabulary.ledger import stamped_events
from vocabulary.notifications import unmatched_requests
from vocabulary.ticket_world import outcome_of

from actors.correlator.memories import TablesMemory
from actors.correlator.operator_tables import operator_data
from actors.correlator.saved import Saved
from actors.correlator.settings import MOST_REORDER_SECONDS
from actors.correlator.state import State
from actors.dispatcher.stage import Dispatcher
from actors.guarded_stage import GuardedStage
from actors.ledger.group import CommitGroup, Written
from actors.ledger.quarantine import stage_reports, touching_quarantine
from actors.ledger.read import read_changes
from actors.ledger.schema import connect_reader
from actors.sla_clock.stage import SlaClock
from actors.stage import Stage
from actors.store.change_rows import TABLES
from faultd.pipe import Stages
from protocols import rest_maintenance, rest_rules
from protocols.alarm import Alarm
from protocols.change import (
    AlarmChanged,
    AlarmForgotten,
    AlarmRepeated,
    Answer,
    ArchiveDue,
    Change,
    DeviceEvent,
    HistoryChanged,
    NodesChanged,
    Quarantined,
    Released,
    RuleChanged,
    UnknownTrap,
    WindowChanged,
)
from protocols.command import Clear, Command, Resolve
from protocols.event import ClockJumped, Event, NetworkEvent, SlaWork, Tick, Trap
from protocols.ledger import ChangeBatch, RecordedBatch
from protocols.maintenance import MaintenanceWindow, WindowView
from protocols.rule import RuleRecord
from protocols.sla.local_time import instant_at

Label = tuple[str, ...]
MOST_SLICES = 50_000
"""Events in which the work of the SLA clock is done at the end."""
OPERATOR_TABLES = ("rules", "maintenance_windows", "topology_nodes")
COMPARED = ("alarms", "archive", "timeline", "device_events", "unknown_traps", "unknown_counts", "quarantine", "records")
LINK_DOWN, LINK_UP = "1.3.6.1.6.3.1.1.5.3", "1.3.6.1.6.3.1.1.5.4"

_saved = msgspec.msgpack.Decoder(Saved)


def label(event: Event) -> Label | None:
    """The number that the sender gave an Event: no other Event of the simulation has it. None for faultd's own Events."""
    match event:
        case Trap():
            return "trap", event.source, str(event.notification.request_id)
        case NetworkEvent():
            return "network", event.reported_by
        case Command():
            return "command", event.by.name
        case _:
            return None


class Candidate(Struct, frozen=True):
    """A write whose outcome is open: it may be on disk, whole, or not at all."""

    first: int
    at: datetime
    events: Sequence[Event]
    batches: Sequence[Sequence[Change]]


class Backup(Struct, frozen=True):
    """The projection as of one commit of PostgreSQL."""

    projected: int = 0
    projection: Tables = field(default_factory=Tables)
    gapped: bool = False
    level_at: int = 0
    level_offset: int = 0


class Oracle:
    """``violate`` is told the first thing that is wrong."""

    def __init__(self, violate: Callable[[str], None]) -> None:
        self.violate = violate
        self.ledger_id = ""
        self.events: list[tuple[datetime, Event]] = []
        self.elapsed: list[datetime] = []
        self._leap = timedelta(0)
        self.batches: list[RecordedBatch] = []
        self.changes: dict[int, list[Change]] = {}
        """By the offset of their Event, as the uninterrupted fold has them."""
        self.stages: Stages | None = None
        self.agreements = SlaHistory(violate)
        self.contact, self.polls = ContactHistory(), PollHistory()
        self.pollers: Pollers
        self.dispatched = DispatchHistory(violate)
        self.gaps = GapHistory(violate)
        self.offsets: dict[Label, list[int]] = {}
        self.answered: dict[Label, str] = {}
        """What was acknowledged, and how."""
        self.refused: set[Label] = set()
        self.engine_id, self.boots = b"", 0
        """faultd's SNMP engine."""
        self.candidates: list[Candidate] = []
        self.starting = False
        """A process reads the ledger, and has not said yet what it found."""
        self.maybe: set[Label] = set()
        """Refused, and yet possibly on disk: the commit had been carried out when it failed, and the process died then."""
        self.received: Counter[Label] = Counter()
        """Datagrams read from the socket."""
        self.traps = 0
        """Trap Events that the running process has on disk."""
        self._projection = Tables()
        self.oldest_batch: Callable[[], int] = lambda: 0
        """The oldest batch on the ledger."""
        self._projected = 0
        self._gapped = False
        """Whether PostgreSQL lacks batches that the ledger no longer has."""
        self._level_at = 0
        """The batch at which PostgreSQL, after such a gap, has caught up with the alarms that it was given in one go."""
        self._level_offset = 0
        """The offset at which it has caught up with rules, windows and nodes: those are the fold's, which may be ahead of the
        recorded batches."""
        self._effects: dict[Label, tuple[datetime, int]] = {}
        self._given_up = 0
        """The offset of the snapshot that the last orderly end gave up."""
        self._shelved: dict[str, datetime] = {}
        """Until when in elapsed time, by alarm."""
        self._cleared: dict[str, datetime] = {}
        """Since when in elapsed time, by alarm."""

    @property
    def state(self) -> State:
        """The correlator's, of the uninterrupted fold."""
        assert self.stages is not None
        return self.stages.state

    @property
    def known_state(self) -> State | None:
        """The same; None before the first process has recovered its ledger."""
        return None if self.stages is None else self.stages.state

    # --- what the ledger wrote --------------------------------------------------------------------------------------

    def writing(self, first: int, at: datetime, group: CommitGroup) -> None:
        """A write begins."""
        if self.starting:
            return
        events = [event for append in group.appends for event in append] + stage_reports(touching_quarantine(group.folded))
        batches = [folded.changes for folded in group.folded if isinstance(folded, ChangeBatch) and folded.changes]
        self.candidates.append(Candidate(first, at, events, batches))

    def wrote(self, written: Written) -> None:
        """A write returned: from here on it must last."""
        if self.starting:
            return  # a snapshot, before anybody has looked at what the last process left
        self.candidates = []
        if written.batch is not None:
            if written.batch.first != len(self.events) + 1:
                self.violate(f"offset {written.batch.first} was given where {len(self.events) + 1} follows")
                return
            self._add(written.batch.at, written.batch.events)
        for batch in written.recorded:
            self._record(batch)

    def write_failed(self, *, survived: bool) -> None:
        """A write was refused; ``survived`` when it is on disk all the same until the ledger opens its file again."""
        if not survived and not self.starting:
            self.candidates.pop()

    def _add(self, at: datetime, events: Sequence[Event]) -> None:
        jumped = bool(events) and isinstance(events[0], ClockJumped)
        if self.events and at < self.events[-1][0] and not jumped:
            self.violate(f"the stamp ran backward at offset {len(self.events) + 1}: {at} after {self.events[-1][0]}")
        for event in events:
            self.events.append((at, event))
            self._jumped(at, event)
            self.traps += isinstance(event, Trap)
            name = label(event)
            if name is None:
                continue
            offsets = self.offsets.setdefault(name, [])
            offsets.append(len(self.events))
            if name in self.refused and name not in self.maybe:
                self.violate(f"{name} was refused, and is on the ledger at {offsets[-1]}")
            if name[0] == "trap":
                if len(offsets) > self.received[name]:
                    self.violate(f"{name} was received {self.received[name]} times and is on the ledger at {offsets}")
            elif len(offsets) > 1:
                self.violate(f"{name} was sent once and is on the ledger at {offsets}")

    def _jumped(self, at: datetime, event: Event) -> None:
        """``elapsed`` is the time of each Event as it would be had the clock never jumped."""
        if isinstance(event, ClockJumped):
            self._leap += event.after - event.before
            if at != event.after:
                self.violate(f"the jump to {event.after} is stamped {at}")
        self.elapsed.append(at - self._leap)

    def _record(self, batch: RecordedBatch) -> None:
        if batch.seq != len(self.batches) + 1:
            self.violate(f"batch {batch.seq} was recorded where {len(self.batches) + 1} follows")
            return
        folded = self._fold(batch.through)
        if list(batch.changes) != folded:
            self.violate(
                f"batch {batch.seq} through {batch.through} is not what its Events come to: {_diff(batch.changes, folded)}"
            )
        self.batches.append(batch)

    def _fold(self, through: int) -> list[Change]:
        """The uninterrupted fold, up to ``through``."""
        if self.stages is None:
            self.stages = Stages(self.ledger_id, [TenantCounter, SlaClock, Dispatcher])
        changes: list[Change] = []
        if through > len(self.events):
            self.violate(f"Changes through {through} are recorded, but only {len(self.events)} Events are")
            return changes
        for offset in range(self.stages.state.offset + 1, through + 1):
            at, event = self.events[offset - 1]
            found = self.stages.fold(offset, at, event)
            if found:
                if wrong := unmatched_requests(found):
                    self.violate(f"at offset {offset} {wrong}")
                self.changes[offset] = found
                changes += found
            self._count(self.elapsed[offset - 1], event, found)
            self._early(offset, event, found)
            if wrong := self.contact.follow(found, self.stages.state):
                self.violate(f"at offset {offset} {wrong}")
            if wrong := self.polls.follow(offset, event, found, self.pollers):
                self.violate(f"at offset {offset} {wrong}")
            sla = sla_of(self.stages)
            assert sla is not None
            self.agreements.follow((at, self.elapsed[offset - 1]), event, found, sla)
            self.dispatched.follow(found, herald=bool(self.stages.dispatch.policies))
            self.gaps.follow(event)
        return changes

    def _count(self, at: datetime, event: Event, changes: Sequence[Change]) -> None:
        """No retransmitted INFORM and no repeated idempotency key has an effect of its own."""
        if not any(map(_is_effect, changes)) or any(isinstance(change, Quarantined) for change in changes):
            return
        if isinstance(event, Trap) and event.notification.kind == "inform":
            key: Label = ("inform", event.source, str(event.notification.request_id))
            window = timedelta(seconds=self.state.settings.inform_window_seconds)
        elif isinstance(event, NetworkEvent) and event.key:
            key, window = ("key", event.tenant_id, event.key), timedelta(hours=self.state.settings.idempotency_hours)
        else:
            return
        known = self._effects.get(key)
        if known is not None and at - known[0] <= window:
            self.violate(f"{key} was counted at offset {known[1]} and again at {self.state.offset}")
        self._effects[key] = at, self.state.offset

    def _early(self, offset: int, event: Event, changes: Sequence[Change]) -> None:
        """No shelf ends, and no cleared alarm is forgotten, sooner than was asked for in elapsed time."""
        now = self.elapsed[offset - 1]
        slack = timedelta(seconds=1)
        for change in changes:
            if isinstance(change, AlarmChanged):
                alarm = change.alarm
                if alarm.cleared_at is None:
                    self._cleared.pop(alarm.id, None)
                else:
                    self._cleared.setdefault(alarm.id, now)
                for entry in change.entries:
                    if entry.action == "shelved" and isinstance(event, Command) and alarm.shelved_until is not None:
                        self._shelved[alarm.id] = now + (alarm.shelved_until - entry.at)
                    elif entry.actor == "faultd:clock" and entry.action == "unshelved":
                        until = self._shelved.pop(alarm.id, now)
                        if now < until - slack:
                            self.violate(f"the shelf of {alarm.id} ended early, at offset {offset}")
            elif isinstance(change, AlarmForgotten):
                kept = timedelta(hours=self.state.settings.keep_cleared_hours)
                if now - self._cleared.pop(change.id, now - kept) < kept - slack:
                    self.violate(f"{change.id} was forgotten early, at offset {offset}")

    def engine(self, engine_id: bytes, boots: int) -> None:
        """A process takes SNMPv3 messages as this engine: its id never changes, and no number of boots comes twice."""
        if self.engine_id not in (b"", engine_id):
            self.violate(f"faultd's SNMP engine was {self.engine_id.hex()} and is now {engine_id.hex()}")
        if boots <= self.boots:
            self.violate(f"faultd's SNMP engine has booted {boots} times, after {self.boots}")
        self.engine_id, self.boots = engine_id, boots

    # --- recovery ---------------------------------------------------------------------------------------------------

    def recovered(self, path: Path, ledger_id: str, stages: Stages, seq: int) -> None:
        """A process started from the file at ``path``: nothing is missing, nothing is new but a write under way."""
        if self.ledger_id and self.ledger_id != ledger_id:
            self.violate("the ledger has another id than before")
        self.ledger_id = ledger_id
        self.starting = False
        self.traps = 0
        extra: list[tuple[datetime, Event]] = []
        last = 0
        for stamped in stamped_events(path):
            last = stamped.offset
            if stamped.offset > len(self.events):
                extra.append((stamped.at, stamped.event))
            elif self.events[stamped.offset - 1] != (stamped.at, stamped.event):
                self.violate(f"the Event at {stamped.offset} is not the one that was written")
        if last < len(self.events):
            self.violate(f"Events {last + 1} to {len(self.events)} were on disk and are gone")
        with closing(connect_reader(path)) as connection:
            kept = read_changes(connection, path, 0, 1 << 60, 1 << 30, 1 << 40)
            quarantine = set(connection.execute("SELECT offset, stage FROM quarantine"))
        more = [batch for batch in kept if batch.seq > len(self.batches)]
        for batch in kept:
            if batch.seq <= len(self.batches) and self.batches[batch.seq - 1] != batch:
                self.violate(f"batch {batch.seq} is not the one that was recorded")
        if (kept[-1].seq if kept else 0) < len(self.batches):
            self.violate(f"batches up to {len(self.batches)} were on disk and are gone")
        if self.stages is None:
            self.stages = Stages(self.ledger_id, [TenantCounter, SlaClock, Dispatcher])
            self.stages.absent.update({COUNTER} - set(stages.names))
        self._take_candidate(extra, more)
        if seq != len(self.batches):
            self.violate(f"recovery says batch {seq}, the file has {len(self.batches)}")
        self._continue_from(stages)
        expected = self._quarantine()
        if quarantine != expected:
            self.violate(f"Events {sorted(quarantine)} are kept in quarantine, expected {sorted(expected)}")

    def _take_candidate(self, extra: Sequence[tuple[datetime, Event]], more: Sequence[RecordedBatch]) -> None:
        candidates, self.candidates = self.candidates, []
        if not extra and not more:
            return
        events, batches = [event for _, event in extra], [list(batch.changes) for batch in more]
        if not any(events == list(one.events) and batches == [list(c) for c in one.batches] for one in candidates):
            self.violate(f"{len(extra)} Events and {len(more)} batches are on disk that are no whole commit under way")
            return
        self.maybe |= {name for _, event in extra if (name := label(event)) is not None}
        if extra:
            self._add(extra[0][0], [event for _, event in extra])
        for batch in more:
            self._record(batch)
        self.traps = 0

    def _continue_from(self, stages: Stages) -> None:
        """The state that a process starts from is what the uninterrupted fold has come to there."""
        dropped = self._fold(stages.state.offset)
        if dropped:
            self.violate(f"recovery left out Changes that nobody recorded: {dropped!r:.300}")
        assert self.stages is not None
        if self.stages.absent and COUNTER in stages.names:
            self._begin(stages.all[1])
        self.same(self._refolded(stages), "after recovery")

    def _refolded(self, stages: Stages) -> Stages:
        """``stages``; or a copy of them that has folded the last Events again. On disk, a fold has come as far as its last
        batch or its last snapshot. So when the last Events before an orderly end come to no Changes, and a stage could not
        encode its part of the snapshot behind them, the next process folds them again. The uninterrupted fold has them."""
        again = range(stages.state.offset + 1, self.state.offset + 1)
        if not again or self._given_up != self.state.offset or any(offset in self.changes for offset in again):
            return stages
        copy = Stages(self.ledger_id, [TenantCounter, SlaClock, Dispatcher])
        copy.load(stages.save())
        for offset in again:
            at, event = self.events[offset - 1]
            if found := copy.fold(offset, at, event):
                self.violate(f"the Event at {offset} came to no Changes, and after recovery to {found!r:.300}")
        return copy

    def _begin(self, counter: Stage) -> None:
        """The ledger goes on with a stage that it did not have: from what the correlator holds, or from the first Event where
        no snapshot was taken."""
        assert self.stages is not None
        folded = GuardedStage(TenantCounter())
        for offset, (at, event) in enumerate(self.events[: self.state.offset], 1):
            folded.fold(offset, at, event, self.changes.get(offset, []))
        self.stages.begin()
        ours = self.stages.all[1]
        if _octets(counter) == _octets(folded):
            ours.load(_octets(folded))
        elif _octets(counter) != _octets(ours):
            self.violate(f"a stage begins with {_octets(counter)!r}, neither {_octets(ours)!r} nor {_octets(folded)!r}")

    def settle(self, stages: Stages, given_up: int = 0) -> None:
        """Nothing is under way any more: every Event is folded, every Change recorded. ``given_up``: the offset of the last
        snapshot, when a stage could not encode its part of it."""
        self._given_up = given_up
        unrecorded = self._fold(len(self.events))
        if unrecorded:
            self.violate(f"Changes were never recorded: {unrecorded!r:.300}")
        self.same(stages, "at the end")

    def settled_agreements(self) -> None:
        """What service level agreements come to, once no work waits: what the world had no time for is done now."""
        assert self.stages is not None
        sla = sla_of(self.stages)
        assert sla is not None
        at, elapsed = self.events[-1][0], self.elapsed[-1]
        for offset in range(len(self.events) + 1, len(self.events) + MOST_SLICES):
            if not sla.pending and sla.deadlines.first > instant_at(at):
                break
            self.agreements.follow((at, elapsed), SlaWork(), self.stages.fold(offset, at, SlaWork()), sla)
        judge_agreements(self.violate, self.agreements, sla, instant_at(sla.at))
        discarded = any(isinstance(c, Released) and c.discarded for batch in self.batches for c in batch.changes)
        if not discarded and not any(stage == SlaClock.name for _, stage in self._quarantine()):
            judge_outages(self.violate, self.agreements, sla, self.state)

    def settled_dispatch(self) -> None:
        """The far end takes whatever waits, and time passes, until nothing waits: then nobody is owed the end of a cause."""
        assert self.stages is not None
        at, stages = self.events[-1][0], self.stages
        self.gaps.settle(stages, at)
        for seconds in (10, 3_600, 10, 10, 10):
            waiting = [each for each in stages.dispatch.notifications.values() if each.waits]
            desk = [outcome_of(each, task) for each in stages.dispatch.tickets.values() for task in each.tasks]
            events: list[Event] = [*(sent(each) for each in waiting), *desk, Tick()]
            for event in events:
                at += timedelta(seconds=seconds if isinstance(event, Tick) else 0)
                self.dispatched.follow(stages.fold(stages.state.offset + 1, at, event))
        self.dispatched.judge(stages.dispatch.subjects)
        self.dispatched.judge_tickets()

    def same(self, stages: Stages, when: str) -> None:
        """The states of ``stages`` are those of the uninterrupted fold."""
        state = stages.state
        if state.offset != self.state.offset:
            self.violate(f"{when} the fold stands at {state.offset}, the uninterrupted one at {self.state.offset}")
        assert self.stages is not None
        others = {stage.name: stage for stage in stages.all}
        for own in self.stages.all[1:]:
            other = others.get(own.name)
            if other is not None and _octets(own) != _octets(other):
                self.violate(f"{when} {own.name} has {_octets(other)!r}, the uninterrupted one {_octets(own)!r}")
        ours, theirs = _comparable(self.state), _comparable(state)
        for name, value in ours.items():
            if theirs[name] != value:
                self.violate(
                    f"{when} {name} differs from the uninterrupted fold's: {theirs[name]!r:.300} is not {value!r:.300}"
                )

    def _quarantine(self) -> set[tuple[int, str]]:
        """Offsets that the recorded batches leave in quarantine, each with its stage."""
        found: set[tuple[int, str]] = set()
        for batch in self.batches:
            for change in batch.changes:
                if isinstance(change, Quarantined):
                    found.add((change.offset, change.stage))
                elif isinstance(change, Released):
                    if (change.released, change.stage) not in found:
                        self.violate(f"Event {change.released} left the quarantine of {change.stage} twice")
                    found.discard((change.released, change.stage))
        return found

    # --- what others are told -----------------------------------------------------------------------------------------

    def acknowledged(self, name: Label, how: str) -> None:
        """Somebody outside learns that ``name`` is kept: it must be on disk by then."""
        self.answered[name] = how
        if name not in self.offsets:
            self.violate(f"{name} is acknowledged ({how}) and not on disk")

    def told_refused(self, name: Label) -> None:
        """Somebody outside learns that nothing of ``name`` was kept. When the commit survived its failure, that becomes true
        once the ledger has opened its file again."""
        if name in self.offsets:
            self.violate(f"{name} is refused, and on the ledger at {self.offsets[name]}")
        self.refused.add(name)

    def outcome(self, name: Label, first: int, seq: int, changes: Sequence[Change]) -> None:
        """The answer to a command: what its offset came to, on disk."""
        self.acknowledged(name, f"outcome at {first}")
        if self.offsets.get(name) != [first]:
            self.violate(f"{name} is answered with offset {first}, and stands at {self.offsets.get(name)}")
            return
        if not isinstance(self.events[first - 1][1], Command | NetworkEvent):
            return
        expected = self.changes.get(first, [])
        if list(changes) != expected:
            self.violate(f"{name} is answered with {changes!r:.200}, and came to {expected!r:.200}")
        if expected and (seq > len(self.batches) or not any(c.offset == first for c in self.batches[seq - 1].changes)):
            self.violate(f"{name} is answered with batch {seq}, which is not on disk with its Changes")

    def published(self, batch: RecordedBatch) -> None:
        """A consumer is handed a batch."""
        if batch.seq > len(self.batches):
            self.violate(f"batch {batch.seq} is handed to a consumer and not on disk")
        elif self.batches[batch.seq - 1] != batch:
            self.violate(f"batch {batch.seq} is handed to a consumer otherwise than it was recorded")

    def backup(self) -> "Backup":
        """What PostgreSQL's tables must be again when a backup of this moment is restored."""
        return Backup(self._projected, self._projection.copy(), self._gapped, self._level_at, self._level_offset)

    def restored(self, backup: "Backup") -> None:
        """PostgreSQL is as it once was."""
        self._projected, self._gapped, self._level_at = backup.projected, backup.gapped, backup.level_at
        self._projection, self._level_offset = backup.projection.copy(), backup.level_offset

    # --- PostgreSQL ---------------------------------------------------------------------------------------------------

    def projected(self, tables: Tables) -> None:
        """A commit of PostgreSQL: its rows are those of every batch up to its cursor, once."""
        if tables.cursor is None:
            return
        ledger_id, seq = tables.cursor
        if ledger_id != self.ledger_id or seq > len(self.batches):
            self.violate(f"PostgreSQL has batch {seq}, which is not on disk")
            return
        if seq < self._projected:
            self.violate(f"PostgreSQL's cursor went back from {self._projected} to {seq}")
            return
        gap = len(tables.gaps) > len(self._projection.gaps)
        if gap:
            self._bridged(tables, seq)
        changes = [change for batch in self.batches[self._projected : seq] for change in batch.changes]
        if gap:
            for change in changes:
                _project(self._projection, change, history=False)
        else:
            _project_together(self._projection, changes)
        self._projected = seq
        self._compare(tables, seq)

    def _bridged(self, tables: Tables, seq: int) -> None:
        """PostgreSQL was given the alarms as they are in place of batches that the ledger no longer has."""
        first, last = tables.gaps[-1]
        if (first, last) != (self._projected + 1, seq):
            self.violate(f"the gap is said to be {first} to {last}, the cursor went from {self._projected} to {seq}")
        kept = self.oldest_batch()
        if kept <= last:
            self.violate(f"batches {first} to {last} are left out, and the ledger still has those from {kept}")
        self._projection.gaps = tables.gaps
        self._gapped, self._level_at, self._level_offset = True, len(self.batches), len(self.events)

    def _compare(self, tables: Tables, seq: int) -> None:
        level = seq >= self._level_at
        if seq and self.batches[seq - 1].through >= self._level_offset:
            self._compare_what_operators_made(tables, seq)
        for name in COMPARED:
            ours, theirs = getattr(self._projection, name), getattr(tables, name)
            if self._gapped and name == "records":
                continue
            if self._gapped and name in ("alarms", "archive", "quarantine"):
                # What ended within the gap is not known to PostgreSQL; what lives must be right once it has caught up.
                if name == "archive" or not level:
                    continue
                ours, theirs = ({key: row for key, row in rows.items() if row.get("live", True)} for rows in (ours, theirs))
            if ours != theirs:
                self.violate(f"PostgreSQL's {name} at batch {seq} are not what the Changes come to: {difference(ours, theirs)}")
        if sorted(tables.rejects) != sorted(self._projection.rejects):
            self.violate(f"PostgreSQL's rejects are {tables.rejects}, expected {self._projection.rejects}")

    def _compare_what_operators_made(self, tables: Tables, seq: int) -> None:
        """Rules, windows and nodes are what the Changes come to, and those of the fold itself once it has told of all. After a
        gap PostgreSQL was given nodes of which the Changes are still to tell."""
        for name in OPERATOR_TABLES[: 2 if self._gapped else 3]:
            ours, theirs = getattr(self._projection, name), getattr(tables, name)
            if ours != theirs:
                self.violate(f"PostgreSQL's {name} at batch {seq} are not what the Changes come to: {difference(ours, theirs)}")
        state = self.state
        if seq < len(self.batches) or state is None or isinstance(self.events[state.offset - 1][1], ClockJumped):
            return  # what a jump does to windows is found out with the Event behind it
        held = Tables()
        for change in operator_data(state):
            _project(held, change)
        for name in OPERATOR_TABLES[: 2 if state.memory(TablesMemory).pending else 3]:
            ours, theirs = getattr(held, name), getattr(tables, name)
            if ours != theirs:
                self.violate(f"PostgreSQL's {name} at batch {seq} are not the fold's: {difference(ours, theirs)}")

    # --- the end --------------------------------------------------------------------------------------------------------

    def occurrences(self, tables: Tables) -> None:
        """Told by the Events alone: every linkDown, and every INFORM once, is an occurrence of its port's alarm."""
        expected = Counter(_port(trap) for _, _, trap in self._counted() if trap.notification.trap_oid == LINK_DOWN)
        found: Counter[str] = Counter()
        for port, row in self._port_alarms(tables):
            found[port] += row["occurrence_count"]
        if found != expected:
            self.violate(f"occurrences of alarms are {dict(found)}, the Events hold {dict(expected)}")

    def standing(self, tables: Tables) -> None:
        """Told by the Events alone: a port is up or down as the last of its traps said, unless the other was received so
        shortly before that the network may have mixed them up, or somebody has ended its alarm by hand since."""
        last: dict[tuple[str, bool], tuple[int, datetime, Trap]] = {}
        for offset, at, trap in self._counted():
            if trap.notification.trap_oid in (LINK_DOWN, LINK_UP):
                last[_port(trap), trap.notification.trap_oid == LINK_DOWN] = offset, at, trap
        by_hand = [
            offset
            for offset, (_, event) in enumerate(self.events, 1)
            if isinstance(event, Command) and isinstance(event.action, Clear | Resolve)
        ]
        is_down = {port for port, row in self._port_alarms(tables) if row["cleared_at"] is None}
        for (port, down), (offset, at, trap) in last.items():
            other = last.get((port, not down))
            if other is not None:
                apart = min(at - other[1], abs(trap.received - other[2].received))
                if offset < other[0] or apart <= timedelta(seconds=MOST_REORDER_SECONDS):
                    continue
            if down and by_hand and by_hand[-1] > offset:
                continue
            if (port in is_down) != down:
                self.violate(f"{port} is said to be {'down' if down else 'up'} at offset {offset}, and is not")

    def _counted(self) -> Iterator[tuple[int, datetime, Trap]]:
        """Traps that count, with their offset and when they were stamped: no INFORM twice, and none of the polled device, whose
        alarms follow from its reads too."""
        counted: dict[Label, datetime] = {}
        for offset, (at, (_, event)) in enumerate(zip(self.elapsed, self.events, strict=True), 1):
            if not isinstance(event, Trap) or event.source == polled_plant.ADDRESS:
                continue
            if event.inform_key:
                key = ("inform", event.source, str(event.notification.request_id))
                if key in counted and at - counted[key] <= timedelta(seconds=900):
                    continue
                counted[key] = at
            yield offset, at, event

    def _port_alarms(self, tables: Tables) -> Iterator[tuple[str, dict[str, Any]]]:
        """The ports' alarms in PostgreSQL, each with its port as the traps name it."""
        if self._gapped:
            tables = self._projection
        for row in (*tables.alarms.values(), *tables.archive.values()):
            if row["alarm_type"] == "interface.down" and not row["resource_id"].startswith(f"{polled_plant.DEVICE}/"):
                device, _, port = row["resource_id"].partition("/if/")
                yield f"10.0.0.{device.removeprefix('olt-')}/{port}", row


def _port(trap: Trap) -> str:
    return f"{trap.source}/{trap.notification.varbinds[0].value}"


def _octets(stage: Stage) -> bytes:
    return b"".join(stage.saving())


def _comparable(state: State) -> dict[str, Any]:
    """A State's content without the order of what has none."""
    saved = _saved.decode(state.save())
    return {
        "at": saved.at,
        "alarms": {alarm.id: alarm for alarm in saved.alarms},
        "current": set(saved.current),
        "open": {kind: dict(found) for kind, found in state.open.items()},
        "shelved": dict(state.shelved),
        "cleared": saved.cleared,
        "marks": saved.marks,
        "ended": saved.ended,
        "clocks": saved.clocks,
        "edited": saved.edited,
        "bodies": saved.bodies,
        "informs": saved.informs,
        "keys": saved.keys,
        "sequences": saved.sequences,
        "quarantined": saved.quarantined,
        "quarantined_elsewhere": saved.quarantined_elsewhere,
        "archived": saved.archived,
        "jumps": saved.jumps,
        "renamed": saved.renamed,
        "timers": sorted(map(repr, saved.timers)),
        "memories": {name: msgspec.msgpack.decode(memory) for name, memory in saved.memories.items()},
        "by_resource": {name: set(found) for name, found in state.by_resource.items() if found},
        "children": {name: set(found) for name, found in state.children.items() if found},
        "profiles": saved.profiles and saved.profiles.digest,
        "topology": saved.topology_digest,
        "nodes": list(state.plant.nodes.values()),
        "revisions": {node_id: state.plant.revision(node_id) for node_id in state.plant.nodes},
        "by_hand": list(saved.by_hand),
        "topology_at": saved.topology_at,
        "policy": saved.policy and saved.policy.digest,
    }


def _is_effect(change: Change) -> bool:
    """Whether it came of what somebody reported, and not of a time that was over at last."""
    if isinstance(change, AlarmChanged):
        return not change.entries or any(not entry.actor.startswith("faultd:") for entry in change.entries)
    if isinstance(change, DeviceEvent):
        return change.event_name != COUNTED
    return isinstance(change, AlarmRepeated | UnknownTrap)


def _row(value: Any) -> dict[str, Any]:
    row: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(value))
    return row


def _refusable(change: AlarmChanged | DeviceEvent) -> bool:
    return UNSTORABLE in (change.alarm.title if isinstance(change, AlarmChanged) else change.title)


def _project_together(tables: Tables, changes: list[Change]) -> None:
    """One transaction: PostgreSQL sees only the last version of each alarm, and when it refuses, the store halves."""
    if len(changes) < 2 or not any(map(_refused_together, _steps(changes))):
        for change in changes:
            _project(tables, change, refuses=len(changes) < 2)
        return
    middle = len(changes) // 2
    _project_together(tables, changes[:middle])
    _project_together(tables, changes[middle:])


def _steps(changes: list[Change]) -> Iterator[list[Change]]:
    """What is written at once: archiving stands by itself."""
    step: list[Change] = []
    for change in changes:
        if isinstance(change, ArchiveDue):
            yield step
            step = []
        else:
            step.append(change)
    yield step


def _refused_together(step: list[Change]) -> bool:
    latest = {change.alarm.id: change for change in step if isinstance(change, AlarmChanged)}
    events = [change for change in step if isinstance(change, DeviceEvent)]
    return any(map(_refusable, latest.values())) or any(map(_refusable, events))


def _project(tables: Tables, change: Change, *, history: bool = True, refuses: bool = True) -> None:
    """One Change after another, as slowly and plainly as can be; without ``history`` what leaves no trace in the alarms is
    left out."""
    if not history:
        if isinstance(change, DeviceEvent | UnknownTrap):
            return
        if isinstance(change, AlarmChanged):
            change = AlarmChanged(change.offset, change.alarm, ())
        elif isinstance(change, HistoryChanged):
            change = msgspec.structs.replace(change, entries=())
        elif isinstance(change, ArchiveDue):
            archive(tables, change.before)
            return
    match change:
        case AlarmChanged() | DeviceEvent() if refuses and _refusable(change):
            kind = str(type(change).__struct_config__.tag)
            tables.rejects = (*tables.rejects, (change.offset, kind))
        case AlarmChanged(alarm=Alarm() as alarm):
            tables.alarms[alarm.id] = _row(alarm) | {"live": True}
            for entry in change.entries:
                tables.timeline[entry.offset, entry.number] = _row(entry)
        case AlarmRepeated():
            if change.id in tables.alarms:
                count: dict[str, Any] = {"occurrence_count": change.occurrence_count, "revision": change.revision}
                count["last_occurrence"] = _row({"at": change.last_occurrence})["at"]
                tables.alarms[change.id] = tables.alarms[change.id] | count
        case AlarmForgotten():
            if change.id in tables.alarms:
                tables.alarms[change.id] = tables.alarms[change.id] | {"live": False}
        case DeviceEvent():
            tables.device_events[change.offset, change.number] = _row(msgspec.structs.asdict(change))
        case UnknownTrap():
            oid = change.trap.notification.trap_oid
            row = _row({"tenant_id": change.tenant_id, "trap_oid": oid, "at": change.at})
            tables.unknown_traps[change.offset] = row
            key = change.tenant_id, oid
            tables.unknown_counts[key] = tables.unknown_counts.get(key, 0) + 1
        case Quarantined():
            tables.quarantine[change.offset, change.stage] = {"kind": change.kind, "error": change.error}
        case Released():
            tables.quarantine.pop((change.released, change.stage), None)
        case ArchiveDue():
            archive(tables, change.before)
            expire(tables.unknown_traps, change.before)
            expire(tables.device_events, change.before)
        case HistoryChanged():
            for table in (tables.alarms, tables.archive):
                if change.id in table:
                    row = table[change.id]
                    table[change.id] = row | change.fields | {"revision": row["revision"] + 1}
            for entry in change.entries:
                tables.timeline[entry.offset, entry.number] = _row(entry)
        case RuleChanged(record=None) | WindowChanged(window=None):
            (tables.rules if isinstance(change, RuleChanged) else tables.maintenance_windows).pop(change.id, None)
        case RuleChanged(record=RuleRecord() as record):
            row = _row(rest_rules.shown(record)) | {"switched": record.switched}
            del row["error"]
            tables.rules[change.id] = row
        case WindowChanged(window=MaintenanceWindow() as window):
            tables.maintenance_windows[change.id] = _window_row(window, change)
        case NodesChanged():
            for one in change.removes:
                tables.topology_nodes.pop(one, None)
            for each in change.puts:
                row = _row(msgspec.structs.asdict(each.node))
                more = {"addresses": list(each.node.every_address), "origin": each.origin, "revision": each.revision}
                tables.topology_nodes[each.node.id] = row | more
        case Answer():
            pass
        case _ if type(change) in TABLES:
            wanted = TABLES[type(change)]
            made = wanted.row_of(change)
            if made is None:
                tables.records.pop((wanted.name, str(wanted.key_of(change))), None)
            else:
                row = _row(msgspec.structs.asdict(made))
                tables.records[wanted.name, *(str(row[name]) for name in wanted.key)] = row
        case _:
            pass


def _window_row(window: MaintenanceWindow, change: WindowChanged) -> dict[str, Any]:
    """As REST shows the window, but for what is said twice there."""
    view = WindowView(window=window, phase=change.status, occurrence=change.occurrence, held=0)
    row = _row(rest_maintenance.shown(view))
    for name in ("start", "end", "phase", "held", "warnings"):
        del row[name]
    occurrence = row.pop("occurrence") or {"start": None, "end": None}
    row |= {f"occurrence_{name}": at for name, at in occurrence.items()}
    return row | {"local_start": _row({"at": window.local_start})["at"], "idempotency_key": window.key}


def difference(ours: dict[Any, Any], theirs: dict[Any, Any]) -> str:
    """The first key at which they differ."""
    for key in [*ours, *theirs]:
        if ours.get(key) != theirs.get(key):
            return f"{key}: {theirs.get(key)!r:.400} instead of {ours.get(key)!r:.400}"
    return "order"


def _diff(got: Sequence[Change], expected: Sequence[Change]) -> str:
    for index in range(max(len(got), len(expected))):
        one = got[index] if index < len(got) else None
        other = expected[index] if index < len(expected) else None
        if one != other:
            return f"{one!r:.300} instead of {other!r:.300}"
    return "equal"
