"""The topology as spreadsheets and people write it: taken, or told by line."""

import csv
import io

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.topology import Node, TopologyError, assemble
from protocols.topology_csv import NotCsv, csv_lines, decode_csv, parse_csv

OLT = Node(id="olt-1", type="olt", name="Žilina č. 7 🚦", address="127.0.0.2")
PON = Node(id="olt-1/0/1", type="pon", parents=("olt-1",))
ROWS = "id,type,parents,name,address\r\nolt-1,olt,,Žilina č. 7 🚦,127.0.0.2\r\nolt-1/0/1,pon,olt-1,,\r\n"


@pytest.mark.parametrize(
    "octets",
    [
        ROWS.encode(),
        ROWS.encode("utf-8-sig"),
        ROWS.encode("utf-16"),
        b"\xfe\xff" + ROWS.replace(",", "\t").encode("utf-16-be"),
        ROWS.replace("\r\n", "\n").encode(),
        ROWS.replace(",", ";").encode(),
        ("sep=;\r\n" + ROWS.replace(",", ";")).encode(),
        ROWS.replace(",", "\t").encode(),
        ROWS.replace("id,type,parents", "ID , Type,PARENTS").encode(),
        ROWS.replace("olt-1,olt", " olt-1 ,olt\u00a0").encode(),
        ROWS.encode() + b",,,,\r\n\r\n ,,,,\r\n",
        ROWS.replace("\r\n", ",\r\n").encode(),
        ROWS.replace("č. 7 🚦", 'č. 7 🚦"').replace("Žilina", '"Žilina').encode(),
        ROWS.removesuffix("\r\n").encode(),
    ],
)
def test_what_spreadsheets_write_is_read(octets: bytes) -> None:
    assert parse_csv(decode_csv(octets)) == (OLT, PON)


def test_a_line_break_and_a_delimiter_inside_quotes_are_of_the_cell() -> None:
    text = 'id,type,name,parents\na,ont,"Nováková,\r\nbyt 3","b;c"\nb,pon,,\nc,pon,,\nd,,,\n'
    with pytest.raises(TopologyError) as caught:
        parse_csv(text)
    assert caught.value.problems == ["line 6: type is empty"]
    node, *_ = parse_csv(text.removesuffix("d,,,\n"))
    assert (node.name, node.parents) == ("Nováková, byt 3", ("b", "c"))


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("id,type,name,name\na,olt,b,c\n", ["line 1: column name is there twice"]),
        ("ID,id,type\n", ["line 1: column id is there twice"]),
        ("id,note,note,type\n", []),
        ("sep=;\nname;type\n", ["line 2: column id is missing"]),
        ("", ["line 1: column id is missing", "line 1: column type is missing"]),
        ("id,type,name\na,olt,Nová, Jana\n", ["line 2: 4 cells, the header has 3: quote a cell with a delimiter in it"]),
        (
            "id,type,latitude,longitude,poll_interval\na,olt,91,x,0\nb,olt,nan,181,1e9\n",
            [
                "line 2: latitude '91' is no number from -90 to 90",
                "line 2: longitude 'x' is no number from -180 to 180",
                "line 2: poll_interval '0' is no number from 1 to 86400",
                "line 3: latitude 'nan' is no number from -90 to 90",
                "line 3: longitude '181' is no number from -180 to 180",
                "line 3: poll_interval '1e9' is no number from 1 to 86400",
            ],
        ),
        ("id,type,address\na,olt,10.0.0.1;x\n", ["line 2: address 'x' is no IP address"]),
        (
            "id,type,address\na,olt,10.0.0.1;::ffff:10.0.0.2\nb,olt,10.0.0.2\n",
            ["line 3: address 10.0.0.2 of 'b' already belongs to 'a'"],
        ),
    ],
)
def test_what_is_not_clear_is_told_by_line(text: str, problems: list[str]) -> None:
    if not problems:
        assert parse_csv(text) == ()
        return
    with pytest.raises(TopologyError) as caught:
        parse_csv(text)
    assert caught.value.problems == problems


def test_other_encodings_and_unclosed_quotes_are_told_by_line() -> None:
    with pytest.raises(NotCsv, match=r"^line 2: not UTF-8 at byte 19: save the file as CSV in UTF-8$"):
        decode_csv("id,type,name\na,olt,Žilina\n".encode("cp1250"))
    with pytest.raises(NotCsv, match=r"^line 2: not CSV: "):
        parse_csv('id,type,name\na,olt,"Žilina\nb,olt,x\n')
    with pytest.raises(NotCsv, match="not UTF-16"):
        decode_csv(b"\xff\xfei\x00d")


def test_a_customer_has_a_phone_an_address_and_coordinates_with_a_decimal_comma_too() -> None:
    (node,) = parse_csv("id;type;phone;Postal Address;Latitude;longitude\nc;customer;+421 41 123;Hlavná 1;49,2231;18.7394\n")
    assert (node.phone, node.postal_address) == ("+421 41 123", "Hlavná 1")
    assert (node.latitude, node.longitude) == (49.2231, 18.7394)


@pytest.mark.parametrize(
    ("written", "address", "addresses"),
    [
        ("10.0.0.1", "10.0.0.1", ()),
        ("10.0.0.1; 10.0.0.2", "10.0.0.1", ("10.0.0.1", "10.0.0.2")),
        (";10.0.0.1;;10.0.0.1", "10.0.0.1", ()),
        ("::ffff:10.0.0.1", "10.0.0.1", ()),
        ("::FFFF:0a00:0001;10.0.0.1", "10.0.0.1", ()),
        ("2001:DB8:0:0::1", "2001:db8::1", ()),
        ("fe80::1%eth0;FE80:0::1", "fe80::1", ()),
        ("", "", ()),
    ],
)
def test_every_spelling_of_an_address_is_one(written: str, address: str, addresses: tuple[str, ...]) -> None:
    (node,) = parse_csv(f"id,type,address\na,olt,{written}\n")
    assert (node.address, node.addresses) == (address, addresses)
    assert node.every_address == (addresses or ((address,) if address else ()))
    assert parse_csv("".join(csv_lines([node]))) == (node,)


def test_a_node_has_a_bounded_number_of_addresses() -> None:
    many = ";".join(f"10.0.0.{n}" for n in range(65))
    with pytest.raises(TopologyError, match="line 2: address: 65 addresses, 64 are allowed"):
        parse_csv(f"id,type,address\na,olt,{many}\n")


words = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=8).filter(lambda text: ";" not in text)
nodes = st.builds(
    Node,
    id=words,
    type=words,
    name=st.one_of(st.just(""), words),
    postal_address=st.one_of(st.just(""), words),
    serial=st.one_of(st.just(""), words),
    phone=st.one_of(st.just(""), words),
    latitude=st.none() | st.floats(-90, 90),
    longitude=st.none() | st.floats(-180, 180),
    credentials=st.one_of(st.just(""), words),
    poll=st.sampled_from(["", "off", "liveness"]),
    poll_interval=st.none() | st.floats(1, 86_400),
    addresses=st.lists(st.ip_addresses().map(str), max_size=3).map(tuple),
)


@given(st.lists(nodes, max_size=5, unique_by=lambda node: node.id))
def test_what_is_written_is_read_back(made: list[Node]) -> None:
    try:
        plant = assemble(enumerate(made), str)
    except TopologyError:
        return  # two of them share an address
    assert parse_csv("".join(csv_lines(plant))) == plant


def test_a_node_of_an_older_ledger_is_not_polled() -> None:
    fields = msgspec.msgpack.decode(msgspec.msgpack.encode(Node(id="a", type="olt", address="10.0.0.1", longitude=18.5)))
    before = msgspec.msgpack.encode(fields[: Node.__struct_fields__.index("credentials")])
    node = msgspec.msgpack.decode(before, type=Node)
    assert (node.longitude, node.credentials, node.poll, node.poll_interval, node.is_polled) == (18.5, "", "", None, False)


@pytest.mark.parametrize(
    ("fields", "polled"),
    [
        ({"address": "10.0.0.1", "credentials": "core"}, True),
        ({"address": "10.0.0.1", "credentials": "core", "poll": "standard"}, True),
        ({"address": "10.0.0.1", "credentials": "core", "poll": "off"}, False),
        ({"address": "10.0.0.1"}, False),
        ({"credentials": "core"}, False),
    ],
)
def test_a_device_that_names_credentials_is_polled(fields: dict[str, str], polled: bool) -> None:
    assert Node(id="a", type="olt", **fields).is_polled is polled  # type: ignore[arg-type]


FORMULAS = (
    "=1+1",
    "=cmd|'/c calc'!A0",
    "+1+cmd",
    "-2+3",
    "@SUM(A1)",
    "'quoted",
    "''",
    "it's",
    "a;b",
    "a\\;b",
    "\\",
    "+420 123 456 789",
)


@pytest.mark.parametrize("name", FORMULAS)
def test_no_cell_is_a_formula_and_an_export_can_be_imported(name: str) -> None:
    nodes = (
        Node(id="=x", type="core"),
        Node(id=name, type="olt", name=name, vendor=name),
        Node(id="ont", type="ont", parents=(name, "=x"), phone=name),
    )
    text = "".join(csv_lines(nodes))
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert not [
        cell for cell in cells if cell.startswith(("=", "@")) or (cell[:1] in "+-" and cell not in ("", "+420 123 456 789"))
    ]
    assert parse_csv(text) == nodes
