"""The likely reason for a failed poll, and what to look at, by the reason of the error."""

from collections.abc import Mapping
from typing import Final

NO_ANSWER_TO_COMMUNITY: Final = (
    "An agent does not answer a wrong community. Or the address or the port is wrong, the agent does not accept requests from "
    "this machine, a firewall drops UDP, or the device is down."
)
NO_ANSWER_TO_USER: Final = (
    "Where its engine answers discovery: `priv`, `priv_key_file`, `key_extension` or `context` are wrong, since an agent drops "
    "what it cannot decrypt. Else the address or the port is wrong, a firewall drops UDP, or the device is down."
)
ADVICE: Final[Mapping[str, str]] = {
    "answered_elsewhere": (
        "The device has several addresses, and answers from another one than was asked: see above. Poll that one, list it in "
        "`addresses`, or have the agent answer from the address that is asked."
    ),
    "refused": "The machine lives, and nobody listens on this port: the agent is switched off, or has another port.",
    "no_route": "This machine has no route to the address.",
    "own_fault": "This machine could not send: see the reason above.",
    "too_slow": "The agent answers slowly. A longer --timeout may help.",
    "unknown_user": "The agent has no such user: create it there, or correct `user`.",
    "wrong_digest": "The authentication pass phrase or its protocol is another one on the agent: `auth`, `auth_key_file`.",
    "decryption_failed": (
        "The privacy pass phrase, its protocol, or the way to extend its key is another one on the agent: `priv`, "
        "`priv_key_file`, `key_extension`."
    ),
    "unsupported_security_level": "The user has another security level on the agent: set `auth` and `priv`, or leave them out.",
    "unknown_context": "The agent does not have this `context`.",
    "not_in_time_window": "The agent's clock or its number of boots is not as it says itself: restart the agent.",
}
OTHER_CREDENTIALS: Final = frozenset(
    {"unknown_user", "wrong_digest", "decryption_failed", "unsupported_security_level", "unknown_context"}
)
"""Reasons that other credentials would mend."""


def advice(reason: str, version: str) -> str:
    """A sentence for the operator; empty for reasons that say it all."""
    if reason == "no_answer":
        return NO_ANSWER_TO_USER if version == "3" else NO_ANSWER_TO_COMMUNITY
    return ADVICE.get(reason, "")
