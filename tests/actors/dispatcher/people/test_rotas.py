"""Commands about rotas."""

from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from vocabulary.people import MAIL, OF_NORTH, OF_SOUTH, RotaWorld, layer

from actors.dispatcher.people import rotas
from protocols.dispatch.actions import CreateRota
from protocols.dispatch.changes import RotaChanged
from protocols.dispatch.policy import NotificationPolicy, PolicyAction, PolicyRecord
from protocols.dispatch.quiet_hours import LocalHours
from protocols.dispatch.rota import RotaOverride, RotaPlan

SATURDAY = LocalHours(begin="08:00", end="20:00", days=("sat",))


def override(contact: str, start: int, end: int) -> RotaOverride:
    """From one hour of 2 March 2026 to another."""
    return RotaOverride(
        contact=contact, start=datetime(2026, 3, 2, start, tzinfo=UTC), end=datetime(2026, 3, 2, end, tzinfo=UTC)
    )


def days(contact: str, start: date, end: date) -> RotaOverride:
    """From one midnight to another."""
    return RotaOverride(contact=contact, start=datetime.combine(start, time(), UTC), end=datetime.combine(end, time(), UTC))


def people() -> RotaWorld:
    """A World with Anna (CT2) and Ben (CT3) of every tenant, Nora (CT4) of north and Sara (CT5) of south."""
    world = RotaWorld()
    world.contact("Anna", MAIL)
    world.contact("Ben", MAIL)
    world.contact("Nora", MAIL, tenant_id="north", by=OF_NORTH)
    world.contact("Sara", MAIL, tenant_id="south", by=OF_SOUTH)
    return world


def test_a_rota_keeps_ids_and_is_edited_and_deleted() -> None:
    world = people()
    made = world.rota("night", layer("Anna", "CT3"), overrides=(override("Ben", 8, 12),), key="ada/1")
    record = world.dispatch.rotas[made]
    assert record.plan.layers[0].contacts == ("CT2", "CT3")
    assert record.plan.overrides[0].contact == "CT3"
    world.edit_contact("CT2", name="Anne")
    assert world.edit_rota(made, revision=1, overrides=()).accepted == (made,)
    assert world.only(RotaChanged).record == world.dispatch.rotas[made]
    assert world.dispatch.rotas[made].revision == 2
    assert world.edit_rota(made, layers=(layer("Anne", "Ben"),)).duplicate
    assert [each.reason for each in world.delete(made, revision=1).refusals] == ["wrong_revision"]
    assert world.delete(made).accepted == (made,)
    assert not world.dispatch.rotas
    assert world.dispatch.timers.at("rota", made) is None


def test_the_same_key_makes_one_rota() -> None:
    world = people()
    made = world.rota("night", layer("Anna"), key="ada/1")
    again = world.ask(CreateRota(RotaPlan(name="night", layers=(layer("Anna"),)), "ada/1"))
    assert (again.accepted, again.duplicate) == ((made,), True)


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        ({"name": "customer"}, ["name: 'customer' is a word of policies"]),
        ({"time_zone": "UTC+1"}, ["time_zone: 'UTC+1' is no time zone such as Europe/Berlin"]),
        (
            {"layers": (layer("Anna", "Zoe"), layer("Nora"))},
            [
                "layers[0].contacts[1]: there is no contact 'Zoe' of every tenant",
                "layers[1].contacts[0]: there is no contact 'Nora' of every tenant",
                "layers[1]: nobody of it is ever on call: layer 1 covers all of its time",
            ],
        ),
        ({"layers": (layer("Anna", end=date(2026, 3, 1)),)}, ["layers[0].end: must be after start"]),
        ({"layers": (layer("Anna", start=date(1969, 1, 1)),)}, ["layers[0].start: must be from 1970 to 2200"]),
        ({"layers": (layer("Anna", start=date(9999, 12, 31)),)}, ["layers[0].start: must be from 1970 to 2200"]),
        (
            {"layers": (layer("Anna", rotation="daily", hand_over_day="mon"),)},
            ["layers[0].hand_over_day: is of a weekly rotation; this layer hands over daily"],
        ),
        (
            {"layers": (layer("Anna", "Ben", end=date(2026, 3, 8)),)},
            ["layers[0].end: comes before the first hand-over, so that the layer never hands over"],
        ),
        (
            {"layers": (layer("Anna", end=date(2026, 3, 4), hours=(SATURDAY,)),)},
            ["layers[0].hours: cover no time between start and end"],
        ),
        (
            {"layers": (layer("Anna"), layer("Ben", start=date(2026, 4, 1), hours=(SATURDAY,)))},
            ["layers[1]: nobody of it is ever on call: layer 1 covers all of its time"],
        ),
        (
            {"layers": tuple(layer("Anna", hours=(SATURDAY,) * 17) for _ in range(6))},
            ["layers: have 102 hours in all; at most 100 are allowed"],
        ),
        ({"overrides": (override("Zoe", 8, 9),)}, ["overrides[0].contact: there is no contact 'Zoe' of every tenant"]),
        ({"overrides": (override("Ben", 9, 9),)}, ["overrides[0].end: must be after start"]),
        (
            {"overrides": (override("Ben", 8, 12), override("Anna", 12, 13), override("Ben", 11, 12))},
            ["overrides[2]: overlaps overrides[0]"],
        ),
        (
            {"overrides": (override("Ben", 8, 20), override("Anna", 9, 10), override("Anna", 19, 21))},
            ["overrides[1]: overlaps overrides[0]", "overrides[2]: overlaps overrides[0]"],
        ),
        (
            {"overrides": (days("Ben", date(2026, 1, 1), date(2028, 1, 1)),)},
            ["overrides[0].end: is more than 366 days after start"],
        ),
        (
            {"overrides": (days("Ben", date(1900, 1, 1), date(1900, 1, 2)),)},
            ["overrides[0].start: must be from 1970 to 2200", "overrides[0].end: must be from 1970 to 2200"],
        ),
    ],
    ids=str,
)
def test_mistakes_have_their_field(plan: dict[str, Any], expected: list[str]) -> None:
    world = people()
    answer = world.ask(CreateRota(RotaPlan(**{"name": "night", "layers": (layer("Anna"),), **plan})))
    assert [each.text for each in answer.refusals] == expected
    assert {each.reason for each in answer.refusals} == {"invalid"}
    assert not world.dispatch.rotas


@pytest.mark.parametrize(
    "layers",
    [
        (layer("Anna"),),
        (layer("Anna", "Anna", end=date(2026, 3, 3)),),
        (layer("Anna", "Ben", end=date(2026, 3, 9)),),
        (layer("Anna", hours=(SATURDAY,)), layer("Ben")),
        (layer("Anna", end=date(2026, 4, 1)), layer("Ben")),
        (layer("Anna", start=date(2026, 4, 1)), layer("Ben")),
        (layer("Anna", end=date(2026, 3, 10), hours=(SATURDAY,)),),
    ],
    ids=str,
)
def test_rotas_that_can_be_meant(layers: tuple[Any, ...]) -> None:
    people().rota("night", *layers)


def test_a_tenant_names_its_own_contacts_and_those_of_every_tenant() -> None:
    world = people()
    made = world.rota("night", layer("Nora", "Anna"), tenant_id="north", by=OF_NORTH)
    assert world.dispatch.rotas[made].plan.layers[0].contacts == ("CT4", "CT2")
    plan = RotaPlan(name="night", layers=(layer("Sara", "CT5"),), tenant_id="north")
    assert [each.text for each in world.ask(CreateRota(plan), OF_NORTH).refusals] == [
        "layers[0].contacts[0]: there is no contact 'Sara' of tenant 'north' or of every tenant",
        "layers[0].contacts[1]: there is no contact 'CT5' of tenant 'north' or of every tenant",
    ]


def test_walls_between_tenants() -> None:
    world = people()
    south, shared = world.rota("s", layer("Sara"), tenant_id="south", by=OF_SOUTH), world.rota("all", layer("Anna"))
    for answer in (world.edit_rota(south, OF_NORTH, name="x"), world.delete(south, OF_NORTH), world.delete("RO99", OF_NORTH)):
        assert [each.reason for each in answer.refusals] == ["unknown_rota"]
    assert [each.reason for each in world.delete(shared, OF_NORTH).refusals] == ["not_your_tenant"]
    for tenant in (None, "south"):
        answer = world.ask(CreateRota(RotaPlan(name="x", layers=(layer("Anna"),), tenant_id=tenant)), OF_NORTH)
        assert [each.reason for each in answer.refusals] == ["not_your_tenant"]


def test_a_rota_in_use_is_neither_deleted_nor_renamed() -> None:
    world = people()
    made = world.rota("night", layer("Anna"))
    used = NotificationPolicy(name="p", actions=(PolicyAction(channel="email", to="night"),))
    record = PolicyRecord(id="NP1", policy=used, created_at=world.now, updated_at=world.now, updated_by="x")
    world.dispatch.policies["NP1"] = record
    assert [each.text for each in world.delete(made).refusals] == [
        f"rota {made} is in use by policy NP1 (p): take it out there first"
    ]
    assert [each.text for each in world.edit_rota(made, name="day").refusals] == [
        f"name: is what policy NP1 (p) calls it: name the id {made} there first"
    ]
    assert world.edit_rota(made, layers=(layer("Ben"),)).accepted


def test_there_is_room_for_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotas, "MOST_ROTAS", 1)
    world = people()
    world.rota("a", layer("Anna"))
    answer = world.ask(CreateRota(RotaPlan(name="b", layers=(layer("Anna"),))))
    assert [(each.reason, each.text) for each in answer.refusals] == [("limit", "there are 1 rotas: delete some")]


def test_a_refused_command_changes_nothing() -> None:
    world = people()
    before = world.stages.save()["dispatcher"]
    offset = world.offset
    world.ask(CreateRota(RotaPlan(name="x", layers=(layer("Zoe"),)), "ada/7"))
    world.offset = offset
    assert world.dispatch.keys == {}
    assert not world.dispatch.rotas
    assert len(before) == len(world.stages.save()["dispatcher"])
