"""The ledger's time as a row of ``meta``, written with the commit whose Events were stamped by it."""

import sqlite3
from pathlib import Path

import msgspec

from actors.ledger.checksum import checksum
from actors.ledger.errors import LedgerCorrupt
from actors.ledger.group import LedgerTime

_KEY, _SEAL = "time", "time_seal"


def put_time(connection: sqlite3.Connection, time: LedgerTime | None) -> None:
    """Write ``time``; None removes the row."""
    if time is None:
        connection.execute("DELETE FROM meta WHERE key IN (?, ?)", (_KEY, _SEAL))
        return
    text = msgspec.json.encode(time).decode()
    connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?), (?, ?)", (_KEY, text, _SEAL, str(checksum(text))))


def read_time(connection: sqlite3.Connection, path: Path) -> LedgerTime | None:
    """The time on disk; None in a ledger of a version that kept none. Raises LedgerCorrupt."""
    known = dict(connection.execute("SELECT key, value FROM meta WHERE key IN (?, ?)", (_KEY, _SEAL)).fetchall())
    text = known.get(_KEY)
    if text is None:
        return None
    if known.get(_SEAL) != str(checksum(text)):
        raise LedgerCorrupt(path, "the checksum of its time is wrong")
    try:
        return msgspec.json.decode(text, type=LedgerTime)
    except msgspec.MsgspecError as error:
        raise LedgerCorrupt(path, f"its time cannot be read: {error}") from error
