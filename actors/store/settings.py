"""What an operator may set about writing to PostgreSQL."""

from typing import Annotated

from msgspec import Meta, Struct


class StoreSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[store]``."""

    group_changes: Annotated[int, Meta(ge=1)] = 2_000
    """Changes that one transaction applies: it takes recorded batches until it has at least so many."""
    min_interval_seconds: Annotated[float, Meta(ge=0)] = 0.02
    """Transactions begin at least this far apart, so that under load each takes more. The first after a pause does not wait."""
    reconnect_min_seconds: Annotated[float, Meta(gt=0)] = 0.2
    """Pause after the connection to PostgreSQL was lost; it doubles with each failure (with jitter) ..."""
    reconnect_max_seconds: Annotated[float, Meta(gt=0)] = 15.0
    """... up to this many seconds."""
    probe_seconds: Annotated[float, Meta(gt=0)] = 10.0
    """PostgreSQL is asked for a sign of life this often, with nothing to write too."""
