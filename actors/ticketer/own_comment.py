"""The last line of a comment of faultd, by which it is known again whatever the desk made of it. Pure.

A desk may change white space, wrap lines, make HTML or Markdown of a text, add a footer, or quote the whole of it. A person who
quotes a comment of faultd and writes something of their own has written a comment of theirs.
"""

import re
from html import unescape
from typing import Final

from protocols.dispatch.ticket import TicketTask

_OWN: Final = re.compile(r"\[\s*faultd\s+([\w.-]+\.\d+)\s*\]")
_BLOCKQUOTE: Final = re.compile(r"<blockquote\b.*?(</blockquote>|\Z)", re.DOTALL | re.IGNORECASE)
_TAG: Final = re.compile(r"</?[a-zA-Z][^<>]{0,500}>|<br ?/?>")
_QUOTED_LINE: Final = re.compile(r"^[ \t]*(>|\|).*$", re.MULTILINE)
_INTRODUCTION: Final = re.compile(
    r"^.{0,200}(wrote|schrieb|commented|a écrit)[^\n]{0,40}:[ \t]*$|^-{2,} ?.{0,60}-{2,}[ \t]*$", re.MULTILINE
)
"""The line before a quotation, as mail programs write it."""
_LONGEST: Final = 100_000


def signature(mark: str, task: TicketTask) -> str:
    """The last line of a comment that faultd wrote for ``task``."""
    return f"[faultd {mark}.{task.number}]"


def signed(comment: str, mark: str, task: TicketTask) -> str:
    """The comment with a last line that tells it from those of people, and from that of another task."""
    return f"{comment}\n\n{signature(mark, task)}".lstrip()


def is_own(text: str) -> bool:
    """True for a comment that a faultd wrote, also where the desk quotes all of it."""
    text = text[:_LONGEST]
    if _OWN.search(_plain(_without_quotation(text))) is not None:
        return True
    return _OWN.search(_plain(text)) is not None and not _said(text)


def is_of_task(text: str, mark: str, task: TicketTask) -> bool:
    """True for the comment that faultd wrote for ``task``."""
    return f"{mark}.{task.number}" in _OWN.findall(_plain(text[:_LONGEST]))


def _said(text: str) -> str:
    """The text without quotations and the lines that introduce them."""
    return _INTRODUCTION.sub("", _plain(_without_quotation(text))).strip()


def _without_quotation(text: str) -> str:
    return _QUOTED_LINE.sub("", unescape(_TAG.sub("", _BLOCKQUOTE.sub("", text))))


def _plain(text: str) -> str:
    """Without tags, entities, the escapes of Markdown, and characters that nobody sees."""
    shown = unescape(_TAG.sub("", text)).replace("\\", "").replace("\u00a0", " ").replace("\u2011", "-")
    return "".join(char for char in shown if char.isprintable() or char.isspace())
