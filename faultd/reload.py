"""SIGHUP: read everything, check everything, then switch; a bad file changes nothing and says why."""

from collections.abc import Callable
from pathlib import Path

import structlog
import trio
from msgspec.structs import fields

from actors.correlator.state import State
from actors.mailbox import Append, AppendSender
from faultd.config import Config, ConfigError, load
from faultd.inputs import news, read_inputs

log = structlog.get_logger()

SWITCHED = {"correlator", "profiles", "rules", "topology", "traps", "log"}
"""Tables that take effect at once; others need a restart."""


async def reload(
    file: Path, running: Config, state: State, ledger: AppendSender, switch: Callable[[Config], None]
) -> Config | None:
    """The new configuration, in force as far as it can be; None (and the old one stays) when it has a mistake."""
    try:
        config = await trio.to_thread.run_sync(load, file)
        inputs = await trio.to_thread.run_sync(read_inputs, config)
        switch(config)
    except ConfigError as error:
        log.error("reload refused, everything stays as it was", mistakes=str(error).splitlines())
        return None
    events = list(news(state, inputs))
    if events:
        await ledger.send(Append(events))
    later = [
        field.name
        for field in fields(Config)
        if field.name not in SWITCHED and getattr(config, field.name) != getattr(running, field.name)
    ]
    log.info("configuration reloaded", new=[type(event).__name__ for event in events], needs_restart=later)
    return config
