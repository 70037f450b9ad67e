"""The demo's three tasks: the plant sends, the stream is followed, the screen is drawn."""

import sys
from collections import Counter, deque
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import count

import trio
from rich.console import Console
from rich.live import Live

from faultd.console.follow import Follower, follow
from faultd.console.view import line, open_children, screen, why
from faultd.demo.workplace import Workplace
from faultd.simulator.narration import News
from faultd.simulator.plan import Options, simulate
from faultd.simulator.plant import Plant
from faultd.simulator.runner import run_simulation, target
from faultd.simulator.runner import tell as narrate_plan
from faultd.simulator.scenarios import scenario
from protocols.alarm import Alarm

REFRESH_SECONDS = 0.25
NEWS_SHOWN = 5
SETTLE_SECONDS = 3.0
"""Lines are printed so long after a change: by then what has a cause has been attributed to it."""


async def play(place: Workplace, plant: Plant, name: str, speed: float, tell: deque[str]) -> None:
    """Play the scenario over and over, each time with another seed, and tell what happens."""

    def on_news(news: News) -> None:
        tell.append(f"{datetime.now():%H:%M:%S}  {news.text}")  # noqa: DTZ005 - the wall clock of whoever looks

    to = target("127.0.0.1", place.ports["traps"])
    for seed in count(1):
        plan = simulate(plant, scenario(name), Options(seed=seed, start=datetime.now(UTC)))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(narrate_plan, plan, on_news, speed=speed))
            await run_simulation(plan, to, speed=speed)
            nursery.cancel_scope.cancel()


async def show(place: Workplace, plant: Plant, name: str, speed: float, *, live: bool) -> None:
    """Until cancelled, or until the daemon closes the stream."""
    news: deque[str] = deque(maxlen=NEWS_SHOWN)
    async with follow(place.stream, place.token) as follower, trio.open_nursery() as nursery:
        nursery.start_soon(partial(play, place, plant, name, speed, news))
        if live:
            await _draw(place, follower, news)
        else:
            await _print(follower, news)
        nursery.cancel_scope.cancel()


async def _draw(place: Workplace, follower: Follower, news: deque[str]) -> None:
    console = Console()
    async with trio.open_nursery() as nursery:
        with Live(console=console, screen=True, auto_refresh=False) as live:

            async def redraw() -> None:
                while True:
                    rows = max(3, console.height - 15 - max(1, len(news)))
                    live.update(
                        screen(follower.alarms.values(), datetime.now(UTC), place.links, list(news), rows), refresh=True
                    )
                    await trio.sleep(REFRESH_SECONDS)

            nursery.start_soon(redraw)
            while await follower.next() is not None:
                pass
            nursery.cancel_scope.cancel()


async def _print(follower: Follower, news: deque[str]) -> None:
    """Without a terminal: what stands on its own once the dust has settled, each change as a line, causes with their reason."""
    told: str | None = None
    seen: dict[str, tuple[str, ...]] = {}
    waiting: dict[str, float] = {}
    while True:
        changed: Sequence[Alarm] | None = ()
        with trio.move_on_after(REFRESH_SECONDS):
            changed = await follower.next()
        if changed is None:
            return
        if news and news[-1] != told:
            told = news[-1]
            sys.stdout.write(f"--- plant: {told}\n")
        for alarm in changed:
            waiting.setdefault(alarm.id, trio.current_time() + SETTLE_SECONDS)
        due = [alarm_id for alarm_id, at in waiting.items() if at <= trio.current_time()]
        children = open_children(follower.alarms.values()) if due else Counter()
        for alarm_id in due:
            del waiting[alarm_id]
            settled = follower.alarms.get(alarm_id)
            if settled is not None and settled.parent_alarm_id is None:
                _tell(settled, children[alarm_id], seen)
        sys.stdout.flush()


def _tell(alarm: Alarm, children: int, seen: dict[str, tuple[str, ...]]) -> None:
    reason = why(alarm)
    now = (alarm.status, alarm.severity, alarm.title, reason)
    if seen.get(alarm.id) == now or (alarm.id not in seen and alarm.cleared_at is not None):
        return
    seen[alarm.id] = now
    sys.stdout.write(line(alarm, children) + "\n")
    if reason and alarm.cleared_at is None:
        sys.stdout.write(f"{'':10}{reason}\n")
