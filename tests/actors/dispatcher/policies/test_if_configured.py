"""Channels that a new installation lacks: the shipped policies are passed over without a note, an operator's own never are."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from vocabulary.dispatch_world import DispatchWorld, mail
from vocabulary.world import moment

from actors.dispatcher.policies.files import load_policies
from actors.dispatcher.settings import DispatchInputs
from protocols.event import DispatchLoaded

SHIPPED = Path(__file__).parents[4] / "config" / "policies" / "default.toml"
CHAT = {"channel": "slack", "to": "#noc"}
HOUR = 3_600


class NewWorld(DispatchWorld):
    """A World whose configuration has these channels alone."""

    def channels(self, *channels: str) -> None:
        self.inputs = DispatchInputs(channels=channels)
        self._load()


def notes_of(world: DispatchWorld, severity: Any = "critical", until: float = 9 * HOUR) -> list[str]:
    """The notes of one cause."""
    world.raise_alarm("device.down", "olt-1", severity=severity)
    world.run_to(until)
    return world.notes


def test_shipped_policies_are_silent_about_channels_that_are_not_there() -> None:
    world = NewWorld()
    shipped = load_policies({"default.toml": SHIPPED.read_text(encoding="utf-8")})
    world(DispatchLoaded("d", shipped, msgspec.msgpack.encode(DispatchInputs(channels=("email",)))))
    notes = notes_of(world)
    assert not [note for note in notes if "the configuration has no" in note]
    assert [note for note in notes if "no rota is named 'on-call'" in note], "that nobody is paged is said of each cause"
    assert not world.dispatch.groups.keys() & {key for key in world.dispatch.groups if "#noc" in key}


@pytest.mark.parametrize(("passed_over", "said"), [(True, 0), (False, 3)])
def test_an_operators_policy_says_of_each_cause_that_its_channel_is_not_there(*, passed_over: bool, said: int) -> None:
    world = NewWorld()
    world.channels("email")
    world.policy("Own", CHAT, mail(), if_configured=passed_over)
    notes = notes_of(world)
    assert len([note for note in notes if "slack to #noc: the configuration has no slack" in note]) == said
    assert [address for _, _, address in world.said] == ["noc@example.net"] * 3, "the mail, and two reminders"


def test_people_are_told_by_another_method_whatever_the_policy_says() -> None:
    world = NewWorld()
    world.channels("email")
    world.contact("Ada", ("sms", "+491511111111"), ("email", "ada@example.net"))
    world.policy("Own", {"channel": "sms", "to": "Ada"}, if_configured=True)
    notes_of(world, until=60)
    assert [address for _, _, address in world.said] == ["ada@example.net"]


def test_a_channel_that_is_configured_later_is_used() -> None:
    world = NewWorld()
    world.channels("email")
    world.policy("Own", CHAT, if_configured=True)
    assert notes_of(world, until=60)[0].startswith("no channel of the policies that match is configured (raised: ")
    world.channels("email", "slack")
    second = world.raise_alarm("device.down", "olt-2", severity="critical")
    world.run_to(120)
    assert [(at, address) for at, _, address in world.said] == [(65, "#noc")]
    world.channels("email")
    world.clear_alarm(second)
    world.run_to(500)
    assert [kind for _, kind, _ in world.said] == ["raised", "recovered"], "whoever was told is told of the end"
    assert world.now == moment(500)
