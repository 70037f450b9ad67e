"""The SLA board: instances near or beyond a breach, breaches that last, and the latest notification requests.

Most of a million instances are compliant and never here. One that is here is kept as the octets of its msgpack: an uplink
outage brings 200,000 at once.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeVar

import msgspec

from actors.stream.change_window import ChangeWindow
from protocols.change import Change
from protocols.sla.breach import SlaBreach
from protocols.sla.changes import SlaBreachChanged, SlaInstanceChanged, SlaNotificationRequested

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(SlaInstanceChanged).decode

Kept = TypeVar("Kept", bytes, SlaBreach)
SlaSubject = bytes | SlaBreach
"""An instance as the octets of its Change, or a breach."""


class SlaMark(NamedTuple):
    """The last change of an instance or a breach, or a notification request, at batch ``seq``. ``left``: it left the board with
    this version."""

    seq: int
    subject: SlaSubject | SlaNotificationRequested
    left: bool


class SlaBoard(ChangeWindow[SlaMark]):
    """``held``: Changes that say what the SLA clock holds as of batch ``seq``."""

    def __init__(self, seq: int, window: int, held: Iterable[Change] = ()) -> None:
        super().__init__(seq, window)
        self._instances: dict[str, bytes] = {}
        self._breaches: dict[str, SlaBreach] = {}
        for change in held:
            if isinstance(change, SlaInstanceChanged) and is_shown(change):
                self._instances[change.instance.id] = _encode(change)
            elif isinstance(change, SlaBreachChanged) and not change.breach.resolved:
                self._breaches[change.breach.id] = change.breach

    def instances(self) -> Sequence[bytes]:
        """Every instance on the board as of :attr:`seq`."""
        return list(self._instances.values())

    def breaches(self) -> Sequence[SlaBreach]:
        """Every breach that lasts as of :attr:`seq`."""
        return list(self._breaches.values())

    def put(self, change: SlaInstanceChanged | SlaBreachChanged | SlaNotificationRequested, seq: int) -> None:
        """Apply a Change of batch ``seq``."""
        if isinstance(change, SlaNotificationRequested):
            self._mark(f"{change.offset}.{change.number}", SlaMark(seq, change, left=False))
        elif isinstance(change, SlaBreachChanged):
            # One that is over when it is found, as after a time in which faultd did not run, is told all the same.
            self._move(self._breaches, change.breach.id, change.breach, seq, stays=not change.breach.resolved)
        elif (stays := is_shown(change)) or change.instance.id in self._instances:
            self._move(self._instances, change.instance.id, _encode(change), seq, stays=stays)

    def _move(self, held: dict[str, Kept], id: str, subject: Kept, seq: int, *, stays: bool) -> None:
        if stays:
            held[id] = subject
        else:
            held.pop(id, None)
        self._mark(id, SlaMark(seq, subject, left=not stays))

    def _mark(self, id: str, mark: SlaMark) -> None:
        self.seq = mark.seq
        self._marks[id] = mark
        self._marks.move_to_end(id)
        self._trim()


def is_shown(change: SlaInstanceChanged) -> bool:
    """Whether an instance is on the board: it is at risk or breached, or an outage under way will break it."""
    return change.status in ("at_risk", "breached") or (change.status == "compliant" and change.breaches_at is not None)


def unpacked(octets: bytes) -> SlaInstanceChanged:
    """The instance of which a subject is the octets."""
    return _decode(octets)
