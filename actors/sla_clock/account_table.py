"""Accounts by instance. They stand in a list by row, which takes 8 B an instance: a dict by id takes 100 B an account."""

from collections.abc import Iterator

from actors.journal import Journal
from actors.sla_clock.accounts import Account
from actors.sla_clock.instance_table import InstanceTable
from actors.state_encoding import LazyMap


class AccountTable:
    """Accounts of running periods, in the order of the instances."""

    def __init__(self, instances: InstanceTable) -> None:
        self._instances = instances
        self._by_row: list[Account | None] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, instance_id: str) -> bool:
        return self.get(instance_id) is not None

    def __getitem__(self, instance_id: str) -> Account:
        account = self.get(instance_id)
        if account is None:
            raise KeyError(instance_id)
        return account

    def get(self, instance_id: str) -> Account | None:
        """The account of an instance."""
        row = self._instances.row_of(instance_id)
        return None if row is None else self.at(row)

    def at(self, row: int) -> Account | None:
        """The account of the instance in a row."""
        by_row = self._by_row
        return by_row[row] if row < len(by_row) else None

    def put(self, journal: Journal, row: int, account: Account | None) -> None:
        """Give the instance in a row this account; None: it has none."""
        journal.undo(self._write, row, self._write(row, account))

    def set(self, journal: Journal, instance_id: str, account: Account | None) -> None:
        """The same for the instance with this id, if there is one."""
        row = self._instances.row_of(instance_id)
        if row is not None:
            self.put(journal, row, account)

    def ids(self) -> list[str]:
        """The ids of the instances that have one."""
        return [self._instances.id_at(row) for row, account in enumerate(self._by_row) if account is not None]

    def values(self) -> list[Account]:
        """All of them."""
        return [account for account in self._by_row if account is not None]

    def items(self) -> list[tuple[str, Account]]:
        """With the ids of their instances."""
        id_at = self._instances.id_at
        return [(id_at(row), account) for row, account in enumerate(self._by_row) if account is not None]

    def saving(self) -> LazyMap:
        """The accounts by id as they are now, for a snapshot."""
        return LazyMap(self._count, self._items_of(list(self._by_row)))

    def _items_of(self, by_row: list[Account | None]) -> Iterator[tuple[str, Account]]:
        for row, account in enumerate(by_row):
            if account is not None:
                yield self._instances.id_at(row), account

    def _write(self, row: int, account: Account | None) -> Account | None:
        by_row = self._by_row
        if row >= len(by_row):
            by_row.extend([None] * (row + 1 - len(by_row)))
        before = by_row[row]
        self._count += (account is not None) - (before is not None)
        by_row[row] = account
        return before
