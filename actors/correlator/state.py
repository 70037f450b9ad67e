"""The state of the fold. Only the commit of a draft (:mod:`actors.correlator.draft`) writes it, when nothing can fail now."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar
from uuid import UUID

import msgspec
import structlog
from msgspec import Struct
from msgspec.structs import replace

from actors.correlator.alarms.service_effects import ServiceEffects, service_effects_of
from actors.correlator.alarms.tables import AlarmTables, AlarmWatcher, Owner
from actors.correlator.durations import Durations
from actors.correlator.memories import saved_name
from actors.correlator.plant import Plant
from actors.correlator.plant.prepared import Prepared
from actors.correlator.plant.saved import SavedPlant
from actors.correlator.profiles import ProfileErrors, Translator, compile
from actors.correlator.profiles.alarm_types import alarm_types
from actors.correlator.saved import Renamed, ReportMark, Saved, SenderClock, pieces
from actors.correlator.settings import CorrelatorSettings
from actors.correlator.strategies.symptoms import Symptoms, symptoms_of
from actors.correlator.timers import Timers
from actors.elapsed import Jumped
from actors.state_encoding import Piece
from protocols.alarm import Identity
from protocols.event import PolicyLoaded, ProfilesLoaded
from protocols.service_effect import ServiceEffect
from protocols.symptom import Symptom
from protocols.topology import Node

Limit = Literal["device", "all"]
"""Which of the limits of open alarms."""

MAX_QUARANTINED = 100_000
"""Quarantined Events within reach of a retry."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


_log = structlog.get_logger()
Memory = TypeVar("Memory", bound=Struct)
AView = TypeVar("AView", bound="DerivedView")
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Saved)


def policy_of(event: PolicyLoaded) -> CorrelatorSettings:
    """The settings that a policy Event carries."""
    return msgspec.msgpack.decode(event.settings, type=CorrelatorSettings)


class DerivedView(AlarmWatcher):
    """A value that follows from the State and is not saved: compiled rules, an index, evidence read before.

    It is made when it is first asked for, and the State keeps it true. A view reads the State and never a draft, so nothing has
    to be repaired when a draft is dropped."""

    of_configuration = False
    """It follows from the topology, the default tenant or the symptoms too, and is made again when they change."""
    of_alarms = False
    """It receives the alarms that changed."""

    def __init__(self, state: "State") -> None:
        """Make it of the State as it is."""


class State(AlarmTables):
    """The alarms, the memories of the fold and of the strategies, the topology and the settings."""

    def __init__(self, ledger_id: str) -> None:
        super().__init__()
        self.ledger_id = UUID(ledger_id)
        self.offset = 0
        self.at = EPOCH
        self.timers = Timers()
        self.marks: dict[str, ReportMark] = {}
        self.ended: dict[Identity, tuple[datetime, ReportMark]] = {}
        """Recent clears, so that a raise which they overtook is recognised."""
        self.edited: dict[str, tuple[str, ...]] = {}
        """Fields that operators edited since an alarm opened, by its id: reports leave them as they are."""
        self.said: dict[str, int] = {}
        """A digest of the report whose text an alarm has, by its id. Not saved: without one the texts are compared."""
        self.clocks: dict[str, SenderClock] = {}
        """The clock (sysUpTime) of each sender."""
        self.informs: dict[str, datetime] = {}
        self.keys: dict[str, datetime] = {}
        self.bodies: dict[str, bytes] = {}
        """For each idempotency key, a digest of the event that used it."""
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
        """Digest of the topology file that was last taken; None: none yet."""
        self.topology_at = 0
        """Offset of the Event that last changed the plant."""
        self.api_nodes: dict[str, None] = {}
        """Nodes that came through the API; all others are the file's."""
        self.policy: PolicyLoaded | None = None
        self.settings = CorrelatorSettings()
        self.spans = Durations(self.settings)
        self.translator: Translator = compile(())
        self.symptoms: Symptoms = symptoms_of({})
        """The traits of each alarm type's symptom, by the profiles that are loaded."""
        self.service_effects: ServiceEffects = service_effects_of({}, self.symptoms)
        """The effect of each alarm type on service, by the same profiles."""
        self.plant = Plant()
        self._saved_plant = SavedPlant()
        self._memories: dict[type[Any], Any] = {}
        self._unread: dict[str, msgspec.Raw] = {}
        """Memories from a snapshot that nobody has asked for yet."""
        self._views: dict[type[Any], Any] = {}
        self.counts_repeats = True
        """False: no rule in force counts repeats of an alarm, so nobody has to be shown them."""
        self.prepared: Prepared | None = None
        """The plant that an Event to come makes of the empty one, made beside the fold."""
        self.tally: Counter[str] = Counter()
        """Counts of reports that led to no Change, since the metrics last took them; not saved."""

    def note(self, what: str, count: int = 1) -> None:
        """Count what the fold let pass."""
        self.tally[what] += count

    def forget(self, alarm_id: str) -> None:
        super().forget(alarm_id)
        self.marks.pop(alarm_id, None)
        self.edited.pop(alarm_id, None)
        self.said.pop(alarm_id, None)

    def replace_memories(self, found: dict[str, msgspec.Raw]) -> None:
        """Replace memories by these, encoded as in a snapshot, and forget all views."""
        self._memories = {kind: memory for kind, memory in self._memories.items() if saved_name(kind) not in found}
        self._unread |= found
        self.forget_views()

    def remembered(self) -> dict[str, msgspec.Raw]:
        """Memories in the order of their names, but for empty ones: whether one was ever asked for must not show."""
        found = dict(self._unread)
        for kind, memory in self._memories.items():
            octets = _encoder.encode(memory)
            if octets != _encoder.encode(kind()):
                found[saved_name(kind)] = msgspec.Raw(octets)
        return dict(sorted(found.items()))

    def memory(self, kind: type[Memory]) -> Memory:
        """The memory of a strategy: one Struct of its own, empty at first, kept in snapshots by :func:`saved_name`."""
        try:
            known: Memory = self._memories[kind]
            return known
        except KeyError:
            raw = self._unread.pop(saved_name(kind), None)
            found = self._memories[kind] = kind() if raw is None else msgspec.msgpack.decode(raw, type=kind)
            return found

    def view(self, kind: type[AView]) -> AView:
        """The view of this class."""
        try:
            known: AView = self._views[kind]
            return known
        except KeyError:
            return self.keep_view(kind(self))

    def keep_view(self, view: AView) -> AView:
        """Keep this view, in place of the one of its class."""
        self._views[type(view)] = view
        self.watchers = [each for each in self._views.values() if each.of_alarms]
        return view

    def forget_views(self, *, of_configuration: bool = False) -> None:
        """Forget all views, or those ``of_configuration``."""
        self.counts_repeats |= not of_configuration
        self._views = {kind: view for kind, view in self._views.items() if of_configuration and not view.of_configuration}
        self.watchers = [each for each in self._views.values() if each.of_alarms]

    def limit_reached(self, owner: Owner, more: int) -> Limit | None:
        """The limit at which the alarms of ``owner``, or all, are with ``more`` that this Event has raised already."""
        settings = self.settings
        if settings.max_alarms and self.open_alarms + more >= settings.max_alarms:
            return "all"
        most = settings.max_alarms_per_device
        if most and owner[1] and self.open_of.get(owner, 0) + more >= most:
            return "device"
        return None

    def quarantine(self, offset: int) -> None:
        """Remember that the Event at ``offset`` can be retried. Of very many the oldest are only listed and kept."""
        self.quarantined.add(offset)
        if len(self.quarantined) > MAX_QUARANTINED:
            self.quarantined.difference_update(sorted(self.quarantined)[: MAX_QUARANTINED // 100])

    def quarantine_elsewhere(self, stage: str, offset: int) -> None:
        """The Event at ``offset`` is in the quarantine of a stage behind the correlator. Of very many the oldest are forgotten:
        their alarms stay until an operator ends them."""
        self.quarantined_elsewhere[stage, offset] = None
        if len(self.quarantined_elsewhere) > MAX_QUARANTINED:
            del self.quarantined_elsewhere[next(iter(self.quarantined_elsewhere))]

    # --- what the fold depends on -------------------------------------------------------------------------------

    def take_profiles(self, event: ProfilesLoaded) -> None:
        """Compile and use the profiles of an Event or a snapshot. Profiles that this version no longer accepts read nothing:
        until those on disk have been loaded, their traps land in the inbox."""
        try:
            self.use_profiles(event, compile(event.profiles))
        except ProfileErrors as error:
            _log.warning("profiles from the ledger are not accepted any more", mistakes=[str(one) for one in error.errors])
            self.profiles, self.translator = None, compile(())
            types = alarm_types(event.profiles)
            self.symptoms = symptoms_of(types)
            self.service_effects = service_effects_of(types, self.symptoms)

    def use_profiles(self, event: ProfilesLoaded, translator: Translator) -> None:
        """Read traps, and take the symptoms and service effects of alarm types, by these profiles from now on."""
        self.profiles, self.translator = event, translator
        self.service_effects = translator.service_effects
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

    def declared(self, alarm_type: str) -> tuple[ServiceEffect, Symptom]:
        """The service effect and the symptom that an alarm type has now."""
        traits = self.symptoms.get(alarm_type)
        return self.service_effects.get(alarm_type, "none"), traits.symptom if traits is not None else "none"

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
            has_effects=True,
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
        if not saved.has_effects:
            for alarm in saved.alarms:
                effect, symptom = state.declared(alarm.alarm_type)
                state.alarms[alarm.id] = replace(alarm, service_effect=effect, symptom=symptom)
        return state
