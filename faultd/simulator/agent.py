"""The traps of an OLT: its agent sends one after the other in its vendor's form, and none while it has no power."""

from datetime import datetime, timedelta
from functools import partial
from random import Random

from msgspec import Struct

from faultd.simulator.agenda import Agenda
from faultd.simulator.emission import Emission, to_notification
from faultd.simulator.fault import Element
from faultd.simulator.habits import OltHabits
from faultd.simulator.physics import Physics
from faultd.simulator.plant import SimulatedPlant
from faultd.simulator.report import DeviceTime, Observation, VendorNotification
from faultd.simulator.timing import Range
from faultd.simulator.vendors import DIALECTS


class BootRecord(Struct, frozen=True):
    """The latest start of an OLT: ``at`` is its instant, ``count`` is snmpEngineBoots since then."""

    at: datetime
    count: int


class Agent:
    """The SNMP agent of one OLT. What it sends is added to ``sent``."""

    def __init__(
        self,
        plant: SimulatedPlant,
        olt: str,
        *,
        physics: Physics,
        agenda: Agenda,
        sent: list[Emission],
        seed: int,
        start: datetime,
        skew: float,
        pause: Range,
        habits: OltHabits,
        booted: BootRecord | None = None,
    ) -> None:
        """``start`` is what its clock shows at second 0, but for up to ``skew`` seconds either way; ``pause`` lies between two
        traps unless ``habits`` have a pace. ``booted`` is its latest start before second 0; None: drawn from ``seed``."""
        self.on = True
        self.epoch = 0
        """Grows with every loss of power and makes what was queued before void."""
        self.discarded = 0
        """Reports that were queued when it lost power."""
        self._plant = plant
        self._device = plant.olts[olt]
        self.olt = olt
        self._physics = physics
        self._agenda = agenda
        self._sent = sent
        self._start = start
        self._pause = pause if not habits.pace else (0.8 / habits.pace, 1.2 / habits.pace)
        self._paced = bool(habits.pace)
        """Then only reports for which its vendor has a trap take a turn, and the vendor's time stamp is that of the report. By
        the timing, all take a turn, and the stamp is that of the sending."""
        self._by_port = habits.queue == "pon"
        self._rng = Random(f"olt/{seed}/{olt}")
        self.booted = -self._rng.uniform(1, 400) * 86400
        """Second of its latest start."""
        self.boots = Random(f"boots/{seed}/{olt}").randrange(1, 40)
        """snmpEngineBoots."""
        if booted is not None:
            self.booted, self.boots = (booted.at - start).total_seconds(), booted.count
        self._request_id = self._rng.getrandbits(30)
        self._sequence = self._rng.randrange(1, 50_000)
        self._skew = Random(f"clock/{seed}/{olt}").uniform(-skew, skew)
        """Seconds that its clock is ahead."""
        self._free: dict[str, float] = {}
        """The time at which each queue is sent: by PON port where each has its own, otherwise there is one."""
        self.before: list[Emission] = []
        """What it sent before second 0."""

    def report(self, report: Observation, fault: str) -> None:
        """Queue ``report``, behind which is ``fault``, after what there is still to send. Without power it is lost."""
        if not self.on or (self._paced and not self._drafts(report, self._agenda.now)):
            return
        queue = self._queue(report.resource) if self._by_port else ""
        free = max(self._free.get(queue, 0.0), self._agenda.now) + self._rng.uniform(*self._pause)
        self._free[queue] = free
        self._agenda.at(free, partial(self._send, self.epoch, report, fault, self._agenda.now if self._paced else None))

    def report_before(self, at: float, report: Observation) -> None:
        """Have sent ``report`` at a second before 0; to be called in the order of those seconds."""
        at = max(at, self.booted)
        self._speak(at, at, report, "", self.before)

    def die(self, fault: str, *, quiet: bool = False) -> None:
        """Lose power now, with a last word if it has any; ``quiet``: by order, without one."""
        if self.on and not quiet:
            self._send(self.epoch, Observation("olt_power_off", self.olt), fault)
        self.on, self.epoch = False, self.epoch + 1

    def boot(self, fault: str) -> None:
        """Have power and speak again, of the start first."""
        self.on, self.booted, self._free = True, self._agenda.now, {}
        self.boots += 1
        self.report(Observation("cold_start", self.olt), fault)

    @property
    def boot_record(self) -> BootRecord:
        """Its latest start."""
        return BootRecord(self._start + timedelta(seconds=self.booted), self.boots)

    def clock(self, at: float) -> datetime:
        """The time that its clock shows at that second."""
        return self._start + timedelta(seconds=at + self._skew)

    def uptime(self, at: float) -> int:
        """sysUpTime at that second, in hundredths of a second modulo 2^32."""
        return int((at - self.booted) * 100) & 0xFFFFFFFF

    def _send(self, epoch: int, report: Observation, fault: str, noted: float | None = None) -> None:
        """Send what was noted at a second, None: now; its stamp is of then. It is void in another epoch."""
        if epoch != self.epoch:
            self.discarded += 1
            return
        now = self._agenda.now
        self._speak(now, now if noted is None else noted, report, fault, self._sent)

    def _speak(self, at: float, noted: float, report: Observation, fault: str, sent: list[Emission]) -> None:
        drafts = self._drafts(report, noted)
        for draft in drafts:
            self._emit(at, draft, report, fault, sent)
        if drafts:
            self._sequence += 1

    def _drafts(self, report: Observation, at: float) -> tuple[VendorNotification, ...]:
        moment = DeviceTime(self.clock(at), self._sequence + 1)
        return DIALECTS[self._device.vendor](self._plant, report, moment)

    def _emit(self, at: float, draft: VendorNotification, report: Observation, fault: str, sent: list[Emission]) -> None:
        self._request_id = (self._request_id + 1) & 0x7FFFFFFF
        notification = to_notification(
            self._device,
            draft,
            community=self._plant.spec.community,
            uptime=self.uptime(at),
            request_id=self._request_id,
        )
        unreachable = not self._physics.works(Element("reach", self.olt))
        sent.append(
            Emission(at=at, olt=self.olt, report=report, notification=notification, fault=fault, unreachable=unreachable)
        )

    def _queue(self, resource: str) -> str:
        """The PON port of ``resource``; empty for what concerns none."""
        if resource in self._plant.onts:
            return self._plant.onts[resource].pon
        return resource if resource in self._plant.pons else ""
