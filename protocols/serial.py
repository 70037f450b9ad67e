"""Serial numbers of ONTs: every spelling of one is the same.

A GPON serial is eight octets (ITU-T G.984.3 section 9.2.4.1): four letters of the maker and a number of 32 bits. People, OLTs
and inventories write it in many ways; here its form is the letters and eight hexadecimal digits in capitals, ``HWTC0A1B2C3D``.
"""

import re
from typing import Final

_CANONICAL: Final = re.compile("[0-9A-Z]{4}[0-9A-F]{8}")
_TEXT: Final = re.compile("[0-9A-Za-z]{4}[0-9A-Fa-f]{8}")
_HEX: Final = re.compile("(?:0[xX])?([0-9A-Fa-f]{16})")
_DECIMAL: Final = re.compile("([A-Za-z]{4})([0-9]{1,10})")
_OCTETS: Final = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){7}")
_TWICE: Final = re.compile(r"([^()]+)\(([^()]+)\)")
_DIVIDERS: Final = re.compile(r"[\s:._-]+")
_PADDING: Final = b"\0 \t\r\n"


def is_gpon_serial(serial: str) -> bool:
    """True for a GPON serial in its canonical form."""
    return _CANONICAL.fullmatch(serial) is not None


def canonical_serial(written: str | bytes) -> str:
    """The canonical form of a serial, empty for none. A text that is no GPON serial becomes capitals; the octets of a MAC
    address (EPON) become hexadecimal digits.

    Accepted forms: the eight octets, also padded with NULs or spaces; their 16 hexadecimal digits, in pairs or not, divided by
    dashes, colons, dots or spaces, with or without ``0x``; the vendor's letters and eight hexadecimal digits, divided or not;
    the letters and the number in decimal digits, unless there are eight of them (eight are hexadecimal); the octets in decimal
    with dots; the 64 bits as one decimal number; and two of these, the second in brackets (``485754430A1B2C3D
    (HWTC-0A1B2C3D)``).
    """
    if isinstance(written, bytes):
        return _of_octets(written)
    if _CANONICAL.fullmatch(written):
        return written
    return _of_text(written)


def _of_octets(raw: bytes) -> str:
    if len(raw) >= 8 and not raw[8:].strip(_PADDING) and raw[:4].isalnum():
        return _of_eight(raw[:8])
    trimmed = raw.strip(_PADDING)
    text = trimmed.decode("latin-1")
    return canonical_serial(text) if text.isascii() and text.isprintable() else _of_text(raw.hex())


def _of_text(text: str) -> str:
    text = " ".join(text.replace("\0", " ").split()).strip("\"' ")
    if twice := _TWICE.fullmatch(text):
        text = twice[1].strip()
    if _OCTETS.fullmatch(text):
        octets = [int(octet) for octet in text.split(".")]
        if max(octets) <= 255 and bytes(octets[:4]).isalnum():
            return _of_eight(bytes(octets))
    compact = _DIVIDERS.sub("", text)
    if not compact.isascii():
        return text.upper()
    if _TEXT.fullmatch(compact):
        return compact.upper()
    if digits := _HEX.fullmatch(compact):
        octets_of = bytes.fromhex(digits[1])
        return _of_eight(octets_of) if octets_of[:4].isalnum() else digits[1].upper()
    if (decimal := _DECIMAL.fullmatch(compact)) and int(decimal[2]) < 1 << 32:
        return f"{decimal[1].upper()}{int(decimal[2]):08X}"
    if compact.isdigit() and len(compact) == 19 and int(compact) < 1 << 64:
        octets_of = int(compact).to_bytes(8, "big")
        if octets_of[:4].isalnum():
            return _of_eight(octets_of)
    return text.upper()


def _of_eight(octets: bytes) -> str:
    return octets[:4].decode().upper() + octets[4:].hex().upper()
