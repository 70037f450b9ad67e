"""Printing in a process of its own: no trap waits for a PDF, and its memory is given back."""

import sys
from subprocess import CalledProcessError
from typing import Final

import msgspec
import trio

from faultd.sla_report.render import EX_CONTRADICTORY, require_printer
from protocols.sla.report import SlaReport, SlaReports
from protocols.sla.report_check import ContradictoryReport
from protocols.sla.report_print import PrintingFailed

LIMIT_SECONDS: Final = 60.0
"""A document that takes longer is given up."""


class ReportPrinter:
    """Prints one document after the other; further ones wait their turn."""

    def __init__(self, *, limit_seconds: float = LIMIT_SECONDS) -> None:
        self._limit = limit_seconds
        self._turn = trio.Semaphore(1)

    async def print_pdf(self, given: SlaReport | SlaReports) -> bytes:
        """The PDF. Raises :class:`PrinterMissing`, :class:`ContradictoryReport` and :class:`PrintingFailed`. Cancelled, it ends
        the process."""
        require_printer()
        kind = "report" if isinstance(given, SlaReport) else "reports"
        # -P: the working folder has no say in what is imported.
        command = [sys.executable, "-P", "-m", "faultd.sla_report", kind]
        async with self._turn:
            try:
                with trio.fail_after(self._limit):
                    done = await trio.run_process(
                        command, stdin=msgspec.json.encode(given), capture_stdout=True, capture_stderr=True
                    )
            except trio.TooSlowError as error:
                raise PrintingFailed(f"the document took longer than {self._limit:g} s: ask for fewer reports") from error
            except CalledProcessError as error:
                text = error.stderr.decode(errors="replace").strip()
                if error.returncode == EX_CONTRADICTORY:
                    raise ContradictoryReport(text) from error
                raise PrintingFailed(f"the printer ended with {error.returncode}: {text[-500:]}") from error
            except OSError as error:
                raise PrintingFailed(f"the printer could not start: {error}") from error
        return done.stdout
