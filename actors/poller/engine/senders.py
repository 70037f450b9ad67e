"""The agents by the address and port that their datagrams come from."""

from typing import Final

from actors.poller.engine.agent import PolledAgent
from actors.recvmmsg import SocketAddress
from protocols.snmp.manager.message_number import message_number

REMEMBERED: Final = 65_536
"""Addresses; the one met first is forgotten first."""


class Senders:
    """Remembers agents after their operations, so that a late answer is told from a stranger's datagram."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._agents: dict[SocketAddress, list[PolledAgent]] = {}
        self._remembered = remembered

    def add(self, agent: PolledAgent) -> None:
        """Remember an agent, and with it others at the same address and port that have an operation under way."""
        agents = self._agents.get(agent.sockaddr)
        if agents is None:
            if len(self._agents) >= self._remembered:
                self._forget_one()
            self._agents[agent.sockaddr] = [agent]
        elif agent not in agents:
            agents[:] = [*(each for each in agents if each.busy), agent]

    def at(self, sender: SocketAddress) -> list[PolledAgent]:
        """The agents at an address and port, none for a stranger."""
        return self._agents.get(sender, [])

    def find(self, sender: SocketAddress, datagram: bytes) -> PolledAgent | None:
        """The agent that a datagram is for: of several at the address the one that waits for its number. None: a stranger's."""
        agents = self._agents.get(sender)
        if agents is None:
            return None
        if len(agents) > 1:
            number = message_number(datagram)
            for agent in agents:
                if agent.session.waits_for(number):
                    return agent
        return agents[-1]

    def _forget_one(self) -> None:
        for sender, agents in self._agents.items():
            if not any(agent.busy for agent in agents):
                del self._agents[sender]
                return
