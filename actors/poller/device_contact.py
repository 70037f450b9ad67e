"""Contact with one device, poll by poll: which Event each outcome makes, and none where nothing changed. Pure."""

from datetime import datetime
from typing import Literal

from msgspec.structs import replace

from protocols.poll.contact import AgentTimes, OtherPolls, PollAnswered, PollMissed, Silence
from protocols.poll.states import ReadReason
from protocols.poll.uptime import times_step

Contact = Literal["new", "answering", "missing", "silent"]
"""``new``: no poll has ended. ``missing``: polls were missed, fewer than are needed. ``silent``: as many as are needed."""


class DeviceContact:
    """``needed`` misses in a row make a device silent. Instants of type float are seconds of one monotonic clock."""

    __slots__ = ("_read_at", "address", "contact", "device", "first", "first_at", "misses", "needed", "times")

    def __init__(self, device: str, address: str, needed: int, began: float) -> None:
        self.device, self.address, self.needed = device, address, needed
        self.contact: Contact = "new"
        self.misses = 0
        self.first: datetime | None = None
        """When the first of the missed polls in a row was sent."""
        self.first_at = began
        """The same by the monotonic clock; before any miss, when the poller began."""
        self.times: AgentTimes | None = None
        """The last that were read."""
        self._read_at = began

    @property
    def confirms_next(self) -> bool:
        """Whether one more miss makes the device silent, so that the other ways have to be tried first."""
        return self.contact != "silent" and self.misses + 1 >= self.needed

    def missed(
        self,
        sent: datetime,
        sent_at: float,
        others: OtherPolls,
        silence: Silence = "no_answer",
        *,
        other_object: bool | None = None,
        echo: bool | None = None,
        own_fault: str = "",
    ) -> PollMissed | None:
        """A poll that was sent at ``sent`` had no answer. None: the device is known to be silent."""
        if self.contact == "silent":
            return None
        self.misses += 1
        if self.first is None:
            self.first, self.first_at = sent, sent_at
        self.contact = "silent" if self.misses >= self.needed else "missing"
        return PollMissed(
            device=self.device,
            address=self.address,
            first=self.first,
            misses=self.misses,
            needed=self.needed,
            silence=silence,
            other_object=other_object,
            echo=echo,
            others=others,
            own_fault=own_fault,
        )

    def answered(
        self, times: AgentTimes, now: float, others: OtherPolls, sys_object_id: str = ""
    ) -> tuple[PollAnswered | None, ReadReason | None]:
        """A poll was answered ``now`` with ``times``: the Event, None where all goes on, and the reason for a whole read."""
        before, elapsed = self.times, now - self._read_at
        broken = restarted = False
        if before is not None:
            by_clock = times_step(before, times, elapsed)
            # The one is wrong when the host was suspended, the other when the wall clock jumped.
            broken = not by_clock.follows and not times_step(before, times).follows
            restarted = "restarted" in (by_clock.uptime, by_clock.host) or by_clock.boots == "rose"
        reason: ReadReason | None = None
        if self.contact == "new":
            reason = "start"
        elif broken and restarted:
            reason = "restart"
        elif self.contact == "silent":
            reason = "returned"
        event = None
        if self.contact != "answering" or broken:
            event = PollAnswered(
                device=self.device,
                address=self.address,
                times=times,
                misses=self.misses,
                sys_object_id=sys_object_id,
                others=others,
                before=before,
            )
        self.contact, self.misses, self.first = "answering", 0, None
        self._remember(times, now)
        return event, reason

    def count_anew(self) -> None:
        """The correlator wants a silent device judged anew (``PollRequested``, reason ``returned``): the misses so far may be
        due to faultd's own blindness. The next one is the first, and an answer is reported."""
        if self.contact in ("missing", "silent"):
            self.contact, self.misses, self.first = "missing", 0, None

    def _remember(self, times: AgentTimes, now: float) -> None:
        before = self.times
        if before is None or times.uptime is not None:
            # A failed read is no value: the boots of before still hold.
            self.times = times if times.boots is not None or before is None else replace(times, boots=before.boots)
            self._read_at = now
