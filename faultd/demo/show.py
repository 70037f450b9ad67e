"""The demo's three tasks: the plant sends, the stream is followed, the screen is drawn."""

import sys
from collections import deque
from datetime import UTC, datetime
from functools import partial
from itertools import count

import trio
from rich.console import Console
from rich.live import Live

from faultd.console.follow import Follower, follow
from faultd.console.view import line, screen
from faultd.demo.workplace import Workplace
from faultd.simulator.narration import News
from faultd.simulator.plan import Options, simulate
from faultd.simulator.plant import Plant
from faultd.simulator.runner import run_simulation, target
from faultd.simulator.runner import tell as narrate_plan
from faultd.simulator.scenarios import scenario

REFRESH_SECONDS = 0.25
NEWS_SHOWN = 5


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
    """Without a terminal: every change as a line."""
    told: str | None = None
    seen: dict[str, tuple[str, str]] = {}
    while (changed := await follower.next()) is not None:
        if news and news[-1] != told:
            told = news[-1]
            sys.stdout.write(f"--- plant: {told}\n")
        for alarm in changed:
            if seen.get(alarm.id) != (alarm.status, alarm.severity):
                seen[alarm.id] = (alarm.status, alarm.severity)
                sys.stdout.write(line(alarm) + "\n")
        sys.stdout.flush()
