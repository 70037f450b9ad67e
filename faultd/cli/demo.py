"""``faultd demo``: everything at once, on this machine, with nothing to set up."""

import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated

import trio
import typer

from faultd.cli.common import EX_SOFTWARE, EX_USAGE, fail, leaves
from faultd.console.rest import Rest, RestError
from faultd.demo.agreements import make_agreements
from faultd.demo.daemon import DaemonFailed, running
from faultd.demo.night_shift import ADDRESS, make_night_shift
from faultd.demo.show import AnsweringPlant, show
from faultd.demo.summary import Tally, folded_since, head_of, received_by, words
from faultd.demo.workplace import Workplace, poll_interval, prepare
from faultd.simulator.errors import SimulatorError
from faultd.simulator.plant import PlantSpec, SimulatedPlant, build_plant
from faultd.simulator.scenarios import scenario as scenario_named
from protocols.printable import counted


def demo(
    scenario: Annotated[str, typer.Option(help="What happens to the plant; `faultd simulate --list` shows all.")] = "demo",
    speed: Annotated[float, typer.Option(help="Simulated seconds per second.", min=0.1, max=100)] = 1.0,
    olts: Annotated[int, typer.Option(help="OLTs in the plant, of several makers in turn.")] = 4,
    seconds: Annotated[float | None, typer.Option(help="Stop after this many seconds; without it: at Ctrl-C.", min=1)] = None,
    folder: Annotated[Path | None, typer.Option(help="Keep the demo's files here; without it: a temporary folder.")] = None,
    plain: Annotated[bool, typer.Option(help="Print lines instead of drawing a screen.")] = False,
) -> None:
    """Run faultd with an embedded PostgreSQL and a simulated FTTH plant that sends real traps; show the alarms live.

    The daemon is the real one, in a process of its own, on unprivileged ports of this machine.
    Ctrl-C, or closing the terminal, stops everything.
    """
    try:
        scenario_named(scenario)
        plant = build_plant(PlantSpec(olts=olts))
    except SimulatorError as error:
        fail(str(error), EX_USAGE)
    with tempfile.TemporaryDirectory(prefix="faultd-demo-") as temporary:
        # The embedded server may run under another account, which has to reach its files in here.
        Path(temporary).chmod(0o755)
        place = prepare((folder or Path(temporary)).absolute(), plant, speed)
        tell(f"{olts} OLTs, {len(plant.pons)} PON ports, {len(plant.onts)} ONTs; files in {place.folder}")
        live = sys.stdout.isatty() and not plain
        begin, tally = head_of(place.ledger), Tally()
        try:
            trio.run(partial(_demo, place, plant, scenario, speed, seconds, live, tally))
        except BaseException as error:
            for leaf in leaves(error):
                if isinstance(leaf, DaemonFailed | RestError):
                    fail(str(leaf), EX_SOFTWARE)
                if isinstance(leaf, KeyboardInterrupt):
                    break
            else:
                raise
        if place.ledger.exists():  # not when Ctrl-C came before it was made
            for line in words(tally, folded_since(place.ledger, begin)):
                sys.stdout.write(f"{line}\n")
    tell("stopped")


async def _demo(
    place: Workplace, plant: SimulatedPlant, scenario: str, speed: float, seconds: float | None, live: bool, tally: Tally
) -> None:
    answering = AnsweringPlant(plant, scenario, speed)
    async with trio.open_nursery() as serving:
        await serving.start(answering.serve, place.ports["agents"])
        await _with_daemon(place, answering, seconds, live, tally)
        serving.cancel_scope.cancel()


async def _with_daemon(place: Workplace, answering: AnsweringPlant, seconds: float | None, live: bool, tally: Tally) -> None:
    plant, speed = answering.plant, answering.speed
    tell("starting faultd (the first start of the embedded PostgreSQL takes some seconds)")
    async with running(place, tell):
        for name, link in place.links:
            tell(f"{name}: {link}")
        rest = Rest(place.http, place.admin)
        promised = await trio.to_thread.run_sync(make_agreements, rest, plant, speed, abandon_on_cancel=True)
        await trio.to_thread.run_sync(make_night_shift, rest, abandon_on_cancel=True)
        often = poll_interval(speed)
        tell(f"the OLTs are polled every {often:g} s (the default is 60 s); down is 3 misses")
        tell(f"on call: {ADDRESS}, whose mails are printed and not delivered")
        made = f"{counted(promised, 'service level agreement')} made, so tight that a cut feeder breaks them"
        tell(made if promised else "the service level agreements of an earlier run are kept")
        with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals, trio.CancelScope() as scope:
            scope.deadline = trio.current_time() + (seconds if seconds is not None else float("inf"))
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_until_told, signals, scope)
                await show(place, answering, live=live, tally=tally)
                scope.cancel()
        tally.received = await received_by("127.0.0.1", place.ports["http"], tally.sent)


async def _until_told(signals: AsyncIterator[int], scope: trio.CancelScope) -> None:
    async for _ in signals:
        scope.cancel()


def tell(text: str) -> None:
    """The demo's current step, shown while the user waits."""
    with suppress(OSError):  # The terminal may be closed; the daemon must be stopped all the same.
        sys.stderr.write(f"demo: {text}\n")
        sys.stderr.flush()
