"""The topology as a CSV file (RFC 4180), also in the forms that spreadsheets write. Clear values are accepted; every other
value is reported with its line."""

import csv
import io
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Container, Iterable, Iterator
from typing import Any, Final

from protocols.topology import LONGEST_POLL_INTERVAL, SHORTEST_POLL_INTERVAL, Node, TopologyError, Words, assemble

COLUMNS: Final = (
    "id",
    "type",
    "parents",
    "name",
    "address",
    "vendor",
    "tenant",
    "customer_id",
    "service_id",
    "serial",
    "area",
    "sla_class",
    "index",
    "phone",
    "postal_address",
    "latitude",
    "longitude",
    "credentials",
    "poll",
    "poll_interval",
)
_REQUIRED: Final = ("id", "type")
_DELIMITERS: Final = (",", ";", "\t")
_LINE_BREAK: Final = re.compile(r"\s*[\r\n]+\s*")


class NotCsv(TopologyError):
    """Octets that are no text, or a text that is no CSV: nothing behind the place can be read."""


def decode_csv(octets: bytes) -> str:
    """The text of a file: UTF-8, or UTF-16 with its byte order mark (a spreadsheet's "Unicode text"). Raises :class:`NotCsv`
    naming the line for any other encoding."""
    encoding = "UTF-16" if octets.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "UTF-8"
    try:
        return octets.decode(encoding)
    except UnicodeDecodeError as error:
        line = octets.count(b"\n", 0, error.start) + 1
        text = f"line {line}: not {encoding} at byte {error.start}: save the file as CSV in UTF-8"
        raise NotCsv([text]) from error


_STARTS = ("=", "+", "-", "@", "\t", "\r", "'")
"""With these a spreadsheet begins a formula; the last is what says that it is none."""
_NUMBER = re.compile(r"[+-][0-9 ()/.-]*")
"""Telephone numbers, and values below zero."""
_ESCAPED = re.compile(r"[;\\]")
_PART = re.compile(r"(?:[^;\\]|\\.)+", re.DOTALL)


def parse_csv(text: str, known: Container[str] = (), tenant: str = "") -> tuple[Node, ...]:
    """Nodes of a topology file: CSV with a header line; ``parents`` and ``address`` may hold several, separated by ``;``. The
    delimiter is that of the header: comma, semicolon or tab. Columns that faultd does not know are ignored, and so are rows of
    empty cells. ``known`` are further nodes that can be parents; ``tenant`` is that of rows without one.

    Raises :class:`TopologyError` with every mistake: a missing or repeated column, cells beyond the header, an empty or
    repeated id, an address that is none or that two nodes share, a parent that does not exist, a node that is its own ancestor;
    and :class:`NotCsv`."""
    lines = _lines(text)
    first = next(lines, "")
    line = 1
    if re.fullmatch(r'"?sep=.?"?\s*', first, re.IGNORECASE):
        first, line = next(lines, ""), 2
    delimiter = _delimiter(first)
    problems: list[str] = []
    records = _records(lines, first, line, delimiter)
    line, header = next(records, (line, []))
    names = [re.sub(r"[\s-]+", "_", cell.strip()).lower() for cell in header]
    problems += [f"line {line}: column {column} is missing" for column in _REQUIRED if column not in names]
    problems += [f"line {line}: column {column} is there twice" for column in COLUMNS if names.count(column) > 1]
    if problems:
        raise TopologyError(problems)
    return assemble(_rows(records, names, tenant, problems), "line {}".format, known, problems)


def csv_lines(nodes: Iterable[Node]) -> Iterator[str]:
    """The file that :func:`parse_csv` reads, in parts, header first."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for number, node in enumerate(nodes, 1):
        writer.writerow([_cell(node, column) for column in COLUMNS])
        if number % 500 == 0:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()


def _cell(node: Node, column: str) -> Any:
    if column == "parents":
        return _guarded(";".join(_ESCAPED.sub(r"\\\g<0>", parent) for parent in node.parents))
    if column == "address" and node.addresses:
        return ";".join(node.addresses)
    value = getattr(node, column)
    return _guarded(value) if isinstance(value, str) else value


def _guarded(text: str) -> str:
    """The cell with a prefix that stops a spreadsheet from reading it as a formula."""
    return f"'{text}" if text.startswith(_STARTS) and not _NUMBER.fullmatch(text) else text


def _plain(cell: str) -> str:
    """The text of a cell, without the guard."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(_STARTS) else cell


def _parts(cell: str) -> list[str]:
    """The names that ``;`` separates. A ``;`` inside a name has a backslash before it."""
    parts = _PART.findall(cell) if "\\" in cell else cell.split(";")
    return [re.sub(r"\\([;\\])", r"\1", part).strip() for part in parts if part.strip()]


def _lines(text: str) -> Iterator[str]:
    """Lines with their ends; unlike ``io.StringIO`` without a copy of four bytes a character."""
    start = 1 if text.startswith("\ufeff") else 0
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        yield text[start:end]
        start = end


def _delimiter(header: str) -> str:
    """The one that divides the header into most cells; of equals the comma."""
    return max(_DELIMITERS, key=header.count)


def _records(lines: Iterator[str], first: str, line: int, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each record with the number of its first line; a line break inside a cell becomes a space. ``first`` is the line
    ``line``, ``lines`` are those behind it."""

    def every() -> Iterator[str]:
        yield first
        yield from lines

    reader = csv.reader(every(), delimiter=delimiter, strict=True)
    before = line - 1
    try:
        for row in reader:
            last = line - 1 + reader.line_num
            yield before + 1, row if last == before + 1 else [_LINE_BREAK.sub(" ", cell) for cell in row]
            before = last
    except csv.Error as error:
        raise NotCsv([f"line {before + 1}: not CSV: {error}"]) from error


def _rows(
    records: Iterator[tuple[int, list[str]]], header: list[str], own: str, problems: list[str]
) -> Iterator[tuple[int, Node]]:
    """The node of each record, with its line; ``problems`` takes in what is wrong with a cell."""
    words = Words()
    one = words.one
    width = len(header)
    columns = {name: position for position, name in enumerate(header)}
    at = [columns.get(column, width) for column in COLUMNS]
    for line, row in records:
        cells = [_plain(cell.strip()) for cell in row]
        if len(cells) > width:
            if any(cells[width:]):
                problems.append(f"line {line}: {len(cells)} cells, the header has {width}: quote a cell with a delimiter in it")
                continue
            del cells[width:]
        if not any(cells):
            continue
        # One empty cell more than the header has: that of the columns that are not there.
        cells += [""] * (width + 1 - len(cells))
        found = [cells[n] for n in at]
        id, type, parents, name, address, vendor, tenant, customer, service, serial, area, sla, index = found[:13]
        phone, postal_address, latitude, longitude, credentials, poll, interval = found[13:]
        name_of_parents = tuple([one(part) for part in _parts(parents)]) if parents else ()
        yield (
            line,
            Node(
                id=one(id),
                type=one(type),
                parents=words.parents(name_of_parents),
                name=name,
                address=address,
                vendor=one(vendor),
                tenant=one(tenant or own),
                customer_id=customer,
                service_id=service,
                serial=serial,
                area=one(area),
                sla_class=one(sla),
                index=index,
                phone=phone,
                postal_address=postal_address,
                latitude=_degrees(latitude, "latitude", 90, line, problems) if latitude else None,
                longitude=_degrees(longitude, "longitude", 180, line, problems) if longitude else None,
                credentials=one(credentials),
                poll=one(poll),
                poll_interval=_interval(interval, line, problems) if interval else None,
            ),
        )


def _degrees(cell: str, column: str, most: int, line: int, problems: list[str]) -> float | None:
    """A coordinate."""
    return _number(cell, column, -most, most, line, problems)


def _interval(cell: str, line: int, problems: list[str]) -> float | None:
    """Seconds between two polls."""
    return _number(cell, "poll_interval", SHORTEST_POLL_INTERVAL, LONGEST_POLL_INTERVAL, line, problems)


def _number(cell: str, column: str, least: int, most: int, line: int, problems: list[str]) -> float | None:
    """A number with a decimal point or a decimal comma."""
    try:
        number = float(cell.replace(",", "."))
    except ValueError:
        number = most + 1.0
    if least <= number <= most:
        return number
    problems.append(f"line {line}: {column} {cell!r} is no number from {least} to {most}")
    return None
