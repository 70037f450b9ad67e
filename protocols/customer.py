"""Customers as the topology knows them: whom to call, and where to go."""

from collections.abc import Callable, Sequence

from msgspec import UNSET, Struct, UnsetType

from protocols.alarm import Alarm


class Customer(Struct, frozen=True, kw_only=True):
    """A customer that an alarm affects. What the topology does not tell is empty, coordinates null; they are degrees north and
    east (WGS 84)."""

    customer_id: str
    name: str = ""
    phone: str = ""
    postal_address: str = ""
    latitude: float | None = None
    longitude: float | None = None

    @property
    def told(self) -> bool:
        """Whether anything is known but the id."""
        return bool(self.name or self.phone or self.postal_address) or self.latitude is not None


class AlarmWithCustomers(Alarm, frozen=True, kw_only=True, gc=False):
    """An alarm, and those of its first hundred customers of whom the topology tells more than the id; left out when there are
    none."""

    customers: tuple[Customer, ...] | UnsetType = UNSET


class CustomerPage(Struct, frozen=True):
    """Customers that an alarm affects, and the cursor of the next page (null on the last)."""

    items: tuple[Customer, ...]
    next_cursor: str | None


CustomersOf = Callable[[Alarm, Sequence[str]], Sequence[Customer]]
"""Those of an alarm's customers who are named, in their order, as the topology tells them now. Of other tenants' nodes
nothing is told."""
