"""What the topology and the settings say about the polling of one device. Another one means a new poller."""

from msgspec import Struct

from actors.poller.settings import PollerSettings
from protocols.address import needs_zone
from protocols.poll.device import LINK_LOCAL_ALONE
from protocols.topology import POLL_OFF, Node


class DeviceSpec(Struct, frozen=True, kw_only=True):
    """``plan`` is empty where the device's sysObjectID chooses it. ``interval`` is in seconds."""

    id: str
    addresses: tuple[str, ...]
    credentials: str
    plan: str
    interval: float
    type: str = ""
    tenant: str = ""

    @property
    def address(self) -> str:
        """The address that is polled first."""
        return self.addresses[0]


def spec_of(node: Node, settings: PollerSettings) -> DeviceSpec | None:
    """The polling of ``node``; None: it is not polled."""
    addresses = tuple(address for address in node.every_address if not needs_zone(address))
    if not settings.enabled or not node.is_polled or not addresses:
        return None
    return DeviceSpec(
        id=node.id,
        addresses=addresses,
        credentials=node.credentials,
        plan=node.poll,
        interval=settings.interval_seconds if node.poll_interval is None else node.poll_interval,
        type=node.type,
        tenant=node.tenant,
    )


def why_not_polled(node: Node | None, settings: PollerSettings) -> str:
    """Why a device that was polled is polled no longer, as a sentence."""
    if node is None:
        return "it left the topology"
    if not settings.enabled:
        return "[poller] enabled is false"
    if node.poll == POLL_OFF:
        return "its polling was switched off"
    if node.address and node.credentials:
        return LINK_LOCAL_ALONE
    return "it has no address" if not node.address else "it names no credentials"
