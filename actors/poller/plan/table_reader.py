"""What one device's rows of one table said when they were last read, and the difference from it.

A read that is octet for octet the one before costs one comparison. An index whose serial, name or place is another one is
another part: it inherits nothing.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Final, NamedTuple

from actors.poller.plan.levels import SensorReading
from actors.poller.plan.packed_rows import Packed, pack_rows, unpack_rows, without_rows
from actors.poller.plan.rates import bit_rate, counted, counter_value, utilisation
from protocols.optical_power import Quantity, is_optical_power
from protocols.poll.part_states import PolledPart, pack_states
from protocols.poll.plan.column_plan import ColumnMeaning, ColumnPlan, Words, decoded
from protocols.poll.plan.table_plan import Rows, TablePlan
from protocols.poll.section import PollLevel
from protocols.poll.states import PartStates, PolledName, PolledPower, PolledSerial
from protocols.poll.uptime import uptime_step
from protocols.profile_decoders import DECODERS, DecodeError, text
from protocols.serial import canonical_serial

NOTABLE_DB: Final = 1.0
"""An optical power that differs by so much from the last reported one is reported."""
LONGEST_NAME: Final = 64
_SHORTEST_SERIAL: Final = 6

_UNKNOWN: Final[Words] = ("unknown", "")
_POWERS: Final[tuple[Quantity, ...]] = ("ont_rx", "olt_rx", "port_rx")


class StateNews(NamedTuple):
    """Indexes of rows: ``changed`` are new, or say something else than at the read before; ``gone`` are no longer there;
    ``down`` are those of ``changed`` that are newly down, whose ``plan.of("down")`` columns are worth a GET."""

    changed: tuple[bytes, ...] = ()
    gone: tuple[bytes, ...] = ()
    down: tuple[bytes, ...] = ()


class IdentityNews(NamedTuple):
    """The differences that a read of the identity columns found: serials and names, and ``moved``, the indexes whose part is
    another one now (another serial, name or place): what was known of the part before is void."""

    serials: tuple[PolledSerial, ...] = ()
    names: tuple[PolledName, ...] = ()
    moved: tuple[bytes, ...] = ()


class TableReader:
    """The memory is octets: about the size of the rows as received, for each class of columns that was read.

    Rows come from a walk of ``plan.of(<class>)`` to its end, with one element for each of these columns; those that are no part
    of the table are ignored.
    """

    __slots__ = ("_counters", "_counters_at", "_identity", "_power", "_state", "_uptime", "_uptime_at", "plan")

    def __init__(self, plan: TablePlan) -> None:
        self.plan = plan
        self._state = self._identity = self._power = self._counters = b""
        self._counters_at: datetime | None = None
        self._uptime_at: datetime | None = None
        self._uptime: int | None = None

    @property
    def octets(self) -> int:
        """Size of the memory."""
        return len(self._state) + len(self._identity) + len(self._power) + len(self._counters)

    # States

    def take_states(self, rows: Rows, scope: str = "") -> StateNews:
        """Compare the rows of ``plan.of("state")`` with those of the read before, and remember them. ``scope``: they are those
        at or below this position alone; the others stay as they were."""
        columns = self.plan.of("state")
        if not columns:
            return StateNews()
        packed = pack_rows(rows)
        if packed == self._state and not scope:
            return StateNews()
        before, after = unpack_rows(self._state, len(columns)), unpack_rows(packed, len(columns))
        state = _place(columns, "state")
        changed, down = [], []
        for index, row in after.items():
            old = before.get(index)
            if row == old or not self.plan.is_part(index):
                continue
            words, was = self._words(columns, state, row), self._words(columns, state, old) if old is not None else None
            if words != was:
                changed.append(index)
                if words[0] == "down" and (was is None or was[0] != "down"):
                    down.append(index)
        missing = [index for index in before if index not in after]
        if scope and missing:
            below = set(self._below(missing, scope))
            before = {index: row for index, row in before.items() if index not in below}
            missing = [index for index in missing if index in below]
        self._state = pack_rows(before | after) if scope else packed
        return StateNews(tuple(changed), tuple(index for index in missing if self.plan.is_part(index)), tuple(down))

    def down(self, rows: Rows) -> list[bytes]:
        """The indexes of the rows of ``plan.of("state")`` whose part is down."""
        columns = self.plan.of("state")
        state = _place(columns, "state")
        if state is None:
            return []
        column = columns[state]
        return [
            index
            for index, row in rows.items()
            if (words := column.word(row[state])) is not None and words[0] == "down" and self.plan.is_part(index)
        ]

    def states(
        self, rows: Rows, causes: Mapping[bytes, list[bytes | None]], only: Collection[bytes] | None = None
    ) -> tuple[PartStates, ...]:
        """The parts of these rows of ``plan.of("state")``, or of ``only`` these indexes. ``causes`` has rows of
        ``plan.of("down")``, of as many as were read."""
        columns, more = self.plan.of("state"), self.plan.of("down")
        state = _place(columns, "state")
        if state is None:
            return ()
        found = []
        places = self._places()
        for index in rows if only is None else only:
            row = rows.get(index)
            position = self._position(index, places) if row is not None else None
            if row is None or position is None:
                continue
            word, cause = columns[state].word(row[state]) or _UNKNOWN
            if word == "down":
                for column, element in (*zip(columns, row, strict=False), *zip(more, causes.get(index, ()), strict=False)):
                    why = column.word(element) if column.meaning in ("cause", "admin") else None
                    if why is None or why[0] != "down":
                        continue
                    if column.meaning == "admin":
                        cause = "admin_down"
                        break
                    cause = cause or why[1]
            found.append(PolledPart(self.plan.kind, position, word, cause))
        return pack_states(found)

    def positions(self, indexes: Iterable[bytes]) -> list[str]:
        """Positions of rows, of those that have one."""
        places = self._places()
        return [position for index in indexes if (position := self._position(index, places)) is not None]

    def known_below(self, scope: str) -> list[bytes]:
        """Indexes of the parts at or below a position, as far as the last read of the states knows them."""
        return self._below(unpack_rows(self._state, len(self.plan.of("state"))), scope)

    # Identity

    def take_identity(self, rows: Rows) -> IdentityNews:
        """Compare the rows of ``plan.of("identity")`` with those of the read before, and remember them. What is remembered of a
        part that moved is forgotten."""
        columns = self.plan.of("identity")
        if not columns:
            return IdentityNews()
        packed = pack_rows(rows)
        if packed == self._identity:
            return IdentityNews()
        before, after = unpack_rows(self._identity, len(columns)), unpack_rows(packed, len(columns))
        self._identity = packed
        places = self._places()
        serials, names, moved = [], [], []
        void: set[bytes] = set()
        for index, row in after.items():
            old = before.get(index)
            if row == old or not self.plan.is_part(index):
                continue
            position = self._position(index, places)
            elsewhere = self.plan.placed and position != (was_at := self._position(index, before))
            if elsewhere:
                # Also one that had no place yet: its state was read, and could not be reported.
                void.add(index)
                if was_at is not None:
                    moved.append(index)
            for number, column in enumerate(columns):
                element, was = row[number], old[number] if old is not None else b""
                if element == was and not elsewhere:
                    continue
                if column.meaning == "serial":
                    serial, known = part_serial(element), part_serial(was)
                    if serial and position is not None and (serial != known or elsewhere):
                        serials.append(PolledSerial(position, serial))
                    if serial and known and serial != known:
                        moved.append(index)
                elif column.meaning == "name":
                    name, known = part_name(element), part_name(was)
                    if name and position is not None and (name != known or elsewhere):
                        names.append(PolledName(position, name))
                    if name and known and name != known and self.plan.kind == "interface":
                        moved.append(index)
        void.update(moved)
        if void:
            self._inherit_nothing(void)
        return IdentityNews(tuple(serials), tuple(names), tuple(dict.fromkeys(moved)))

    # Optical power

    def take_optics(self, rows: Rows) -> tuple[PolledPower, ...]:
        """The notable powers among the rows of ``plan.of("optics")``: the first of a part, and those that differ from the last
        notable one by ``NOTABLE_DB``, or lie on another side of a level. Without a reading a part keeps its last notable
        one."""
        columns = self.plan.of("optics")
        quantities = [next((each for each in _POWERS if each == column.meaning), None) for column in columns]
        before = unpack_rows(self._power, len(columns))
        after = unpack_rows(pack_rows(rows), len(columns))
        places = self._places()
        nothing = (b"",) * len(columns)
        found: list[PolledPower] = []
        remembered: Packed = {}
        for index, row in after.items():
            old = before.get(index, nothing)
            if row == old:
                remembered[index] = old
                continue
            position: str | None = None
            now = list(old)
            for number, (column, quantity) in enumerate(zip(columns, quantities, strict=True)):
                if quantity is None or row[number] == old[number]:
                    continue
                dbm = power(column, row[number])
                if dbm is None or not is_notable(column.levels, power(column, old[number]), dbm):
                    continue
                position = position or self._position(index, places)
                if position is None:
                    break
                found.append(PolledPower(position, quantity, round(dbm, 3)))
                now[number] = row[number]
            remembered[index] = tuple(now)
        self._power = pack_rows(remembered)
        return tuple(found)

    # Counters and sensors

    def take_slow(self, rows: Rows, at: datetime, uptime: int | None) -> list[SensorReading]:
        """Sensors and utilisation of the rows of ``plan.of("slow")``, read to the end at ``at`` with sysUpTime ``uptime``
        (hundredths of a second). The first read, and the first after a restart of the agent, give no utilisation."""
        columns = self.plan.of("slow")
        counters = [(number, column) for number, column in enumerate(columns) if column.meaning in ("octets_in", "octets_out")]
        speed = _place(columns, "speed")
        places = self._places()
        seconds = (at - self._counters_at).total_seconds() if self._counters_at is not None else 0.0
        restarted = self._restarted(at, uptime)
        before = unpack_rows(self._counters, len(counters)) if counters else {}
        found: list[SensorReading] = []
        after: Packed = {}
        for index, row in rows.items():
            position = self._position(index, places)
            if position is None:
                continue
            for column, element in zip(columns, row, strict=True):
                if column.meaning == "sensor" and (value := column.number(element)) is not None:
                    found.append(SensorReading(position, column.quantity, value, column.unit))
            if not counters:
                continue
            old = before.get(index)
            bits = columns[speed].number(row[speed]) if speed is not None else None
            for place, (number, column) in enumerate(counters):
                octets = counted(
                    counter_value(old[place]) if old is not None else None, counter_value(row[number]), restarted=restarted
                )
                percent = utilisation(bit_rate(octets, seconds), bits)
                if percent is not None:
                    quantity = "utilisation_in" if column.meaning == "octets_in" else "utilisation_out"
                    found.append(SensorReading(position, quantity, percent, "%"))
            after[index] = tuple(row[number] or b"" for number, _ in counters)
        if counters:
            self._counters = pack_rows(after)
        self._counters_at = at
        return found

    def _restarted(self, at: datetime, uptime: int | None) -> bool:
        """True when the agent restarted since the last read of its uptime. A read without one says nothing."""
        before, since = self._uptime, self._uptime_at
        if uptime is None:
            return False
        self._uptime, self._uptime_at = uptime, at
        return since is not None and uptime_step(before, uptime, (at - since).total_seconds()) == "restarted"

    # Positions

    def _places(self) -> Packed:
        """The rows of the identity columns where positions come from them."""
        return unpack_rows(self._identity, len(self.plan.of("identity"))) if self.plan.placed else {}

    def _position(self, index: bytes, places: Packed) -> str | None:
        if not self.plan.placed:
            return self.plan.position(index)
        columns = self.plan.of("identity")
        number, row = _place(columns, "place"), places.get(index)
        place = columns[number].place(row[number]) if number is not None and row is not None else None
        return self.plan.position(index, place) if place is not None else None

    def _below(self, indexes: Iterable[bytes], scope: str) -> list[bytes]:
        places = self._places()
        found = []
        for index in indexes:
            position = self._position(index, places)
            if position is not None and (position == scope or position.startswith(scope + "/") or not scope):
                found.append(index)
        return found

    def _words(self, columns: tuple[ColumnPlan, ...], state: int | None, row: tuple[bytes, ...]) -> Words:
        return (columns[state].word(row[state]) or _UNKNOWN) if state is not None else _UNKNOWN

    def _inherit_nothing(self, moved: set[bytes]) -> None:
        self._state = without_rows(self._state, len(self.plan.of("state")), moved)
        self._power = without_rows(self._power, len(self.plan.of("optics")), moved)
        counters = sum(column.meaning in ("octets_in", "octets_out") for column in self.plan.of("slow"))
        self._counters = without_rows(self._counters, counters, moved)


def levels_of(plan: TablePlan) -> dict[str, tuple[PollLevel, ...]]:
    """The levels of a table's sensors and of its utilisation, by quantity."""
    found = {column.quantity: column.levels for column in plan.columns if column.meaning == "sensor" and column.levels}
    if plan.utilisation:
        found |= {"utilisation_in": plan.utilisation, "utilisation_out": plan.utilisation}
    return found


def part_serial(element: bytes | None) -> str:
    """The canonical serial of an ONT; empty without one."""
    raw = decoded(element)
    if not isinstance(raw, bytes) or len(raw) > LONGEST_NAME:
        return ""
    try:
        serial = str(DECODERS["gpon_serial"].run(raw))
    except DecodeError:
        serial = canonical_serial(raw)
    # Beside GPON's: a MAC address, or a serial of the maker's own form. "--", "N/A" and zeros are none.
    return serial if len(serial) >= _SHORTEST_SERIAL and serial.isascii() and serial.isalnum() and serial.strip("0") else ""


def part_name(element: bytes | None) -> str:
    """The name of a part as one line of text; empty without one."""
    raw = decoded(element)
    return text(raw)[:LONGEST_NAME] if isinstance(raw, bytes) else ""


def power(column: ColumnPlan, element: bytes | None) -> float | None:
    """The optical power in dBm; None without a reading, also where the number is none that an optical power can be. Exactly
    0 dBm, which destroys a receiver of PON, is the number of an agent that has none."""
    value = column.number(element)
    return value if value and is_optical_power(value) else None


def is_notable(levels: tuple[PollLevel, ...], before: float | None, now: float) -> bool:
    """True when the correlator must hear of this power after the one of ``before``."""
    if before is None or abs(now - before) >= NOTABLE_DB:
        return True
    return any(_beyond(level, before) != _beyond(level, now) for level in levels)


def _beyond(level: PollLevel, value: float) -> bool:
    return value > level.above if level.above is not None else level.below is not None and value < level.below


def _place(columns: tuple[ColumnPlan, ...], meaning: ColumnMeaning) -> int | None:
    return next((number for number, column in enumerate(columns) if column.meaning == meaning), None)
