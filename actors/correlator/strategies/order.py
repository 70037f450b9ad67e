"""The strategies in their order: those that hold alarms back come before the one that requests notifications."""

from actors.correlator.pon import strategy as pon
from actors.correlator.rules import plugins
from actors.correlator.rules import strategy as rules
from actors.correlator.strategies import flapping, notifications, topological
from actors.correlator.strategies.strategy import Strategy
from actors.correlator.windows import strategy as windows

STRATEGIES: tuple[Strategy, ...] = (
    # An alarm held back by a window gets no notification about flapping either.
    windows.STRATEGY,
    flapping.STRATEGY,
    # What an operator has written goes before what is inferred.
    rules.STRATEGY,
    plugins.STRATEGY,
    topological.STRATEGY,
    pon.STRATEGY,
    notifications.STRATEGY,
)
