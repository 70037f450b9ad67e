"""The demo's three tasks: the plant sends, the stream is followed, the screen is drawn."""

import sys
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import count

import trio
from rich.console import Console
from rich.live import Live

from faultd.console.agreements import Agreements, breach_lines
from faultd.console.changes import Changes
from faultd.console.follow import Follower, follow
from faultd.console.view import line, open_children, screen, why
from faultd.demo.mail_sink import TakenMail, taking_mail
from faultd.demo.summary import Tally
from faultd.demo.workplace import Workplace
from faultd.simulator.agents.plant_agents import PlantAgents
from faultd.simulator.agents.run import PlayClock
from faultd.simulator.agents.serve import serve_agents
from faultd.simulator.narration import Happening
from faultd.simulator.plan import Datagram, Options, SimulationPlan, simulate
from faultd.simulator.plant import SimulatedPlant
from faultd.simulator.runner import run_simulation, target
from faultd.simulator.runner import tell as narrate_plan
from faultd.simulator.scenarios import Scenario, Script, scenario
from protocols.alarm import Alarm
from protocols.printable import printable
from protocols.stream import TOPICS

REFRESH_SECONDS = 0.25
NEWS_SHOWN = 5
MAILS_WAITING = 100
"""Mails that wait to be printed, at most."""
NOTHING: Sequence[Alarm] = []
"""No frame came in time."""


class AnsweringPlant:
    """The plant whose OLTs answer SNMP during the whole of the demo: before its scenario begins nothing is wrong."""

    def __init__(self, plant: SimulatedPlant, name: str, speed: float) -> None:
        self.plant, self.speed = plant, speed
        self._scenario, self._clock = scenario(name), PlayClock(speed)
        self._agents = PlantAgents(plant, Scenario("nothing", "", 0.0, lambda *_: Script(())), _options(0))

    async def serve(self, port: int, *, task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED) -> None:
        """Answer until cancelled. Raises OSError when the port is not free."""
        self._clock.start()
        await serve_agents(self._agents, port, self._clock, task_status=task_status)

    def begin(self, seed: int) -> SimulationPlan:
        """Begin the scenario with this seed now."""
        options = _options(seed)
        boots = self._agents.boots(self._clock(), options.start)
        plan = simulate(self.plant, self._scenario, options, boots=boots)
        self._agents.play(self._scenario, options, boots)
        self._clock.start()
        return plan


def _options(seed: int) -> Options:
    return Options(seed=seed, start=datetime.now(UTC))


async def play(place: Workplace, answering: AnsweringPlant, tell: deque[str], tally: Tally) -> None:
    """Play the scenario again and again, each time with another seed, and show its faults. ``tally`` counts the
    datagrams sent."""
    speed = answering.speed

    def on_news(news: Happening) -> None:
        tell.append(f"{datetime.now():%H:%M:%S}  {news.text}")  # noqa: DTZ005 - the wall clock of whoever looks

    def on_sent(_: Datagram) -> None:
        tally.sent += 1

    to = target("127.0.0.1", place.ports["traps"])
    for seed in count(1):
        plan = answering.begin(seed)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(narrate_plan, plan, on_news, speed=speed))
            await run_simulation(plan, to, speed=speed, on_sent=on_sent)
            nursery.cancel_scope.cancel()


async def show(place: Workplace, answering: AnsweringPlant, *, live: bool, tally: Tally | None = None) -> None:
    """Play the scenario, and show the alarms and the mails, until cancelled or until the daemon closes the stream."""
    news: deque[str] = deque(maxlen=NEWS_SHOWN)
    mails: deque[str] = deque(maxlen=MAILS_WAITING)
    tally = tally or Tally()

    def on_mail(mail: TakenMail) -> None:
        tally.mails += 1
        mails.append(printable(f"to {mail.to}: {mail.subject}"))

    async with (
        taking_mail(place.ports["mail"], on_mail),
        follow(f"{place.stream}?topic={','.join(TOPICS)}", place.token) as follower,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(partial(play, place, answering, news, tally))
        if live:
            await _draw(place, follower, news, mails)
        else:
            await _print(follower, news, mails)
        nursery.cancel_scope.cancel()


async def _draw(place: Workplace, follower: Follower, news: deque[str], mails: deque[str]) -> None:
    console, agreements = Console(highlight=False), Agreements()
    async with trio.open_nursery() as nursery:
        with Live(console=console, screen=True, auto_refresh=False) as live:

            async def redraw() -> None:
                while True:
                    now = datetime.now(UTC)
                    drawn = screen(
                        follower.alarms.values(),
                        now,
                        place.links,
                        list(news),
                        console.width,
                        console.height,
                        partial(agreements.of, now=now),
                        agreements.total(now),
                        mails[-1] if mails else "",
                    )
                    live.update(drawn, refresh=True)
                    await trio.sleep(REFRESH_SECONDS)

            nursery.start_soon(redraw)
            while await follower.next() is not None:
                agreements.take(follower.instances, follower.breaches_changed)
            nursery.cancel_scope.cancel()


async def _print(follower: Follower, news: deque[str], mails: deque[str]) -> None:
    """Without a terminal: each alarm that stands on its own as a line once it has settled, causes with their reason and SLA
    time, breaches as they open, and mails as they come."""
    told: str | None = None
    changes, agreements = Changes(), Agreements()
    while True:
        changed: Sequence[Alarm] | None = NOTHING
        with trio.move_on_after(REFRESH_SECONDS):
            changed = await follower.next()
        if changed is None:
            return
        if news and news[-1] != told:
            told = news[-1]
            sys.stdout.write(f"--- plant: {printable(told)}\n")
        if changed is not NOTHING:
            for each in breach_lines(agreements.take(follower.instances, follower.breaches_changed), follower.alarms):
                sys.stdout.write(f"{each}\n")
        changes.take(changed, trio.current_time())
        children = open_children(follower.alarms.values())
        for told_now in changes.due(follower.alarms, trio.current_time()):
            alarm = told_now.alarm
            sys.stdout.write(line(alarm, children[alarm.id]) + "\n")
            if (reason := why(alarm)) and alarm.cleared_at is None:
                sys.stdout.write(f"{'':10}{reason}\n")
            if promised := agreements.of(alarm, datetime.now(UTC)):
                sys.stdout.write(f"{'':10}{promised}\n")
        while mails:
            sys.stdout.write(f"{'mail':<9} {mails.popleft()}\n")
        sys.stdout.flush()
