"""Contact with a device's SNMP agent: lost, and had again. The correlator alone decides what it means."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

Silence = Literal["no_answer", "refused", "no_route", "elsewhere"]
"""``no_answer``: nothing came back. ``refused``: ICMP says that nobody listens there (the host lives). ``no_route``: the kernel
knows no way to the address. ``elsewhere``: an answer came from an address that was not asked."""


class AgentTimes(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """The times that an agent reports, read at ``at`` by faultd's clock. None: the agent does not have the object, or the read
    failed; a failed read is no value."""

    at: datetime
    uptime: int | None = None
    """sysUpTime, in hundredths of a second, modulo 2^32."""
    boots: int | None = None
    """snmpEngineBoots."""
    engine_time: int | None = None
    """snmpEngineTime, in seconds. Some agents report negative ones."""
    host_uptime: int | None = None
    """hrSystemUptime or the vendor's own, in hundredths of a second, modulo 2^32: that of the box, not of its agent."""


class OtherPolls(Struct, frozen=True, array_like=True, gc=False):
    """The other polled devices since the first poll that this device missed: of ``asked`` of them a poll ended since then, and
    the latest poll of ``silent`` of these had no answer."""

    asked: int
    silent: int


class PollMissed(Struct, frozen=True, kw_only=True, array_like=True, tag="poll_missed", tag_field="tag"):
    """A device did not answer a poll, retries included. One such Event for each poll in a row that it missed, up to ``needed``;
    then none until it has answered.

    ``misses`` counts them, from 1; ``first`` is the instant at which the first of them was sent. With ``needed`` misses the
    poller has tried the other ways too: another object or engine discovery (``other_object``), ICMP echo (``echo``). None: not
    tried. ``own_fault`` is a sentence where faultd's own socket or interface is at fault, else empty.
    """

    device: str
    """The node's id."""
    address: str
    first: datetime
    misses: int
    needed: int
    silence: Silence = "no_answer"
    other_object: bool | None = None
    echo: bool | None = None
    others: OtherPolls = OtherPolls(0, 0)
    own_fault: str = ""


class PollAnswered(Struct, frozen=True, kw_only=True, array_like=True, tag="poll_answered", tag_field="tag"):
    """A device answered: the first time since the poller began with it, after it had missed polls, or with times that do not
    follow from the ones before (``protocols.poll.uptime``). ``misses`` is the number of polls missed before. ``before``: the
    times of the last read that this poller had before; None at the first contact."""

    device: str
    address: str
    times: AgentTimes
    misses: int = 0
    sys_object_id: str = ""
    others: OtherPolls = OtherPolls(0, 0)
    before: AgentTimes | None = None


class PollStopped(Struct, frozen=True, kw_only=True, array_like=True, tag="poll_stopped", tag_field="tag"):
    """A device is polled no longer: its polling was switched off, it left the topology, or its poller was parked (``parked``).
    Nothing is known of it from here on."""

    device: str
    reason: str
    parked: bool = False
