"""The SNMP agent of an OLT: sends one trap after the other in its vendor's form, and none while it has no power."""

from datetime import datetime, timedelta
from functools import partial
from random import Random

from faultd.simulator.agenda import Agenda
from faultd.simulator.emission import Emission, to_notification
from faultd.simulator.fault import Element
from faultd.simulator.physics import Physics
from faultd.simulator.plant import SimulatedPlant
from faultd.simulator.report import DeviceTime, Observation, VendorNotification
from faultd.simulator.timing import Range
from faultd.simulator.vendors import DIALECTS


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
    ) -> None:
        """``start`` is what its clock shows at second 0, but for up to ``skew`` seconds either way; ``pause`` lies between two
        traps."""
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
        self._booted = -self._rng.uniform(1, 400) * 86400
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
        self.on, self._booted, self._free = True, self._agenda.now, self._agenda.now
        self.report(Observation("cold_start", self._olt), fault)

    def _send(self, epoch: int, report: Observation, fault: str) -> None:
        if epoch != self.epoch:
            self.discarded += 1
            return
        moment = DeviceTime(self._start + timedelta(seconds=self._agenda.now + self._skew), self._sequence + 1)
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
            uptime=int((now - self._booted) * 100) & 0xFFFFFFFF,
            request_id=self._request_id,
        )
        unreachable = not self._physics.works(Element("reach", self._olt))
        self._sent.append(
            Emission(at=now, olt=self._olt, report=report, notification=notification, fault=fault, unreachable=unreachable)
        )
