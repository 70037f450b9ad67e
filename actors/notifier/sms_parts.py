"""The parts of a text message (3GPP TS 23.038 and 23.040). Pure.

A text of the GSM 7-bit alphabet has 160 characters in one message, or 153 in each part of several; any other text is sent as
UCS-2, with 70 or 67. Characters of the extension table, such as ``€``, count twice; those beyond the basic plane, such as
emoji, count twice in UCS-2.
"""

from typing import Literal

Coding = Literal[0, 2]
"""As Kannel and SMPP number them: 0 is the GSM 7-bit alphabet, 2 is UCS-2."""

_BASIC = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜabcdefghijklmnopqrstuvwxyzäöñüà0123456789"
    "\n\r !\"#¤%&'()*+,-./:;<=>?@_¡§¿£$¥èéùìòÇØøÅåÆæßÉΔΦΓΛΩΠΨΣΘΞ"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")
_GSM = _BASIC | _EXTENDED
_SINGLE: dict[Coding, int] = {0: 160, 2: 70}
_PART: dict[Coding, int] = {0: 153, 2: 67}


def coding_of(text: str) -> Coding:
    """The coding that carries every character of ``text`` in the fewest parts."""
    return 0 if _GSM.issuperset(text) else 2


def cut_to_parts(text: str, parts: int) -> str:
    """``text``, or as much of it as fits ``parts`` messages, with ``...`` at its end."""
    coding = coding_of(text)
    room = _SINGLE[coding] if parts == 1 else parts * _PART[coding]
    if sum(_units(char, coding) for char in text) <= room:
        return text
    left, kept = room - 3, 0
    for char in text:
        left -= _units(char, coding)
        if left < 0:
            break
        kept += 1
    return f"{text[:kept]}..."


def _units(char: str, coding: Coding) -> int:
    twice = char in _EXTENDED if coding == 0 else ord(char) > 0xFFFF
    return 2 if twice else 1
