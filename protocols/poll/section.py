"""The ``[poll]`` section of a vendor profile: what is read from a device, and what its numbers mean.

The Structs are the section as written (TOML) and as it travels with its profile through the ledger. ``docs/profiles.md``
describes the keys; ``protocols.poll.plan`` compiles them.
"""

from typing import Literal

from msgspec import Struct

from protocols.poll.states import PartKind

ScheduleClass = Literal["state", "down", "identity", "optics", "slow"]
"""When a column is read. ``state``: at each poll. ``down``: by GET, for parts that a poll found newly down. ``identity``: at
the start, with new parts, and now and then as far as the budget allows. ``optics``: hourly by default, since some line cards
crash. ``slow``: counters, sensors and names."""
LevelSeverity = Literal["critical", "major", "minor", "warning"]
Verified = Literal["mib", "field"]
"""``mib``: a MIB text has the column. ``field``: known from logs, templates and scripts."""


class PollLevel(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A threshold: a value above ``above`` (or below ``below``) is beyond it, until it is at ``release`` or better. The
    correlator waits ``dwell_seconds`` before it raises or clears."""

    above: float | None = None
    below: float | None = None
    release: float | None = None
    """Left out: the threshold itself."""
    dwell_seconds: float = 0.0
    severity: LevelSeverity = "minor"


class PollColumn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One column of a table, or one scalar (whose ``oid`` then ends with its instance, ``.0``).

    A number is raw times ``scale`` plus ``offset``. ``invalid`` are the raw numbers by which the device says that it has none;
    ``signed_bits = 16`` takes a raw number of 32768 and above less 65536 first. ``milliwatt``: the number after scaling is
    in mW, and becomes dBm. A text that begins with a number is that number (``-23.5 dBm``).
    """

    oid: str
    verified: Verified | None = None
    """None: as its table."""
    schedule: ScheduleClass | None = None
    """None: the class that its meaning has."""
    values: dict[str, str] = {}
    """State and cause: the number (or text) as the device sends it, to ``up``, ``down``, ``unknown`` or a down cause. In a
    state column a cause means down for this cause. A value that is not listed is ``unknown`` (state) or no cause."""
    bits: dict[int, str] = {}
    """State and cause from a bitmap: number of the bit, from 1 (the value 1), to the same words; the first listed that is set
    counts. A state without any set bit is up."""
    invalid: tuple[float, ...] = ()
    signed_bits: int = 0
    scale: float = 1.0
    offset: float = 0.0
    milliwatt: bool = False
    decode: str = ""
    """Place: the decoder of the text (``port_name``)."""
    pattern: str = ""
    """Place: a regular expression searched in the text; its named groups are the parts."""
    unit: str = ""
    levels: tuple[PollLevel, ...] = ()


class PollTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A table whose rows are parts of one kind.

    ``index`` describes the sub-identifiers of a row one by one: a name, or a packed number such as
    ``"(slot+1)<<25 | 14<<21 | (pon-1)<<16 | (ont-1)<<9"``; several formulas of one have ``or`` between them. A field's width
    ends where the next higher one begins; bits that no field has must be zero. ``where`` gives the numbers that a name may
    have. A row that does not fit is no part of this table. ``position`` is made of these names, and is the position that the
    profile's traps give the same part.
    """

    kind: PartKind
    index: tuple[str, ...]
    position: str
    where: dict[str, tuple[int, ...]] = {}
    card: str = ""
    """The line card of a row, whose budget its reads count against; empty: the device's own budget."""
    verified: Verified = "mib"
    place: PollColumn | None = None
    """A text with the part's position, where the index does not tell it: ``{place.port}/{place.onu}``."""
    state: PollColumn | None = None
    cause: PollColumn | None = None
    admin: PollColumn | None = None
    """``down``: an operator switched it off. A part that is down for it is ``admin_down``."""
    serial: PollColumn | None = None
    name: PollColumn | None = None
    ont_rx: PollColumn | None = None
    olt_rx: PollColumn | None = None
    port_rx: PollColumn | None = None
    octets_in: PollColumn | None = None
    octets_out: PollColumn | None = None
    speed: PollColumn | None = None
    """The number after scaling is in bit/s."""
    sensors: dict[str, PollColumn] = {}
    """Other measured values by quantity: ``temperature``, ``cpu``, ``memory``."""
    utilisation: tuple[PollLevel, ...] = ()
    """Levels of ``utilisation_in`` and ``utilisation_out``, in percent of ``speed``."""


class PollSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One plan (``[poll.<name>]``).

    ``sys_object_id`` are the prefixes of the devices that it is for; without any, those of the profile's ``[[devices]]``.
    A plan is a device's where a GETNEXT finds something below its ``probe``; without one, in one of its own tables or sensors.
    Of several, the one whose first table answers is taken, then the first that has anything. The plan ``standard`` adds its
    sensors and tables to every other one that has none of the same name; ``without`` names those that are not wanted.
    """

    enabled: bool = True
    """The profile's own ``enabled`` is about its traps."""
    sys_object_id: tuple[str, ...] = ()
    probe: str = ""
    without: tuple[str, ...] = ()
    unordered: tuple[str, ...] = ()
    """Tables, own or of ``standard``, whose OIDs the agent sends in no order: read on as long as each OID is a new one."""
    object_id: str = "1.3.6.1.2.1.1.2.0"
    """sysObjectID (RFC 3418)."""
    uptime: str = "1.3.6.1.2.1.1.3.0"
    """sysUpTime (RFC 3418)."""
    boots: str = "1.3.6.1.6.3.10.2.1.2.0"
    """snmpEngineBoots (RFC 3411)."""
    engine_time: str = "1.3.6.1.6.3.10.2.1.3.0"
    """snmpEngineTime (RFC 3411)."""
    host_uptime: str = "1.3.6.1.2.1.25.1.1.0"
    """hrSystemUptime (RFC 2790), or the vendor's own: the box's uptime in hundredths of a second. Empty: it has none."""
    sensors: dict[str, PollColumn] = {}
    """Scalars by quantity; their OIDs end with the instance."""
    tables: dict[str, PollTable] = {}
