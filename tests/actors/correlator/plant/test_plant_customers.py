"""Whom an alarm affects, as people need it."""

from actors.correlator.plant import Plant
from actors.correlator.plant import customers as module
from actors.correlator.plant.customers import customers_of
from protocols.customer import Customer
from protocols.topology import Node

OLT = Node(id="olt", type="olt", address="10.0.0.1")
ONT = Node(id="olt/1", type="ont", parents=("olt",), name="ONT 1", customer_id="C-1", area="hill")
NOVAK = Node(id="C-1", type="customer", parents=("olt/1",), name="Novák", phone="+421 1", latitude=49.2, longitude=18.7)
ROW = Node(id="olt/2", type="ont", parents=("olt",), name="Kováč", customer_id="C-2", postal_address="Hlavná 1", area="hill")
BARE = Node(id="olt/3", type="ont", parents=("olt",), name="ONT 3", customer_id="C-3")
THEIRS = Node(id="olt/4", type="ont", parents=("olt",), customer_id="C-4", phone="secret", tenant="t")
PLANT = (OLT, ONT, NOVAK, ROW, BARE, THEIRS)


def test_each_customer_is_told_by_its_own_node_or_by_one_that_names_it() -> None:
    plant = Plant(PLANT)
    told = customers_of(plant, "olt", "default", ("C-3", "C-2", "C-1", "C-4", "C-9"))
    assert told == [
        Customer(customer_id="C-3"),
        Customer(customer_id="C-2", name="Kováč", postal_address="Hlavná 1"),
        Customer(customer_id="C-1", name="Novák", phone="+421 1", latitude=49.2, longitude=18.7),
        Customer(customer_id="C-4"),
        Customer(customer_id="C-9"),
    ]
    assert [each.told for each in told] == [False, True, True, False, False]
    assert customers_of(plant, "olt/4", "t", ("C-4",))[0].phone == "secret"
    assert customers_of(plant, "area:hill", "default", ("C-2",))[0].name == "Kováč"


def test_a_customer_that_is_not_below_the_resource_is_found_by_its_node() -> None:
    plant = Plant(PLANT)
    assert customers_of(plant, "nowhere", "default", ("C-1",))[0].phone == "+421 1"
    assert customers_of(plant, "nowhere", "default", ("olt",)) == [Customer(customer_id="olt")], "which is no customer"


def test_nothing_is_walked_where_nobody_is_told_and_a_walk_ends() -> None:
    plant = Plant((OLT, ONT, BARE))
    assert plant.contacts == 0
    plant.apply([NOVAK, ROW])
    assert plant.contacts == 2
    plant.apply(removes=["C-1"])
    assert plant.contacts == 1
    many = [Node(id=f"olt/x{n}", type="ont", parents=("olt",), customer_id=f"X{n}") for n in range(module.MOST_LOOKED_AT)]
    plant.apply([*many, Node(id="olt/last", type="ont", parents=("olt",), customer_id="L", phone="1")])
    assert customers_of(plant, "olt", "default", ("L",)) == [Customer(customer_id="L")]
