"""What all device pollers share: the engine, the timer, the ways out, and the views of the topology."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from actors.metrics import Metrics
from actors.poller.credentials import CredentialTable
from actors.poller.device_link import Asking
from actors.poller.event_appender import EventAppender
from actors.poller.host_network import HostNetwork
from actors.poller.icmp_echo import IcmpEcho
from actors.poller.poll_counts import PollCounts
from actors.poller.poll_outcomes import PollOutcomes
from actors.poller.poll_timer import PollTimer
from actors.poller.settings import PollerSettings
from actors.poller.sla_measurements import SlaMeasurements
from protocols.poll.plan.poll_plan import PollPlans
from protocols.topology import Node


class DeviceNodes(Protocol):
    """The topology, as pollers see it. It is never behind the feed."""

    def addresses(self) -> Mapping[str, Node]:
        """The nodes with an address, by each of their addresses."""

    def node(self, node_id: str) -> Node | None:
        """The node with this id."""


class PollerParts(Struct, frozen=True):
    """``clock`` gives the trusted time, aware UTC."""

    settings: PollerSettings
    credentials: CredentialTable
    plans: PollPlans
    engine: Asking
    timer: PollTimer
    appender: EventAppender
    outcomes: PollOutcomes
    network: HostNetwork
    echo: IcmpEcho
    measurements: SlaMeasurements
    metrics: Metrics
    counts: PollCounts
    clock: Callable[[], datetime]
