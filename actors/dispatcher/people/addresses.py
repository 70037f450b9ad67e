"""Addresses of the channels: which text can be one, and whether the configuration has the channel. Pure."""

import re
from collections.abc import Collection
from typing import Final

from protocols.dispatch.channel import CHANNELS, Channel

_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_FORMS: Final[dict[Channel, tuple[re.Pattern[str], str]]] = {
    "email": (
        re.compile(rf"(?=.{{3,254}}\Z)(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*"),
        "a mailbox such as noc@example.net",
    ),
    "sms": (re.compile(r"\+[1-9][0-9]{6,14}"), "a number with its country such as +4915112345678, without blanks"),
    "slack": (
        re.compile(r"#[^\s#@<>]{1,80}|[CDGUW][A-Z0-9]{5,20}|@[^\s#@<>]{1,80}"),
        "#noc, or an id such as C024BE91L",
    ),
}
"""The form of an address, and an example of it. The addresses of other channels are names of the configuration."""


def mistake_of_address(channel: Channel, address: str) -> str:
    """Why this cannot be an address of the channel; "" when it can be one."""
    if channel not in _FORMS:
        return "" if address.strip() == address else f"{address[:60]!r} begins or ends with a blank"
    pattern, example = _FORMS[channel]
    return "" if pattern.fullmatch(address) else f"{address[:60]!r} is no address of {channel}: expected {example}"


def configured(channels: Collection[str], channel: Channel, address: str) -> bool:
    """True when the configuration has the channel; of webhooks, the one of this name."""
    return f"{channel}:{address}" in channels or (channel != "webhook" and channel in channels)


def channel_of(channels: Collection[str], address: str) -> Channel | None:
    """The channel of which this is an address: by its form, or as the name of a webhook of the configuration."""
    for channel in CHANNELS:
        if channel in _FORMS and not mistake_of_address(channel, address):
            return channel
        if channel not in _FORMS and f"{channel}:{address}" in channels:
            return channel
    return None
