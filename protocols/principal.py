"""The identity behind a bearer token."""

from typing import Literal

from msgspec import Struct

Role = Literal["viewer", "operator", "admin"]

_LEVEL: dict[str, int] = {"viewer": 0, "operator": 1, "admin": 2}


class Principal(Struct, frozen=True):
    """A verified caller. ``tenant`` None means every tenant."""

    name: str
    role: Role
    tenant: str | None = None

    def may(self, role: Role) -> bool:
        """True when this principal's role includes ``role`` (admin ⊃ operator ⊃ viewer)."""
        return _LEVEL[self.role] >= _LEVEL[role]

    def sees(self, tenant: str) -> bool:
        """True when rows of ``tenant`` are this principal's to see and act on."""
        return self.tenant is None or self.tenant == tenant
