"""Signatures by Standard Webhooks (https://www.standardwebhooks.com, specification 1.0): made and checked. Pure."""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Final, Literal

TOLERANCE_SECONDS: Final = 300
"""The time of a message may be off by so much, either way."""
_LONGEST_ID: Final = 256
_MOST_SIGNATURES: Final = 10

WebhookFault = Literal["not_configured", "unsigned", "forged", "stale", "replayed", "malformed"]
"""Why a call is refused."""


class SignatureRefused(ValueError):
    """A message that is not by whoever has the secret. The text is for people, and repeats no secret."""

    def __init__(self, fault: WebhookFault, text: str) -> None:
        super().__init__(text)
        self.fault = fault


def signature(message_id: str, seconds: int, body: bytes, key: bytes) -> str:
    """``v1,`` and the base64 of the HMAC-SHA256 of the id, the time (``seconds`` since 1970) and the body."""
    signed = b".".join((message_id.encode(), str(seconds).encode(), body))
    return f"v1,{base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()}"


def check_signature(headers: Mapping[str, str], body: bytes, keys: Sequence[bytes], now: int) -> str:
    """The ``webhook-id`` of a message that one of ``keys`` signed and that is not older or newer than
    :data:`TOLERANCE_SECONDS` at ``now`` (seconds since 1970). ``headers`` have names in lower case. Raises SignatureRefused."""
    message_id, time_text = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    signatures = headers.get("webhook-signature", "").split()
    if not message_id or not time_text or not signatures:
        raise SignatureRefused("unsigned", "webhook-id, webhook-timestamp and webhook-signature are needed")
    if len(message_id) > _LONGEST_ID or not (message_id.isascii() and message_id.isprintable()):
        raise SignatureRefused("unsigned", f"webhook-id: more than {_LONGEST_ID} characters, or some that are not ASCII")
    if not (time_text.isascii() and time_text.isdecimal() and len(time_text) <= 12):
        raise SignatureRefused("unsigned", "webhook-timestamp: no seconds since 1970")
    seconds = int(time_text)
    expected = [signature(message_id, seconds, body, key).encode() for key in keys]
    given = [each.encode() for each in signatures[:_MOST_SIGNATURES]]
    if not any(hmac.compare_digest(one, other) for one in expected for other in given):
        raise SignatureRefused("forged", "webhook-signature: none of them is by a key of this faultd")
    if abs(now - seconds) > TOLERANCE_SECONDS:
        raise SignatureRefused("stale", f"webhook-timestamp: {abs(now - seconds)} s off; the clocks may differ by 300 s")
    return message_id
