"""Entity tags (RFC 9110, section 8.8.3): an ETag names the revision of a resource, and a digest of what was sent.

``"7-1f2e3d4c5b6a7988"`` is revision 7. The digest tells representations of one revision apart, since some members come from
elsewhere (the customers of an alarm, the occurrence of a window). ``If-Match`` compares the revision alone, so ``"7"``, the tag
of an answer to a write, serves as well, and so does ``If-None-Match`` of a write. A compressed representation has a tag of its
own, which ends in ``-gzip``.
"""

import re
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

from msgspec import Struct, structs

from actors.api.problems import ProblemError, invalid_parameter

_ITEM = re.compile(r'[ \t]*+(?:(W/)?"([\x21\x23-\x7e\x80-\xff]*+)"[ \t]*+)?(?:,|\Z)')
"""One element of a list, which may be empty, and the comma behind it (section 5.6.1). Linear in the header's length."""
_OWN = re.compile(r"([0-9]{1,18})(?:-[0-9a-f]{16})?(?:-gzip)?")
_NO_REVISION: Final = -1
"""An expected revision that no resource has."""


class EntityTag(Struct, frozen=True):
    """One tag of a list. ``value`` is what stands between the quotes."""

    value: str
    weak: bool = False

    @property
    def revision(self) -> int | None:
        """The revision that it names; None for a weak tag, which identifies no revision, and for one that is none of ours."""
        return None if self.weak else self.weak_revision

    @property
    def weak_revision(self) -> int | None:
        """The revision that it names, by the weak comparison; None for a tag that is none of ours."""
        found = _OWN.fullmatch(self.value)
        return int(found[1]) if found else None

    @property
    def plain(self) -> str:
        """The value without the mark of a compressed representation: those two are equivalent (the weak comparison)."""
        return self.value.removesuffix("-gzip")


class Condition(Struct, frozen=True):
    """The value of ``If-Match`` or ``If-None-Match``: any representation (``*``), or those with one of the tags.

    Of a write it is that of ``If-Match`` (``any`` without one); ``unless`` is that of ``If-None-Match``, which must not hold.
    """

    tags: tuple[EntityTag, ...] = ()
    any: bool = False
    unless: "Condition | None" = None

    def weakly(self, value: str) -> bool:
        """Whether it holds of a representation with this tag, by the weak comparison of ``If-None-Match``."""
        return self.any or any(tag.plain == value for tag in self.tags)

    def excludes(self, revision: int) -> bool:
        """Whether ``If-None-Match`` of a write excludes this revision."""
        unless = self.unless
        return unless is not None and (unless.any or any(tag.weak_revision == revision for tag in unless.tags))

    def revisions(self) -> frozenset[int]:
        """The revisions that its strong tags name."""
        return frozenset(tag.revision for tag in self.tags if tag.revision is not None)


def condition_of(name: str, values: Sequence[str]) -> Condition | None:
    """The condition in the lines of a header, None when there are none. ProblemError 400 for what is no list of tags."""
    if not values:
        return None
    text = ",".join(values)
    if text.strip(" \t") == "*":
        return Condition(any=True)
    tags: list[EntityTag] = []
    position = 0
    while position < len(text):
        item = _ITEM.match(text, position)
        if item is None:
            break
        position = item.end()
        if item[2] is not None:
            tags.append(EntityTag(item[2], bool(item[1])))
    if position < len(text) or not tags:
        raise invalid_parameter(name, 'is neither * nor a list of entity tags, such as "7"')
    return Condition(tuple(tags))


def condition_of_write(match: Sequence[str], none_match: Sequence[str]) -> Condition | None:
    """The condition of a write, from the lines of ``If-Match`` and ``If-None-Match``; None when there are none.

    ProblemError 400 for what is no list of tags."""
    condition, unless = condition_of("If-Match", match), condition_of("If-None-Match", none_match)
    return condition if unless is None else structs.replace(condition or Condition(any=True), unless=unless)


def revision_tag(revision: int) -> str:
    """The ETag of a revision, whatever its representation."""
    return f'"{revision}"'


def representation_tag(tag: str, body: bytes) -> str:
    """The value of the ETag of ``body``, from that of its revision."""
    return f"{tag.strip(chr(34))}-{blake2b(body, digest_size=8).hexdigest()}"


def expected(condition: Condition | None, name: str, current: int | None) -> dict[str, int]:
    """``Command.expected`` for a command on the resource ``name``, whose revision is ``current`` as far as the caller sees
    (None: no such resource). ProblemError 412 when ``If-Match`` names another revision, or ``If-None-Match`` this one.

    The fold compares with ``If-Match`` once more: only there no other command comes in between. Revisions never come again, so
    what ``If-None-Match`` does not exclude now it never will.
    """
    if condition is not None and current is not None and condition.excludes(current):
        raise wrong_revision(f"the revision is {current}, which If-None-Match excludes", current)
    if condition is None or condition.any:
        return {}
    named = condition.revisions()
    if current is None:
        return {name: min(named, default=_NO_REVISION)}
    if current not in named:
        raise wrong_revision(f"the revision is {current}, which If-Match does not name", current)
    return {name: current}


def wrong_revision(text: str, current: int | None) -> ProblemError:
    """412 with the present revision."""
    headers = {} if current is None else {"ETag": revision_tag(current)}
    return ProblemError(412, "wrong_revision", text, headers=headers, revision=current)
