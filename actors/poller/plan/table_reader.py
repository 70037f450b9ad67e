"""What one device's rows of one table said when they were last read, and the difference from it."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple

from protocols.poll.plan.table_plan import Rows, TablePlan
from protocols.poll.states import PartStates, PolledName, PolledPower, PolledSerial


class StateNews(NamedTuple):
    """Indexes of rows: ``changed`` are new, or say something else than at the read before; ``gone`` are no longer there;
    ``down`` are those of ``changed`` that are newly down, whose ``plan.of("down")`` columns are worth a GET."""

    changed: tuple[bytes, ...] = ()
    gone: tuple[bytes, ...] = ()
    down: tuple[bytes, ...] = ()


class IdentityNews(NamedTuple):
    """What a read of the identity columns found different: serials and names, and ``moved``, the indexes whose part is another
    one now (another serial or place): what was known of the part before is void."""

    serials: tuple[PolledSerial, ...] = ()
    names: tuple[PolledName, ...] = ()
    moved: tuple[bytes, ...] = ()


class SensorReading(NamedTuple):
    """A measured value of a part (``position``; empty: of the device)."""

    position: str
    quantity: str
    value: float
    unit: str


class TableReader:
    """The memory is octets: about the size of the rows as received, for each class of columns that was read.

    Rows come from a walk of ``plan.of(<class>)`` to its end; those that are no part of the table are ignored.
    """

    __slots__ = ("plan",)

    def __init__(self, plan: TablePlan) -> None:
        self.plan = plan

    def take_states(self, rows: Rows) -> StateNews:
        """Compare the rows of ``plan.of("state")`` with those of the read before, and remember them."""
        raise NotImplementedError

    def down(self, rows: Rows) -> list[bytes]:
        """The indexes of the rows whose part is down."""
        raise NotImplementedError

    def states(self, rows: Rows, causes: Rows, only: Collection[bytes] | None = None) -> tuple[PartStates, ...]:
        """The parts of these rows, or of ``only`` these indexes. ``causes`` has rows of ``plan.of("down")``, of as many as were
        read."""
        raise NotImplementedError

    def positions(self, indexes: Iterable[bytes]) -> list[str]:
        """Positions of rows, of those that have one."""
        raise NotImplementedError

    def known_below(self, scope: str) -> list[bytes]:
        """Indexes of the parts at or below a position, as far as the last read of the states knows them."""
        raise NotImplementedError

    def take_identity(self, rows: Rows) -> IdentityNews:
        """Compare the rows of ``plan.of("identity")`` with those of the read before, and remember them."""
        raise NotImplementedError

    def take_optics(self, rows: Rows) -> tuple[PolledPower, ...]:
        """The notable powers among the rows of ``plan.of("optics")``: the first of a part, and those that differ from the last
        notable one by 1 dB, or lie on another side of a level."""
        raise NotImplementedError

    def take_slow(self, rows: Rows, at: datetime, uptime: int | None) -> list[SensorReading]:
        """Sensors and utilisation of the rows of ``plan.of("slow")``, read at ``at`` with sysUpTime ``uptime`` (hundredths of a
        second). The first read after a restart of the agent gives no utilisation."""
        raise NotImplementedError

    def forget(self) -> None:
        """Forget all reads: the next one finds everything new."""
        raise NotImplementedError
