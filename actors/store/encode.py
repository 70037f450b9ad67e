"""Rows as JSON that PostgreSQL takes, whatever text devices and operators wrote.

PostgreSQL's text has no U+0000 and no lone surrogates; both become U+FFFD. JSON has no NaN and no infinities; they become null.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, structs

from protocols.change import AlarmRepeated, Change, DeviceEvent, Quarantined, UnknownTrap
from protocols.event import Trap

_UNTEXT = re.compile("[\x00\ud800-\udfff]")
_NUL = b"\\u0000"
_PRINTABLE = re.compile(rb"[\t\r\n\x20-\x7e]+")


def rows(values: Sequence[Any]) -> Raw:
    """A JSON array of ``values`` (Structs or dicts, one a row), ready for ``json_populate_recordset``."""
    try:
        data = msgspec.json.encode(values)
    except (UnicodeEncodeError, TypeError, OverflowError):
        return Raw(msgspec.json.encode(clean(values)))
    # The escape that is found may itself be escaped: then cleaning changes nothing.
    return Raw(msgspec.json.encode(clean(values)) if _NUL in data else data)


def clean(value: Any) -> Any:
    """``value`` in JSON's types, with every text as PostgreSQL can hold it. Structs become objects, octets hexadecimal text."""
    match value:
        case str():
            return _UNTEXT.sub("\ufffd", value)
        case None | bool() | int() | float() | datetime():
            return value
        case bytes() | bytearray() | memoryview():
            return value.hex()
        case Struct():
            named = zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True)
            shown = ((shown, getattr(value, name)) for shown, name in named)
            return {name: clean(found) for name, found in shown if found is not UNSET}
        case Mapping():
            return {clean(str(key)): clean(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [clean(item) for item in value]
        case _:
            return clean(str(value))


def count(repeat: AlarmRepeated, offsets: Sequence[int]) -> dict[str, Any]:
    """The columns of ``alarms`` that repeats change: ``repeat`` is the last one, ``offsets`` are those of the newest."""
    return {
        "id": repeat.id,
        "last_occurrence": repeat.last_occurrence,
        "occurrence_count": repeat.occurrence_count,
        "revision": repeat.revision,
        "offsets": offsets,
    }


def device_event(event: DeviceEvent) -> dict[str, Any]:
    """A row of ``device_events``."""
    return structs.asdict(event)


def unknown_trap(change: UnknownTrap) -> dict[str, Any]:
    """A row of ``unknown_traps``."""
    return {
        "offset": change.offset,
        "at": change.at,
        "tenant_id": change.tenant_id,
        "device_id": change.device_id,
        "trap_oid": change.trap.notification.trap_oid,
        "source": change.trap.source,
        "reason": change.reason,
        "trap": trap(change.trap),
    }


def trap(value: Trap) -> dict[str, Any]:
    """A trap as readable JSON. Octets are hexadecimal; octets that are printable text have it beside them."""
    notification = clean(value.notification)
    for shown, varbind in zip(notification["varbinds"], value.notification.varbinds, strict=True):
        if isinstance(varbind.value, bytes) and _PRINTABLE.fullmatch(varbind.value):
            shown["text"] = varbind.value.decode("ascii")
    return {
        "source": value.source,
        "received": value.received,
        "inform_key": value.inform_key,
        "raw": value.raw.hex(),
        "notification": notification,
    }


def quarantined(change: Quarantined) -> dict[str, Any]:
    """A row of ``quarantine``."""
    return structs.asdict(change)


def readable(change: Change, limit: int = 65_536) -> str:
    """``change`` as JSON text for ``store_rejects``, cut after ``limit`` characters."""
    return msgspec.json.encode(clean(change)).decode()[:limit]


def tag(change: Change) -> str:
    """The Change's tag, such as ``alarm``."""
    return str(type(change).__struct_config__.tag)
