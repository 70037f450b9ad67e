"""Times, lengths, percentages and money as a customer reads them. Pure; whole numbers in, text out.

Minus and multiplication have their typographic signs, so that a line break cannot separate a hyphen from its number.
"""

from typing import Final, Literal
from zoneinfo import ZoneInfo

from protocols.decimal_text import decimal, seconds, shortest
from protocols.sla.breach import BreachType
from protocols.sla.local_time import wall_time
from protocols.sla.report import CreditTotal, SlaReport

MINUS: Final = "\u2212"
NOTHING: Final = "\u2013"
"""In place of a figure that there is not."""
_SECOND: Final = 1_000_000
_UNITS: Final = (("d", 86_400 * _SECOND), ("h", 3600 * _SECOND), ("min", 60 * _SECOND))


def duration(microseconds: int) -> str:
    """``1 d 3 h 25 min 10.5 s``: exact, units that are zero left out. A day is 24 hours."""
    parts, rest = [], abs(microseconds)
    for name, length in _UNITS:
        number, rest = divmod(rest, length)
        if number:
            parts.append(f"{number:,} {name}")
    if rest or not parts:
        parts.append(f"{seconds(rest)} s")
    return (MINUS if microseconds < 0 else "") + " ".join(parts)


def in_seconds(microseconds: int) -> str:
    """``2,588,400 s``."""
    return f"{_signed(seconds(microseconds, grouped=True))} s"


def percentage(part: int, whole: int) -> str:
    """``99.582753 %``: ``part / whole``, both 0 or more, with six decimals. Rounded down: a target that was missed is never
    shown as reached."""
    return f"{decimal(part * 100_000_000 // whole, 6)} %"


def target_percentage(target: int) -> str:
    """``99.9 %``: parts of a billion, exact."""
    return f"{_signed(shortest(target, 7))} %"


def money(total: CreditTotal) -> str:
    """``1,234.50 EUR``: major units with the decimals of the currency."""
    return f"{_signed(decimal(total.amount, total.minor_digits, grouped=True))} {total.currency}"


def local_date(instant: int, zone: ZoneInfo) -> str:
    """``2026-10-25``: the date that the wall clock of ``zone`` shows."""
    return wall_time(instant, zone).date().isoformat()


def local_clock(instant: int, zone: ZoneInfo) -> str:
    """``02:30:00 +02:00``: the wall clock of ``zone`` and its offset from UTC, which tells an hour that comes twice apart.
    Parts of a second only where there are any."""
    at = wall_time(instant, zone)
    clock = at.time().isoformat("seconds")
    if at.microsecond:
        clock += f".{at.microsecond:06}".rstrip("0")
    # A zone before standard time has seconds in its offset.
    return f"{clock} {at.isoformat(timespec='microseconds')[26:].replace('-', MINUS)}"


def local_time(instant: int, zone: ZoneInfo) -> str:
    """``2026-10-25 02:30:00 +02:00``."""
    return f"{local_date(instant, zone)} {local_clock(instant, zone)}"


def measured_value(breach_type: BreachType, value: int) -> str:
    """A target or an actual value of a breach, from the unit of its type (see :class:`SlaBreach`)."""
    match breach_type:
        case "availability":
            return target_percentage(value)
        case "response_time" | "resolution_time":
            return duration(value)
        case "latency":
            return f"{shortest(value, 3, grouped=True)} ms"
        case "packet_loss":
            return f"{shortest(value, 4)} %"
        case "bandwidth":
            return f"{shortest(value, 6, grouped=True)} Mbit/s"


def deviation_percentage(parts: int) -> str:
    """``+12.5 %``: parts of a million of the target, with their sign."""
    return f"{'' if parts < 0 else '+'}{_signed(shortest(parts, 4, grouped=True))} %"


def period(start: int, end: int, zone: ZoneInfo) -> str:
    """``2026-11-01 00:00:00 +01:00 to 2026-12-01 00:00:00 +01:00 (30 d)``."""
    return f"{local_time(start, zone)} to {local_time(end, zone)} ({duration(end - start)})"


def availability(report: SlaReport) -> str:
    """The percentage, rounded down; an en dash where nothing was measured."""
    measured = report.shares.measured
    return percentage(measured - report.downtime, measured) if measured > 0 else NOTHING


def verdict(report: SlaReport) -> Literal["", "not measured", "missed", "met", "met so far"]:
    """Whether the target of the availability was met, by whole microseconds and not by a rounded figure; "" without one."""
    if report.budget_left is None:
        return ""
    if report.shares.measured <= 0:
        return "not measured"
    if report.budget_left < 0:
        return "missed"
    return "met" if report.closed else "met so far"


def _signed(text: str) -> str:
    return text.replace("-", MINUS, 1)
