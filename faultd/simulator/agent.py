"""The traps of an OLT: its agent sends one after the other in its vendor's form, and none while it has no power."""

from datetime import datetime, timedelta
from functools import partial
from random import Random

from msgspec import Struct

from faultd.simulator.agenda import Agenda
from faultd.simulator.emission import Emission, to_notification
from faultd.simulator.fault import Element
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
        booted: BootRecord | None = None,
    ) -> None:
        """``start`` is what its clock shows at second 0, but for up to ``skew`` seconds either way; ``pause`` lies between two
        traps. ``booted`` is its latest start before second 0; None: drawn from ``seed``."""
        self.on = True
        self.epoch = 0
        """Grows with every loss of power and makes what was queued before void."""
        self.discarded = 0
        """Reports that were queued when it lost power."""
        self._plant = plant
        self._device = plant.olts[olt]
        self._olt = olt
        self._physics = physics
        self._agenda = agenda
        self._sent = sent
        self._start = start
        self._pause = pause
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
        self._free = 0.0
        """The time at which the queue is sent."""

    def report(self, report: Observation, fault: str) -> None:
        """Queue ``report``, behind which is ``fault``, after what there is still to send. Without power it is lost."""
        if not self.on:
            return
        self._free = max(self._free, self._agenda.now) + self._rng.uniform(*self._pause)
        self._agenda.at(self._free, partial(self._send, self.epoch, report, fault))

    def die(self, fault: str) -> None:
        """Lose power now, with a last word if it had any."""
        if self.on:
            self._send(self.epoch, Observation("olt_power_off", self._olt), fault)
        self.on, self.epoch = False, self.epoch + 1

    def boot(self, fault: str) -> None:
        """Have power and speak again, of the start first."""
        self.on, self.booted, self._free = True, self._agenda.now, self._agenda.now
        self.boots += 1
        self.report(Observation("cold_start", self._olt), fault)

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

    def _send(self, epoch: int, report: Observation, fault: str) -> None:
        if epoch != self.epoch:
            self.discarded += 1
            return
        moment = DeviceTime(self.clock(self._agenda.now), self._sequence + 1)
        drafts = DIALECTS[self._device.vendor](self._plant, report, moment)
        for draft in drafts:
            self._emit(draft, report, fault)
        if drafts:
            self._sequence += 1

    def _emit(self, draft: VendorNotification, report: Observation, fault: str) -> None:
        self._request_id = (self._request_id + 1) & 0x7FFFFFFF
        now = self._agenda.now
        notification = to_notification(
            self._device,
            draft,
            community=self._plant.spec.community,
            uptime=self.uptime(now),
            request_id=self._request_id,
        )
        unreachable = not self._physics.works(Element("reach", self._olt))
        self._sent.append(
            Emission(at=now, olt=self._olt, report=report, notification=notification, fault=fault, unreachable=unreachable)
        )
