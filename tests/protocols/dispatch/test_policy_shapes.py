"""The written forms of a policy that are refused, each with its place."""

from typing import Any

import msgspec
import pytest
from vocabulary.policies import policy


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"actions": [{}]}, "an action has channel and to, or ticket, or escalate - at `$.actions[0]`"),
        ({"actions": [{"channel": "email"}]}, "to: is missing - at `$.actions[0]`"),
        ({"actions": [{"to": "noc"}]}, "channel: is missing"),
        ({"actions": [{"channel": "email", "to": "noc", "ticket": {}}]}, "an action has channel and to, or ticket"),
        ({"actions": [{"channel": "pigeon", "to": "noc"}]}, "Invalid enum value 'pigeon' - at `$.actions[0].channel`"),
        ({"actions": [{"escalate": []}]}, "Expected `array` of length >= 1"),
        (
            {"actions": [{"escalate": [{"after_seconds": 1}]}]},
            "a step has to, or ticket, or both - at `$.actions[0].escalate",
        ),
        ({"actions": [{"escalate": [{"after_seconds": 1, "ticket": {}, "channel": "sms"}]}]}, "to: is missing"),
        ({"actions": [{"escalate": [{"after_seconds": -1, "to": "x"}]}]}, "Expected `float` >= 0"),
        ({"group_wait": 2_592_001}, "Expected `float` <= 2592000"),
        ({"hours": {"from": "25:00", "to": "06:00"}}, "Expected `str` matching regex"),
        ({"quiet_hours": {"from": "22:00", "to": "06:00", "days": ["monday"]}}, "Invalid enum value 'monday'"),
        ({"routes": [{"priority": 5}]}, "Object contains unknown field `priority` - at `$.routes[0]`"),
        ({"matches": {}}, "Object contains unknown field `matches`"),
    ],
)
def test_a_form_that_cannot_be_is_refused(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        policy(**fields)
    assert says in str(caught.value)


def test_a_policy_goes_on_to_the_next_one_and_a_route_does_not() -> None:
    written = policy(routes=[{}])
    assert written.continue_
    assert not written.routes[0].continue_
    assert msgspec.json.decode(msgspec.json.encode(written)) == {"name": "p", "routes": [{}]}


def test_a_policy_is_the_same_after_the_way_through_the_ledger() -> None:
    written = policy(
        "lab",
        match={"severity": ["critical"], "area": {"regex": "^n"}, "metadata.slot": 3},
        actions=[{"escalate": [{"after_seconds": 300, "ticket": {"priority": "high"}, "to": "on-call"}]}],
        routes=[{"continue": True, "hours": {"from": "08:00", "to": "17:00"}}],
        **{"continue": False},
    )
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(written), type=type(written))
    assert again == written
