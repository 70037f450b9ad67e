"""Whether a silence may be this host's own fault."""

import errno
from pathlib import Path

import pytest

from actors.poller.host_network import HostNetwork

ROUTE = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t0000007F\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0
eth1\t0000017F\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
eth2\t0002007F\t00000000\t0201\t0\t0\t0\t00FFFFFF\t0\t0\t0
"""


@pytest.fixture
def host(tmp_path: Path) -> Path:
    (tmp_path / "net").mkdir()
    (tmp_path / "net/route").write_text(ROUTE)
    for name, operstate, carrier in (("eth0", "up", "1"), ("eth1", "lowerlayerdown", "0"), ("eth2", "up", "1")):
        folder = tmp_path / "class/net" / name
        folder.mkdir(parents=True)
        (folder / "operstate").write_text(operstate + "\n")
        (folder / "carrier").write_text(carrier + "\n")
    return tmp_path


@pytest.mark.parametrize(
    ("address", "fault"),
    [
        pytest.param("127.0.0.9", "", id="its interface is up"),
        pytest.param("127.1.3.4", "interface eth1 has no carrier", id="the longest prefix counts"),
        pytest.param("127.0.2.1", "", id="a route that rejects is none"),
        pytest.param("::1", "", id="no table for IPv6"),
        pytest.param("olt.example", "", id="no address"),
    ],
)
def test_faults(host: Path, address: str, fault: str) -> None:
    assert HostNetwork(host, host).fault(address) == fault


def test_an_interface_that_is_switched_off(host: Path) -> None:
    (host / "class/net/eth0/operstate").write_text("down\n")
    assert HostNetwork(host, host).fault("127.0.0.9") == "interface eth0 is down"


def test_an_address_without_a_route_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENETUNREACH, "Network is unreachable")

    assert HostNetwork().fault("127.0.0.1") == ""
    monkeypatch.setattr("socket.socket.connect", refuse)
    assert HostNetwork().fault("192.0.2.1") == "this host has no way to 192.0.2.1: Network is unreachable"


def test_ipv6_routes(host: Path) -> None:
    (host / "net/ipv6_route").write_text(
        "00000000000000000000000000000001 80 00000000000000000000000000000000 00 00000000000000000000000000000000"
        " 00000000 00000001 00000000 00000001     eth1\n"
    )
    assert HostNetwork(host, host).fault("::1") == "interface eth1 has no carrier"
