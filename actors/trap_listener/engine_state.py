"""faultd's own SNMP engine across restarts: its id and how often it has started (RFC 3414 section 2.2).

A sender keys its INFORMs to the id and checks answers against boots, so both must survive; a standby shares the file.
"""

import os
from pathlib import Path

import msgspec
from msgspec import Struct

FILE = "snmp_engine.json"
MAX_BOOTS = 2**31 - 1
_PREFIX = bytes.fromhex("80004fb805")
"""Enterprise 20408 (that of pysnmp), format 5: octets of our own choosing (RFC 3411, SnmpEngineID)."""


class EngineState(Struct, frozen=True, forbid_unknown_fields=True):
    """``engine_id`` in hexadecimal; ``boots`` counts this start too."""

    engine_id: str
    boots: int


class EngineStateError(Exception):
    """The state file cannot be used. faultd never replaces it by itself: with a new id or fewer boots the INFORMs of every
    sender would fail."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path, self.reason = path, reason


def next_start(state_dir: Path) -> EngineState:
    """This start's id and boots, durable before they are used. Raises EngineStateError."""
    path = state_dir / FILE
    try:
        before = _read(path)
        if before is None:
            before = EngineState((_PREFIX + os.urandom(12)).hex(), 0)
        state = EngineState(before.engine_id, min(before.boots + 1, MAX_BOOTS))
        replace_file(path, msgspec.json.encode(state))
    except OSError as error:
        raise EngineStateError(path, str(error)) from error
    return state


def _read(path: Path) -> EngineState | None:
    try:
        state = msgspec.json.decode(path.read_bytes(), type=EngineState)
        octets = bytes.fromhex(state.engine_id)
    except FileNotFoundError:
        return None
    except (msgspec.MsgspecError, ValueError) as error:
        raise EngineStateError(path, str(error)) from error
    if not 5 <= len(octets) <= 32:
        raise EngineStateError(path, f"engine id {state.engine_id!r} has {len(octets)} octets, not 5 to 32")
    if not 0 <= state.boots <= MAX_BOOTS:
        raise EngineStateError(path, f"boots {state.boots} is not in 0..{MAX_BOOTS}")
    return state


def replace_file(path: Path, content: bytes) -> None:
    """Put ``content`` in the file's place, durably, whole or not at all. Raises OSError."""
    draft = path.with_suffix(".new")
    with open(draft, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
