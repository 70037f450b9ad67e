"""Signatures by Standard Webhooks (https://www.standardwebhooks.com, specification 1.0). Pure."""

import base64
import hashlib
import hmac
from collections.abc import Sequence


def signed_headers(message_id: str, seconds: int, body: bytes, keys: Sequence[bytes]) -> dict[str, str]:
    """``webhook-id``, ``webhook-timestamp`` (``seconds`` since 1970) and, with ``keys``, ``webhook-signature``: one signature
    ``v1,BASE64`` for each key, so that a receiver may know the new key or the former one."""
    headers = {"webhook-id": message_id, "webhook-timestamp": str(seconds)}
    if keys:
        signed = b".".join((message_id.encode(), str(seconds).encode(), body))
        digests = (hmac.new(key, signed, hashlib.sha256).digest() for key in keys)
        headers["webhook-signature"] = " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)
    return headers
