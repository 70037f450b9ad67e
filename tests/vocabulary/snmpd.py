"""A real agent: net-snmp's snmpd on an address of its own, with many users, and a manager that speaks to it over UDP."""

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools import tool

from protocols.snmp.manager.operation import Operation
from protocols.snmp.manager.session import AgentSession
from protocols.snmp.manager.transaction import Transaction

ADDRESS = "127.0.0.61"
STARTED = b"NET-SNMP version"
PATIENCE = 30.0


class Agent:
    """snmpd with the configuration ``lines``. Its state lies in ``folder``, so a restart raises its engine's boots."""

    def __init__(self, folder: Path, lines: list[str]) -> None:
        self.folder = folder
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind((ADDRESS, 0))
            self.address: tuple[str, int] = free.getsockname()
        self._config = folder / "snmpd.conf"
        self.configure(lines)
        self._process: subprocess.Popen[bytes] | None = None
        self._drain: threading.Thread | None = None

    def configure(self, lines: list[str]) -> None:
        """Other configuration from the next start on."""
        self._config.write_text("\n".join(lines) + "\n")

    def start(self) -> None:
        host, port = self.address
        command = [tool("snmpd"), "-f", "-Le", "-I", "-smux", f"udp:{host}:{port}"]
        environment = {
            **os.environ,
            "SNMP_PERSISTENT_DIR": str(self.folder / "state"),
            "SNMPCONFPATH": f"{self.folder}:{self.folder / 'state'}",
            "MIBS": "",
        }
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment)
        assert self._process.stderr is not None
        said = []
        for line in self._process.stderr:
            said.append(line)
            if line.startswith(STARTED):
                # A full pipe would stop the agent.
                self._drain = threading.Thread(target=self._process.stderr.read)
                self._drain.start()
                return
        raise AssertionError(b"".join(said).decode())

    def pause(self) -> None:
        """Stop answering, without a sign that the host lives: the socket stays open."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Answer again, first what came meanwhile."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        if self._process is not None:
            self.resume()
            self._process.terminate()
            self._process.wait(PATIENCE)
            if self._drain is not None:
                self._drain.join(PATIENCE)
            assert self._process.stderr is not None
            self._process.stderr.close()
            self._process = self._drain = None


@contextmanager
def running(folder: Path, lines: list[str]) -> Iterator[Agent]:
    """A running agent."""
    agent = Agent(folder, lines)
    try:
        agent.start()
        yield agent
    finally:
        agent.stop()


def carry_out(
    agent: Agent, session: AgentSession, operation: Operation, *, timeout: float = 5.0, ahead: float = 0.0
) -> Transaction:
    """One transaction with the agent over a socket of its own, until it is done. ``ahead`` moves the manager's clock."""
    transaction = Transaction(session, operation, timeout, retries=2)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(agent.address)
        octets = transaction.start(time.monotonic() + ahead)
        while not transaction.done:
            now = time.monotonic() + ahead
            if octets is not None:
                sock.send(octets)
            sock.settimeout(max(0.001, transaction.deadline - now))
            try:
                datagram = sock.recv(65_535)
            except TimeoutError:
                octets = transaction.expire(time.monotonic() + ahead)
            else:
                octets = transaction.receive(datagram, time.monotonic() + ahead)
    return transaction
