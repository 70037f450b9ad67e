"""The notifier's channels and the ticketer's desks as the configuration names them, with the secrets that stand in files."""

from collections.abc import Callable

from actors.metrics import Metrics
from actors.notifier.delivery import Channels
from actors.notifier.heartbeat import Heartbeat
from actors.notifier.opening import open_channels, open_heartbeat
from actors.secret_files import SecretError
from actors.ticketer.opening import open_desks, open_webhook
from actors.ticketer.webhook import DeskWebhook
from actors.ticketer.work import Desks
from faultd.config import Config, ConfigError, ConfigMistake


def configured_channels(config: Config, installation: str) -> Channels:
    """The channels, opened. ``installation`` is the id of the ledger. Raises :class:`ConfigError` for a file that cannot be
    used; it never repeats a secret."""
    try:
        return open_channels(config.notifier, installation)
    except SecretError as error:
        raise ConfigError(error.path, [ConfigMistake(0, error.setting, error.reason)]) from error


def configured_heartbeat(config: Config, ready: Callable[[], bool], metrics: Metrics) -> Heartbeat | None:
    """The dead man's switch; None when there is none. Raises :class:`ConfigError`."""
    try:
        return open_heartbeat(config.notifier, ready, metrics)
    except SecretError as error:
        raise ConfigError(error.path, [ConfigMistake(0, error.setting, error.reason)]) from error


def check_channels(config: Config) -> None:
    """Raises :class:`ConfigError` when a secret of the notifier cannot be read."""
    configured_channels(config, "")
    configured_heartbeat(config, bool, Metrics())


def configured_desks(config: Config) -> Desks:
    """The desks, opened. Raises :class:`ConfigError` for a file that cannot be used; it never repeats a secret."""
    try:
        return open_desks(config.ticketer)
    except SecretError as error:
        raise ConfigError(error.path, [ConfigMistake(0, error.setting, error.reason)]) from error


def configured_desk_webhook(config: Config) -> DeskWebhook:
    """The webhook back from the desk. Raises :class:`ConfigError` for a file that cannot be used; it never repeats a secret."""
    try:
        return open_webhook(config.ticketer)
    except SecretError as error:
        raise ConfigError(error.path, [ConfigMistake(0, error.setting, error.reason)]) from error


def check_desks(config: Config) -> None:
    """Raises :class:`ConfigError` when a secret of the desk cannot be read."""
    configured_desks(config)
    configured_desk_webhook(config)
