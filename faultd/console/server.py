"""The address of the daemon's API and of its stream: from a URL, or from this machine's configuration."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from faultd.config import Config, ConfigError, examine, load, read
from protocols.address import split_bind

URL, STREAM_URL = "FAULTD_URL", "FAULTD_STREAM_URL"
STREAM_PORT = split_bind(Config().stream.bind)[1]


class BadUrl(ValueError):
    """A URL that is none, or of another scheme; the text names it."""


class DaemonAddress(Struct, frozen=True):
    """``api`` is ``http://host:port`` (or https, perhaps with a path below which a proxy has it), ``stream`` the WebSocket."""

    api: str
    stream: str


def find(url: str, stream_url: str, config: Path | None, default: Path, environ: Mapping[str, str]) -> DaemonAddress:
    """By the options, then the environment, then ``config``; without one ``default`` when it can be read, and else the default
    ports of this machine. The stream of a URL is its host's, on the default port. Raises BadUrl and ConfigError."""
    url = url or environ.get(URL, "")
    stream_url = stream_url or environ.get(STREAM_URL, "")
    if not url:
        settings = _settings(config, default, environ)
        here = DaemonAddress(f"http://{_reachable(settings.http.bind)}", f"ws://{_reachable(settings.stream.bind)}/alarms")
        return DaemonAddress(here.api, _checked(stream_url, "ws", "wss")) if stream_url else here
    url = _checked(url, "http", "https").rstrip("/")
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in str(parts.hostname) else parts.hostname
    scheme = "wss" if parts.scheme == "https" else "ws"
    return DaemonAddress(url, _checked(stream_url, "ws", "wss") if stream_url else f"{scheme}://{host}:{STREAM_PORT}/alarms")


def _settings(config: Path | None, default: Path, environ: Mapping[str, str]) -> Config:
    """An operator need not be allowed to read the daemon's own file, and a mistake in it must not keep him from the alarms;
    what the environment says holds all the same."""
    if config is not None:
        return load(config, environ)
    try:
        return examine(read(default), str(default), environ).config
    except ConfigError:
        return examine("", str(default), environ).config


def _reachable(bind: str) -> str:
    """An address to connect to, for one that is bound: of all addresses it is this machine's."""
    host, port = split_bind(bind)
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _checked(url: str, *schemes: str) -> str:
    try:
        parts = urlsplit(url)
        valid = parts.scheme in schemes and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        valid = False
    if not valid or not url.isascii() or not url.isprintable() or " " in url:
        raise BadUrl(f"{url!r}: no URL that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    return url
