"""The device that a trap is about, among the addresses that the trap and its datagram name (RFC 3584 sections 3.1 and 4.1)."""

from collections.abc import Collection
from typing import Final

from protocols.event import Trap
from protocols.finding import AddressFrom

SNMP_TRAP_ADDRESS: Final = "1.3.6.1.6.3.18.1.3.0"


Sender = tuple[str, AddressFrom, str]
"""An address, its origin in the trap, and the reason for it. The reason is empty if the trap names only its sender."""


def sender_of(trap: Trap, relays: Collection[str] = (), known: Collection[str] = ()) -> Sender:
    """The address of the device. ``relays`` are the senders whose snmpTrapAddress is believed, ``known`` the addresses in the
    topology.

    - snmpTrapAddress.0 is a claim that anyone may write into a v2c trap: it is believed of listed relays alone.
    - A v1 agent-addr goes before the sender's address, since v1 has no other way to name the device behind a proxy: but not
      one that is no host's address (0.x, 127.x, 169.254.x, 224.x and above), and not one that the topology does not know when
      it knows the sender. A listed relay speaks for others, so it never stands in for an agent-addr.
    """
    notification, source = trap.notification, trap.source
    relayed = source in relays
    if relayed:
        for varbind in notification.varbinds:
            if varbind.oid == SNMP_TRAP_ADDRESS and varbind.type == "IpAddress" and _is_host(varbind.value):
                return varbind.value, "snmpTrapAddress", f"snmpTrapAddress, forwarded by the relay {source}"
    agent = notification.agent_address
    if agent is None or agent == source or notification.version != "1":
        return source, "source", ""
    if not _is_host(agent):
        return source, "source", f"sender's address: agent-addr {agent} names no host"
    if agent in known:
        return agent, "agent-addr", f"agent-addr, in the topology; sent from {source}"
    if source in known and not relayed:
        return source, "source", f"sender's address, in the topology: agent-addr {agent} is not"
    return agent, "agent-addr", f"agent-addr; sent from {source}"


def _is_host(address: object) -> bool:
    if not isinstance(address, str):
        return False
    first = address.partition(".")[0]
    if not first.isascii() or not first.isdigit() or not 0 < int(first) < 224 or first == "127":
        return False
    return not address.startswith("169.254.")
