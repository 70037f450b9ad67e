"""ICMP echo against this host's own kernel."""

import socket

import pytest

from actors.poller.icmp_echo import IcmpEcho, checksum


def may_echo() -> bool:
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            socket.socket(socket.AF_INET, kind, socket.IPPROTO_ICMP).close()
        except OSError:
            continue
        return True
    return False


@pytest.mark.skipif(not may_echo(), reason="needs CAP_NET_RAW, or a group in net.ipv4.ping_group_range")
@pytest.mark.parametrize("address", ["127.0.0.1", "127.3.2.1"])
async def test_a_host_that_lives_answers(address: str) -> None:
    assert await IcmpEcho().answers(address) is True


async def test_without_the_right_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("actors.poller.icmp_echo.trio.socket.socket", refuse)
    assert await IcmpEcho().answers("127.0.0.1") is None


def test_checksum() -> None:
    # RFC 1071 section 3.
    assert checksum(bytes.fromhex("0001f203f4f5f6f7")) == ~0xDDF2 & 0xFFFF
    assert checksum(b"\x01") == 0xFEFF
