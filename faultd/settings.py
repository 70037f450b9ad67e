"""Settings of what is no actor: logs, the database, and where profiles and the topology are read from."""

from typing import Annotated, Literal
from urllib.parse import parse_qs, urlsplit

from msgspec import Meta, Struct

from actors.dispatcher.settings import DispatcherSettings


class LogSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[log]``"""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least that is logged."""
    format: Literal["auto", "json", "console"] = "auto"
    """``auto`` is readable colours on a terminal and JSON elsewhere."""


class DatabaseSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[database]``"""

    url: str = ""
    """``postgresql://user:password@host/name``; empty: an embedded PostgreSQL under ``state_dir``."""
    url_file: str = ""
    """A file that holds the URL, such as a systemd credential; it wins over ``url``."""
    wait_seconds: Annotated[float, Meta(ge=0)] = 15.0
    """faultd takes traps at once. It reports ready when PostgreSQL answers, is known to be away, or has not answered for this
    long. Then units that wait for faultd can read at once."""
    pool_size: Annotated[int, Meta(ge=2, le=100)] = 6
    """Connections at most, the store's own included."""
    migrate: bool = True
    """Bring the schema up to date at the start. Without it an old schema is refused, and ``faultd migrate`` is yours to run."""


class SlaSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[sla]``"""

    keep_days: Annotated[int, Meta(ge=400)] = 1_100
    """PostgreSQL keeps the history of service level agreements for as many days: outages, breaches, credits, closed periods. A
    breach, an outage or a contract that is not over is kept whatever its age."""
    directory: str = ""
    """Credit models to use instead of those that come with faultd. Empty: the shipped ones."""
    extra: tuple[str, ...] = ()
    """Directories of further credit models of your own. A file takes the place of a shipped one of the same name."""
    operator: str = ""
    """Your company's name, at the head of service level reports."""


class TopologySettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[topology]``"""

    file: str = ""
    """The plant as CSV: ``id,type,parents,name,address,vendor,tenant,customer_id,service_id,serial,area,sla_class,index`` and a
    customer's ``phone,postal_address,latitude,longitude``, a device's ``credentials,poll,poll_interval``. Empty: none."""


class ProfileSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[profiles]``"""

    directory: str = ""
    """Vendor profiles to use instead of those that come with faultd. Empty: the shipped ones."""
    extra: tuple[str, ...] = ()
    """Directories of further profiles of your own."""
    disabled: tuple[str, ...] = ()
    """Names of profiles to leave out."""


class RuleSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[rules]``"""

    directory: str = ""
    """Correlation rules to use instead of those that come with faultd. Empty: the shipped ones."""
    extra: tuple[str, ...] = ()
    """Directories of further rules of your own."""
    disabled: tuple[str, ...] = ()
    """Names of rules to leave out."""
    plugins: tuple[str, ...] = ()
    """Names of installed plugins (entry points `faultd.rules`) to ask. Only what is named here runs."""
    plugin_seconds: Annotated[float, Meta(gt=0)] = 0.05
    """A plugin that takes longer for one alarm raises `rule.failed`, and after `plugin_overruns` times is no longer asked."""
    plugin_overruns: Annotated[int, Meta(ge=1)] = 10
    """A plugin that overran or lost its process this often since the start is not called until the rules are loaded again."""
    plugin_stop_seconds: Annotated[float, Meta(gt=0)] = 2.0
    """The process of a plugin that has not answered after this time is ended. The fold waits so long for it."""
    plugin_megabytes: Annotated[int, Meta(ge=64)] = 512
    """Address space that the process of a plugin may have, in MiB."""


class DispatcherFiles(DispatcherSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[dispatcher]``"""

    directory: str = ""
    """Notification policies to use instead of those that come with faultd. Empty: the shipped ones."""
    extra: tuple[str, ...] = ()
    """Directories of further notification policies of your own."""
    disabled: tuple[str, ...] = ()
    """Names of notification policies to leave out."""


_ONE_OF = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "target_session_attrs": ("any", "primary", "standby", "read-write", "read-only", "prefer-standby"),
}
"""Parameters of libpq's URLs that take certain words; the driver finds out with the first connection."""


def url_problem(url: str) -> str:
    """The mistake in a database's URL, empty when there is none. The text contains only the scheme, since the URL holds a
    password."""
    if not url:
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "not a URL"
    if parts.scheme not in ("postgresql", "postgres"):
        return "not a URL that begins with postgresql://"
    hosts = parts.netloc.rpartition("@")[2].split(",")
    ports = [host.rpartition("]")[2].rpartition(":")[2] for host in hosts if ":" in host.rpartition("]")[2]]
    if not all(port == "" or (port.isascii() and port.isdigit()) for port in ports):
        return "a port in it is no number"
    if not all(port == "" or 0 < int(port) < 65536 for port in ports):
        return "a port in it is not one of 1 to 65535"
    asked = parse_qs(parts.query, keep_blank_values=True)
    for name, words in _ONE_OF.items():
        if set(asked.get(name, ())) - set(words):
            return f"{name} in it is none of {', '.join(words)}"
    return ""
