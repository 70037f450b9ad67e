"""Refusals of a datagram: one class a reason, so that each can be caught, counted and explained.

``OverBudget`` refuses the whole message. ``Malformed`` refuses it when the message's own structure is wrong; inside a variable
binding it refuses that binding only, which is kept as ``undecoded``.
"""

from typing import ClassVar


class SnmpRefusal(ValueError):
    """The octets are not a message that this codec accepts.

    ``reason`` is a member of ``REASONS``, fit for a metric label; ``detail`` is a sentence; ``position``
    is the offset of the offending octet in the decoder's input, None where there is none.
    """

    reason: ClassVar[str] = "refused"

    def __init__(self, detail: str, position: int | None = None) -> None:
        super().__init__(detail, position)
        self.detail = detail
        self.position = position

    def __str__(self) -> str:
        place = "" if self.position is None else f" at octet {self.position}"
        return f"{self.reason}{place}: {self.detail}"


class OverBudget(SnmpRefusal):
    """The datagram exceeds a limit on what one datagram may cost."""


class Oversize(OverBudget):
    reason = "oversize"


class TooManyVarbinds(OverBudget):
    reason = "too_many_varbinds"


class TooDeep(OverBudget):
    reason = "too_deep"


class OidTooLong(OverBudget):
    reason = "oid_too_long"


class IndefiniteLength(OverBudget):
    """RFC 3417 section 8 forbids the indefinite form; reading it would need a search for its end."""

    reason = "indefinite_length"


class Malformed(SnmpRefusal):
    """The encoding or the structure is not that of an SNMP message."""


class Truncated(Malformed):
    """A length runs past the end of what encloses it, or octets that must be there are missing."""

    reason = "truncated"


class BadTag(Malformed):
    reason = "bad_tag"


class BadLength(Malformed):
    reason = "bad_length"


class BadInteger(Malformed):
    reason = "bad_integer"


class BadOid(Malformed):
    reason = "bad_oid"


class BadValue(Malformed):
    reason = "bad_value"


class BadVersion(Malformed):
    reason = "bad_version"


class BadSecurityModel(Malformed):
    """SNMPv3 with another security model than USM (3)."""

    reason = "bad_security_model"


class NotANotification(Malformed):
    """A proper PDU, but no trap and no INFORM; the detail names it."""

    reason = "not_a_notification"


class WrongPdu(Malformed):
    """A PDU that this SNMP version does not have (a v1 Trap-PDU in v2c), or not the one that was expected."""

    reason = "wrong_pdu"


REFUSALS: tuple[type[SnmpRefusal], ...] = (
    Oversize,
    TooManyVarbinds,
    TooDeep,
    OidTooLong,
    IndefiniteLength,
    Truncated,
    BadTag,
    BadLength,
    BadInteger,
    BadOid,
    BadValue,
    BadVersion,
    BadSecurityModel,
    NotANotification,
    WrongPdu,
)
REASONS: tuple[str, ...] = tuple(refusal.reason for refusal in REFUSALS)
"""Every ``SnmpRefusal.reason`` that a decoder can raise: a fixed set of metric labels."""


class Unencodable(ValueError):
    """SNMP cannot carry the value that an encoder was given. ``field`` names the argument, ``value`` is the value."""

    def __init__(self, field: str, value: object, why: str) -> None:
        super().__init__(f"{field}: {why}, got {value!r}")
        self.field = field
        self.value = value
