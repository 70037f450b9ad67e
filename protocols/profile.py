"""Vendor profiles: the language in which an operator says what a trap means.

One Struct for one file of ``config/profiles/`` (TOML). The same Structs travel through the ledger by content, so every
field survives msgpack. ``docs/profiles.md`` describes the keys; the engine is ``actors.correlator.profiles``.
"""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct, field

from protocols.optical_power import Quantity
from protocols.poll.section import PollSection, Verified
from protocols.service_effect import ServiceEffect
from protocols.severity import Severity
from protocols.symptom import Symptom

Kind = Literal["raise", "clear", "event", "drop"]

LifeSign = Literal["clear", "event", "never"]
"""The report that shows that an ONT works: the clear of its alarm, or an event."""

EventType = Literal[
    "other",
    "communicationsAlarm",
    "qualityOfServiceAlarm",
    "processingErrorAlarm",
    "equipmentAlarm",
    "environmentalAlarm",
    "integrityViolation",
    "operationalViolation",
    "physicalViolation",
    "securityServiceOrMechanismViolation",
    "timeDomainViolation",
]
"""IANAItuEventType (RFC 3877)."""

Invalid = tuple[int | str, ...]


class Varbind(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A named varbind: any of ``oid`` with or without an instance suffix. ``values`` names the enumeration's numbers,
    ``invalid`` are the values by which the device says that it has none, ``scale`` and ``unit`` are for people."""

    oid: str | tuple[str, ...]
    values: dict[int, str] | str = {}
    """An enumeration in place, or the name of one of ``[enums]``."""
    decode: str = ""
    invalid: Invalid = ()
    scale: float = 1.0
    unit: str = ""


class Value(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, rename={"source": "from"}):
    """A value computed from others. ``from`` names one value, or several of which the first present one is taken;
    ``inputs`` names all the values that a decoder of several arguments takes; ``index`` picks one arc of the varbind's
    instance suffix (0 is the first, -1 the last)."""

    source: str | tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    index: int | None = None
    decode: str = ""
    pattern: str = ""
    """A regular expression searched in the text; its named groups become the value's parts."""
    values: dict[int, str] | str = {}
    invalid: Invalid = ()
    scale: float = 1.0
    unit: str = ""


class Resource(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, rename={"fallback": "otherwise"}
):
    """The resource of a trap. The first ``path`` whose values are all present is taken; if there is none, ``otherwise`` names
    the less specific resource (empty: no finding)."""

    type: str
    path: str | tuple[str, ...] = ""
    fallback: str = ""
    name: str = ""
    serial: str = ""
    names: tuple[str, ...] = ()
    """The ifName, ifDescr and ifAlias of an interface whose ``path`` is its index. faultd recognises the interface by them when
    the device renumbers its interfaces."""


class ValueTest(
    Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename={"not_": "not", "in_": "in"},
):
    """A condition on one value; all the fields given must hold. A missing value fails everything but ``present = false``
    and ``not``."""

    __test__ = False

    is_: int | str | None = field(name="is", default=None)
    in_: tuple[int | str, ...] = ()
    not_: int | str | tuple[int | str, ...] = ()
    above: float | None = None
    below: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    bits: tuple[int, ...] = ()
    """Numbers of bits that must be set: SMI BITS order for octets (bit 0 is the most significant of the first octet),
    value 2**n for integers."""
    no_bits: tuple[int, ...] = ()
    any_bits: tuple[int, ...] = ()
    pattern: str = ""
    present: bool | None = None


Condition = int | str | tuple[int | str, ...] | ValueTest


class Choice(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, rename={"source": "from", "table": "map"}
):
    """Looks a value's text up in a table: ``{ from = "level", map = { 1 = "critical" }, otherwise = "warning" }``."""

    source: str
    table: dict[str, str]
    otherwise: str = ""


class OpticalPowerField(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, rename={"source": "from"}
):
    """An optical power that a trap carries: a value's number times ``scale`` plus ``offset`` is in dBm. Read only where
    ``when`` holds; ``invalid`` are the numbers, before scaling, by which the device says that it has none."""

    what: Quantity
    source: str
    when: dict[str, Condition] = {}
    invalid: tuple[float, ...] = ()
    scale: float = 1.0
    offset: float = 0.0


class Trigger(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A trap under conditions. Without ``trap``: any trap that no other rule knows, recognised by its varbinds alone."""

    trap: str | tuple[str, ...] = ()
    when: dict[str, Condition] = {}
    severity: Severity | None = None
    qualifier: str | None = None
    clears: tuple[str, ...] = ()
    vendor_cause: str = ""
    title: str = ""
    shows_life: bool = False
    """True when only an ONT that works causes this trap, whatever its type says."""


Triggers = tuple[str | Trigger, ...]


class AlarmType(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An alarm type, the same for all vendors. It supplies the fields that a rule leaves out."""

    severity: Severity
    title: str
    event_type: EventType = "other"
    probable_cause: str = "other"
    description: str = ""
    recommended_action: str = ""
    graded: bool = False
    """True when devices report degrees of it. If so, the severity that a device sends goes before this one. If not, all alarms
    have this one, and the device's is metadata (``vendor_severity``)."""
    symptom: Symptom | None = None
    """The sign of the access network that the type is: all that correlation asks for. None: this profile declares nothing."""
    service_effect: ServiceEffect | None = None
    """The effect of an open alarm on service, from which availability is computed. None: this profile declares nothing."""
    shows_life: LifeSign | None = None
    """The report of this type that shows that its ONT works. None: the clear of a loss of signal, frames or service does."""


class TrapMeaning(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The fields that alarms, families and codes share. Empty fields are taken from the level above: code, family, alarm
    type."""

    resource: str | Choice = ""
    qualifier: str = ""
    severity: Severity | Choice | None = None
    event_type: EventType | None = None
    probable_cause: str = ""
    title: str = ""
    description: str = ""
    recommended_action: str = ""
    vendor_cause: str = ""
    clears: tuple[str, ...] = ()
    """Alarm types that its clear ends as well."""
    repeats_by_design: bool | None = None
    metadata: tuple[str, ...] = ()
    light: tuple[OpticalPowerField, ...] = ()
    """Optical powers of the resource in the trap."""
    shows_life: bool = False
    """True when only an ONT that works causes these traps, whatever the type says."""


class AlarmRule(
    TrapMeaning,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename={"raises": "raise", "cleared": "clear", "go_on": "continue"},
):
    """One alarm type of one vendor with everything that raises it, clears it, or mentions it (``[[alarms]]``)."""

    type: str
    name: str = ""
    enabled: bool = True
    verified: Verified = "mib"
    go_on: bool = False
    """Try the next rules too: for one trap with the state of many alarms."""
    when: dict[str, Condition] = {}
    raises: Triggers = ()
    cleared: Triggers = ()
    event: Triggers = ()
    drop: Triggers = ()


class Code(TrapMeaning, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One code of a family."""

    type: str
    kind: Kind | Choice | None = None


class Family(TrapMeaning, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One notification for many alarms: the alarm is a code in a varbind (``[[families]]``). ``kind`` says how to tell a
    raise from a clear where the code itself does not; ``otherwise`` is for codes that are not in the table."""

    name: str
    trap: str | tuple[str, ...]
    code: str
    codes: dict[str, Code]
    kind: Kind | Choice = "raise"
    enabled: bool = True
    verified: Verified = "mib"
    when: dict[str, Condition] = {}
    otherwise: Code | None = None


class Sequence(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, rename={"source": "from"}):
    """The vendor's own counter of notifications. A gap in it shows lost traps."""

    source: str
    scope: str
    modulus: int = 2**32
    restarts_at: int = 1


class DeviceTimeField(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, rename={"source": "from"}
):
    """Where the device's own time of the event is. ``decode`` is a time decoder, ``format`` (strptime) for text.

    ``utc_offset`` (``"+03:00"``) is the zone of times that carry none; without it such times are not used. A time
    further than ``max_behind`` / ``max_ahead`` seconds from the receipt is a wrong clock and is not used."""

    source: str
    decode: str = ""
    format: str = ""
    utc_offset: str = ""
    max_behind: int = 86400
    max_ahead: int = 300


class DeviceFamily(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A family of devices that a profile is about, for ``faultd profile known``: its sysObjectIDs begin with one of
    ``sys_object_id``. ``note`` says what to expect of its traps."""

    name: str
    sys_object_id: str | tuple[str, ...]
    note: str = ""


class Profile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One file of ``config/profiles/``. Of two profiles that know a trap, the one of higher ``priority`` is tried first."""

    name: str
    vendor: str = ""
    description: str = ""
    enabled: bool = True
    priority: int = 0
    verified: Verified = "mib"
    repeats_by_design: bool = False
    metadata: tuple[str, ...] = ()
    community_fields: tuple[str, ...] = ()
    """Names of the fields that this vendor's equipment writes behind the community (``public@eventId=17@level=major``). The
    trap listener compares such a community without them, and ``community.NAME`` reads them."""
    severity: Choice | None = None
    """Where this vendor's traps carry a severity: it goes before the alarms' own for types that are ``graded``, and for
    types of this profile's own."""
    types: dict[str, AlarmType] = {}
    enums: dict[str, dict[int, str]] = {}
    notifications: dict[str, str | tuple[str, ...]] = {}
    varbinds: dict[str, str | tuple[str, ...] | Varbind] = {}
    values: dict[str, Value] = {}
    resources: dict[str, Resource] = {}
    sequence: tuple[Sequence, ...] = ()
    """The first of several whose value is present counts."""
    device_time: tuple[DeviceTimeField, ...] = ()
    alarms: tuple[AlarmRule, ...] = ()
    families: tuple[Family, ...] = ()
    devices: tuple[DeviceFamily, ...] = ()
    poll: dict[str, PollSection] = {}
    """Plans of polling by name."""


def community_fields(profiles: Iterable[Profile]) -> frozenset[str]:
    """The fields that equipment writes behind its community, by all enabled profiles; in lower case."""
    return frozenset(name.lower() for profile in profiles if profile.enabled for name in profile.community_fields)


def varbind(spec: str | tuple[str, ...] | Varbind) -> Varbind:
    """The long form of one entry of ``[varbinds]``."""
    return spec if isinstance(spec, Varbind) else Varbind(oid=spec)


def names(value: str | tuple[str, ...]) -> tuple[str, ...]:
    """One name or several, as a tuple."""
    return (value,) if isinstance(value, str) else value
