"""Texts of customers, operators and devices, made safe to print. Pure."""

import re
from typing import Final

from protocols.printable import counted, printable

MOST_CHARACTERS: Final = 300
"""Characters of one text in a table."""
HEADING_CHARACTERS: Final = 60
"""Characters of one text in the running head."""


def plain(text: str, most: int = MOST_CHARACTERS) -> str:
    """``text`` on one line, with escapes for characters that steer or hide, cut at ``most`` characters with a note of how many
    more there are."""
    left_out = len(text) - most
    shown = printable(re.sub(r"[\t\n\r ]+", " ", text[:most]).strip())
    return f"{shown}\u2026 (+{counted(left_out, 'character')})" if left_out > 0 else shown
