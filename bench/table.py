"""The table: rows as measured, on the terminal and as Markdown."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from rich.table import Table

COLUMNS = ("Measure", "faultd", "Beside it", "Target", "How it was measured")


class Row(Struct, frozen=True, kw_only=True):
    """One line. ``beside`` is the same of snmptrapd or pysnmp, with the ratio; ``target`` as the project sets it."""

    name: str
    value: str
    beside: str = ""
    target: str = ""
    note: str = ""


class Group(Struct, frozen=True):
    """Rows that were measured together. ``failure`` says why they, or some of them, are missing."""

    title: str
    rows: Sequence[Row]
    failure: str = ""


def terminal(groups: Sequence[Group]) -> Table:
    """The table for a person at a terminal."""
    table = Table(title="faultd, measured", title_justify="left")
    for column in COLUMNS:
        table.add_column(column, overflow="fold")
    for group in groups:
        for row in group.rows:
            table.add_row(*_cells(row))
        if group.failure:
            table.add_row(group.title, "could not run", "", "", group.failure)
        table.add_section()
    return table


def markdown(groups: Sequence[Group], *, at: datetime, machine: str, versions: str, options: str, seconds: float) -> str:
    """The page ``docs/benchmarks.md``."""
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench`; each run replaces it. `make bench BENCH=--quick` takes shorter looks.",
        "",
        f"- Date: {at:%Y-%m-%d %H:%M} UTC, {options}, {seconds / 60:.0f} minutes",
        f"- Machine: {machine}",
        f"- Versions: {versions}",
        "- The daemon is the real one (`faultd run`) with PostgreSQL, the ledger, the stream and the API in use; sender, "
        "PostgreSQL and subscribers share the machine with it. Datagrams go over loopback.",
        '- "Others" is the processor time, in cores, that processes foreign to the measurement used meanwhile: noise.',
        "",
    ]
    for group in groups:
        lines += _section(group)
    return "\n".join(lines)


def measured_again(page: str, groups: Sequence[Group], *, at: datetime, options: str) -> str:
    """``page`` with the sections of ``groups`` as they are now, each with the time at which it was measured; new ones at the
    end."""
    head, *sections = page.rstrip("\n").split("\n## ")
    by_title = {section.partition("\n")[0]: section for section in sections}
    for group in groups:
        lines = _section(group)
        lines.insert(2, f"Measured again on {at:%Y-%m-%d %H:%M} UTC, {options}.\n")
        by_title[group.title] = "\n".join(lines).removeprefix("## ").rstrip("\n") + "\n"
    return "\n## ".join([head, *(section.rstrip("\n") + "\n" for section in by_title.values())])


def _section(group: Group) -> list[str]:
    lines = [f"## {group.title}", ""]
    if group.rows:
        lines += ["| " + " | ".join(COLUMNS) + " |", "|" + " --- |" * len(COLUMNS)]
        lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in _cells(row)) + " |" for row in group.rows]
        lines.append("")
    if group.failure:
        lines += [f"Could not run: {group.failure}", ""]
    return lines


def _cells(row: Row) -> tuple[str, ...]:
    return row.name, row.value, row.beside, row.target, row.note
