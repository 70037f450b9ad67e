"""Bounds of the polling engine."""

from typing import Final

from msgspec import Struct

RECEIVE_BUFFER: Final = 16 * 2**20
"""Octets of receive buffer that each socket asks the kernel for."""


class EngineLimits(Struct, frozen=True, kw_only=True):
    """``receive_buffer`` is in octets, for each socket; the kernel may grant less. ``source_ipv4`` and ``source_ipv6`` are the
    local addresses that requests are sent from; empty: the kernel chooses."""

    receive_buffer: int = RECEIVE_BUFFER
    source_ipv4: str = ""
    source_ipv6: str = ""
