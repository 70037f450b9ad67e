"""One plant, several tenants: what one reports is neither evidence nor a child of what another is shown, and no alarm names
what is another's."""

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from vocabulary.world import World

from actors.correlator.plant import Plant
from protocols.alarm import Alarm
from protocols.change import AlarmChanged, NotificationRequested
from protocols.command import Raise
from protocols.event import TopologyLoaded
from protocols.principal import Principal
from protocols.topology import Node

ISPS = ("alpha", "beta")
MARK = {"infra": "INFRASECRET", "alpha": "ALPHASECRET", "beta": "BETASECRET"}


def wholesale(olt: str = "olt", owner: str = "infra", area: str = "") -> list[Node]:
    """An OLT whose port carries ONTs of two providers in turn."""
    nodes = [
        Node(id=olt, type="olt", name=olt, address=f"192.0.2.{len(olt)}", tenant=owner),
        Node(id=f"{olt}/1", type="card", parents=(olt,), tenant=owner),
        Node(id=f"{olt}/1/0", type="pon", parents=(f"{olt}/1",), name=f"{MARK[owner]} PON", tenant=owner),
        Node(id=f"{olt}/1/1", type="pon", parents=(f"{olt}/1",), tenant=owner),
    ]
    for ont in range(8):
        isp = ISPS[ont % 2]
        nodes.append(
            Node(
                id=f"{olt}/1/0/{ont}",
                type="ont",
                parents=(f"{olt}/1/0",),
                name=f"{MARK[isp]} ONT {ont}",
                tenant=isp,
                customer_id=f"{MARK[isp]}-{olt}-{ont}",
                service_id=f"{MARK[isp]}-{olt}-S{ont}",
                area=area,
            )
        )
    return nodes


class Network:
    def __init__(self, world: World, nodes: Iterable[Node]) -> None:
        self.world, self.seconds = world, 0.0
        self.said: dict[str, list[bytes]] = {}
        self.notices: list[tuple[str, str, str]] = []
        world(TopologyLoaded("t", tuple(nodes)))

    def says(self, tenant: str, alarm_type: str, *resources: str, **fields: Any) -> list[str]:
        found = []
        for resource in resources:
            raised = Raise(
                tenant_id=tenant,
                alarm_type=alarm_type,
                severity="major",
                title=f"{MARK[tenant]} {alarm_type}",
                resource_type="ont",
                resource_id=resource,
                **fields,
            )
            answer = self.world.at(self.seconds).command(raised, by=Principal("probe", "admin"))
            found.append(answer.accepted[0])
            self._listen()
            self.seconds += 0.003
        return found

    def waits(self, seconds: float) -> None:
        until = self.seconds + seconds
        while self.seconds < until:
            self.seconds += 1.0
            self.world.at(self.seconds).tick()
            self._listen()

    def _listen(self) -> None:
        for change in self.world.all(AlarmChanged):
            self.said.setdefault(change.alarm.tenant_id, []).append(msgspec.json.encode((change.alarm, change.entries)))
        for each in self.world.all(NotificationRequested):
            alarm = self.world.state.alarms[each.alarm_id]
            assert each.tenant_id == alarm.tenant_id
            self.said.setdefault(each.tenant_id, []).append(msgspec.json.encode(each))
            self.notices.append((each.tenant_id, each.kind, alarm.alarm_type))

    def open(self, tenant: str) -> list[Alarm]:
        return [alarm for alarm in self.world.alarms if alarm.tenant_id == tenant and alarm.cleared_at is None]

    def leaks(self) -> list[tuple[str, bytes]]:
        """What each tenant could read of another."""
        for alarm in self.world.alarms:
            parent = self.world.state.alarms.get(alarm.parent_alarm_id or "")
            assert parent is None or parent.tenant_id == alarm.tenant_id
        return [
            (tenant, text)
            for tenant, texts in self.said.items()
            for text in texts
            for other, mark in MARK.items()
            if other != tenant and mark.encode() in text
        ]


ONTS = [f"olt/1/0/{ont}" for ont in range(8)]


@pytest.fixture
def network(world: World) -> Network:
    return Network(world, wholesale())


def test_a_cut_is_of_the_tenant_of_the_olt_counts_all_customers_and_names_none_of_others(network: Network) -> None:
    network.says("infra", "ont.los", *ONTS)
    network.waits(20)
    (cut,) = (alarm for alarm in network.open("infra") if alarm.alarm_type == "fibre.cut")
    assert (cut.resource_id, cut.subscriber_count, cut.affected_customers) == ("olt/1/0", 8, ())
    assert {alarm.parent_alarm_id for alarm in network.open("infra")} == {None, cut.id}
    assert network.notices == [("infra", "raised", "fibre.cut")]
    assert not network.leaks()


def test_what_a_provider_reports_of_its_customers_is_no_evidence(network: Network) -> None:
    network.says("alpha", "cpe.offline", *ONTS[::2])
    network.says("beta", "cpe.offline", *ONTS[1::2])
    network.waits(200)
    assert not network.open("infra")
    assert not network.open("default")
    assert sorted(network.notices) == [("alpha", "raised", "cpe.offline")] * 4 + [("beta", "raised", "cpe.offline")] * 4
    assert not network.leaks()


@pytest.mark.parametrize("first", ["infra", "alpha"])
def test_nor_does_it_become_a_child_of_what_its_tenant_may_not_see(network: Network, first: str) -> None:
    for tenant in (first, "alpha" if first == "infra" else "infra"):
        network.says(tenant, "cpe.offline" if tenant == "alpha" else "ont.los", *(ONTS[::2] if tenant == "alpha" else ONTS))
        network.waits(1)
    network.waits(200)
    assert [alarm.alarm_type for alarm in network.open("infra")].count("fibre.cut") == 1
    assert {(alarm.status, alarm.parent_alarm_id) for alarm in network.open("alpha")} == {("active", None)}
    assert sorted(network.notices) == [("alpha", "raised", "cpe.offline")] * 4 + [("infra", "raised", "fibre.cut")]
    assert not network.leaks()


@pytest.mark.parametrize("first", ["infra", "alpha"])
def test_nor_of_equipment_of_another_that_is_gone(network: Network, first: str) -> None:
    def down() -> None:
        network.says("infra", "olt.poweroff", "olt")

    def dark() -> None:
        network.says("alpha", "cpe.offline", ONTS[0])

    for report in (down, dark) if first == "infra" else (dark, down):
        report()
    network.waits(200)
    assert ("alpha", "raised", "cpe.offline") in network.notices
    assert not network.leaks()


def test_equipment_of_another_that_is_gone_keeps_nobody_from_a_conclusion(world: World) -> None:
    core = Node(id="core", type="core", tenant="beta")
    nodes = [replace(node, parents=("core",)) if node.id == "olt" else node for node in wholesale()]
    network = Network(world, [core, *nodes])
    network.says("beta", "device.down", "core")
    network.says("infra", "ont.los", *ONTS)
    network.waits(20)
    assert [alarm.alarm_type for alarm in network.open("infra")].count("fibre.cut") == 1
    assert not network.leaks()


def test_a_provider_that_tells_of_a_shared_place_is_not_told_who_else_is_there(network: Network) -> None:
    (alarm_id,) = network.says("alpha", "service.degraded", "olt/1/0")
    alarm = network.world.state.alarms[alarm_id]
    assert len(alarm.affected_customers) == alarm.subscriber_count == 4
    assert not network.leaks()


def test_an_area_is_out_for_each_tenant_that_has_olts_there(world: World) -> None:
    network = Network(world, [*wholesale("olt", "infra", "north"), *wholesale("olt-b", "beta", "north")])
    network.says("infra", "ont.dying_gasp", *ONTS)
    network.says("beta", "ont.dying_gasp", *(ont.replace("olt", "olt-b") for ont in ONTS[:6]))
    network.waits(20)
    for tenant, out in (("infra", 8), ("beta", 6)):
        (outage,) = (alarm for alarm in network.open(tenant) if alarm.alarm_type == "power.outage")
        assert (outage.resource_id, outage.metadata["gasped"], outage.subscriber_count) == ("area:north", out, out)
        assert sum(alarm.parent_alarm_id == outage.id for alarm in network.open(tenant)) == out
    assert not network.open("default")
    assert sorted(kind for kind in network.notices if kind[2] == "power.outage") == [
        (tenant, "raised", "power.outage") for tenant in ("beta", "infra")
    ]
    assert not network.leaks()


def test_a_parent_of_another_tenant_that_somebody_names_has_no_child_in_it(network: Network) -> None:
    (cause,) = network.says("infra", "link.flaky", "olt")
    network.says("alpha", "cpe.slow", ONTS[0], parent_alarm_id=cause)
    network.waits(20)
    assert not [text for text in network.said["infra"] if b"cause of" in text]


nodes_of = st.lists(
    st.tuples(
        st.integers(1, 9),
        st.integers(0, 8),
        st.sampled_from(("", "alpha", "beta")),
        st.booleans(),
        st.sampled_from(("", "c1", "c2")),
    ),
    max_size=30,
)


@settings(max_examples=80, deadline=None)
@given(changes=nodes_of)
def test_the_index_answers_as_a_walk_through_the_nodes_does(changes: list[tuple[int, int, str, bool, str]]) -> None:
    plant = Plant([Node(id="n0", type="olt", address="192.0.2.250", tenant="alpha")])
    for number, parent, tenant, device, customer in changes:
        node = Node(
            id=f"n{number}",
            type="ont",
            parents=(f"n{min(parent, number - 1)}",) if f"n{min(parent, number - 1)}" in plant.nodes else (),
            tenant=tenant,
            address=f"192.0.2.{number}" if device else "",
            customer_id=customer,
        )
        plant.apply((node,))
        for one in plant.nodes:
            device_id = plant.device_of(one)
            if len({each.tenant for each in plant.nodes.values()}) > 1:
                assert plant.owner(one) == (plant.nodes[device_id].tenant if device_id else "")
            for reader in ("alpha", "beta"):
                mine = [plant.nodes[each] for each in plant.subtree(one) if plant.nodes[each].tenant in ("", reader)]
                assert set(plant.reach_for(one, reader).customers) == {each.customer_id for each in mine if each.customer_id}
