"""Amounts of money, and the texts by which a customer checks them. Pure; no float."""

from decimal import Decimal
from fractions import Fraction

from protocols.decimal_text import decimal
from protocols.sla.credit_models import CreditModel


def part_of_fee(model: CreditModel, percent: Decimal, fee: int) -> tuple[int, str]:
    """A percentage of the fee, half to even, and its text."""
    exact = Fraction(percent) * fee / 100
    amount = round(exact)
    product = f"{percent:f} % of {money(model, fee)}"
    if exact != amount:
        # A percentage has at most 6 decimals, so 8 more digits than the minor unit are exact.
        product += f" is {decimal(int(exact * 10**8), model.minor_digits + 8).rstrip('0')}"
    return amount, f"{money(model, amount)} ({product})"


def money(model: CreditModel, amount: int) -> str:
    """``12.34 EUR``."""
    return f"{decimal(amount, model.minor_digits)} {model.currency}"
