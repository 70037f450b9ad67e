"""Vendor profiles: the words in which an operator says what a trap means."""

from msgspec import Struct


class Profile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file of ``config/profiles/``."""

    name: str
