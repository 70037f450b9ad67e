"""All that the fold remembers. Only :mod:`actors.correlator.draft` writes it, once per Event, once nothing can fail."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar
from uuid import UUID

import msgspec
import structlog
from msgspec import Struct

from actors.correlator.durations import Durations
from actors.correlator.plant import Plant
from actors.correlator.plant.prepared import Prepared
from actors.correlator.plant.saved import SavedPlant
from actors.correlator.profiles import ProfileErrors, Translator, compile
from actors.correlator.profiles.compiler import alarm_types
from actors.correlator.saved import Renamed, ReportMark, Saved, SenderClock, pieces
from actors.correlator.settings import CorrelatorSettings
from actors.correlator.strategies.symptoms import Symptoms, symptoms_of
from actors.correlator.timers import Timers
from actors.elapsed import Jumped
from actors.state_encoding import Piece
from protocols.alarm import Alarm, Identity, is_own_name
from protocols.event import PolicyLoaded, ProfilesLoaded
from protocols.topology import Node

Kind = tuple[str, str, str]
"""tenant, resource, alarm type: what a clear names."""
Owner = tuple[str, str]
"""tenant, device: whose alarms are counted together. The device is empty where none is known."""
Limit = Literal["device", "all"]
"""Which of the limits of open alarms."""

MAX_QUARANTINED = 100_000
"""Quarantined Events within reach of a retry."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


_log = structlog.get_logger()
Memory = TypeVar("Memory", bound=Struct)
AView = TypeVar("AView", bound="View")
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Saved)


def policy_of(event: PolicyLoaded) -> CorrelatorSettings:
    """The settings that a policy Event carries."""
    return msgspec.msgpack.decode(event.settings, type=CorrelatorSettings)


class View:
    """What follows from the State and is not saved: compiled rules, indexes, answers that are kept. Made when first asked for,
    and kept true by the State itself. A view reads the State and never a draft, so it needs no repair when one is dropped."""

    of_configuration = False
    """Whether it follows from the topology, the default tenant or the symptoms too: it is made anew when they change."""
    of_alarms = False
    """Whether it is told of alarms."""

    def __init__(self, state: "State") -> None:
        """Make it of the State as it is."""

    def changed(self, alarm: Alarm, *, moved: bool) -> None:
        """An alarm was written that began or ended (``moved``), or whose parent is another one."""


class State:
    """Alarms by every way in which they are looked up, and the fold's short memories."""

    def __init__(self, ledger_id: str) -> None:
        self.ledger_id = UUID(ledger_id)
        self.offset = 0
        self.at = EPOCH
        self.alarms: dict[str, Alarm] = {}
        self.names: dict[str, str] = {}
        """Alarms by the external names that faultd gave them."""
        self.given: dict[str, dict[str, None]] = {}
        """Alarms by the external names that others gave them."""
        self.counted: int | None = None
        """How many alarms external names have counted; None: they do not count yet."""
        self.current: dict[Identity, str] = {}
        """The alarm that a raise of this identity would repeat or re-open."""
        self.open: dict[Kind, dict[str, str]] = {}
        """Alarms not cleared, by kind and then qualifier."""
        self.open_of: dict[Owner, int] = {}
        """How many alarms are not cleared, by device."""
        self.by_resource: dict[str, dict[str, None]] = {}
        """Alarms not cleared, by resource."""
        self.children: dict[str, dict[str, None]] = {}
        """Alarms by the id of their parent."""
        self.timers = Timers()
        self.shelved: dict[str, datetime] = {}
        self.cleared: dict[str, datetime] = {}
        """When each cleared alarm was cleared, by the ledger's time, oldest first."""
        self.marks: dict[str, ReportMark] = {}
        self.ended: dict[Identity, tuple[datetime, ReportMark]] = {}
        """Recent clears, so that a raise which they overtook is recognised."""
        self.edited: dict[str, tuple[str, ...]] = {}
        """Fields that operators edited since an alarm opened, by its id: reports leave them as they are."""
        self.said: dict[str, int] = {}
        """A digest of the report whose text an alarm has, by its id. Not saved: without one the texts are compared."""
        self.clocks: dict[str, SenderClock] = {}
        """What is known of senders' uptimes, by sender."""
        self.informs: dict[str, datetime] = {}
        self.keys: dict[str, datetime] = {}
        self.bodies: dict[str, bytes] = {}
        """What each idempotency key was used for, as a digest."""
        self.sequences: dict[str, int] = {}
        self.quarantined: set[int] = set()
        """Offsets of the Events whose fold raised and that no retry has folded since."""
        self.quarantined_elsewhere: dict[tuple[str, int], None] = {}
        """Stages behind the correlator, and the offsets of the Events in their quarantine."""
        self.renamed: dict[str, Renamed] = {}
        """Open alarms that a new topology calls differently, until a tick has moved them."""
        self.archived = EPOCH
        self.jumps: list[Jumped] = []
        """Jumps of the clock, which what goes by its age takes into account."""
        self.profiles: ProfilesLoaded | None = None
        self.topology_digest: str | None = None
        """Of the topology file that was last taken; None: none yet."""
        self.topology_at = 0
        """Offset of the Event that last changed the plant."""
        self.api_nodes: dict[str, None] = {}
        """Nodes that came through the API; all others are the file's."""
        self.policy: PolicyLoaded | None = None
        self.settings = CorrelatorSettings()
        self.spans = Durations(self.settings)
        self.translator: Translator = compile(())
        self.symptoms: Symptoms = symptoms_of({})
        """How each alarm type counts in correlation, by the profiles that are loaded."""
        self.plant = Plant()
        self._saved_plant = SavedPlant()
        self._memories: dict[type[Any], Any] = {}
        self._unread: dict[str, msgspec.Raw] = {}
        """Memories from a snapshot that nobody has asked for yet."""
        self._views: dict[type[Any], View] = {}
        self._told: list[View] = []
        """Views of alarms."""
        self.prepared: Prepared | None = None
        """The plant that an Event to come makes of the empty one, made beside the fold."""
        self.tally: Counter[str] = Counter()
        """What the fold let pass without a Change, since the actor last asked; not part of the state proper."""

    def note(self, what: str, count: int = 1) -> None:
        """Count what the fold let pass."""
        self.tally[what] += count

    # --- alarms -------------------------------------------------------------------------------------------------

    def put(self, alarm: Alarm, at: datetime) -> None:
        """Take the alarm as it now is into every index."""
        alarm_id, is_open = alarm.id, alarm.cleared_at is None
        before = self.alarms.get(alarm_id)
        was_open = before is not None and before.cleared_at is None
        self.alarms[alarm_id] = alarm
        if before is None:
            self._name(alarm)
        if alarm.resolved_at is not None:
            if (before is None or before.resolved_at is None) and self.current.get(alarm.identity) == alarm_id:
                del self.current[alarm.identity]
        elif before is None or (is_open and not was_open):
            # An older alarm of the same identity, noted on after its end, does not come before the newer one.
            self.current[alarm.identity] = alarm_id
        if is_open != was_open:
            self._count((alarm.tenant_id, alarm.device_id), 1 if is_open else -1)
            _file(self.by_resource, alarm.resource_id, alarm_id, present=is_open)
            kind = alarm.tenant_id, alarm.resource_id, alarm.alarm_type
            if is_open:
                self.open.setdefault(kind, {})[alarm.qualifier] = alarm_id
                self.cleared.pop(alarm_id, None)
            else:
                self._close(kind, alarm)
        if not is_open:
            self.cleared.setdefault(alarm_id, at)
        parent, now = before.parent_alarm_id if before is not None else None, alarm.parent_alarm_id
        if parent != now:
            if parent is not None:
                _file(self.children, parent, alarm_id, present=False)
            if now is not None:
                _file(self.children, now, alarm_id, present=True)
        until = alarm.shelved_until
        if until is not None:
            self.shelved[alarm_id] = until
        elif self.shelved:
            self.shelved.pop(alarm_id, None)
        if is_open != was_open or parent != now:
            for view in self._told:
                view.changed(alarm, moved=is_open != was_open)

    def forget(self, alarm_id: str) -> None:
        """Let go of a cleared alarm."""
        alarm = self.alarms.pop(alarm_id)
        if self.names.pop(alarm.alarm_id, None) is None:
            _file(self.given, alarm.alarm_id, alarm_id, present=False)
        if self.current.get(alarm.identity) == alarm_id:
            del self.current[alarm.identity]
        self.cleared.pop(alarm_id, None)
        self.shelved.pop(alarm_id, None)
        self.marks.pop(alarm_id, None)
        self.edited.pop(alarm_id, None)
        self.said.pop(alarm_id, None)
        if alarm.parent_alarm_id is not None:
            _file(self.children, alarm.parent_alarm_id, alarm_id, present=False)

    def _name(self, alarm: Alarm) -> None:
        if is_own_name(alarm.alarm_id):
            self.names[alarm.alarm_id] = alarm.id
        else:
            _file(self.given, alarm.alarm_id, alarm.id, present=True)

    def named(self, name: str, tenant_id: str | None) -> list[Alarm]:
        """Alarms that ``name`` (an id or an external name) means: at most one of each tenant, of all tenants for None. Where a
        tenant gave one name to several, the open one or else the latest."""
        alarm = self.alarms.get(name) or self.alarms.get(self.names.get(name, ""))
        found = [alarm] if alarm is not None else [self.alarms[each] for each in self.given.get(name, ())]
        found = [each for each in found if tenant_id in (None, each.tenant_id)]
        found.sort(key=lambda each: (each.cleared_at is None, each.received_at, each.id))
        return sorted({each.tenant_id: each for each in found}.values(), key=lambda each: each.tenant_id)

    def at_resource(self, resource_id: str) -> list[Alarm]:
        """Open alarms of a resource, oldest first: an order that does not depend on how they came about."""
        filed = self.by_resource.get(resource_id)
        if filed is None:
            return []
        found = [self.alarms[each] for each in filed]
        if len(found) > 1:
            found.sort(key=age)
        return found

    def replace_memories(self, found: dict[str, msgspec.Raw]) -> None:
        """Remember these as a snapshot would have them; views are made anew."""
        self._memories = {kind: memory for kind, memory in self._memories.items() if kind.__name__ not in found}
        self._unread |= found
        self.forget_views()

    def remembered(self) -> dict[str, msgspec.Raw]:
        """Memories in the order of their names, but for empty ones: whether one was ever asked for must not show."""
        found = dict(self._unread)
        for kind, memory in self._memories.items():
            octets = _encoder.encode(memory)
            if octets != _encoder.encode(kind()):
                found[kind.__name__] = msgspec.Raw(octets)
        return dict(sorted(found.items()))

    def memory(self, kind: type[Memory]) -> Memory:
        """What a strategy remembers: one Struct of its own, empty at first, kept in snapshots by its class's name."""
        found: Memory | None = self._memories.get(kind)
        if found is None:
            raw = self._unread.pop(kind.__name__, None)
            found = self._memories[kind] = kind() if raw is None else msgspec.msgpack.decode(raw, type=kind)
        return found

    def view(self, kind: type[AView]) -> AView:
        """The view of this class."""
        found: AView | None = self._views.get(kind)  # type: ignore[assignment]
        return self.keep_view(kind(self)) if found is None else found

    def keep_view(self, view: AView) -> AView:
        """Have this view from now on."""
        self._views[type(view)] = view
        self._told = [each for each in self._views.values() if each.of_alarms]
        return view

    def forget_views(self, *, of_configuration: bool = False) -> None:
        """Have all views, or those ``of_configuration``, made anew."""
        self._views = {kind: view for kind, view in self._views.items() if of_configuration and not view.of_configuration}
        self._told = [each for each in self._views.values() if each.of_alarms]

    def limit_reached(self, owner: Owner, more: int) -> Limit | None:
        """The limit at which the alarms of ``owner``, or all, are with ``more`` that this Event has raised already."""
        settings = self.settings
        if settings.max_alarms and self.open_alarms + more >= settings.max_alarms:
            return "all"
        most = settings.max_alarms_per_device
        if most and owner[1] and self.open_of.get(owner, 0) + more >= most:
            return "device"
        return None

    @property
    def open_alarms(self) -> int:
        """How many alarms are not cleared."""
        return len(self.alarms) - len(self.cleared)

    def _count(self, owner: Owner, opened: int) -> None:
        count = self.open_of.get(owner, 0) + opened
        if count:
            self.open_of[owner] = count
        else:
            del self.open_of[owner]

    def _close(self, kind: Kind, alarm: Alarm) -> None:
        open_of_kind = self.open.get(kind)
        if open_of_kind is not None and open_of_kind.get(alarm.qualifier) == alarm.id:
            del open_of_kind[alarm.qualifier]
            if not open_of_kind:
                del self.open[kind]

    def quarantine(self, offset: int) -> None:
        """Remember that the Event at ``offset`` can be retried. Of very many the oldest are only listed and kept."""
        self.quarantined.add(offset)
        if len(self.quarantined) > MAX_QUARANTINED:
            self.quarantined.difference_update(sorted(self.quarantined)[: MAX_QUARANTINED // 100])

    # --- what the fold depends on -------------------------------------------------------------------------------

    def take_profiles(self, event: ProfilesLoaded) -> None:
        """Compile and use the profiles of an Event or a snapshot. Profiles that this version no longer accepts read nothing:
        until those on disk have been loaded, their traps land in the inbox."""
        try:
            self.use_profiles(event, compile(event.profiles))
        except ProfileErrors as error:
            _log.warning("profiles from the ledger are not accepted any more", mistakes=[str(one) for one in error.errors])
            self.profiles, self.translator = None, compile(())
            self.symptoms = symptoms_of(alarm_types(event.profiles))

    def use_profiles(self, event: ProfilesLoaded, translator: Translator) -> None:
        """Read traps, and count alarm types in correlation, by these profiles from now on."""
        self.profiles, self.translator = event, translator
        if translator.symptoms != self.symptoms:
            self.forget_views(of_configuration=True)
            self.symptoms = translator.symptoms

    def replant(
        self, offset: int, puts: Sequence[Node], removes: Sequence[str], by_file: bool = True, kept: Sequence[str] = ()
    ) -> None:
        """Change the plant. ``by_file``: what is put belongs to the file, all but ``kept``."""
        self.forget_views(of_configuration=True)
        ready, self.prepared = self.prepared, None
        if ready is not None and ready.offset == offset and not (self.plant.nodes or kept):
            if not by_file:
                self.api_nodes.update(dict.fromkeys(node.id for node in puts))
            self.plant, self._saved_plant, self.topology_at = ready.plant, ready.saved, offset
            return
        for node_id in removes:
            self.api_nodes.pop(node_id, None)
        for node in puts:
            if by_file:
                self.api_nodes.pop(node.id, None)
            elif node.id not in self.plant.nodes:
                self.api_nodes[node.id] = None
        self.api_nodes.update(dict.fromkeys(kept))
        self.plant.apply(puts, removes, offset)
        self._saved_plant.add(self.plant, puts, removes, offset)
        self.topology_at = offset

    def count_alarms(self, offset: int) -> None:
        """Let external names count, from the Event at ``offset`` on. No name before it has a higher number."""
        if self.counted is None:
            self.counted = offset - 1

    def use_policy(self, event: PolicyLoaded, settings: CorrelatorSettings) -> None:
        self.policy = event
        self.use_settings(settings)

    def use_settings(self, settings: CorrelatorSettings) -> None:
        """Use these settings, and what follows from them."""
        if settings.default_tenant != self.settings.default_tenant:
            self.forget_views(of_configuration=True)
        self.settings, self.spans = settings, Durations(settings)

    # --- snapshots ----------------------------------------------------------------------------------------------

    def save(self) -> bytes:
        """The state as a snapshot keeps it."""
        return b"".join(self.saving())

    def saving(self) -> Iterator[Piece]:
        """The same in pieces, which another thread may ask for while the fold goes on: they tell the state as it is now."""
        timers, ended = list(self.timers.due.items()), list(self.ended.items())
        saved = Saved(
            ledger_id=str(self.ledger_id),
            offset=self.offset,
            at=self.at,
            alarms=list(self.alarms.values()),
            current=list(self.current.values()),
            cleared=list(self.cleared.items()),
            marks=dict(self.marks),
            ended=[],
            informs=list(self.informs.items()),
            keys=list(self.keys.items()),
            sequences=dict(self.sequences),
            quarantined=sorted(self.quarantined),
            quarantined_elsewhere=list(self.quarantined_elsewhere),
            renamed=dict(self.renamed),
            archived=self.archived,
            memories=self.remembered(),
            jumps=list(self.jumps),
            profiles=self.profiles,
            policy=self.policy,
            plant=self._saved_plant.copy(),
            by_hand=list(self.api_nodes),
            topology_digest=self.topology_digest,
            topology_at=self.topology_at,
            counted=self.counted,
            clocks=dict(self.clocks),
            edited=dict(self.edited),
            bodies=dict(self.bodies),
        )
        return pieces(saved, timers, ended)

    @classmethod
    def load(cls, octets: bytes) -> "State":
        """The state that :meth:`save` kept. Raises ``msgspec.MsgspecError`` for anything else."""
        saved = _decoder.decode(octets)
        state = cls(saved.ledger_id)
        state.offset, state.at, state.archived = saved.offset, saved.at, saved.archived
        state.counted = saved.counted
        cleared = dict(saved.cleared)
        for alarm in saved.alarms:
            state.put(alarm, cleared.get(alarm.id, saved.at))
        state.cleared = cleared
        # Several alarms of one identity can be kept: which of them a raise would re-open cannot be told from them alone.
        state.current = {state.alarms[alarm_id].identity: alarm_id for alarm_id in saved.current}
        state.marks = saved.marks
        state.ended = {identity: (at, mark) for identity, at, mark in saved.ended}
        state.clocks, state.edited, state.bodies = saved.clocks, saved.edited, saved.bodies
        state.informs, state.keys = dict(saved.informs), dict(saved.keys)
        state.sequences = saved.sequences
        state.timers, state._unread = Timers(saved.timers), saved.memories
        state.quarantined = set(saved.quarantined)
        state.quarantined_elsewhere = dict.fromkeys(saved.quarantined_elsewhere)
        state.renamed, state.jumps = saved.renamed, saved.jumps
        if saved.policy is not None:
            state.use_policy(saved.policy, policy_of(saved.policy))
        state._saved_plant, state.api_nodes = saved.plant, dict.fromkeys(saved.by_hand)
        state.topology_digest, state.topology_at = saved.topology_digest, saved.topology_at
        for puts, removes, revision in saved.plant.steps():
            state.plant.apply(puts, removes, revision)
        if saved.profiles is not None:
            state.take_profiles(saved.profiles)
        return state


def age(alarm: Alarm) -> tuple[datetime, str]:
    """Sort key of alarms where their order shows: the oldest first, however they came about."""
    return alarm.received_at, alarm.id


def _file(index: dict[str, dict[str, None]], key: str, alarm_id: str, *, present: bool) -> None:
    """Put ``alarm_id`` under ``key``, or take it away and the key with the last one."""
    if present:
        index.setdefault(key, {})[alarm_id] = None
        return
    filed = index.get(key)
    if filed is not None:
        filed.pop(alarm_id, None)
        if not filed:
            del index[key]
