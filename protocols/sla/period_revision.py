"""A closed period derived anew from the history in PostgreSQL, where it is behind what the SLA clock holds."""

from typing import Final

from msgspec import Struct

from protocols.sla.breach import SlaBreach
from protocols.sla.credit import SlaCredit
from protocols.sla.period_figures import PeriodFigures
from protocols.sla.report import SlaReport

NEW: Final = "NEW"
"""Begin of the ids of breaches that were not known; the SLA clock gives them ids of its own."""


class PeriodRevision(Struct, frozen=True, kw_only=True):
    """``previous``: the newest revision that is kept. ``figures``, ``report`` and ``credit``: those that the facts give now.
    ``breaches``: those that differ, withdrawn ones among them."""

    previous: PeriodFigures
    figures: PeriodFigures
    report: SlaReport
    credit: SlaCredit | None
    breaches: tuple[SlaBreach, ...] = ()
