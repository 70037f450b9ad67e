"""Time in which faultd is blind: unknown for the services below the silent devices, by each device's own dates."""

from pathlib import Path

from vocabulary.polls import Polls
from vocabulary.sla import SlaWorld, plant, us

from actors.correlator.profiles.loading import load_profiles
from actors.sla_clock.evidence.unseen import UNSEEN
from protocols.event import ProfilesLoaded
from protocols.sla.local_time import SECOND
from protocols.topology import Node

TYPES = Path(__file__).parents[4] / "config" / "profiles" / "types.toml"


def watched() -> tuple[SlaWorld, Polls]:
    """A World with a service below each of two of five polled OLTs."""
    world = SlaWorld()
    others = [Node(id=f"olt-{number}", type="olt", address=f"192.0.2.{number}") for number in range(2, 6)]
    service = Node(id="svc-9", type="service", parents=("olt-2",), service_id="svc-9")
    world.topology(*plant(), *others, service)
    world(ProfilesLoaded("p", load_profiles({TYPES.name: TYPES.read_text()})))
    polls = Polls(world, [f"olt-{number}" for number in range(1, 6)])
    polls.run(59)
    return world, polls


def spans(world: SlaWorld, effect: str) -> dict[str, list[tuple[float, float | None]]]:
    found: dict[str, list[tuple[float, float | None]]] = {}
    for each in world.sla.outages.values():
        if each.effect == effect and each.resource_id.startswith("olt"):
            end = None if each.end is None else (each.end - us(0)) / SECOND
            found.setdefault(each.resource_id, []).append(((each.start - us(0)) / SECOND, end))
    return found


def test_blindness_is_unknown_time_from_the_first_miss_until_the_answer() -> None:
    world, polls = watched()
    instance = world.serve(world.define(), "svc-1")
    polls.silence(*polls.devices)
    polls.run(250)
    assert spans(world, "unknown")["olt-1"] == [(60, None)]
    assert spans(world, "unknown")["olt-5"] == [(108, None)]
    polls.back(*polls.devices)
    polls.run(400)
    assert all(end is not None for each in spans(world, "unknown").values() for _start, end in each)
    ((_start, end),) = spans(world, "unknown")["olt-1"]
    figures = world.figures(instance)
    assert end is not None
    assert (figures.down, figures.shares.unknown) == (0, [(us(60), us(end))])
    recorded = [each for each in world.sla.recorded if each.startswith(UNSEEN)]
    assert len(recorded) == 1


def test_what_was_dead_meanwhile_is_unknown_until_the_first_miss_that_counts_and_down_from_then_on() -> None:
    world, polls = watched()
    instance = world.serve(world.define(), "svc-9")
    polls.silence(*polls.devices)
    polls.run(250)
    polls.back(*(each for each in polls.devices if each != "olt-2"))
    polls.run(400)
    (down,) = world.of_type("device.down")
    ((start, seen),) = spans(world, "unknown")["olt-2"]
    ((began, lasts),) = spans(world, "outage")["olt-2"]
    assert (start, lasts) == (72, None)
    assert seen == began == (us((down.first_occurrence - world.now).total_seconds() + world.seconds) - us(0)) / SECOND
    figures = world.figures(instance)
    assert figures.down == us(world.seconds) - us(began)


def test_a_contract_that_begins_while_faultd_is_blind_is_unknown_as_well() -> None:
    world, polls = watched()
    world.serve(world.define(), "svc-9")
    polls.silence(*polls.devices)
    polls.run(250)
    later = world.serve(world.define("silver"), "svc-1")
    assert world.figures(later).shares.unknown == [(us(60), us(world.seconds))]


def test_an_interval_survives_a_restart_of_faultd() -> None:
    world, polls = watched()
    world.serve(world.define(), "svc-1")
    polls.silence(*polls.devices)
    polls.run(250)
    world.restart()
    polls.back(*polls.devices)
    polls.run(100)
    assert all(end is not None for each in spans(world, "unknown").values() for _start, end in each)
