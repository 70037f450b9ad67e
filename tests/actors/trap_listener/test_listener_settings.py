"""What can be wrong in ``[traps]``, and the small pure parts."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.drop_counter import DropCounter
from actors.token_bucket import TokenBucket
from actors.trap_listener.activation import Inherited, inherited
from actors.trap_listener.informs import RecentKeys, inform_key
from actors.trap_listener.networks import SourceCheck
from actors.trap_listener.refusals import RateWatch
from actors.trap_listener.settings import TrapSettings, User, parse_address, problems
from protocols.snmp.notification import Notification

GOOD = User(name="noc", auth="SHA", auth_key="authpass12345", priv="AES", priv_key="privpass67890", engine_id="80001f8805aa")


def test_the_defaults_and_a_whole_table_are_fine() -> None:
    assert problems(TrapSettings()) == []
    table = {"listen": ["[::1]:1162", "127.0.0.1:0"], "users": [msgspec.to_builtins(GOOD)]}
    assert problems(msgspec.convert(table, TrapSettings)) == []


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"listen": ("0.0.0.0",)}, "listen[0]"),
        ({"listen": ("127.0.0.1:162", "::1:162")}, "listen[1]"),
        ({"listen": ("[127.0.0.1]:162",)}, "listen[0]"),
        ({"listen": ("127.0.0.1:70000",)}, "listen[0]"),
        ({"listen": ("example.com:162",)}, "listen[0]"),
        ({"allow": ("10.0.0.1/8",)}, "allow[0]"),
        ({"communities": ("",)}, "communities[0]"),
        ({"receive_buffer": 1}, "receive_buffer"),
        ({"receive_buffer": 2**31}, "receive_buffer"),
        ({"refusal_alarm_rate": -1}, "refusal_alarm_rate"),
        ({"refusal_log_rate": -1.0}, "refusal_log_rate"),
    ],
)
def test_each_mistake_names_its_key(changes: dict[str, Any], path: str) -> None:
    assert [at for at, _ in problems(TrapSettings(**changes))] == [path]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"name": ""}, "users[0].name"),
        ({"name": "x" * 33}, "users[0].name"),
        ({"auth": "", "auth_key": ""}, "users[0].priv"),
        ({"auth_key": "short"}, "users[0].auth_key"),
        ({"auth_key": ""}, "users[0].auth_key"),
        ({"auth_key_file": "/run/key"}, "users[0].auth_key"),
        ({"priv": ""}, "users[0].priv_key"),
        ({"priv_key": "1234567"}, "users[0].priv_key"),
        ({"engine_id": "80xx"}, "users[0].engine_id"),
        ({"engine_id": "80001f88"}, "users[0].engine_id"),
        ({"engine_id": "80" * 33}, "users[0].engine_id"),
    ],
)
def test_each_mistake_of_a_user_names_its_key(changes: dict[str, Any], path: str) -> None:
    assert [at for at, _ in problems(TrapSettings(users=(msgspec.structs.replace(GOOD, **changes),)))] == [path]


def test_every_mistake_is_told_at_once_and_a_user_twice_is_one() -> None:
    bad = TrapSettings(listen=("x",), users=(GOOD, msgspec.structs.replace(GOOD, engine_id="0x80001F8805AA")))
    assert [at for at, _ in problems(bad)] == ["listen[0]", "users[1]"]


@given(st.text(max_size=30))
def test_addresses_parse_or_raise_value_error(text: str) -> None:
    try:
        _, port = parse_address(text)
    except ValueError:
        return
    assert 0 <= port <= 65535


def test_sources_are_canonical_before_they_are_compared() -> None:
    check = SourceCheck(["10.0.0.0/8", "fe80::/10"])
    assert check.verdict("10.1.2.3") == ("10.1.2.3", True)
    assert check.verdict("::ffff:10.1.2.3") == ("10.1.2.3", True)
    assert check.verdict("fe80::1%eth0") == ("fe80::1", True)
    assert check.verdict("192.0.2.1") == ("192.0.2.1", False)


def test_the_token_bucket_by_time() -> None:
    bucket = TokenBucket(rate=2, burst=3)
    assert [bucket.take(0.0) for _ in range(5)] == [True, True, True, False, False]
    assert bucket.forget_refused() == 2
    assert [bucket.take(at) for at in (0.4, 0.5, 0.6, 1.0, 100.0, 100.0, 100.0, 100.0)] == [
        False, True, False, True, True, True, True, False,
    ]  # fmt: skip


def test_the_rate_alarm_by_time() -> None:
    watch = RateWatch("traps.refused", 100, "warning", "Datagrams refused")
    for second in range(60):
        watch.add("wrong_digest", 1, float(second), "192.0.2.9")
    assert watch.due(60.0) == []
    watch.add("wrong_digest", 60, 61.0, "192.0.2.9")
    (raised,) = watch.due(62.0)
    assert (raised.active, raised.qualifier) == (True, "wrong_digest")
    assert "192.0.2.9" in raised.description
    assert watch.due(63.0) == []
    assert watch.due(62.0 + 300) == []
    assert [report.active for report in watch.due(63.0 + 300)] == [False]
    assert watch.due(1000.0) == []


def test_a_rate_of_zero_never_raises() -> None:
    watch = RateWatch("traps.refused", 0, "warning", "Datagrams refused")
    watch.add("truncated", 10**6, 0.0)
    assert watch.due(1.0) == []


@given(st.lists(st.integers(0, 2**31 - 1), max_size=20), st.integers(0, 2**32 - 1))
def test_the_drop_counter_survives_wrapping_and_old_readings(steps: list[int], start: int) -> None:
    counter, reading, total = DropCounter(start), start, 0
    for step in steps:
        old, reading = reading, (reading + step) % 2**32
        total += counter.advance(reading)
        if step:
            assert counter.advance(old) == 0
    assert total == sum(steps)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, ()),
        ({"LISTEN_PID": "8", "LISTEN_FDS": "1"}, ()),
        ({"LISTEN_PID": "x", "LISTEN_FDS": "1"}, ()),
        ({"LISTEN_PID": "7", "LISTEN_FDS": ""}, ()),
        ({"LISTEN_PID": "7", "LISTEN_FDS": "1"}, (Inherited(3, "unknown"),)),
        (
            {"LISTEN_PID": "7", "LISTEN_FDS": "3", "LISTEN_FDNAMES": "traps::http"},
            (Inherited(3, "traps"), Inherited(4, "unknown"), Inherited(5, "http")),
        ),
    ],
)
def test_what_systemd_passed(environment: dict[str, str], expected: tuple[Inherited, ...]) -> None:
    assert inherited(environment, 7) == expected


def test_recent_keys_are_bounded_and_used_ones_stay() -> None:
    keys = RecentKeys(2)
    assert [keys.seen(key) for key in "abac"] == [False, False, True, False]
    assert [keys.seen(key) for key in "ab"] == [True, False]


def test_the_inform_key_tells_senders_and_contents_apart() -> None:
    one = Notification(version="2c", kind="inform", security="public", trap_oid="1.3", uptime=1, varbinds=(), request_id=1)
    same = msgspec.structs.replace(one, security="public@level=2")
    assert inform_key("192.0.2.1", one) == inform_key("192.0.2.1", same)
    others = [msgspec.structs.replace(one, request_id=2), msgspec.structs.replace(one, uptime=2)]
    keys = {inform_key("192.0.2.1", one), inform_key("192.0.2.2", one), *(inform_key("192.0.2.1", n) for n in others)}
    assert len(keys) == 4
