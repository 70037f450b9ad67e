"""Figures of a revision beside those of the one before, with their differences. Pure."""

from collections.abc import Iterator

from faultd.sla_report.display import MINUS, NOTHING, in_seconds, money, target_percentage
from faultd.sla_report.plain_text import plain
from protocols.sla.period_figures import PeriodFigures
from protocols.sla.report import CreditTotal, ShareTotals, SlaReport


def revision_rows(report: SlaReport) -> list[list[str]]:
    """Rows of name, figure before, figure now and difference; none for a first revision."""
    return [] if report.previous is None else list(_rows(report.previous, report))


def _rows(before: PeriodFigures, report: SlaReport) -> Iterator[list[str]]:
    for share in ShareTotals.__struct_fields__:
        then, now = getattr(before, share), getattr(report.shares, share)
        yield [share.capitalize(), in_seconds(then), in_seconds(now), _change(in_seconds(now - then), now - then)]
    yield ["Availability, nearest", *_availabilities(before.availability, report.availability)]
    more = len(report.breaches) - before.breaches
    yield ["Breaches", str(before.breaches), str(len(report.breaches)), _change(str(more).replace("-", MINUS), more)]
    yield ["Credits", *_credits(CreditTotal(before.credit, before.currency, before.minor_digits), report.credit)]


def _availabilities(then: int | None, now: int | None) -> tuple[str, str, str]:
    if then is None or now is None:
        return _fraction(then), _fraction(now), NOTHING
    return _fraction(then), _fraction(now), _change(_fraction(now - then), now - then)


def _credits(then: CreditTotal, now: CreditTotal) -> tuple[str, str, str]:
    texts = plain(money(then)), plain(money(now))
    if (then.currency, then.minor_digits) != (now.currency, now.minor_digits):
        return *texts, NOTHING
    more = now.amount - then.amount
    return *texts, _change(plain(money(CreditTotal(more, now.currency, now.minor_digits))), more)


def _fraction(parts: int | None) -> str:
    return NOTHING if parts is None else target_percentage(parts * 1000)


def _change(text: str, value: int) -> str:
    """``text`` (that of ``value``) with a plus sign when it is more; no change is an en dash."""
    if not value:
        return NOTHING
    return f"+{text}" if value > 0 else text
