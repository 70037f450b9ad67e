"""The pollers, with the credentials and plans that the configuration and the profiles give them."""

import os
from collections.abc import Collection, Sequence

from actors.mailbox import AppendSender, Feed
from actors.metrics import Metrics
from actors.poller.actor import Poller
from actors.poller.credentials import CredentialTable
from actors.poller.settings import PollerCredentials
from actors.trusted_clock import TrustedClock
from faultd.config import Config
from faultd.pipe import Stages
from protocols.event import ProfilesLoaded
from protocols.poll.plan.compile_plan import compile_plans
from protocols.poll.reading import PollNames
from protocols.snmp.usm.ciphers import SaltCounter
from protocols.snmp.usm.engine_clocks import EngineClocks
from protocols.topology_view import TopologyView

AGREEMENTS = 64
"""Service level agreements on one device that are looked at for their tenants."""


class Pollers:
    """``poller`` is the actor. ``clocks`` are those of SNMPv3 engines, shared with the trap listener."""

    def __init__(
        self,
        config: Config,
        credentials: Sequence[PollerCredentials],
        profiles: ProfilesLoaded,
        *,
        plant: TopologyView,
        stages: Stages,
        feed: Feed,
        appends: AppendSender,
        clocks: EngineClocks,
        metrics: Metrics,
        clock: TrustedClock,
    ) -> None:
        self._stages, self._clocks, self._salts = stages, clocks, SaltCounter(int.from_bytes(os.urandom(8), "big"))
        self._settings, self._profiles = config.poller, profiles.digest
        self._credentials, self._plans = self._table(credentials), compile_plans(profiles.profiles)
        self.poller = Poller(
            self._settings,
            self._credentials,
            plant,
            self._plans,
            feed,
            appends,
            metrics=metrics,
            clock=clock,
            agreements=self._agreements,
        )

    def names(self) -> PollNames:
        """The names that a device's polling may use."""
        plans = self._plans.by_name.values()
        return PollNames(self._credentials.tenants, {name for plan in plans for name in (plan.name, plan.profile)})

    def switch(self, config: Config, credentials: Sequence[PollerCredentials], profiles: ProfilesLoaded) -> None:
        """Other settings, credentials and plans. Where none of them is another one, all polling goes on as it is."""
        table = self._table(credentials)
        if config.poller == self._settings and profiles.digest == self._profiles and table.same(self._credentials):
            return
        if profiles.digest != self._profiles:
            self._profiles, self._plans = profiles.digest, compile_plans(profiles.profiles)
        self._settings, self._credentials = config.poller, table
        self.poller.reconfigure(self._settings, table, self._plans)

    def _table(self, credentials: Sequence[PollerCredentials]) -> CredentialTable:
        return CredentialTable(credentials, self._clocks, self._salts)

    def _agreements(self, device_id: str) -> Collection[str]:
        """The tenants with a service level agreement on a device."""
        return {instance.tenant_id for instance in self._stages.sla.instances.behind("", AGREEMENTS, device_id)}
