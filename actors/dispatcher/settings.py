"""Settings of the stage ``dispatcher``."""

from typing import Annotated

from msgspec import Meta, Struct

from protocols.dispatch.ticket import Desk

Seconds = Annotated[float, Meta(gt=0, le=604_800)]


class DispatcherSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[dispatcher]``"""

    storm_seconds: Seconds = 300.0
    """Within this time a person gets ``storm_mails`` and ``storm_texts`` single messages at most. Then one message says how
    many causes there are, and others follow at this interval while it goes on."""
    storm_mails: Annotated[int, Meta(ge=1, le=1_000)] = 8
    """Messages by every channel but SMS."""
    storm_texts: Annotated[int, Meta(ge=1, le=1_000)] = 2
    """Messages by SMS."""
    rota_warning_days: Annotated[int, Meta(ge=7, le=60)] = 7
    """A gap in a rota, or somebody on call whom faultd cannot tell, raises an alarm at least as many days ahead."""
    fallback_critical_seconds: Seconds = 120.0
    """A person's next method is tried when a message about a critical cause has not arrived after as long. The first one goes
    on being tried."""
    fallback_major_seconds: Seconds = 900.0
    """The same for a major cause. Others go to the next method when they are given up."""
    page_alarm_seconds: Annotated[float, Meta(gt=0)] = 120.0
    """An alarm says that faultd's own notifications are late when one waits for as long."""


class DispatchInputs(Struct, frozen=True, kw_only=True):
    """The part of the configuration that the dispatcher's fold uses: its settings, and the desk of the ticketer."""

    settings: DispatcherSettings = DispatcherSettings()
    desk: Desk = "embedded"
    channels: tuple[str, ...] = ()
    """Channels that are configured, and names of webhooks as ``webhook:NAME``. A message by any other is not tried."""
    templates: tuple[str, ...] | None = None
    """Names of the operator's templates. None: written by a version that did not tell."""
