"""net-snmp's snmptrap and snmpinform speaking SNMPv3 to the running listener."""

import socket

import pytest
import trio
import trio.testing
from vocabulary.listener import NetSnmp, listening
from vocabulary.typed import of_kind

from actors.trap_listener.settings import TrapSettings, User
from actors.trap_listener.v3 import V3Engine
from protocols.event import Trap
from protocols.snmp.usm.ciphers import PrivProtocol
from protocols.snmp.usm.digests import AuthProtocol

pytestmark = pytest.mark.interop

SENDER_ENGINE = "80001f88804f4c5431000001"
OWN = bytes.fromhex("80004fb805") + b"interop"
LINK_DOWN = "1.3.6.1.6.3.1.1.5.3"
CONTENT = ("77", LINK_DOWN, "1.3.6.1.2.1.2.2.1.1.3", "i", "3")

AUTHS: list[AuthProtocol] = ["MD5", "SHA", "SHA-224", "SHA-256", "SHA-384", "SHA-512"]
PRIVS: list[PrivProtocol] = ["DES", "AES", "AES-192", "AES-256"]
SUITES: list[tuple[AuthProtocol, PrivProtocol]] = [
    ("", ""),
    *((auth, "") for auth in AUTHS),
    *((auth, "AES") for auth in AUTHS),
]
SUITES += [(auth, priv) for auth in AUTHS for priv in PRIVS if auth in ("MD5", "SHA", "SHA-512") and priv != "AES"]
USERS = [
    User(
        name=f"u{auth}{priv}",
        auth=auth,
        auth_key="authpass12345" if auth else "",
        priv=priv,
        priv_key="privpass67890" if priv else "",
        engine_id=SENDER_ENGINE,
    )
    for auth, priv in SUITES
]


def engine_for(*users: User) -> V3Engine:
    return V3Engine(OWN, 5, users, trio.current_time())


def options(user: User, *, auth_key: str = "") -> list[str]:
    level = "authPriv" if user.priv else "authNoPriv" if user.auth else "noAuthNoPriv"
    given = ["-v3", "-u", user.name, "-l", level]
    if user.auth:
        given += ["-a", user.auth, "-A", auth_key or user.auth_key]
    return given + (["-x", user.priv, "-X", user.priv_key] if user.priv else [])


@pytest.mark.parametrize("user", USERS, ids=lambda user: user.name)
async def test_traps_and_informs(net_snmp: NetSnmp, user: User) -> None:
    async with listening(v3=engine_for(user)) as bench, trio.open_nursery() as nursery:
        trap = ["snmptrap", *options(user), "-e", "0x" + SENDER_ENGINE, "-Z", "9,4242", bench.target, *CONTENT]
        nursery.start_soon(net_snmp, *trap)
        (event,) = await bench.next()
        assert (event.notification.kind, event.notification.security) == ("trap", user.name)
        assert event.notification.engine_id == SENDER_ENGINE
        assert [(v.oid, v.value) for v in event.notification.varbinds] == [("1.3.6.1.2.1.2.2.1.1.3", 3)]

        answered = []

        async def ask() -> None:
            answered.append(await net_snmp("snmpinform", "-r", "0", "-t", "10", *options(user), bench.target, *CONTENT))

        nursery.start_soon(ask)
        append = await bench.mailbox.receive()
        await trio.testing.wait_all_tasks_blocked()
        assert bench.total("faultd_informs_answered_total") == 0
        bench.commit(append)
        await bench.until("faultd_informs_answered_total", 1)
        while not answered:
            await trio.lowlevel.checkpoint()
        assert answered[0].returncode == 0, answered[0].stderr
        assert of_kind(Trap, append.events[0]).notification.kind == "inform"
        assert bench.total("faultd_traps_answered_total") >= 1
        assert bench.books_balance()


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (["snmptrap", *options(USERS[-1], auth_key="notthiskey")], "wrong_digest"),
        (["snmptrap", *options(User(name="stranger", auth="SHA", auth_key="authpass12345"))], "unknown_user"),
        (["snmptrap", "-v3", "-u", USERS[-1].name, "-l", "noAuthNoPriv"], "unsupported_security_level"),
        (["snmptrap", *options(USERS[-1]), "-e", "0x8000000005ffff"], "unknown_engine"),
    ],
)
async def test_refusals(net_snmp: NetSnmp, command: list[str], reason: str) -> None:
    async with listening(v3=engine_for(USERS[-1])) as bench:
        engine_id = [] if "-e" in command else ["-e", "0x" + SENDER_ENGINE]
        await net_snmp(*command, *engine_id, "-Z", "9,4242", bench.target, *CONTENT)
        await bench.until("faultd_traps_dropped_total", 1, reason=reason)
        assert bench.books_balance()


async def test_a_wrong_key_in_an_inform_is_reported_to_its_sender(net_snmp: NetSnmp) -> None:
    async with listening(v3=engine_for(USERS[-1])) as bench:
        user = USERS[-1]
        command = ["snmpinform", "-r", "0", "-t", "10", *options(user, auth_key="notthiskey"), bench.target, *CONTENT]
        done = await net_snmp(*command)
        assert done.returncode != 0
        assert b"uthentication failure" in done.stderr
        await bench.until("faultd_traps_dropped_total", 1, reason="wrong_digest")


async def test_v3_without_any_user_is_refused_by_name(net_snmp: NetSnmp) -> None:
    async with listening(TrapSettings(listen=("127.0.0.1:0",))) as bench:
        await net_snmp("snmptrap", *options(USERS[1]), "-e", "0x" + SENDER_ENGINE, bench.target, *CONTENT)
        await bench.until("faultd_traps_dropped_total", 1, reason="unknown_user")


async def test_discovery_is_booked_as_answered() -> None:
    discovery = bytes.fromhex(
        "304f020103301102042631f883020300ffe30401040201030410300e04000201000201000400040004003025"
        "041180001f88807968f8298306046b000000000400a00e0204184f085e0201000201003000"
    )
    async with listening(v3=engine_for(USERS[-1])) as bench:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
            device.connect(bench.address)
            device.setblocking(False)
            device.send(discovery)
            await trio.lowlevel.wait_readable(device)
            assert OWN in device.recv(9000)
        await bench.until("faultd_traps_answered_total", 1)
        assert bench.books_balance()
