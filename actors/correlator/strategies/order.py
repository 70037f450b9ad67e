"""The strategies, in the order in which they are asked: what holds alarms back comes before what tells people of them."""

from actors.correlator.pon import strategy as pon
from actors.correlator.rules import plugins
from actors.correlator.rules import strategy as rules
from actors.correlator.strategies import flapping, notifications, topological
from actors.correlator.strategies.strategy import Strategy
from actors.correlator.windows import strategy as windows

STRATEGIES: tuple[Strategy, ...] = (
    # What is held back by a window is not told as flapping either.
    windows.STRATEGY,
    flapping.STRATEGY,
    # What an operator has written goes before what is inferred.
    rules.STRATEGY,
    plugins.STRATEGY,
    topological.STRATEGY,
    pon.STRATEGY,
    notifications.STRATEGY,
)
