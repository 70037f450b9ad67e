"""The folder of a demo: a plant, a configuration and a token, with free unprivileged ports."""

import shlex
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from actors.ledger.settings import LedgerSettings
from actors.tokens import TokenFile
from faultd.simulator.plant import SimulatedPlant
from faultd.simulator.topology import topology_csv
from protocols.topology import SHORTEST_POLL_INTERVAL

ENVIRONMENT = "env"
PREFERRED = {"traps": 10162, "http": 8162, "stream": 8163, "mail": 8165, "agents": 10161}
DATAGRAMS = ("traps", "agents")
CREDENTIALS = "demo"
"""Name of the credentials by which the OLTs are polled."""
POLL_SECONDS = 5.0
"""Seconds from one poll of an OLT to the next at speed 1."""


class Workplace(Struct, frozen=True):
    """Everything that the demo's parts must agree on."""

    folder: Path
    config: Path
    log: Path
    token: str
    admin: str
    """The token with which the demo makes definitions."""
    ports: dict[str, int]

    @property
    def links(self) -> list[tuple[str, str]]:
        """Addresses that a user may want to open, by name."""
        http = self.http
        return [
            ("another terminal", f". {shlex.quote(str(self.folder / ENVIRONMENT))}; faultd alarms list"),
            ("Console", f"{http}/#{self.token}"),
            ("API docs", f"{http}/schema"),
            ("Alarms", f"{http}/api/v1/faults/alarms"),
            ("Who breaks next", f"{http}/api/v1/faults/sla-instances?sort=time_to_breach"),
            ("Metrics", f"{http}/metrics"),
            ("Stream", f"{self.stream}?token={self.token}"),
            ("Token", f"Authorization: Bearer {self.token}"),
            ("Log", str(self.log)),
        ]

    @property
    def ledger(self) -> Path:
        return LedgerSettings().path(self.folder)

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.ports['http']}"

    @property
    def stream(self) -> str:
        return f"ws://127.0.0.1:{self.ports['stream']}/alarms"


def poll_interval(speed: float) -> float:
    """Seconds from one poll of an OLT to the next when ``speed`` simulated seconds pass in each."""
    return max(SHORTEST_POLL_INTERVAL, POLL_SECONDS / max(speed, 1.0))


def prepare(folder: Path, plant: SimulatedPlant, speed: float = 1.0) -> Workplace:
    """Write the plant's topology and a configuration into ``folder`` and make a token. At ``speed`` simulated seconds per
    second an OLT's death has to be noticed before it is over."""
    folder.mkdir(parents=True, exist_ok=True)
    topology = folder / "topology.csv"
    topology.write_text(topology_csv(plant, CREDENTIALS), encoding="utf-8")
    ports = {
        name: free_port(port, socket.SOCK_DGRAM if name in DATAGRAMS else socket.SOCK_STREAM)
        for name, port in PREFERRED.items()
    }
    config = folder / "faultd.toml"
    config.write_text(
        f"""# Made by `faultd demo`.
state_dir = "{folder}"

[log]
format = "json"

[traps]
listen = ["127.0.0.1:{ports["traps"]}"]
allow = ["127.0.0.0/8"]

[http]
bind = "127.0.0.1:{ports["http"]}"

[stream]
bind = "127.0.0.1:{ports["stream"]}"

[topology]
file = "{topology}"

[poller]
port = {ports["agents"]}
interval_seconds = {poll_interval(speed)}
timeout_seconds = 0.5
retries = 1
start_seconds = 1.0

[[poller.credentials]]
name = "{CREDENTIALS}"
version = "2c"
community = "{plant.spec.community}"

[notifier.email]
host = "127.0.0.1"
port = {ports["mail"]}
sender = "faultd@example.net"
tls = "none"
""",
        encoding="utf-8",
    )
    now = datetime.now(UTC)
    tokens = TokenFile(folder / "tokens.json")
    token = tokens.create(f"demo-{now:%H%M%S.%f}", "operator", None, now)
    admin = tokens.create(f"demo-admin-{now:%H%M%S.%f}", "admin", None, now)
    place = Workplace(folder, config, folder / "faultd.log", token, admin, ports)
    _for_another_terminal(place)
    return place


def _for_another_terminal(place: Workplace) -> None:
    """Write a file that a shell reads (``. env``), so that ``faultd alarms`` and the others find the daemon and its token."""
    token = place.folder / "token"
    token.unlink(missing_ok=True)
    token.touch(0o600, exist_ok=False)
    token.write_text(place.token, encoding="utf-8")
    given = {
        "FAULTD_URL": f"http://127.0.0.1:{place.ports['http']}",
        "FAULTD_STREAM_URL": place.stream,
        "FAULTD_TOKEN_FILE": str(token),
    }
    lines = [f"export {name}={shlex.quote(value)}" for name, value in given.items()]
    lines.append(f"export PATH={shlex.quote(str(Path(sys.argv[0]).absolute().parent))}:$PATH")
    (place.folder / ENVIRONMENT).write_text("\n".join(lines) + "\n", encoding="utf-8")


def free_port(preferred: int, kind: int) -> int:
    """``preferred`` if it is free on loopback, else one that is."""
    for port in (preferred, 0):
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port on 127.0.0.1")
