"""``python -m faultd.sla_report report|reports``: a :class:`SlaReport` or :class:`SlaReports` as JSON in, a PDF out."""

import os
import sys

import msgspec

from faultd.sla_report.render import EX_CONTRADICTORY, render_pdf
from protocols.sla.report import SlaReport, SlaReports
from protocols.sla.report_check import ContradictoryReport


def main() -> int:
    """Exit code 65 with the message on stderr for a report that contradicts itself."""
    given: SlaReport | SlaReports
    text = sys.stdin.buffer.read()
    if sys.argv[1:] == ["report"]:
        given = msgspec.json.decode(text, type=SlaReport)
    else:
        given = msgspec.json.decode(text, type=SlaReports)
    # Traps come first.
    os.nice(10)
    try:
        pdf = render_pdf(given)
    except ContradictoryReport as error:
        sys.stderr.write(str(error))
        return EX_CONTRADICTORY
    sys.stdout.buffer.write(pdf)
    return 0


if __name__ == "__main__":
    sys.exit(main())
