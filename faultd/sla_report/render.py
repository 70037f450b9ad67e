"""A report as a PDF, by typst. Pure: the same report and the same typst give the same bytes, on any machine and at any time."""

from importlib.util import find_spec
from pathlib import Path
from typing import Final

import msgspec

from faultd.sla_report.document import document_of
from protocols.sla.report import SlaReport, SlaReports
from protocols.sla.report_print import PrinterMissing

TEMPLATE: Final = Path(__file__).with_name("report.typ")
EX_CONTRADICTORY: Final = 65
"""Exit code of a process that printed nothing, as the report's figures contradict one another (``EX_DATAERR``)."""


def require_printer() -> None:
    """Raises :class:`PrinterMissing` where typst is not installed. Loads nothing."""
    if find_spec("typst") is None:
        raise PrinterMissing


def render_pdf(given: SlaReport | SlaReports) -> bytes:
    """The PDF. Raises :class:`PrinterMissing`, and :class:`ContradictoryReport` for figures that do not agree.

    It takes a processor for up to some seconds and up to some 100 MB, which typst keeps: a daemon uses :class:`ReportPrinter`.
    """
    require_printer()
    import typst

    values = msgspec.json.encode(document_of(given)).decode()
    return typst.compile(
        TEMPLATE.read_bytes(),
        sys_inputs={"document": values},
        ignore_system_fonts=True,
        timestamp=given.made_at // 1_000_000,
        format="pdf",
    )
