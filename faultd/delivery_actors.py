"""The actors that deliver what the dispatcher decides, with the channels and desks that the configuration names."""

from collections.abc import Mapping

from msgspec import Struct

from actors.metrics import Metrics
from actors.notifier.acknowledge_links import AcknowledgeLinks
from actors.notifier.actor import Notifier
from actors.notifier.delivery import Channels
from actors.notifier.preview import Previewer
from actors.notifier.template_process import TemplateRenderer
from actors.notifier.templates import MessageTemplate
from actors.notifier.writer import MessageWriter
from actors.ticketer.actor import Ticketer
from actors.ticketer.webhook import DeskWebhook
from actors.ticketer.work import Desks
from actors.trusted_clock import TrustedClock
from faultd.channels import configured_channels, configured_desk_webhook, configured_desks
from faultd.config import Config
from faultd.pipe import Pipe, Stages


class OpenedFarEnds(Struct, frozen=True):
    """Channels and desks with their secrets, as one configuration names them."""

    channels: Channels
    desks: Desks
    desk_webhook: DeskWebhook


def open_far_ends(config: Config, installation: str) -> OpenedFarEnds:
    """Read the secrets; nothing is connected. ``installation``: id of the ledger. Raises ConfigError."""
    return OpenedFarEnds(configured_channels(config, installation), configured_desks(config), configured_desk_webhook(config))


class DeliveryActors:
    """Notifier and ticketer, and the processes that render the templates of messages."""

    def __init__(
        self,
        config: Config,
        opened: OpenedFarEnds,
        templates: Mapping[str, MessageTemplate],
        link_key: bytes,
        *,
        pipe: Pipe,
        stages: Stages,
        installation: str,
        metrics: Metrics,
        clock: TrustedClock,
    ) -> None:
        """``link_key`` signs acknowledge links."""
        self._templates, self._tried = TemplateRenderer(templates), TemplateRenderer(templates)
        links = AcknowledgeLinks(config.http.public_url, link_key)
        self.notifier = Notifier(
            config.notifier,
            opened.channels,
            pipe.ledger.feed,
            pipe.appends,
            table=lambda: stages.dispatch.notifications,
            write=MessageWriter(self._templates, metrics, links).write,
            metrics=metrics,
            clock=clock,
        )
        self.ticketer = Ticketer(
            config.ticketer,
            opened.desks,
            pipe.ledger.feed,
            pipe.appends,
            tickets=lambda: stages.dispatch.tickets,
            installation=installation,
            metrics=metrics,
            clock=clock,
            webhook=opened.desk_webhook,
        )
        self.preview = Previewer(self._tried, config.http.public_url).preview

    def switch(self, config: Config, opened: OpenedFarEnds, templates: Mapping[str, MessageTemplate]) -> None:
        """Other settings, channels, desks and templates from the next attempt on."""
        self.notifier.reconfigure(config.notifier, opened.channels)
        self.ticketer.reconfigure(config.ticketer, opened.desks, opened.desk_webhook)
        self._templates.replace(templates)
        self._tried.replace(templates)

    def close(self) -> None:
        """End the processes that render templates."""
        self._templates.close()
        self._tried.close()
