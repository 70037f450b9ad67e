"""Keys by which a retransmitted INFORM is recognised."""

import hashlib
from collections import OrderedDict

import msgspec

from protocols.snmp.notification import Notification

_encode = msgspec.msgpack.Encoder().encode


def inform_key(source: str, notification: Notification) -> str:
    """A digest (32 hexadecimal digits) that a retransmission of the same INFORM from the same address shares.

    The port is left out: a sender may open a new socket for a retry.
    """
    identity = (
        source,
        notification.context,
        notification.request_id,
        notification.trap_oid,
        notification.uptime,
        notification.varbinds,
    )
    return hashlib.blake2b(_encode(identity), digest_size=16).hexdigest()


class RecentKeys:
    """The last ``size`` keys, for counting repeats. The fold decides what is a repeat: it remembers longer."""

    def __init__(self, size: int) -> None:
        self._size = size
        # Not a dict: finding the first key of one whose front was deleted from walks over all that was deleted.
        self._keys: OrderedDict[str, None] = OrderedDict()

    def seen(self, key: str) -> bool:
        """True when ``key`` was seen before; remembers it."""
        known = self._keys.pop(key, 0) is None
        self._keys[key] = None
        if len(self._keys) > self._size:
            self._keys.popitem(last=False)
        return known
