"""Settings that hold passwords: masked in every ``repr``, so that no log shows them; and the keys of an SNMPv3 user."""

from typing import Any

from msgspec import Struct

SECRETS = frozenset({"communities", "community", "auth_key", "priv_key"})
"""Settings that are passwords."""

LEAST_KEY = 8
"""Characters of the shortest pass phrase (RFC 3414 section 11.2)."""

Problem = tuple[str, str]
"""A key below its table (``users[0].auth_key``), and a sentence."""


class SecretSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings whose ``repr`` masks the passwords among them."""

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        pairs = [(name, getattr(self, name)) for name in self.__struct_fields__]
        return [(name, "***" if value and name in SECRETS else value) for name, value in pairs]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"


def key_problems(at: str, protocol: str, key: str, file: str) -> list[Problem]:
    """Mistakes in the pass phrase of ``protocol`` (empty: none is used), which stands in place (``key``) or in ``file``. ``at``
    is the setting's key."""
    if key and file:
        return [(at, f"both the key and {at.rpartition('.')[2]}_file are set: keep one")]
    if not protocol:
        return [(at, "a key without its protocol: set it, or take the key away")] if key or file else []
    if not key and not file:
        return [(at, f"{protocol} needs a key")]
    if key and len(key) < LEAST_KEY:
        return [(at, f"the key has {len(key)} characters, at least {LEAST_KEY} are needed (RFC 3414 section 11.2)")]
    return []
