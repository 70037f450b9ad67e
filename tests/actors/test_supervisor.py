"""The supervisor, on virtual time."""

from random import Random
from typing import Any

import pytest
import structlog
import trio
import trio.testing

from actors.metrics import Metrics
from actors.supervisor import ActorFailed, Intensity, OperatorNeeded, delay, supervise


@pytest.fixture(autouse=True)
def _quiet() -> Any:
    with structlog.testing.capture_logs():
        yield


class Crashing:
    """Becomes ready, runs for ``seconds`` and crashes, ``crashes`` times; then it returns."""

    def __init__(self, crashes: int, seconds: float = 0.0, ready: bool = True, error: Exception | None = None) -> None:
        self.left, self.seconds, self.ready = crashes, seconds, ready
        self.error = error or ValueError("crash")
        self.runs: list[float] = []

    async def run(self, *, task_status: Any) -> None:
        self.runs.append(trio.current_time())
        if self.ready:
            task_status.started("here")
        await trio.sleep(self.seconds)
        if self.left:
            self.left -= 1
            raise self.error


async def test_a_crash_is_followed_by_a_restart_and_is_counted(autojump_clock: trio.testing.MockClock) -> None:
    actor, metrics = Crashing(3), Metrics()
    async with trio.open_nursery() as nursery:
        value = await nursery.start(supervise, "a", actor, Intensity(5, 60), metrics)
    assert value == "here"
    assert len(actor.runs) == 4
    assert metrics.registry.get_sample_value("faultd_actor_restarts_total", {"actor": "a"}) == 3


async def test_over_its_intensity_a_core_actor_ends_the_process(autojump_clock: trio.testing.MockClock) -> None:
    actor = Crashing(10)
    with pytest.RaisesGroup(ActorFailed):
        async with trio.open_nursery() as nursery:
            await nursery.start(supervise, "a", actor, Intensity(2, 60), Metrics())
    assert len(actor.runs) == 3


async def test_over_its_intensity_another_is_parked_and_told_of(autojump_clock: trio.testing.MockClock) -> None:
    told: list[tuple[str, str]] = []

    async def on_park(name: str, error: Exception) -> None:
        told.append((name, str(error)))

    await supervise("a", Crashing(10), Intensity(2, 60, "park"), Metrics(), on_park=on_park)
    assert told == [("a", "crash")]


@pytest.mark.parametrize("wrapped", [False, True])
async def test_what_only_an_operator_can_cure_is_not_tried_again(autojump_clock: trio.testing.MockClock, wrapped: bool) -> None:
    told: list[Exception] = []
    way_out = OperatorNeeded("another ledger's database: move it away")
    error = ExceptionGroup("", [ExceptionGroup("", [way_out])]) if wrapped else way_out

    async def on_park(name: str, error: Exception) -> None:
        told.append(error)

    actor = Crashing(10, error=error)
    metrics = Metrics()
    await supervise("a", actor, Intensity(5, 60, "park"), metrics, on_park=on_park)
    assert len(actor.runs) == 1
    assert told == [way_out]
    assert metrics.registry.get_sample_value("faultd_actor_restarts_total", {"actor": "a"}) is None
    with pytest.raises(ActorFailed):
        await supervise("a", Crashing(10, error=error), Intensity(5, 60), Metrics())


async def test_a_bug_beside_it_is_tried_again(autojump_clock: trio.testing.MockClock) -> None:
    actor = Crashing(3, error=ExceptionGroup("", [OperatorNeeded("move it away"), ValueError("crash")]))
    await supervise("a", actor, Intensity(5, 60, "park"), Metrics())
    assert len(actor.runs) == 4


async def test_crashes_far_apart_never_add_up(autojump_clock: trio.testing.MockClock) -> None:
    actor = Crashing(20, seconds=61)
    await supervise("a", actor, Intensity(1, 60), Metrics())
    assert len(actor.runs) == 21


async def test_a_crash_before_the_first_readiness_is_the_callers(autojump_clock: trio.testing.MockClock) -> None:
    actor = Crashing(1, ready=False)
    with pytest.raises(ValueError, match="crash"):
        await supervise("a", actor, Intensity(5, 60), Metrics())
    assert len(actor.runs) == 1


async def test_cancellation_passes_through(autojump_clock: trio.testing.MockClock) -> None:
    actor = Crashing(0, seconds=1000)
    with trio.move_on_after(10) as scope:
        await supervise("a", actor, Intensity(5, 60), Metrics())
    assert scope.cancelled_caught
    assert len(actor.runs) == 1


def test_the_delay_doubles_to_a_bound_with_jitter() -> None:
    random = Random(1)
    for attempt, full in ((0, 0.1), (1, 0.2), (5, 3.2), (9, 30.0), (500, 30.0)):
        waits = [delay(attempt, random) for _ in range(50)]
        assert full * 0.5 <= min(waits) < max(waits) <= full
