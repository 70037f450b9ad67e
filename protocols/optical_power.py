"""Optical power as somebody measured it: a device in its trap, a poller through the API."""

from typing import Literal

from msgspec import Struct

Quantity = Literal["ont_rx", "olt_rx", "port_rx"]
"""``ont_rx``: what an ONT receives. ``olt_rx``: what the OLT receives from that ONT. ``port_rx``: what a port receives that has
no ONTs (an uplink)."""

DARK, BLINDING = -40.0, 10.0
"""dBm: what is not between these is no reading. Optics write their floor of 0.1 microwatt (-40 dBm) for no light at all, and
numbers far out of range for no value (-80, 131.07, 2147483647)."""


class Measurement(Struct, frozen=True, gc=False):
    """One reading, in dBm."""

    quantity: Quantity
    dbm: float


def is_optical_power(dbm: float) -> bool:
    """True when the number is a possible received optical power."""
    return DARK < dbm < BLINDING
