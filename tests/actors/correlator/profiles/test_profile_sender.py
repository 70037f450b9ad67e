"""The device among the addresses that a trap names: the whole table."""

from datetime import UTC, datetime
from typing import Any

import pytest

from actors.correlator.profiles.sender import SNMP_TRAP_ADDRESS, sender_of
from protocols.event import Trap
from protocols.snmp.notification import Notification, VarBind

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
SENDER, RELAY, AGENT, CLAIMED = "192.0.2.1", "192.0.2.200", "198.51.100.7", "203.0.113.9"
PRIVATE = "192.168.1.1"


def trap(source: str, agent: str | None, claimed: Any, version: str = "1") -> Trap:
    varbinds = () if claimed is None else (VarBind(SNMP_TRAP_ADDRESS, "IpAddress", claimed),)
    notification = Notification(
        version=version,  # type: ignore[arg-type]
        kind="trap",
        security="public",
        trap_oid="1.3.6.1.6.3.1.1.5.3",
        uptime=1,
        varbinds=varbinds,
        agent_address=agent,
    )
    return Trap(source, NOW, notification)


@pytest.mark.parametrize(
    ("source", "agent", "claimed", "known", "expected"),
    [
        # No relay: agent-addr known, unknown, no host's, private; sender known and not.
        (SENDER, AGENT, None, {AGENT}, "agent-addr"),
        (SENDER, AGENT, None, {AGENT, SENDER}, "agent-addr"),
        (SENDER, AGENT, None, {SENDER}, "source"),
        (SENDER, AGENT, None, set(), "agent-addr"),
        (SENDER, PRIVATE, None, {SENDER}, "source"),
        (SENDER, PRIVATE, None, {PRIVATE, SENDER}, "agent-addr"),
        (SENDER, PRIVATE, None, set(), "agent-addr"),
        (SENDER, "0.0.0.0", None, {SENDER}, "source"),
        (SENDER, "0.0.0.0", None, set(), "source"),
        (SENDER, "127.0.0.1", None, {"127.0.0.1"}, "source"),
        (SENDER, "169.254.0.1", None, set(), "source"),
        (SENDER, "224.0.0.1", None, set(), "source"),
        (SENDER, "255.255.255.255", None, set(), "source"),
        (SENDER, SENDER, None, set(), "source"),
        (SENDER, None, None, {SENDER}, "source"),
        # snmpTrapAddress is the word of relays alone.
        (SENDER, AGENT, CLAIMED, {CLAIMED, SENDER}, "source"),
        (SENDER, AGENT, CLAIMED, {CLAIMED}, "agent-addr"),
        (RELAY, AGENT, CLAIMED, set(), "snmpTrapAddress"),
        (RELAY, AGENT, CLAIMED, {AGENT, RELAY}, "snmpTrapAddress"),
        (RELAY, AGENT, "0.0.0.0", {AGENT}, "agent-addr"),
        # A relay never stands in for what it forwards.
        (RELAY, AGENT, None, {RELAY}, "agent-addr"),
        (RELAY, AGENT, None, {RELAY, AGENT}, "agent-addr"),
        (RELAY, "0.0.0.0", None, {RELAY}, "source"),
        (RELAY, None, None, set(), "source"),
    ],
)
def test_the_device_of_a_v1_trap(source: str, agent: str | None, claimed: Any, known: set[str], expected: str) -> None:
    found, found_from, why = sender_of(trap(source, agent, claimed), {RELAY}, known)
    address = {"source": source, "agent-addr": agent, "snmpTrapAddress": claimed}[expected]
    assert (found, found_from) == (address, expected)
    named = agent not in (None, source) or expected == "snmpTrapAddress"
    assert bool(why) == named, "a choice has a reason, and nothing is said where there is none"


@pytest.mark.parametrize("version", ["2c", "3"])
def test_only_v1_has_an_agent_address(version: str) -> None:
    assert sender_of(trap(SENDER, AGENT, None, version), (), {AGENT})[0] == SENDER
