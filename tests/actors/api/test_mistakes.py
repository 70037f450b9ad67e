"""Every mistake of a body is named, in plain words, with the values that are allowed."""

from typing import Any

import msgspec
import pytest

from actors.api.bodies import decode_body
from actors.api.mistakes import MOST
from actors.api.problems import ProblemError
from protocols.dispatch.policy import NotificationPolicy
from protocols.rest_alarms import AlarmCreate, AlarmEdit, Shelving
from protocols.rest_bulk import BulkRequest
from protocols.rest_events import NetworkEventBody
from protocols.rule import Rule

GOOD = {"alarm_type": "x", "severity": "major", "title": "t", "resource_type": "olt", "resource_id": "olt-1"}


def mistakes(value: Any, kind: Any) -> dict[str, str]:
    with pytest.raises(ProblemError) as caught:
        decode_body(msgspec.json.encode(value), kind)
    assert caught.value.problem.status == 422
    return {one.field: one.message for one in caught.value.problem.errors}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"severity": "red"}, {"severity": "'red' is not allowed; allowed are critical, info, major, minor, warning"}),
        ({"title": ""}, {"title": "is empty"}),
        ({"title": "x" * 501}, {"title": "has 501 characters; at most 500 are allowed"}),
        ({"title": "a\nb"}, {"title": "has a control character or a line break"}),
        ({"title": 5}, {"title": "must be text, and is a number"}),
        ({"subscriber_count": 1.5}, {"subscriber_count": "must be a whole number, and is a number"}),
        ({"subscriber_count": -1}, {"subscriber_count": "is -1, and must be at least 0"}),
        ({"subscriber_count": True}, {"subscriber_count": "must be a number, and is true or false"}),
        ({"at": "soon"}, {"at": "'soon' is no time; write it like 2026-03-01T12:00:00Z (RFC 3339)"}),
        ({"at": "2026-03-01T12:00:00"}, {"at": "'2026-03-01T12:00:00' has no offset from UTC"}),
        ({"customer_ids": ["a", "", 5]}, {"customer_ids[1]": "is empty", "customer_ids[2]": "must be text, and is a number"}),
        ({"tags": "a"}, {"tags": "must be a list, and is text"}),
        ({"is_root_cause": None}, {"is_root_cause": "must be true or false, and is null"}),
        ({"alarm_id": "A7"}, {"alarm_id": "A7 is a name that faultd gives; choose one of another form"}),
    ],
)
def test_a_mistake_says_what_is_wrong(change: dict[str, Any], expected: dict[str, str]) -> None:
    assert mistakes(GOOD | change, AlarmCreate) == expected


def test_all_mistakes_of_a_body_are_named() -> None:
    found = mistakes({"severity": "red", "title": "", "colour": "blue", "resource_id": "r"}, AlarmCreate)
    assert list(found) == ["alarm_type", "severity", "title", "resource_type", "colour"]
    assert found["alarm_type"] == "is missing"
    assert found["colour"].startswith("is no field here; the fields are alarm_type, severity, ")


def test_mistakes_inside_a_list_and_a_choice_have_their_place() -> None:
    good = {"type": "device.down", "resource_type": "olt", "resource_id": "o"}
    batch = [good, {"type": "device.gone", "resource_type": "olt"}, 5, good | {"light": [{"quantity": "x", "dbm": "y"}]}]
    found = mistakes(batch, NetworkEventBody | tuple[NetworkEventBody, ...])
    assert list(found) == ["[1].type", "[2]", "[3].light[0].quantity", "[3].light[0].dbm"]
    assert found["[2]"] == "must be an object, and is a number"
    assert mistakes({"action": {"type": "explode"}, "alarm_ids": ["a"]}, BulkRequest)["action.type"].startswith(
        "'explode' is not"
    )
    assert mistakes({"action": {"type": "shelve"}, "alarm_ids": ["a"]}, BulkRequest) == {"action.until": "is missing"}
    assert mistakes({"action": {}, "alarm_ids": ["a"]}, BulkRequest)["action.type"].startswith("is missing; give acknowledge,")


def test_conditions_between_fields_are_named_where_each_field_is_right() -> None:
    assert mistakes({}, Shelving) == {"until": "give either until or minutes"}
    assert list(mistakes({}, AlarmEdit)) == [""]
    assert mistakes({"minutes": 0}, Shelving) == {"minutes": "is 0, and must be at least 1"}


def test_a_rule_names_every_mistake() -> None:
    rule = {"name": "r", "type": "x", "conditions": {"match": {"a": {"regx": "b"}}, "count": 1}, "actions": {"suppress": "no"}}
    found = mistakes(rule, Rule)
    assert {"type", "conditions.count", "actions.suppress"} < set(found)
    assert any(field.startswith("conditions.match.a") for field in found)


def test_one_answer_names_so_many_mistakes_and_a_large_body_the_first() -> None:
    many = [{"type": "x"}] * 300
    kind = tuple[NetworkEventBody, ...]
    assert len(mistakes(many, kind)) == MOST
    assert len(mistakes([{"type": "x", "title": "y" * 400}] * 400, kind)) == 1


def test_a_large_list_with_too_many_items_is_told_so_in_plain_words() -> None:
    many = [{"channel": "email", "to": "noc@example.net"}] * 5_000
    assert mistakes({"name": "x", "actions": many}, NotificationPolicy) == {
        "actions": "has too many items; at most 50 are allowed"
    }


def test_an_id_beside_data_is_told_where_it_belongs() -> None:
    found = mistakes({"type": "cpe.offline", "ont_id": "olt-1/0/1/5/17"}, NetworkEventBody)
    assert found["ont_id"].endswith("light, data (what an event bus says about the event stands in data)")
