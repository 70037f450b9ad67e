"""The place of a port by its ifIndex, for vendors whose ifIndex is made of the place."""

from collections.abc import Callable, Mapping
from typing import Final

from protocols.profile_decoders import Decoded, DecodeError, Raw, fiberhome_index, huawei_ifindex, nokia_ifindex, zte_ifindex

_DECODERS: Final[Mapping[str, Callable[[Raw], Decoded]]] = {
    "huawei": huawei_ifindex,
    "zte": zte_ifindex,
    "nokia": nokia_ifindex,
    "fiberhome": fiberhome_index,
}
"""By vendor, in small letters."""


def unsigned(index: str) -> str:
    """An ifIndex as the unsigned number that it is: large ones arrive as negative INTEGERs."""
    return str(int(index) + 2**32) if index.startswith("-") and index[1:].isdecimal() else index


def place_of_index(vendor: str, index: str) -> str:
    """The position of a port below its device (``0/1/5``). Empty for a vendor whose ifIndex does not have it, and for an
    interface of another kind."""
    decoder = _DECODERS.get(vendor.casefold())
    if decoder is None or not index.isdecimal():
        return ""
    try:
        decoded = decoder(int(index))
    except DecodeError:
        return ""
    return str(decoded["path"]) if isinstance(decoded, dict) else ""
