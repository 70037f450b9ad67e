"""A report as a PDF, by typst. Pure: the same report and the same typst give the same bytes, on any machine and at any time."""

from pathlib import Path
from typing import Final

import msgspec

from faultd.sla_report.document import document_of
from protocols.sla_report import SlaReport, SlaReports

TEMPLATE: Final = Path(__file__).with_name("report.typ")


class PrinterMissing(RuntimeError):
    """typst is not installed; the message says how to install it."""

    def __init__(self) -> None:
        super().__init__("printing needs the package typst: pip install 'faultd[pdf]'")


def render_pdf(given: SlaReport | SlaReports) -> bytes:
    """The PDF. Raises :class:`PrinterMissing`, and :class:`ContradictoryReport` for figures that do not agree.

    It takes the processor for 0.1 s to some seconds and up to some 100 MB, which typst keeps: a daemon calls
    :func:`faultd.sla_report.printer.print_pdf`.
    """
    try:
        import typst
    except ImportError as error:
        raise PrinterMissing from error
    values = msgspec.json.encode(document_of(given)).decode()
    return typst.compile(
        TEMPLATE.read_bytes(),
        sys_inputs={"document": values},
        ignore_system_fonts=True,
        timestamp=given.made_at // 1_000_000,
        format="pdf",
    )
