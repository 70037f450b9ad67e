"""The webhook back from the desk: who calls, and about which ticket."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from protocols.dispatch.desk_call import DeskCallRefused
from protocols.webhook_signature import TOLERANCE_SECONDS, SignatureRefused, check_signature

_LONGEST_KEY: Final = 100
_MOST_REMEMBERED: Final = 10_000
"""Ids of calls. With more of them within the tolerance the oldest is forgotten: its ticket would be read once more."""


class DeskWebhook:
    """``keys``: the current one first, the former one behind it; without any, no call is taken."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = keys
        self._seen: dict[str, int] = {}

    def key_of(self, headers: Mapping[str, str], body: bytes, now: int) -> str:
        """The key of the ticket that has changed. ``now`` is in seconds since 1970. Raises DeskCallRefused."""
        if not self._keys:
            raise DeskCallRefused("not_configured", "[ticketer] webhook_secret_file is not set")
        try:
            call_id = check_signature(headers, body, self._keys, now)
        except SignatureRefused as refused:
            raise DeskCallRefused(refused.fault, str(refused)) from refused
        if call_id in self._seen:
            raise DeskCallRefused("replayed", "webhook-id: this call came before")
        self._remember(call_id, now)
        return _key_in(body)

    def _remember(self, call_id: str, now: int) -> None:
        # A call may be stamped up to the tolerance ahead, and be good until the tolerance after that.
        for known, at in list(self._seen.items()):
            if now - at <= 2 * TOLERANCE_SECONDS and len(self._seen) < _MOST_REMEMBERED:
                break
            del self._seen[known]
        self._seen[call_id] = now


def _key_in(body: bytes) -> str:
    """``{"key": "17"}``, also within ``data`` as Standard Webhooks has it."""
    try:
        content: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DeskCallRefused("malformed", "the body is no JSON") from error
    data = content.get("data", content) if isinstance(content, dict) else None
    key = data.get("key") if isinstance(data, dict) else None
    if isinstance(key, bool) or not isinstance(key, str | int) or not 0 < len(str(key)) <= _LONGEST_KEY:
        raise DeskCallRefused("malformed", f"key: a text or a number of at most {_LONGEST_KEY} characters is needed")
    return str(key)
