"""Devices that send to a listener."""

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
from tools import tool
from vocabulary.listener import NetSnmp


@pytest.fixture
def net_snmp(tmp_path: Path) -> NetSnmp:
    """Runs one of net-snmp's tools with an empty configuration and a state of its own."""

    async def run(*command: str) -> "subprocess.CompletedProcess[bytes]":
        return await trio.run_process(
            [tool(command[0]), *command[1:]],
            capture_stdout=True,
            capture_stderr=True,
            check=False,
            env={**os.environ, "SNMP_PERSISTENT_DIR": str(tmp_path), "SNMPCONFPATH": str(tmp_path)},
        )

    return run


@pytest.fixture
def sender() -> Iterator[socket.socket]:
    """A UDP socket of a device."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.setblocking(False)
        yield sock
