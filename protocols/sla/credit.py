"""A credit: what an operator owes a customer for one instance in one period, line by line."""

from msgspec import Struct


class CreditLine(Struct, frozen=True):
    """``amount`` in minor units; ``rule`` of the model; ``item``: the tier, day, hour or cap; ``arithmetic``: how the amount
    comes about."""

    amount: int
    rule: str
    item: str
    arithmetic: str
    breach_id: str = ""
    """The breach that it is paid for."""
    at: int | None = None
    """Begin of the hour or day that it is paid for, in microseconds since 1970 UTC; None: it is of the whole period."""


class SlaCredit(Struct, frozen=True, kw_only=True):
    """The credit lines of one instance in the period that begins at ``period_start``; a later one replaces it."""

    instance_id: str
    tenant_id: str
    customer_id: str
    period_start: int
    currency: str
    minor_digits: int
    lines: tuple[CreditLine, ...]
    final: bool = False
    """The period is closed."""

    @property
    def amount(self) -> int:
        """Sum of the lines in minor units."""
        return sum(line.amount for line in self.lines)
