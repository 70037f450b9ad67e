"""A PON port that an operator of the OLT switches off: its ONTs are dark because of that, and nobody is paged."""

from collections.abc import Callable

import pytest
from vocabulary import lives
from vocabulary.outages import Olt
from vocabulary.traps import LINK_DOWN, LINK_UP, make_trap
from vocabulary.world import World, moment

from faultd.simulator.vendors import huawei, zte
from protocols.event import ProfilesLoaded
from protocols.poll.states import PartStates, PolledStates
from protocols.snmp.notification import VarBind
from protocols.topology import Node

SOURCE = "192.0.2.1"
ONTS = 8
ADMIN, OPER, INDEX, DESCR = (f"1.3.6.1.2.1.2.2.1.{column}" for column in (7, 8, 1, 2))
UP, DOWN = 1, 2


def nodes(vendor: str, place: str, index: str) -> list[Node]:
    card = "olt/" + place.rpartition("/")[0]
    return [
        Node(id="olt", type="olt", address=SOURCE, vendor=vendor),
        Node(id=card, type="card", parents=("olt",)),
        Node(id=f"olt/{place}", type="pon", parents=(card,), index=index),
        *(Node(id=f"olt/{place}/{ont}", type="ont", parents=(f"olt/{place}",), customer_id=f"C{ont}") for ont in range(ONTS)),
    ]


class SwitchedPort:
    """A port whose link traps go into the fold."""

    def __init__(self, world: World, vendor: str, place: str, number: int, *, index: str = "", descr: str = "") -> None:
        world(ProfilesLoaded("d", lives.STANDARD))
        self.olt = Olt(world, nodes(vendor, place, index))
        self.world, self.number, self.descr = world, number, descr
        self.port = f"olt/{place}"
        self.onts = [f"{self.port}/{ont}" for ont in range(ONTS)]

    def link(self, oid: str, admin: int, oper: int) -> None:
        signed = self.number - 2**32 if self.number >= 2**31 else self.number
        binds = [VarBind(f"{column}.{self.number}", "INTEGER", value) for column, value in ((ADMIN, admin), (OPER, oper))]
        binds.insert(0, VarBind(f"{INDEX}.{self.number}", "INTEGER", signed))
        if self.descr:
            binds.append(VarBind(f"{DESCR}.{self.number}", "OCTET STRING", self.descr.encode()))
        world = self.world.at(self.olt.seconds)
        world(make_trap(oid, binds, source=SOURCE, at=world.now, uptime=int(self.olt.seconds * 100) + 1))

    def paged(self) -> list[str]:
        return [alarm_type for kind, alarm_type in self.world.notified if kind == "raised"]


HUAWEI, ZTE = huawei.if_index(0, 1, 5), zte.if_index(3, 2)
MAKES: list[tuple[str, str, int, str, str]] = [
    ("Huawei", "0/1/5", HUAWEI, "", ""),
    ("Huawei", "0/1/5", HUAWEI, str(HUAWEI), ""),
    ("ZTE", "1/3/2", ZTE, "", "gpon_1/3/2"),
    ("BDCOM", "0/3", 11, "11", ""),
    ("BDCOM", "0/3", 11, "", "GPON0/3"),
    ("VSOL", "0/3", 3, "3", ""),
    ("FiberHome", "1/3", 1 << 25 | 3 << 19, "", ""),
    ("Calix", "1/2/3", 1203, "1203", ""),
]


@pytest.fixture(params=MAKES, ids=lambda make: f"{make[0]} index {make[3] or 'unknown'}")
def switched(request: pytest.FixtureRequest, world: World) -> SwitchedPort:
    vendor, place, number, index, descr = request.param
    return SwitchedPort(world, vendor, place, number, index=index, descr=descr)


def before(port: SwitchedPort) -> None:
    port.link(LINK_DOWN, DOWN, DOWN)
    port.olt.waits(1)
    port.olt.reports("pon.los", port.port)
    port.olt.reports("ont.los", *port.onts)


def among(port: SwitchedPort) -> None:
    port.olt.reports("ont.los", *port.onts[:5])
    port.link(LINK_DOWN, DOWN, DOWN)
    port.olt.reports("ont.los", *port.onts[5:])


def after(port: SwitchedPort) -> None:
    port.olt.reports("ont.los", *port.onts)
    port.olt.waits(4)
    assert port.olt.concluded()
    port.link(LINK_DOWN, DOWN, DOWN)


def told_as_a_fault_first(port: SwitchedPort) -> None:
    port.link(LINK_DOWN, UP, DOWN)
    port.olt.reports("ont.los", *port.onts)
    port.olt.waits(2)
    port.link(LINK_DOWN, DOWN, DOWN)


@pytest.mark.parametrize("order", [before, among, after, told_as_a_fault_first])
def test_it_explains_its_onts_in_any_order(switched: SwitchedPort, order: Callable[[SwitchedPort], None]) -> None:
    order(switched)
    switched.olt.waits(60)
    (off,) = (each for each in switched.world.alarms if each.alarm_type == "interface.down")
    assert (off.resource_id, off.severity, off.title.rpartition(": ")[2]) == (switched.port, "info", "Port switched off")
    assert not switched.olt.concluded()
    assert {each for each in switched.olt.children(off) if each != switched.port} == set(switched.onts)
    assert not switched.paged()
    switched.olt.passes(7_200)
    switched.link(LINK_UP, UP, UP)
    for alarm in switched.world.of_type("pon.los"):
        switched.olt.clears("pon.los", alarm.resource_id)
    for ont in switched.onts:
        switched.olt.waits(12)
        switched.olt.clears("ont.los", ont)
    switched.olt.passes(600)
    assert not switched.paged()
    assert not switched.olt.concluded()


def test_one_that_goes_down_by_itself_explains_nothing(switched: SwitchedPort) -> None:
    switched.link(LINK_DOWN, UP, DOWN)
    switched.olt.reports("ont.los", *switched.onts)
    switched.olt.waits(10)
    assert [each.alarm_type for each in switched.olt.concluded().values()] == ["fibre.cut"]


def test_one_that_is_switched_on_again_and_stays_dark_is_a_cut(switched: SwitchedPort) -> None:
    before(switched)
    switched.olt.waits(60)
    switched.link(LINK_DOWN, UP, DOWN)
    switched.olt.waits(60)
    assert [each.alarm_type for each in switched.olt.concluded().values()] == ["fibre.cut"]


@pytest.mark.parametrize("kind", ["interface", "pon"])
def test_a_read_that_finds_it_switched_off_is_enough(world: World, kind: str) -> None:
    port = SwitchedPort(world, "BDCOM", "0/3", 11, index="11")
    world.at(1)(PolledStates(device="olt", reason="start", begun=moment(1), ended=moment(1), whole=("interface", "pon")))
    port.olt.passes(700)
    port.olt.reports("ont.los", *port.onts)
    port.olt.waits(3)
    under, number = ("if/", 11) if kind == "interface" else ("0", 3)
    states = (PartStates(kind=kind, under=under, down=((number, number, "admin_down"),)),)  # type: ignore[arg-type]
    at = moment(port.olt.seconds)
    world.at(port.olt.seconds)(
        PolledStates(device="olt", reason="burst", begun=at, ended=at, whole=(kind,), states=states)  # type: ignore[arg-type]
    )
    port.olt.waits(30)
    (off,) = (each for each in world.alarms if each.alarm_type == "interface.down")
    assert (off.resource_id, off.severity) == (port.port, "info")
    assert port.olt.children(off) == set(port.onts)
    assert not port.olt.concluded()
    assert not port.paged()


def test_an_uplink_that_is_switched_off_hides_nothing(world: World) -> None:
    world(ProfilesLoaded("d", lives.STANDARD))
    olt = Olt(world, [Node(id="up", type="uplink", index="7"), *nodes("BDCOM", "0/3", "11")])
    port = Node(id="olt/if/7", type="uplink", parents=("olt",), index="7")
    world.topology(port, *nodes("BDCOM", "0/3", "11"))
    binds = [VarBind(f"{INDEX}.7", "INTEGER", 7), VarBind(f"{ADMIN}.7", "INTEGER", 2)]
    world.at(1)(make_trap(LINK_DOWN, binds, source=SOURCE, at=world.now))
    olt.reports("ont.los", *(f"olt/0/3/{ont}" for ont in range(ONTS)))
    olt.waits(5)
    assert [each.alarm_type for each in olt.concluded().values()] == ["fibre.cut"]
