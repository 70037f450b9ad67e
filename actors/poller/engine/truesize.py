"""The memory of the receive buffer that a datagram takes: more than its octets (the kernel's ``skb->truesize``)."""

from typing import Final

_FRAME: Final = 1_472
"""Octets of UDP payload in an Ethernet frame. A longer datagram comes in several."""
_FRAME_MEMORY: Final = 2_304
"""A frame's memory: 2 kB of data and its sk_buff. Measured on loopback for 1,350 octets."""
_HEADERS: Final = 384
"""Octets that the kernel puts around the data of a datagram in one piece: room for headers, and skb_shared_info."""
_SK_BUFF: Final = 256


def truesize(octets: int) -> int:
    """The larger of a datagram in frames (a network card) and in one piece, rounded up to a power of two (loopback)."""
    frames = -(-max(1, octets) // _FRAME)
    whole = 1 << (octets + _HEADERS - 1).bit_length()
    return max(frames * _FRAME_MEMORY, whole + _SK_BUFF)


def room_for_answers(receive_buffer: int) -> int:
    """Memory for answers in a buffer of ``receive_buffer`` octets, as the kernel reports it (SO_RCVBUF): the kernel gives up
    to a quarter of it back only later (``udp_rmem_release``)."""
    return receive_buffer * 3 // 4
