"""Another way to ask a device that missed its polls, before it counts as silent."""

import secrets
from collections.abc import Callable
from typing import Final

import trio

from actors.poller.device_link import Asking
from actors.poller.device_spec import DeviceSpec
from actors.poller.engine.agent import PolledAgent
from actors.poller.settings import PollerSettings
from protocols.snmp.manager.errors import NoAnswer, NoRoute, OwnFault, PortUnreachable, RequestError
from protocols.snmp.manager.get import Get
from protocols.snmp.manager.session import AgentSession
from protocols.snmp.manager.usm_session import UsmSession
from protocols.snmp.oid import encode_oid
from protocols.snmp.usm.ciphers import SaltCounter
from protocols.snmp.usm.engine_clocks import EngineClocks
from protocols.snmp.usm.user import UsmUser

SYS_OBJECT_ID: Final = encode_oid("1.3.6.1.2.1.1.2.0")
SILENT: Final = (NoAnswer, PortUnreachable, NoRoute, OwnFault)
"""Errors of a request to which no answer came."""


async def answers_otherwise(
    spec: DeviceSpec, engine: Asking, session: Callable[[], AgentSession], settings: PollerSettings, until: float
) -> bool:
    """Whether any address of the device answers for sysObjectID, or to the discovery of an SNMPv3 engine. Any answer counts,
    also an error: somebody lives there. Ends at the instant ``until``; the addresses share the time."""
    for left, address in zip(range(len(spec.addresses), 0, -1), spec.addresses, strict=True):
        agent = PolledAgent(address, settings.port, discovery(session()))
        longest = max(0.0, (until - trio.current_time()) / left)
        try:
            await engine.ask(agent, Get([SYS_OBJECT_ID]), timeout=settings.timeout_seconds, retries=1, longest=longest)
        except SILENT:
            continue
        except RequestError:
            return True
        return True
    return False


def discovery(session: AgentSession) -> AgentSession:
    """``session`` itself, but for SNMPv3: one of a user whom no agent knows. Its discovery works without keys and clocks."""
    if session.version != "3":
        return session
    nobody = UsmUser("faultd-discovery", "", "", "", "")
    return UsmSession(nobody, EngineClocks(), SaltCounter(0), secrets.randbelow(2**31))
