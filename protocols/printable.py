"""Text for a terminal or one line of a file. That of strangers is made safe to show: a trap's text can hold any character."""

import unicodedata

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories of Unicode that steer a terminal or are not seen: controls (C0, C1, DEL), formats (marks of direction, of zero
width, tags), lone surrogates, private and unassigned ones, separators of lines."""
_JOINERS = "\u200c\u200d"
"""Without these Arabic, Indic scripts and composed emoji cannot be written; they steer nothing."""


def printable(text: str) -> str:
    """``text`` with every character that a terminal would obey or hide as an escape (``\\x1b``, ``\\u202e``), on one line."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_shown, text))


def counted(number: int, noun: str, plural: str = "") -> str:
    """``1 mistake``, ``2 mistakes``, ``1,200 mistakes``; ``plural`` where it does not end so."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def _shown(character: str) -> str:
    if unicodedata.category(character) not in _UNSEEN or character in _JOINERS:
        return character
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
