"""Wrong SNMP messages made from right ones by their structure: what PROTOS c06 (Oulu, 2002) did to the stacks of its time.

A message is taken apart into BER elements, one or more of them are spoiled (tag, length, type, number, object identifier,
count, depth), and it is put together again, with the lengths around the change made right or left lying.
"""

import random
from collections.abc import Callable

INTEGER, OCTETS, NULL, OID, SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30
_DEEP = 6
TAGS: tuple[int, ...] = (
    0x00,
    0x01,
    0x02,
    0x04,
    0x05,
    0x06,
    0x09,
    0x1F,
    0x24,
    0x30,
    0x31,
    0x3F,
    0x40,
    0x41,
    0x42,
    0x43,
    0x44,
    0x45,
    0x46,
    0x47,
)
TAGS += (0x48, 0x5F, 0x80, 0x81, 0x82, 0x9F, 0xA0, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xAF, 0xBF, 0xFF)
NUMBERS: tuple[int, ...] = (
    0,
    1,
    -1,
    127,
    128,
    255,
    256,
    2**31 - 1,
    2**31,
    -(2**31),
    -(2**31) - 1,
    2**32 - 1,
    2**32,
    2**63 - 1,
    2**63,
    2**64 - 1,
)
NUMBERS += (-(2**63), -(2**63) - 1, 2**200, -(2**200))
TEXTS = (
    b"",
    b"\x00",
    b"%s%n%x" * 40,
    b"\xff\xfe" * 50,
    b"\xed\xa0\x80",
    b"A" * 300,
    b"../" * 60,
    b"\xf0\x9f\x92\xa5",
    b"\x1b[2J",
)
LENGTHS = (
    b"\x80",
    b"\x81\x00",
    b"\x84\xff\xff\xff\xff",
    b"\x84\x7f\xff\xff\xff",
    b"\x88" + b"\xff" * 8,
    b"\xff",
    b"\x00",
    b"\x7f",
)


class Node:
    """One element. ``length`` is what is said of it instead of the truth, if anything is."""

    __slots__ = ("children", "content", "length", "tag")

    def __init__(self, tag: int, content: bytes = b"", children: "list[Node] | None" = None) -> None:
        self.tag, self.content, self.children = tag, content, children
        self.length: bytes | None = None

    def encode(self) -> bytes:
        """The octets."""
        body = self.content if self.children is None else b"".join(child.encode() for child in self.children)
        return bytes((self.tag,)) + (self.length if self.length is not None else _length(len(body))) + body

    def copy(self) -> "Node":
        """Deep."""
        children = None if self.children is None else [child.copy() for child in self.children]
        twin = Node(self.tag, self.content, children)
        twin.length = self.length
        return twin


def _length(size: int, octets: int = 0) -> bytes:
    if size < 128 and not octets:
        return bytes((size,))
    body = size.to_bytes(max(octets, (size.bit_length() + 7) // 8, 1), "big")
    return bytes((0x80 | len(body),)) + body


def take_apart(data: bytes, depth: int = 0) -> list[Node]:
    """The elements of ``data``; what is no element stands as octets. Octet strings that hold a message are gone into."""
    nodes: list[Node] = []
    at = 0
    while at + 2 <= len(data):
        tag, size, start = data[at], data[at + 1], at + 2
        if size & 0x80:
            count = size & 0x7F
            size = int.from_bytes(data[start : start + count], "big") if 0 < count <= 3 else len(data)
            start += count
        if start + size > len(data):
            break
        content = data[start : start + size]
        nested = tag & 0x20 or (tag == OCTETS and content[:1] == b"\x30" and len(content) > 8)
        children = take_apart(content, depth + 1) if nested and depth < _DEEP and content else None
        nodes.append(Node(tag, content, children))
        at = start + size
    if at < len(data):
        rest = Node(0, data[at:])
        rest.length = b""
        nodes.append(rest)
    return nodes


def _walk(nodes: list[Node]) -> list[tuple[list[Node], int]]:
    places = []
    for index, node in enumerate(nodes):
        places.append((nodes, index))
        if node.children is not None:
            places += _walk(node.children)
    return places


def integer(value: int, padding: int = 0) -> bytes:
    """The content of an INTEGER, with as many octets of sign before it as asked."""
    content = value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True)
    return (b"\xff" if value < 0 else b"\x00") * padding + content


# --- ways to spoil an element ------------------------------------------------------------------------------------------------


def _tag(node: Node, rng: random.Random) -> None:
    node.tag = rng.choice(TAGS) if rng.random() < 0.8 else rng.randrange(256)


def _lie(node: Node, rng: random.Random) -> None:
    size = len(node.encode())
    lie = max(0, size + rng.choice((-20, -3, -2, -1, 1, 2, 3, 20, 200)))
    node.length = rng.choice(LENGTHS) if rng.random() < 0.5 else _length(lie)


def _overlong(node: Node, rng: random.Random) -> None:
    body = node.content if node.children is None else b"".join(child.encode() for child in node.children)
    node.length = _length(len(body), rng.choice((1, 2, 3, 4, 5, 8, 126)))


def _number(node: Node, rng: random.Random) -> None:
    node.children = None
    node.content = integer(rng.choice(NUMBERS), rng.choice((0, 0, 0, 1, 4, 7, 100)))
    if rng.random() < 0.3:
        node.tag = rng.choice((0x02, 0x41, 0x42, 0x43, 0x46, 0x47))


def _text(node: Node, rng: random.Random) -> None:
    node.children, node.content = None, rng.choice(TEXTS)


def _name(node: Node, rng: random.Random) -> None:
    node.children = None
    node.content = rng.choice(
        (
            b"",
            b"\x80",
            b"\x2b\x80\x80\x01",
            b"\x2b" + b"\xff" * 40,
            b"\x2b" + b"\x8f\xff\xff\xff\x7f",
            b"\x2b" + b"\x90\x80\x80\x80\x00",
            b"\x2b" + b"\x01" * rng.choice((126, 127, 128, 129, 400)),
            node.content + b"\x81",
            b"\xff\x7f" + node.content,
        )
    )


def _bomb(node: Node, rng: random.Random) -> None:
    inner = node.copy()
    for _ in range(rng.choice((2, 8, 32, 64, 200, 1500))):
        inner = Node(rng.choice((SEQUENCE, 0xA7, 0x24, 0x44)), children=[inner])
    flat = inner.encode() if _depth(inner) < 300 else bytes.fromhex("3082") * 1500
    node.children, node.content = None, flat[:7000]


def _depth(node: Node) -> int:
    deep = 0
    while node.children:
        node, deep = node.children[0], deep + 1
    return deep


def _empty(node: Node, rng: random.Random) -> None:
    node.children, node.content = None, b""


def _noise(node: Node, rng: random.Random) -> None:
    node.children, node.content = None, rng.randbytes(rng.choice((1, 2, 4, 5, 8, 9, 64)))


SPOIL: tuple[Callable[[Node, random.Random], None], ...] = (
    *(_tag, _tag, _lie, _lie, _overlong, _number, _number, _text, _name, _bomb, _empty, _noise),
)


def _spoil_list(nodes: list[Node], index: int, rng: random.Random) -> None:
    """Elements missing, repeated, in another order."""
    match rng.randrange(4):
        case 0:
            del nodes[index]
        case 1:
            nodes[index:index] = [nodes[index].copy() for _ in range(rng.choice((1, 2, 60, 400)))]
        case 2:
            other = rng.randrange(len(nodes))
            nodes[index], nodes[other] = nodes[other], nodes[index]
        case _:
            nodes.insert(index, Node(rng.choice(TAGS), rng.randbytes(rng.randrange(6))))


def mutate(data: bytes, rng: random.Random, largest: int = 8192) -> bytes:
    """``data`` spoiled in one to four places, at most ``largest`` octets."""
    nodes = take_apart(data)
    for _ in range(rng.choice((1, 1, 1, 2, 2, 4))):
        places = _walk(nodes)
        if not places:
            break
        siblings, index = rng.choice(places)
        if rng.random() < 0.25:
            _spoil_list(siblings, index, rng)
        else:
            rng.choice(SPOIL)(siblings[index], rng)
    spoiled = b"".join(node.encode() for node in nodes)
    kind = rng.random()
    if kind < 0.05:
        spoiled = spoiled[: rng.randrange(len(spoiled) + 1)]
    elif kind < 0.1:
        spoiled += rng.randbytes(rng.choice((1, 2, 50)))
    elif kind < 0.2 and spoiled:
        at = rng.randrange(len(spoiled))
        spoiled = spoiled[:at] + bytes((spoiled[at] ^ (1 << rng.randrange(8)),)) + spoiled[at + 1 :]
    return spoiled[:largest]
