"""Reading the topology file: good rows become nodes, every mistake is told with its line."""

import pytest

from protocols.topology import Node, TopologyError
from protocols.topology_csv import parse_csv

HEADER = "id,type,parents,name,address,vendor,tenant,customer_id,service_id,serial\n"


def test_rows_become_nodes_and_unknown_columns_are_left_alone() -> None:
    text = "\ufeffid,type,parents,colour,address\nolt-1,olt,,red,10.0.0.1\nolt-1/0/1,card, olt-1 ; olt-1 ,blue,\n"
    assert parse_csv(text) == (
        Node(id="olt-1", type="olt", address="10.0.0.1"),
        Node(id="olt-1/0/1", type="card", parents=("olt-1", "olt-1")),
    )


def test_an_address_is_kept_as_a_socket_writes_it() -> None:
    (node,) = parse_csv(HEADER + "a,olt,,,2001:DB8:0::1,,,,,\n")
    assert node.address == "2001:db8::1"


def test_an_empty_plant_is_a_plant() -> None:
    assert parse_csv(HEADER) == ()


@pytest.mark.parametrize(
    ("rows", "problems"),
    [
        ("a,olt,,,,,,,,\na,olt,,,,,,,,\n", ["line 3: id 'a' is already used in line 2"]),
        (",olt,,,,,,,,\na,,,,,,,,,\n", ["line 2: id is empty", "line 3: type is empty"]),
        ("a,olt,b,,,,,,,\n", ["line 2: parent 'b' does not exist"]),
        ("a,olt,,,10.0.0.300,,,,,\n", ["line 2: address '10.0.0.300' is no IP address"]),
        ("a,olt,,,224.0.0.1,,,,,\n", ["line 2: address '224.0.0.1' is not that of one host"]),
        ("a,olt,,,::,,,,,\n", ["line 2: address '::' is not that of one host"]),
        ("a,olt,,,255.255.255.255,,,,,\n", ["line 2: address '255.255.255.255' is not that of one host"]),
        ("a,olt,,,10.0.0.1,,,,,\nb,olt,,,10.0.0.1,,,,,\n", ["line 3: address 10.0.0.1 of 'b' already belongs to 'a'"]),
        (
            "a,x,b,,,,,,,\nb,x,a,,,,,,,\nc,x,,,,,,,,\n",
            ["line 2: 'a' is its own ancestor", "line 3: 'b' is its own ancestor"],
        ),
    ],
)
def test_every_mistake_is_told(rows: str, problems: list[str]) -> None:
    with pytest.raises(TopologyError) as caught:
        parse_csv(HEADER + rows)
    assert caught.value.problems == problems


def test_a_missing_column_is_told() -> None:
    with pytest.raises(TopologyError, match="line 1: column type is missing"):
        parse_csv("id,name\na,b\n")


def test_a_deep_plant_needs_no_deep_stack() -> None:
    rows = "".join(f"n{number},x,{f'n{number - 1}' if number else ''},,,,,,,\n" for number in range(5000))
    assert len(parse_csv(HEADER + rows)) == 5000
