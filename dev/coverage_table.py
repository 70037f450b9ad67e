"""The measured coverage by folder: `make coverage`, after the tests.

    python -m dev.coverage_table [JSON]

JSON is what `coverage json` wrote. A line counts as covered once it ran; a branch once that way out of its line was taken.
"""

import sys
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec
from msgspec import Struct


class Row(Struct, frozen=True):
    """Counts of one folder."""

    folder: str
    lines: int
    lines_covered: int
    branches: int
    branches_covered: int

    @property
    def percent(self) -> float:
        """Share of lines and branches together that were covered, 0 to 100, as coverage.py counts it."""
        return 100 * (self.lines_covered + self.branches_covered) / ((self.lines + self.branches) or 1)


def rows(report: dict[str, Any]) -> list[Row]:
    """One row a folder, at most two levels deep, in the order of their names; the total last."""
    found: dict[str, Row] = {}
    for path, file in report["files"].items():
        folder = "/".join(PurePosixPath(path).parent.parts[:2])
        for name in (folder, "total"):
            found[name] = _added(found.get(name, Row(name, 0, 0, 0, 0)), file["summary"])
    total = found.pop("total", Row("total", 0, 0, 0, 0))
    return [*(found[name] for name in sorted(found)), total]


def table(given: Iterable[Row]) -> str:
    """The rows as text: folder, lines, branches, percent."""
    lines = [f"{'folder':<28}{'lines':>16}{'branches':>16}{'covered':>10}"]
    for row in given:
        line_share = f"{row.lines_covered}/{row.lines}"
        branch_share = f"{row.branches_covered}/{row.branches}"
        # Rounded down: 100.0 % is only what has nothing left.
        percent = int(row.percent * 10) / 10
        lines.append(f"{row.folder:<28}{line_share:>16}{branch_share:>16}{percent:>8.1f} %")
    return "\n".join(lines)


def _added(row: Row, summary: dict[str, Any]) -> Row:
    return Row(
        row.folder,
        row.lines + summary["num_statements"],
        row.lines_covered + summary["covered_lines"],
        row.branches + summary["num_branches"],
        row.branches_covered + summary["covered_branches"],
    )


if __name__ == "__main__":
    file = Path(sys.argv[1] if len(sys.argv) > 1 else ".make/coverage/report.json")
    sys.stdout.write(table(rows(msgspec.json.decode(file.read_bytes()))) + "\n")
