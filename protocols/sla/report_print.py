"""Printing of reports, as the API asks for it."""

from typing import Protocol

from protocols.sla.report import SlaReport


class PrinterMissing(RuntimeError):
    """typst is not installed; the message says how to install it."""

    def __init__(self) -> None:
        super().__init__("a PDF needs the package typst: pip install 'faultd[pdf]'")


class PrintingFailed(RuntimeError):
    """The process was late or failed; the message says which, with the last that it wrote."""


class ReportPrinting(Protocol):
    """Prints one document after the other."""

    async def print_pdf(self, given: SlaReport) -> bytes:
        """The PDF. Raises :class:`PrinterMissing`, :class:`PrintingFailed` and
        :class:`protocols.sla.report_check.ContradictoryReport`."""
        ...
