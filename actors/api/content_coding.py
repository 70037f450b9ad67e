"""The content codings that a client takes (RFC 9110, section 12.5.3)."""

import re
from collections.abc import Sequence
from typing import NamedTuple

_ITEM = re.compile(r"([!#$%&'*+.^_`|~0-9a-z-]+)(?:[ \t]*;[ \t]*q=([01](?:\.[0-9]{0,3})?))?")


class Coding(NamedTuple):
    """Whether the answer is to be compressed, and whether it may be sent as it is."""

    gzip: bool
    identity: bool


def accepts_gzip(values: Sequence[str]) -> Coding:
    """The coding to use, from the lines of ``Accept-Encoding``. A list that is malformed asks for nothing.

    gzip is used where the client takes it and does not prefer ``identity``. A client that takes neither gets the answer as it
    is: another coding is not there to choose.
    """
    weights: dict[str, float] = {}
    for part in ",".join(values).lower().split(","):
        if not (text := part.strip(" \t")):
            continue
        item = _ITEM.fullmatch(text)
        if item is None:
            return Coding(gzip=False, identity=True)
        weights[item[1]] = float(item[2] or 1)
    others = weights.get("*", 0.0)
    gzip = max(weights.get("gzip", others), weights.get("x-gzip", 0.0))
    identity = weights.get("identity", None if "*" not in weights else others)
    return Coding(gzip=gzip > 0 and (identity is None or gzip >= identity), identity=identity != 0)
