"""The result of the vendor profiles for one trap. The fold turns it into alarms."""

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

from protocols.optical_power import Measurement
from protocols.severity import Severity

AddressFrom = Literal["source", "snmpTrapAddress", "agent-addr"]


class SequenceNumber(Struct, frozen=True, gc=False):
    """A vendor's own counter of notifications: a gap in ``scope`` means that traps were lost on the way."""

    scope: str
    value: int
    modulus: int = 2**32
    restarts_at: int = 1
    """The value after the device restarts: seeing it again is a restart, no gap."""


class Finding(Struct, frozen=True, kw_only=True, gc=False):
    """One meaning of a trap. ``resource`` is the position below the device (``0/1/5/17``), empty for the device itself.

    A clear ends every alarm of ``resource`` whose type is in ``clears``; ``qualifier`` narrows that to one, and
    ``"*"`` ends all qualifiers of these types.
    """

    kind: Literal["raise", "clear", "event", "drop"]
    profile: str
    rule: str
    alarm_type: str
    resource_type: str = "olt"
    resource: str = ""
    qualifier: str = ""
    clears: tuple[str, ...] = ()
    severity: Severity = "warning"
    event_type: str = "other"
    probable_cause: str = "other"
    title: str = ""
    description: str = ""
    recommended_action: str = ""
    resource_name: str = ""
    serial: str = ""
    names: tuple[str, ...] = ()
    """Names of the interface whose index is in ``resource``: ifName, ifDescr, ifAlias; empty where the trap has none."""
    device_time: datetime | None = None
    vendor_cause: str = ""
    """A cause that the device worked out itself (ZTE PonLosReason, Huawei dying-gasp counts), passed through."""
    repeats_by_design: bool = False
    """The device sends this several times on purpose: occurrences within seconds count once."""
    light: tuple[Measurement, ...] = ()
    """Optical power of the resource, from the trap."""
    metadata: dict[str, Any] = {}
    shows_life: bool = False
    """Only an ONT that works causes this report: it ends every alarm that says that the ONT is out."""
    why: tuple[str, ...] = ()
    """The conditions and decoders that led here, for ``faultd profile test`` and the timeline."""


class Reading(Struct, frozen=True, kw_only=True, gc=False):
    """The whole outcome for one trap: where it came from, and its findings. No findings means: no profile knows it."""

    device_address: str
    """The device that the trap is about: the source, snmpTrapAddress behind a listed relay, or a v1 agent-addr."""
    address_from: AddressFrom
    findings: tuple[Finding, ...] = ()
    sequence: SequenceNumber | None = None
    reason: str = ""
    """The reason for which there is no finding: no rule for the OID, a false condition, or a value that a decoder refused."""
    address_why: str = ""
    """The reason for this address when it is not the sender's."""
