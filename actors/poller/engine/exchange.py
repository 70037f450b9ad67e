"""The record of one operation: datagrams, answers and times."""

from msgspec import Struct


class Exchange(Struct, frozen=True, kw_only=True, gc=False):
    """``round_trip`` is the time in seconds between the datagram that was answered last and its answer. ``sent`` counts the
    datagrams, ``answers`` those that were answered; the difference was lost, or the agent was slow. ``seconds`` is the
    duration of the whole operation, from its first datagram on."""

    round_trip: float
    sent: int
    answers: int
    seconds: float
