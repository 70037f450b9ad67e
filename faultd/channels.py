"""The notifier's channels as the configuration names them, with the secrets that stand in files."""

from actors.notifier.delivery import Channels
from actors.notifier.opening import open_channels
from actors.secret_files import SecretError
from faultd.config import Config, ConfigError, ConfigMistake


def configured_channels(config: Config, installation: str) -> Channels:
    """The channels, opened. ``installation`` is the id of the ledger. Raises :class:`ConfigError` for a file that cannot be
    used; it never repeats a secret."""
    try:
        return open_channels(config.notifier, installation)
    except SecretError as error:
        raise ConfigError(error.path, [ConfigMistake(0, error.setting, error.reason)]) from error


def check_channels(config: Config) -> None:
    """Raises :class:`ConfigError` when a channel's secrets cannot be read."""
    configured_channels(config, "")
