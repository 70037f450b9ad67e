"""Decimals of a body as whole numbers of a smaller unit. Nothing is rounded; a float takes part nowhere. Pure."""

from decimal import Decimal
from fractions import Fraction
from typing import Final

from actors.api.mistakes import in_one_line
from actors.api.problems import ProblemError
from protocols.rest_problem import FieldError

_LARGEST: Final = 15
"""Digits before the decimal point, at most."""
_BOUND: Final = 1 << 62
"""The ledger keeps 64 bits."""
_FINEST: Final = -30
"""Exponent of the last digit, at least: below it no unit is exact, and the number itself may take gigabytes."""


class ExactNumbers:
    """Reads decimals, and collects the mistakes of all of them. ``place`` stands in front of the fields."""

    def __init__(self, place: str = "") -> None:
        self.mistakes: list[FieldError] = []
        self._place = place

    def wrong(self, field: str, message: str) -> None:
        """Note a mistake."""
        self.mistakes.append(FieldError(f"{self._place}{field}", message))

    def whole(self, field: str, value: Decimal, unit: int, most: str) -> int:
        """``value`` times ``unit``, which must be a whole number. ``most``: how fine the value may be, for the message. 0 for a
        mistake, which is noted."""
        exponent = value.as_tuple().exponent
        if not isinstance(exponent, int):
            self.wrong(field, "is no number")
        elif value and value.adjusted() >= _LARGEST:
            self.wrong(field, f"is too large; at most {_LARGEST} digits stand before the decimal point")
        elif exponent >= _FINEST:
            scaled = Fraction(value) * unit
            if scaled.denominator != 1:
                self.wrong(field, f"{value} cannot be kept exactly; give {most}")
            elif abs(scaled) >= _BOUND:
                self.wrong(field, "is too large")
            else:
                return int(scaled)
        else:
            self.wrong(field, f"has {-exponent} decimals; give {most}")
        return 0

    def check(self) -> None:
        """Raise :meth:`problem` if there is a mistake."""
        if self.mistakes:
            raise self.problem()

    def problem(self) -> ProblemError:
        """422 with every mistake."""
        return ProblemError(422, "invalid_body", in_one_line(self.mistakes), self.mistakes)
