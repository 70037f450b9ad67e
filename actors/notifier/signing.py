"""The headers of a signed message (:mod:`protocols.webhook_signature`). Pure."""

from collections.abc import Sequence

from protocols.webhook_signature import signature


def signed_headers(message_id: str, seconds: int, body: bytes, keys: Sequence[bytes]) -> dict[str, str]:
    """``webhook-id``, ``webhook-timestamp`` (``seconds`` since 1970) and, with ``keys``, ``webhook-signature``: one signature
    ``v1,BASE64`` for each key, so that a receiver may know the new key or the former one."""
    headers = {"webhook-id": message_id, "webhook-timestamp": str(seconds)}
    if keys:
        headers["webhook-signature"] = " ".join(signature(message_id, seconds, body, key) for key in keys)
    return headers
