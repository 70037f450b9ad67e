"""Figures of a revision beside those of the one before, with their differences. Pure."""

from collections.abc import Iterator

from faultd.sla_report.display import MINUS, in_seconds, money, target_percentage
from faultd.sla_report.plain_text import plain
from protocols.sla_report import CreditTotal, ShareTotals, SlaReport

_NONE = "\u2013"


def revision_rows(report: SlaReport) -> list[list[str]]:
    """Rows of name, figure before, figure now and difference; none for a first revision."""
    return [] if report.previous is None else list(_rows(report))


def _rows(report: SlaReport) -> Iterator[list[str]]:
    before = report.previous
    assert before is not None
    for share in ShareTotals.__struct_fields__:
        then, now = getattr(before.shares, share), getattr(report.shares, share)
        yield [share.capitalize(), in_seconds(then), in_seconds(now), _change(in_seconds(now - then), now - then)]
    yield ["Availability, nearest", *_availabilities(before.availability, report.availability)]
    more = len(report.breaches) - before.breaches
    yield ["Breaches", str(before.breaches), str(len(report.breaches)), _change(str(more).replace("-", MINUS), more)]
    sums = before.credits, report.credit_totals
    for currency, digits in sorted({(each.currency, each.minor_digits) for side in sums for each in side}):
        key = currency, digits
        old, new = (sum(each.amount for each in side if (each.currency, each.minor_digits) == key) for side in sums)
        texts = (plain(money(CreditTotal(amount, *key))) for amount in (old, new, new - old))
        then_text, now_text, change = texts
        yield ["Credits", then_text, now_text, _change(change, new - old)]


def _availabilities(then: int | None, now: int | None) -> tuple[str, str, str]:
    if then is None or now is None:
        return _fraction(then), _fraction(now), _NONE
    return _fraction(then), _fraction(now), _change(_fraction(now - then), now - then)


def _fraction(parts: int | None) -> str:
    return _NONE if parts is None else target_percentage(parts * 1000)


def _change(text: str, value: int) -> str:
    """``text`` (that of ``value``) with a plus sign when it is more; no change is an en dash."""
    if not value:
        return _NONE
    return f"+{text}" if value > 0 else text
