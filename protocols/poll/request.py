"""The correlator's wish for a read, as a Change: the poller is a consumer of the feed."""

from msgspec import Struct

from protocols.poll.states import ReadReason


class PollRequested(Struct, frozen=True, kw_only=True, array_like=True, tag="poll_requested", tag_field="tag"):
    """Read the states of ``device``, or of the position ``scope`` of it alone, as soon as the budget of its line card allows.
    ``why`` is a sentence for the operator.

    A poller that gets ``returned`` for a silent device polls it at once and counts its misses anew, from 1: those before may be
    due to faultd's own blindness."""

    offset: int
    device: str
    scope: str = ""
    reason: ReadReason
    why: str = ""
