"""Links by which whoever was told of an alarm acknowledges it without a token. Pure: a link is signed, and bound to the alarm,
the person and a time."""

import base64
import binascii
import hashlib
import hmac

import msgspec
from msgspec import Struct

PATH = "/acknowledge"
_PURPOSE = b"faultd acknowledge link 1\0"
_LONGEST = 2_000


class AcknowledgeLink(Struct, frozen=True, array_like=True):
    """The rights of a link. ``expires`` is in seconds since 1970."""

    alarm_id: str
    """The alarm's UUID."""
    tenant_id: str
    person: str
    """Whoever was told, as the timeline names them."""
    notification_id: str
    expires: int


class LinkRefused(ValueError):
    """A link that grants nothing; the text says why, for people."""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(AcknowledgeLink).decode


def signed_link(link: AcknowledgeLink, key: bytes) -> str:
    """The last part of the link's path: the rights and their HMAC-SHA256, in base64 for URLs."""
    rights = _encode(link)
    return f"{_base64(rights)}.{_base64(_digest(rights, key))}"


def read_link(text: str, key: bytes, now: int) -> AcknowledgeLink:
    """The rights of a link that this faultd has signed and that has not expired at ``now`` (seconds since 1970). Raises
    LinkRefused."""
    rights_text, _, digest_text = text.partition(".")
    if len(text) > _LONGEST or not text.isascii():
        raise LinkRefused("this is no link of faultd")
    try:
        rights, digest = _octets(rights_text), _octets(digest_text)
    except (binascii.Error, ValueError):
        raise LinkRefused("this is no link of faultd") from None
    if not hmac.compare_digest(digest, _digest(rights, key)):
        raise LinkRefused("this link was not made by this faultd, or not completely copied")
    link = _decode(rights)
    if now >= link.expires:
        raise LinkRefused("this link has expired")
    return link


def _digest(rights: bytes, key: bytes) -> bytes:
    return hmac.new(key, _PURPOSE + rights, hashlib.sha256).digest()


def _base64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def _octets(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
