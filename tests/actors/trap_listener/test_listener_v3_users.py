"""Which configured users a message can be from, and that finding them does not grow with their number."""

import pytest

from actors.trap_listener.settings import User
from actors.trap_listener.v3_users import V3Users

OLT = [bytes.fromhex("80001f8801") + bytes((10, 0, *divmod(number, 256))) for number in range(1_000)]
STRANGER = bytes.fromhex("80001f880a")
USERS = V3Users(
    [
        User(name="noc", engine_id="*", time_window="strict"),
        User(name="noc", engine_id=OLT[0].hex()),
        User(name="noc", engine_id="0x" + OLT[1].hex()),
        User(name="informs"),
        User(name="one", engine_id=OLT[0].hex()),
    ]
)


@pytest.mark.parametrize(
    ("name", "engine", "found"),
    [
        (b"noc", OLT[0], [OLT[0], "*"]),
        (b"noc", OLT[1], [OLT[1], "*"]),
        (b"noc", STRANGER, ["*"]),
        (b"one", OLT[0], [OLT[0]]),
        (b"one", OLT[1], []),
        (b"informs", OLT[0], []),
        (b"nobody", OLT[0], []),
    ],
)
def test_a_trap_is_of_the_users_that_list_its_engine_and_then_of_those_of_any(
    name: bytes, engine: bytes, found: list[bytes | str]
) -> None:
    assert [user.engine for user in USERS.of_engine(name, engine)] == found


def test_an_inform_may_be_of_every_user_of_its_name() -> None:
    assert [user.engine for user in USERS.named(b"noc")] == ["*", OLT[0], OLT[1]]
    assert [user.engine for user in USERS.named(b"informs")] == [b""]
    assert not USERS.named(b"nobody")
    assert not USERS.engines - {OLT[0], OLT[1], b""}


class Counted(bytes):
    """Octets that count how often they are compared."""

    compared = 0

    def __eq__(self, other: object) -> bool:
        Counted.compared += 1
        return bytes(self) == other

    __hash__ = bytes.__hash__


def test_a_user_is_found_without_looking_at_the_thousand_others_of_its_name() -> None:
    users = V3Users(User(name="noc", engine_id=engine.hex()) for engine in OLT)
    for engine in (OLT[-1], STRANGER):
        Counted.compared = 0
        assert len(users.of_engine(b"noc", Counted(engine))) == (engine in OLT)
        assert Counted.compared <= 4, "a comparison for each user: the cost of a trap grows with the plant"
