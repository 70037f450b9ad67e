"""Customers as the topology knows them: whom to call, and where to go."""

from collections.abc import Callable, Sequence

from msgspec import UNSET, Struct, UnsetType

from protocols.alarm import Alarm


class Customer(Struct, frozen=True, kw_only=True):
    """A customer whom an alarm affects. Fields that the topology does not have are empty, coordinates null. Coordinates are
    degrees north and east (WGS 84)."""

    customer_id: str
    name: str = ""
    phone: str = ""
    postal_address: str = ""
    latitude: float | None = None
    longitude: float | None = None

    @property
    def told(self) -> bool:
        """True when the topology has more than the id."""
        return bool(self.name or self.phone or self.postal_address) or self.latitude is not None


class AlarmWithCustomers(Alarm, frozen=True, kw_only=True, gc=False):
    """An alarm with the details of its first hundred affected customers. ``customers`` is absent when the topology has no
    details."""

    customers: tuple[Customer, ...] | UnsetType = UNSET


class CustomerPage(Struct, frozen=True):
    """Customers that an alarm affects, and the cursor of the next page (null on the last)."""

    items: tuple[Customer, ...]
    next_cursor: str | None


CustomersOf = Callable[[Alarm, Sequence[str]], Sequence[Customer]]
"""Details of the alarm's customers with these ids, in this order, from the present topology. Nodes of other tenants are left
out."""
