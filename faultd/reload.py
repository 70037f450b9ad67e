"""SIGHUP: read everything, check everything, then switch; a bad file changes nothing and says why."""

from collections.abc import Callable
from pathlib import Path

import structlog
import trio
from msgspec.structs import fields

from actors.correlator.state import State
from actors.dispatcher.state import DispatchState
from actors.mailbox import Append, AppendSender, LedgerUnavailable, Outcome, Reply
from faultd.config import Config, ConfigError, load
from faultd.inputs import Inputs, changed_inputs, log_unconfigured, read_inputs
from protocols.change import Answer
from protocols.event import Event

log = structlog.get_logger()

SWITCHED = {"correlator", "dispatcher", "notifier", "poller", "profiles", "rules", "ticketer", "topology", "traps", "log"}
"""Tables that take effect at once; others need a restart."""


TRIES = 5
"""Attempts to compute the difference to the topology file while the API keeps changing the plant."""


async def reload(
    file: Path,
    running: Config,
    state: State,
    ledger: AppendSender,
    switch: Callable[[Config, Inputs], None],
    dispatch: DispatchState | None = None,
) -> Config | None:
    """The new configuration, in force as far as it can be; None (and the old one stays) when it has a mistake. ``dispatch``:
    the state of the dispatcher, None without such a stage."""
    try:
        config = await trio.to_thread.run_sync(load, file)
        inputs = await trio.to_thread.run_sync(read_inputs, config)
        switch(config, inputs)
    except ConfigError as error:
        log.error("reload refused, everything stays as it was", mistakes=str(error).splitlines())
        return None
    events = await _send_changed(state, dispatch, inputs, ledger)
    later = [
        field.name
        for field in fields(Config)
        if field.name not in SWITCHED and getattr(config, field.name) != getattr(running, field.name)
    ]
    log_unconfigured(config, inputs.dispatch)
    log.info("configuration reloaded", new=[type(event).__name__ for event in events], needs_restart=later)
    return config


async def _send_changed(state: State, dispatch: DispatchState | None, inputs: Inputs, ledger: AppendSender) -> list[Event]:
    """Fold the changed inputs. When the plant changed meanwhile, the fold refuses the difference and it is computed again."""
    sent: list[Event] = []
    for _ in range(TRIES):
        events = await trio.to_thread.run_sync(lambda: list(changed_inputs(state, inputs, dispatch)))
        if not events:
            return sent
        reply: Reply[Outcome] = Reply()
        await ledger.send(Append(events, answered=reply))
        try:
            outcome = await reply.wait()
        except LedgerUnavailable as error:
            log.error("reload not taken, the ledger cannot write", error=str(error))
            return sent
        sent += events
        refusals = [each for changes in outcome.changes for one in changes if isinstance(one, Answer) for each in one.refusals]
        if not refusals:
            return sent
        if any(refusal.reason != "wrong_state" for refusal in refusals):
            break
    log.error("the topology file was not taken", refusals=[refusal.text for refusal in refusals[:20]])
    return sent
