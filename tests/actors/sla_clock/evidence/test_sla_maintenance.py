"""Which services a maintenance window covers, as a table; redundant ways; and the index of windows."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from vocabulary.recurrence import planned_window, utc

from actors.journal import Journal
from actors.sla_clock.evidence.maintenance import MaintenanceIndex, MaintenanceReader
from actors.sla_clock.evidence.plant import PlantPlace
from protocols.maintenance import MaintenanceWindow, WindowScope
from protocols.sla.instance import SlaInstance
from protocols.sla.local_time import instant_at
from protocols.topology import Node

SPAN = instant_at(utc("2026-03-01T00:00")), instant_at(utc("2026-03-02T00:00"))
HOUR = 3_600_000_000


def node(name: str, *parents: str, address: str = "", type: str = "other") -> Node:
    return Node(id=name, type=type, parents=parents, address=address)


NODES = [
    node("core", address="10.0.0.1"),
    node("agg-1", "core", address="10.0.1.1"),
    node("duct", "core"),
    node("agg-2", "duct", address="10.0.1.2"),
    node("olt-1", "agg-1", address="10.1.0.1"),
    node("olt-2", "agg-1", "agg-2", address="10.1.0.2"),
    node("olt-1/0/1", "olt-1"),
    node("splitter", "olt-1/0/1"),
    node("ont-1", "splitter"),
    node("ont-2", "olt-2"),
    node("ring", "ring"),
]
PLACES = {each.id: PlantPlace.of(each) for each in NODES}


def instance(*resources: str, tenant: str = "north", customer: str = "c1", service: str = "s1") -> SlaInstance:
    fields: dict[str, Any] = {"customer_id": customer, "service_id": service, "resources": resources, "start": 0}
    fields |= {"created_at": utc("2026-01-01"), "created_by": "ada", "updated_at": utc("2026-01-01"), "updated_by": "ada"}
    known = {name: value for name, value in fields.items() if name in SlaInstance.__struct_fields__}
    return SlaInstance(id="SI1", tenant_id=tenant, definition_id="SD1", **known)


def window(number: int = 1, hours: tuple[int, int] = (10, 12), tenant: str | None = None, **scope: Any) -> MaintenanceWindow:
    one = planned_window(f"2026-03-01T{hours[0]:02}:00", hours=hours[1] - hours[0])
    return replace(one, id=f"MW{number}", tenant_id=tenant, scope=WindowScope(**{k: tuple(v) for k, v in scope.items()}))


def planned(windows: Iterable[MaintenanceWindow], of: SlaInstance) -> str:
    index = MaintenanceIndex()
    for each in windows:
        index.put(Journal(), each)
    found = MaintenanceReader(index, PLACES).planned(of, SPAN, 24 * HOUR)
    return " ".join(f"{(each.start - SPAN[0]) // HOUR}-{(each.end - SPAN[0]) // HOUR}" for each in found)


ONE, OTHER, BOTH = instance("ont-1"), instance("ont-2"), instance("ont-1", "ont-2")
UNPLACED = instance("olt-9/0/1/7")
UNPLACED_INSIDE = instance("olt-1/0/7/1")

SCOPES: list[tuple[dict[str, Any], SlaInstance, bool]] = [
    # the scope, the service, whether the window covers it
    ({"subtrees": ["core"]}, ONE, True),
    ({"subtrees": ["ont-1"]}, ONE, True),
    ({"subtrees": ["agg-2"]}, ONE, False),
    ({"subtrees": ["nowhere"]}, ONE, False),
    # Redundant uplinks of olt-2, and a service with two resources.
    ({"subtrees": ["agg-1"]}, OTHER, False),
    ({"subtrees": ["agg-1", "agg-2"]}, OTHER, True),
    ({"subtrees": ["core"]}, OTHER, True),
    ({"subtrees": ["agg-1"]}, BOTH, False),
    ({"subtrees": ["olt-1", "olt-2"]}, BOTH, True),
    ({"subtrees": ["core"]}, BOTH, True),
    # A device covers what it reports.
    ({"devices": ["olt-1"]}, ONE, True),
    ({"devices": ["agg-1"]}, ONE, False),
    ({"devices": ["core"]}, instance("agg-1"), False),
    ({"devices": ["core"]}, instance("agg-2"), False),
    ({"devices": ["core"]}, instance("duct"), True),
    ({"devices": ["agg-1"]}, instance("agg-1"), True),
    ({"devices": ["olt-1/0/1"]}, ONE, True),
    ({"devices": ["olt-2"], "subtrees": ["agg-1"]}, BOTH, True),
    # A resource that the topology does not know.
    ({"devices": ["olt-9"]}, UNPLACED, True),
    ({"subtrees": ["olt-9/0"]}, UNPLACED, True),
    ({"subtrees": ["agg-1"]}, UNPLACED_INSIDE, True),
    ({"devices": ["olt-1"]}, UNPLACED_INSIDE, True),
    ({"devices": ["agg-1"]}, UNPLACED_INSIDE, False),
    ({"subtrees": ["olt"]}, UNPLACED, False),
    # By its own names.
    ({"customers": ["c1"]}, ONE, True),
    ({"services": ["s1"]}, ONE, True),
    ({"customers": ["s1"], "services": ["c1"]}, ONE, False),
    ({"customers": ["c2"]}, ONE, False),
    ({"services": ["s1"], "subtrees": ["nowhere"]}, ONE, True),
    # Tenants alone, or with a place.
    ({"tenants": ["north"]}, ONE, True),
    ({"tenants": ["south"]}, ONE, False),
    ({"tenants": ["south"], "subtrees": ["core"]}, ONE, False),
    ({"tenants": ["north"], "subtrees": ["core"]}, ONE, True),
    ({"tenants": ["north"], "subtrees": ["agg-2"]}, ONE, False),
    ({"tenant": "north", "subtrees": ["core"]}, ONE, True),
    ({"tenant": "south", "subtrees": ["core"]}, ONE, False),
    ({"tenant": "south", "customers": ["c1"]}, ONE, False),
    # Some alarms suppressed: nothing announced.
    ({"alarm_types": ["pon.los"]}, ONE, False),
    ({"resource_types": ["ont"]}, ONE, False),
    ({"alarm_types": ["pon.los"], "subtrees": ["core"]}, ONE, False),
    ({"resource_types": ["ont"], "customers": ["c1"]}, ONE, False),
    ({"alarm_types": ["pon.los"], "tenants": ["north"]}, ONE, False),
    # A node that is its own ancestor (the topology refuses it) ends the search.
    ({"subtrees": ["core"]}, instance("ring"), False),
    ({"subtrees": ["ring"]}, instance("ring"), True),
]


@pytest.mark.parametrize(("scope", "of", "covered"), SCOPES)
def test_which_services_a_scope_covers(scope: dict[str, Any], of: SlaInstance, covered: bool) -> None:
    assert planned([window(**scope)], of) == ("10-12" if covered else "")


def test_ways_in_maintenance_at_the_same_time_by_different_windows() -> None:
    one, other = window(1, (10, 13), subtrees=["agg-1"]), window(2, (12, 14), devices=["agg-2"])
    assert planned([one], OTHER) == ""
    assert planned([one, other], OTHER) == "", "agg-2 does not report what is on olt-2"
    assert planned([one, window(2, (12, 14), subtrees=["agg-2"])], OTHER) == "12-13"
    assert planned([one, window(2, (12, 14), devices=["olt-2"])], BOTH) == "12-13"
    assert planned([one, window(2, (12, 14), customers=["c1"])], BOTH) == "12-14"
    assert planned([one, window(2, (13, 14), subtrees=["agg-2"])], OTHER) == ""
    assert planned([window(1, (3, 4), subtrees=["agg-1"]), window(2, (12, 14), subtrees=["agg-2"])], OTHER) == ""


CHANGED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"subtrees": ["core"]}, {"subtrees": ["agg-2"]}),
    ({"subtrees": ["core"]}, {"subtrees": ["core"], "alarm_types": ["pon.los"]}),
    ({"tenants": ["north"]}, {"tenants": ["north"], "subtrees": ["agg-2"]}),
]


@pytest.mark.parametrize(("first", "then"), CHANGED)
def test_the_scope_that_is_in_force_counts(first: dict[str, Any], then: dict[str, Any]) -> None:
    one = window(**first)
    later = replace(one, scope=window(**then).scope, revision=2, updated_at=utc("2026-02-01"))
    assert planned([one], ONE) == "10-12"
    assert planned([one, later], ONE) == ""


def test_tenants_share_a_reader_and_no_work() -> None:
    index = MaintenanceIndex()
    assert index.put(Journal(), window(tenants=["north"], subtrees=["core"])) == ("node:core",)
    reader = MaintenanceReader(index, PLACES)
    north, south = (reader.planned(instance("ont-1", tenant=tenant), SPAN, 0) for tenant in ("north", "south"))
    assert (len(north), len(south)) == (1, 0)


def test_a_plant_of_any_depth_and_many_ways() -> None:
    names = [f"n{number}" for number in range(3_000)]
    plant = {name: PlantPlace.of(node(name, *names[max(0, number - 3) : number])) for number, name in enumerate(names)}
    index = MaintenanceIndex()
    index.put(Journal(), window(subtrees=["n0"]))
    assert len(MaintenanceReader(index, plant).planned(instance("n2999"), SPAN, 0)) == 1
    index.put(Journal(), window(2, (14, 16), subtrees=["n1000", "n1001"]))
    assert len(MaintenanceReader(index, plant).planned(instance("n2999"), SPAN, 0)) == 1


def test_on_several_ways_the_last_announcement_counts() -> None:
    one, other = window(1, subtrees=["agg-1"]), window(2, subtrees=["agg-2"])
    other = replace(other, created_at=utc("2026-02-20"), updated_at=utc("2026-02-20"))
    index = MaintenanceIndex()
    for each in (one, other):
        index.put(Journal(), each)
    (work,) = MaintenanceReader(index, PLACES).planned(OTHER, SPAN, 24 * HOUR)
    assert work.announced_at == instant_at(utc("2026-02-20"))


def test_the_index_follows_a_window_and_a_rollback() -> None:
    index, journal = MaintenanceIndex(), Journal()
    one = window(subtrees=["agg-1"], devices=["olt-1"])
    assert index.put(journal, one) == ("node:agg-1", "device:olt-1")
    assert index.put(journal, one) == (), "it has only opened"
    wider = replace(one, scope=WindowScope(subtrees=("agg-2",)), revision=2, updated_at=utc("2026-02-01"))
    assert index.put(journal, wider) == ("node:agg-1", "device:olt-1", "node:agg-2")
    assert index.named == {"node:agg-1": ("MW1",), "device:olt-1": ("MW1",), "node:agg-2": ("MW1",)}
    loaded = MaintenanceIndex(index.histories.values())
    assert (loaded.histories, loaded.named) == (index.histories, index.named)
    index.drop(journal, "MW1")
    index.drop(journal, "MW1")
    assert (index.histories, index.named) == ({}, {})
    journal.rollback()
    assert (index.histories, index.named) == ({}, {})


def test_what_is_known_is_forgotten_when_told() -> None:
    index = MaintenanceIndex()
    reader = MaintenanceReader(index, PLACES)
    index.put(Journal(), window(1, (3, 4), subtrees=["nowhere"]))
    assert reader.planned(ONE, SPAN, 0) == []
    index.put(Journal(), window(2, subtrees=["agg-1"]))
    assert reader.planned(ONE, SPAN, 0) == []
    reader.forget()
    assert len(reader.planned(ONE, SPAN, 0)) == 1


# --- against a slow oracle: is there at this hour a way without a window? ---------------------------------------------


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_hour_by_hour_some_way_is_free_of_work_or_none_is(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 7))
    names = [f"n{number}" for number in range(size)]
    plant = {}
    for number, name in enumerate(names):
        above = data.draw(st.lists(st.sampled_from(names[:number]), max_size=3, unique=True)) if number else []
        plant[name] = PlantPlace.of(node(name, *above, address="10.0.0.1" if data.draw(st.booleans()) else ""))
    index, scopes = MaintenanceIndex(), []
    for number in range(data.draw(st.integers(0, 4))):
        kind = data.draw(st.sampled_from(["subtrees", "devices"]))
        begin = data.draw(st.integers(0, 8))
        hours = begin, begin + data.draw(st.integers(1, 6))
        scope = data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
        index.put(Journal(), window(number, hours, None, **{kind: scope}))
        scopes.append((kind, hours, scope))
    resources = data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True))

    def free(name: str, hour: int, below_device: bool) -> bool:
        """A way from the node to the core on which nothing is worked."""
        for kind, (begin, end), scope in scopes:
            if begin <= hour < end and name in scope and not (kind == "devices" and below_device):
                return False
        below = below_device or plant[name].is_device
        return not plant[name].parents or any(free(parent, hour, below) for parent in plant[name].parents)

    found = MaintenanceReader(index, plant).planned(instance(*resources), SPAN, 24 * HOUR)
    for hour in range(16):
        at = SPAN[0] + hour * HOUR
        covered = any(each.start <= at < each.end for each in found)
        assert covered == (not any(free(each, hour, False) for each in resources))
