"""The strategies, in the order in which they are asked: what holds alarms back comes before what tells people of them."""

from actors.correlator import notices
from actors.correlator.strategy import Strategy
from actors.correlator.windows import strategy as windows

STRATEGIES: tuple[Strategy, ...] = (windows.STRATEGY, notices.STRATEGY,)
