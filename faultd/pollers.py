"""The pollers, with the credentials and plans that the configuration and the profiles give them."""

import os

from actors.poller.credentials import CredentialTable
from actors.poller.settings import PollerCredentials
from faultd.config import Config
from protocols.poll.device import PolledDevice
from protocols.poll.reading import PollNames, PollReading, PollRefused
from protocols.snmp.usm.ciphers import SaltCounter
from protocols.snmp.usm.engine_clocks import EngineClocks


class Pollers:
    """The devices' pollers. ``clocks`` are those of SNMPv3 engines, shared with the trap listener."""

    def __init__(self, config: Config, credentials: tuple[PollerCredentials, ...], clocks: EngineClocks) -> None:
        self._clocks, self._salts = clocks, SaltCounter(int.from_bytes(os.urandom(8), "big"))
        self._table = self._made(credentials)

    def names(self) -> PollNames:
        """The names that a device's polling may use."""
        return PollNames(self._table.names, ())

    def switch(self, config: Config, credentials: tuple[PollerCredentials, ...]) -> None:
        """Other settings and credentials from the next poll on."""
        self._table = self._made(credentials)

    def status(self, device_id: str) -> PolledDevice | None:
        return None

    async def poll_now(self, device_id: str) -> PollReading:
        raise PollRefused("poller_stopped", "no poller runs")

    def _made(self, credentials: tuple[PollerCredentials, ...]) -> CredentialTable:
        return CredentialTable(credentials, self._clocks, self._salts)
