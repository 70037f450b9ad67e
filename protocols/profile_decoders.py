"""Named decoders: they take apart the values that vendors pack into one varbind. Pure; a value that does not fit is refused.

A decoder takes the raw values of its inputs (int, float, bytes or text) and gives a text, a number, or a dict of parts
(``path`` is the part that represents the whole). Sources of the encodings: the vendors' MIBs, ITU-T G.984.3 for serials.
"""

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from protocols.serial import canonical_serial, is_gpon_serial

Raw = int | float | str | bytes
Part = int | float | str
Decoded = Part | dict[str, Part]


class DecodeError(ValueError):
    """A decoder refuses ``value``, because ``why``."""

    def __init__(self, decoder: str, value: object, why: str) -> None:
        super().__init__(f"{decoder} refuses {_short(value)}: {why}")
        self.decoder = decoder
        self.value = value
        self.why = why


def _short(value: object) -> str:
    shown = value[:24].hex() if isinstance(value, bytes) else repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."


class Decoder(NamedTuple):
    """``inputs`` is the number of input values, 0 for one or more."""

    run: Callable[..., Decoded]
    inputs: int
    parts: frozenset[str]


_BINARY: Final = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f]+")
MAX_TEXT: Final = 255
"""A text is cut after so many characters."""


def text(raw: Raw) -> str:
    """A value as one line of text: UTF-8, else Latin-1; control characters become a space; at most 255 characters."""
    if isinstance(raw, bytes):
        if len(raw) <= MAX_TEXT and raw.isascii():
            found = raw.decode()
            if found.isprintable():
                return found.strip()
        raw = raw[: 4 * MAX_TEXT]
        try:
            found = raw.decode()
        except UnicodeDecodeError:
            found = raw.decode("latin-1")
    elif isinstance(raw, str):
        found = raw
    else:
        return format_number(raw)
    if not found.isprintable():
        found = _CONTROL.sub(" ", found)
    return found.strip()[:MAX_TEXT]


def plain(raw: Raw) -> Part:
    """A value without a decoder: numbers stay, octets become text, or hexadecimal digits if they are no text."""
    if not isinstance(raw, bytes):
        return raw if isinstance(raw, (int, float)) else text(raw)
    if raw.isascii():
        if len(raw) <= MAX_TEXT:
            found = raw.decode()
            if found.isprintable():
                return found.strip()
        return text(raw)
    if not _BINARY.search(raw):
        return text(raw)
    try:
        raw[: 4 * MAX_TEXT].decode()
    except UnicodeDecodeError:
        return raw[:MAX_TEXT].hex()
    return text(raw)


def format_number(value: int | float) -> str:
    """Numbers as people write them: no trailing zeros, no exponent for everyday sizes."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def integer(raw: Raw) -> int:
    """An integer, also where the device sends it as decimal text."""
    if isinstance(raw, int):
        return raw
    shown = text(raw)
    if len(shown) <= 20 and re.fullmatch(r"[+-]?[0-9]+", shown):
        return int(shown)
    raise DecodeError("int", raw, "not an integer")


def number(raw: Raw) -> float:
    """A number, also where the device sends it as text (``-28.5``, ``-28.50 dBm``)."""
    if isinstance(raw, (int, float)):
        return float(raw)
    found = re.match(r"\s*([+-]?[0-9]{1,15}(?:\.[0-9]{1,15})?)", text(raw))
    if found is None:
        raise DecodeError("number", raw, "no number at its start")
    return float(found[1])


def octets(raw: Raw, decoder: str) -> bytes:
    """The octets of an OCTET STRING."""
    if not isinstance(raw, bytes):
        raise DecodeError(decoder, raw, "not an OCTET STRING")
    return raw


def hexadecimal(raw: Raw) -> str:
    """Octets as hexadecimal digits."""
    return octets(raw, "hex")[:MAX_TEXT].hex()


def mac(raw: Raw) -> str:
    """Six octets, or their text forms, as ``00:11:22:aa:bb:cc``."""
    if isinstance(raw, bytes) and len(raw) == 6:
        return raw.hex(":")
    digits = re.sub("[^0-9a-fA-F]", "", text(raw)).lower()
    if len(digits) != 12:
        raise DecodeError("mac", raw, "neither six octets nor twelve hexadecimal digits")
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))


def last_arc(raw: Raw) -> int:
    """The last arc of an OBJECT IDENTIFIER."""
    tail = raw.rpartition(".")[2] if isinstance(raw, str) else ""
    if not tail.isascii() or not tail.isdigit() or len(tail) > 20:
        raise DecodeError("last_arc", raw, "not an OBJECT IDENTIFIER")
    return int(tail)


def gpon_serial(raw: Raw) -> str:
    """An ONT's serial as people read it: ``HWTC0A1B2C3D``. Takes every spelling of :mod:`protocols.serial`, and ZTE's
    registration info (``1,SERIAL``)."""
    if isinstance(raw, (int, float)):
        raw = text(raw)
    elif len(raw) != 8 and (info := re.fullmatch("[0-9]{1,2},(.*)", text(raw))):
        raw = info[1]
    serial = canonical_serial(raw)
    if not is_gpon_serial(serial):
        raise DecodeError("gpon_serial", raw, "neither 8 octets, 16 hexadecimal digits nor 12 characters")
    return serial


_HUAWEI_PON = {125: "gpon", 126: "epon", 127: "xgpon"}


def huawei_ifindex(raw: Raw) -> Decoded:
    """Huawei's packed ifIndex: type 7 bits, frame 6, slot 6, then the port: 5 bits above 8 for PON, 7 above 6 for
    Ethernet. It comes as a signed INTEGER, so it is often negative."""
    index = integer(raw)
    packed = index + 2**32 if index < 0 else index
    if not 0 <= packed < 2**32:
        raise DecodeError("huawei_ifindex", raw, "does not fit 32 bits")
    kind, frame, slot = packed >> 25, packed >> 19 & 0x3F, packed >> 13 & 0x3F
    if kind in _HUAWEI_PON:
        port, name = packed >> 8 & 0x1F, _HUAWEI_PON[kind]
    elif kind == 7:
        port, name = packed >> 6 & 0x7F, "ethernet"
    else:
        raise DecodeError("huawei_ifindex", raw, f"type {kind} is neither PON (125, 126, 127) nor Ethernet (7)")
    return {"kind": name, "frame": frame, "slot": slot, "port": port, "path": f"{frame}/{slot}/{port}"}


def zte_ifindex(raw: Raw) -> Decoded:
    """ZTE's ifIndex of a port, C3xx or C6xx, as shelf/slot/port.

    C3xx: 0x10000000 | slot << 16 | port << 8 (the chassis has one shelf, 1). C6xx: type 4 bits (1), rack 4, shelf 8,
    slot 8, port 8; combo ports: type 5, rack 4, shelf 4, slot 6, port 6, channel 8. A rack is never 0 on the C6xx: this
    tells the two apart. The types of ONU interfaces are not documented, so these are refused."""
    packed = integer(raw)
    kind, rack = packed >> 28, packed >> 24 & 0xF
    if not 0 <= packed < 2**32 or kind not in (1, 5):
        raise DecodeError("zte_ifindex", raw, f"type {kind} is no port (1) or combo port (5)")
    if kind == 5:
        shelf, slot, port = packed >> 20 & 0xF, packed >> 14 & 0x3F, packed >> 8 & 0x3F
    elif rack:
        shelf, slot, port = packed >> 16 & 0xFF, packed >> 8 & 0xFF, packed & 0xFF
    else:
        rack, shelf, slot, port = 1, 1, packed >> 16 & 0xFF, packed >> 8 & 0xFF
    return {"rack": rack, "shelf": shelf, "slot": slot, "port": port, "path": f"{shelf}/{slot}/{port}"}


def nokia_ifindex(raw: Raw) -> Decoded:
    """Nokia ISAM's ifIndex of a PON port or ONT, as slot/PON or slot/PON/ONT (field knowledge, of two independent sources).

    (slot + 1) << 25 | type << 21 | (pon - 1) << 16 | (ont - 1) << 9; type 13 is a PON port, 14 an ONT. Slot 0 is a box without
    LT slots."""
    packed = integer(raw)
    slot, kind = (packed >> 25) - 1, packed >> 21 & 0xF
    pon, ont, rest = (packed >> 16 & 0x1F) + 1, (packed >> 9 & 0x7F) + 1, packed & 0x1FF
    if 0 <= slot < 63 and not rest:
        if kind == 13 and ont == 1:
            return {"kind": "pon", "slot": slot, "pon": pon, "path": f"{slot}/{pon}"}
        if kind == 14:
            return {"kind": "ont", "slot": slot, "pon": pon, "ont": ont, "path": f"{slot}/{pon}/{ont}"}
    raise DecodeError("nokia_ifindex", raw, "neither a PON port (type 13) nor an ONT (type 14)")


def fiberhome_index(raw: Raw) -> Decoded:
    """FiberHome's index: slot << 25 | pon << 19 | onu << 8 | port of the ONU; onu 0 is the PON port itself. ``path`` ends with
    the ONU, for each of its ports."""
    packed = integer(raw)
    if not 0 < packed < 2**32:
        raise DecodeError("fiberhome_index", raw, "not slot << 25 | pon << 19 | onu << 8 | port")
    slot, pon, onu, uni = packed >> 25, packed >> 19 & 0x3F, packed >> 8 & 0x7FF, packed & 0xFF
    if uni and not onu:
        raise DecodeError("fiberhome_index", raw, "the port of an ONU without an ONU")
    path = f"{slot}/{pon}/{onu}" if onu else f"{slot}/{pon}"
    return {"kind": "ont" if onu else "pon", "slot": slot, "pon": pon, "onu": onu, "uni": uni, "path": path}


def nscrtv_instance(raw: Raw) -> Decoded:
    """NSCRTV's instance of eight octets: device, slot, port, ONU, the ONU's slot, UNI port, 0, 0. Zeros at the end mean
    that the alarm is about something larger."""
    data = octets(raw, "nscrtv_instance")
    if len(data) != 8:
        raise DecodeError("nscrtv_instance", raw, "not eight octets")
    device, slot, port, onu, onu_slot, uni = data[:6]
    path, kind = "", "olt"
    if slot:
        path, kind = f"{slot}", "card"
        if port:
            path, kind = f"{slot}/{port}", "pon"
            if onu:
                path, kind = f"{slot}/{port}/{onu}", "ont"
                if uni:
                    path, kind = f"{slot}/{port}/{onu}/{onu_slot}/{uni}", "uni"
    parts: dict[str, Part] = {"kind": kind, "device": device, "slot": slot, "port": port, "onu": onu}
    return parts | {"onu_slot": onu_slot, "uni": uni, "path": path}


_DASAN_TLV = {1: "slot", 2: "port", 3: "vlan", 4: "mac", 5: "onu", 6: "uni_type", 7: "uni"}


def dasan_source(kind: Raw, raw: Raw) -> Decoded:
    """DASAN's alarm source: the source type (SLE-FAULTMGMT-MIB) says what the octets are. Type 13 is a list of
    type, length, value; the others are taken as text, or as one number per octet when they are not text."""
    source_type = integer(kind)
    if not isinstance(raw, bytes):
        raise DecodeError("dasan_source", raw, "not an OCTET STRING")
    parts: dict[str, Part] = {"type": source_type}
    if source_type == 13:
        rest = raw
        while len(rest) >= 2:
            tag, length = rest[0], rest[1]
            value, rest = rest[2 : 2 + length], rest[2 + length :]
            if len(value) < length:
                raise DecodeError("dasan_source", raw, f"field {tag} is cut off")
            if tag in _DASAN_TLV:
                parts[_DASAN_TLV[tag]] = value.hex(":") if tag == 4 else int.from_bytes(value[:8])
        shown = [str(parts[k]) for k in ("slot", "port", "onu", "uni") if k in parts]
        if "port" not in parts:
            raise DecodeError("dasan_source", raw, "no port among its fields")
        kind_name = "uni" if "uni" in parts and "onu" in parts else "ont" if "onu" in parts else "pon"
        return parts | {"kind": kind_name, "path": "/".join(shown)}
    if not raw:
        return parts | {"kind": "olt", "path": ""}
    if source_type == 2:
        index = text(raw) if raw.isdigit() else str(int.from_bytes(raw[:8]))
        return parts | {"kind": "source", "path": f"if/{index}"}
    shown_text = text(raw) if raw.rstrip(b"\0").isascii() and text(raw.rstrip(b"\0")).isprintable() else ""
    if not shown_text or any(octet < 0x20 for octet in raw.rstrip(b"\0")):
        shown_text = ".".join(str(octet) for octet in raw[:16])
    return parts | {"kind": "source", "path": f"source{source_type}/{shown_text}"}


def port_name(raw: Raw) -> Decoded:
    """A port by its name: ``GPON0/3:12``, ``EPON0/1:5``, ``gpon-onu_1/2/3:7``, ``TGigaEthernet0/1``. What follows the
    colon is the ONT."""
    shown = text(raw)
    found = re.fullmatch(r"([A-Za-z][A-Za-z_. -]*?)[ _-]?(\d{1,5}(?:/\d{1,5}){0,4})(?::(\d{1,5}))?", shown)
    if found is None:
        raise DecodeError("port_name", raw, "not TYPE PORT[:ONU]")
    name, port, onu = found.groups()
    lower = name.lower()
    kind = "ont" if onu else "pon" if "pon" in lower else "port"
    parts: dict[str, Part] = {"kind": kind, "name": lower, "port": port, "path": f"{port}/{onu}" if onu else port}
    return parts | {"onu": int(onu)} if onu else parts


_E7_CLASS = {2: "card", 19: "pon", 63: "ont", 65: "uni", 135: "psu"}


def calix_e7_object(object_class: Raw, *instances: Raw) -> Decoded:
    """Calix E7's object: a class and up to eight instance numbers, zeros at the end unused. An ONT's number counts over
    the whole node, so its path starts with ``ont``, and an object of any other class with ``class<n>``."""
    number_of_class = integer(object_class)
    found = [integer(value) for value in instances]
    while found and found[-1] == 0:
        found.pop()
    kind = _E7_CLASS.get(number_of_class, "olt" if not found else "object")
    arcs = "/".join(str(value) for value in found)
    if kind in ("ont", "uni"):
        arcs = f"ont{arcs}"
    elif kind == "psu":
        arcs = f"power{arcs}"
    elif kind == "object":
        arcs = f"class{number_of_class}/{arcs}"
    return {"kind": kind, "class": number_of_class, "path": arcs}


_NO_PARTS: frozenset[str] = frozenset()

DECODERS: dict[str, Decoder] = {
    "text": Decoder(text, 1, _NO_PARTS),
    "int": Decoder(integer, 1, _NO_PARTS),
    "number": Decoder(number, 1, _NO_PARTS),
    "hex": Decoder(hexadecimal, 1, _NO_PARTS),
    "mac": Decoder(mac, 1, _NO_PARTS),
    "last_arc": Decoder(last_arc, 1, _NO_PARTS),
    "gpon_serial": Decoder(gpon_serial, 1, _NO_PARTS),
    "huawei_ifindex": Decoder(huawei_ifindex, 1, frozenset({"kind", "frame", "slot", "port", "path"})),
    "zte_ifindex": Decoder(zte_ifindex, 1, frozenset({"rack", "shelf", "slot", "port", "path"})),
    "nokia_ifindex": Decoder(nokia_ifindex, 1, frozenset({"kind", "slot", "pon", "ont", "path"})),
    "fiberhome_index": Decoder(fiberhome_index, 1, frozenset({"kind", "slot", "pon", "onu", "uni", "path"})),
    "nscrtv_instance": Decoder(
        nscrtv_instance, 1, frozenset({"kind", "device", "slot", "port", "onu", "onu_slot", "uni", "path"})
    ),
    "dasan_source": Decoder(dasan_source, 2, frozenset({"type", "kind", "path", *_DASAN_TLV.values()})),
    "port_name": Decoder(port_name, 1, frozenset({"kind", "name", "port", "onu", "path"})),
    "calix_e7_object": Decoder(calix_e7_object, 0, frozenset({"kind", "class", "path"})),
}
