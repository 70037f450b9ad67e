"""The SNMPv3 engine on recorded and altered messages, with time as an argument."""

import json
import os
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.trap_listener.credentials import CredentialError
from actors.trap_listener.engine_state import FILE, MAX_BOOTS, EngineStateError, next_start
from actors.trap_listener.intake import AnsweredByReport, DroppedDatagram, Intake
from actors.trap_listener.settings import User
from actors.trap_listener.v3 import REPORTS, V3Engine, decode_offline
from actors.trap_listener.v3_users import usm_user
from protocols.snmp import ber, encode
from protocols.snmp.errors import REASONS, SnmpRefusal
from protocols.snmp.notification import VarBind
from protocols.snmp.usm.ciphers import SaltCounter
from protocols.snmp.usm.engine_clocks import EngineClocks
from protocols.snmp.usm.incoming import is_signed_by
from protocols.snmp.usm.message import compose, parse

DATA = Path(__file__).parents[2] / "data" / "datagrams.jsonl"
SENDER_ENGINE = "80001f88804f4c5431000001"
EXCHANGE_ENGINE = bytes.fromhex("80001f88046661756c74642d74657374")
LINK_DOWN = "1.3.6.1.6.3.1.1.5.3"
SALTS = SaltCounter(0)


def records(path: Path = DATA) -> list[dict[str, Any]]:
    return [r for r in map(json.loads, path.read_text().splitlines()) if r.get("version") == "3"]


def user_of(record: dict[str, Any], **changes: str) -> User:
    fields = {
        "name": record.get("user") or "nobody",
        "auth": record.get("auth", ""),
        "auth_key": record.get("auth_pass", ""),
        "priv": record.get("priv", ""),
        "priv_key": record.get("priv_pass", ""),
        "engine_id": record.get("engine_id", ""),
    }
    return User(**{**fields, **changes})


TRAPS = [r for r in records() if r["name"].startswith("v3_") and "exchange" not in r["name"]]
BY_NAME = {r["name"]: r for r in records()}


@pytest.mark.parametrize("record", TRAPS, ids=lambda r: r["name"])
def test_recorded_traps(record: dict[str, Any]) -> None:
    engine = V3Engine(b"\x80\x00\x00\x00\x05own", 1, [user_of(record, engine_id=SENDER_ENGINE)], 0.0)
    admitted = engine.receive(bytes.fromhex(record["hex"]), 0.0)
    expected = record["expected"].get("decrypted", record["expected"])
    notification = admitted.notification
    assert admitted.answer is None
    assert (notification.version, notification.kind, notification.security) == ("3", "trap", record["user"])
    assert (notification.trap_oid, notification.uptime) == (expected["trap_oid"], expected["uptime"])
    assert notification.context == expected["context_name"]
    assert notification.engine_id == SENDER_ENGINE
    assert len(notification.varbinds) == len(expected["varbinds"]) - 2


@pytest.mark.parametrize("record", [r for r in TRAPS if r.get("auth")], ids=lambda r: r["name"])
def test_another_key_is_refused_as_a_wrong_digest(record: dict[str, Any]) -> None:
    engine = V3Engine(b"\x80\x00\x00\x00\x05own", 1, [user_of(record, auth_key="notthiskey", engine_id=SENDER_ENGINE)], 0.0)
    with pytest.raises(DroppedDatagram, match="wrong_digest"):
        engine.receive(bytes.fromhex(record["hex"]), 0.0)


@pytest.mark.parametrize("record", [r for r in TRAPS if r.get("priv")], ids=lambda r: r["name"])
def test_another_privacy_key_is_refused_as_undecipherable(record: dict[str, Any]) -> None:
    with pytest.raises(DroppedDatagram, match="decryption_failed"):
        decode_offline(bytes.fromhex(record["hex"]), [user_of(record, priv_key="notthiskey")])


def test_the_reeder_extension_is_another_key_than_blumenthals() -> None:
    record = BY_NAME["v3_authpriv_sha256_aes256"]
    same = msgspec.structs.replace(user_of(record, priv="AES-256"), key_extension="reeder")
    # SHA-256 gives 32 octets, so nothing is extended and both agree; SHA-1 gives 20, and they do not.
    assert decode_offline(bytes.fromhex(record["hex"]), [same]).kind == "trap"
    record = BY_NAME["v3_authpriv_sha_aes192"]
    other = msgspec.structs.replace(user_of(record), key_extension="reeder")
    with pytest.raises(DroppedDatagram, match="decryption_failed"):
        decode_offline(bytes.fromhex(record["hex"]), [other])


@pytest.mark.parametrize("name", ["v3_inform_sha256_aes", "v3_inform_md5_des"])
def test_a_recorded_inform_exchange(name: str) -> None:
    first, report, second, response = (BY_NAME[f"{name}_exchange_{n}"] for n in ("1_req", "2_resp", "3_req", "4_resp"))
    user = user_of(second, engine_id="")
    engine = V3Engine(EXCHANGE_ENGINE, 1, [user], 0.0)
    with pytest.raises(AnsweredByReport) as discovery:
        engine.receive(bytes.fromhex(first["hex"]), 2.0)
    ours, theirs = parse(discovery.value.report), parse(bytes.fromhex(report["hex"]))
    assert (ours.msg_id, ours.engine_id, ours.boots, ours.time) == (theirs.msg_id, EXCHANGE_ENGINE, 1, 2)
    # Only the counter's value differs from what snmptrapd sent.
    assert ours.data[:-1].endswith(theirs.data[-16:-1])

    admitted = engine.receive(bytes.fromhex(second["hex"]), 2.0)
    assert admitted.notification.trap_oid == LINK_DOWN
    assert admitted.answer is not None
    answer = parse(admitted.answer(2.0))
    recorded = parse(bytes.fromhex(response["hex"]))
    assert (answer.msg_id, answer.flags, answer.user) == (recorded.msg_id, recorded.flags, recorded.user)
    keys = usm_user(user)
    assert is_signed_by(answer, keys)
    plain = [keys.decrypt(m.data, m.salt, EXCHANGE_ENGINE, m.boots, m.time) for m in (answer, recorded)]
    length = len(plain[0]) - len(plain[0]) % 8
    assert plain[0][: length - 8] == plain[1][: length - 8]


def test_strangers_are_told_what_is_wrong_only_when_they_ask() -> None:
    request = bytes.fromhex(BY_NAME["v3_inform_unknown_user_exchange_3_req"]["hex"])
    engine = V3Engine(EXCHANGE_ENGINE, 1, [], 0.0)
    with pytest.raises(DroppedDatagram, match="unknown_user") as refused:
        engine.receive(request, 2.0)
    report = parse(refused.value.report)
    recorded = parse(bytes.fromhex(BY_NAME["v3_inform_unknown_user_exchange_4_resp"]["hex"]))
    assert report.data == recorded.data
    trap = bytes.fromhex(BY_NAME["v3_noauth"]["hex"])
    with pytest.raises(DroppedDatagram, match="unknown_engine") as refused:
        engine.receive(trap, 2.0)
    assert refused.value.report == b""


def message(
    user: User,
    *,
    kind: Literal["trap", "inform"] = "trap",
    engine: bytes = bytes.fromhex(SENDER_ENGINE),
    boots: int = 7,
    time: int = 1000,
    **varied: Any,
) -> bytes:
    """A message as a device would send it, at the user's level."""
    keys = usm_user(user)
    pdu = varied.get("pdu") or encode.notification_pdu(kind, LINK_DOWN, 5, varied.get("varbinds", ()), 99)
    data, salt = encode.scoped_pdu(pdu, context_engine_id=engine), b""
    level = varied.get("level", keys.level)
    if level == "authPriv":
        data, salt = keys.encrypt(data, engine, boots, time, SALTS)
    octets = compose(
        msg_id=5,
        level=level,
        engine_id=engine,
        boots=boots,
        time=time,
        user=user.name.encode(),
        digest_length=keys.digest_length if level != "noAuthNoPriv" else 0,
        salt=salt,
        data=data,
        reportable=varied.get("reportable", False),
    )
    if varied.get("pad_length"):
        octets = b"\x30\x83\x00" + len(octets[_head(octets) :]).to_bytes(2, "big") + octets[_head(octets) :]
    return keys.sign(octets, engine) if level != "noAuthNoPriv" else octets


def _head(octets: bytes) -> int:
    return ber.read_header(octets, 0, len(octets), set())[1]


NOC = User(name="noc", auth="SHA", auth_key="authpass12345", priv="AES", priv_key="privpass67890", engine_id=SENDER_ENGINE)
AUTH = User(name="aut", auth="SHA-256", auth_key="authpass12345", engine_id=SENDER_ENGINE)
PLAIN = User(name="plain", engine_id=SENDER_ENGINE)
OWN = b"\x80\x00\x4f\xb8\x05faultd"


@pytest.fixture
def engine() -> V3Engine:
    return V3Engine(OWN, 3, [NOC, AUTH, PLAIN], 100.0)


@pytest.mark.parametrize("level", ["noAuthNoPriv", "authNoPriv"])
def test_a_lower_level_than_configured_is_refused(engine: V3Engine, level: str) -> None:
    with pytest.raises(DroppedDatagram, match="unsupported_security_level"):
        engine.receive(message(NOC, level=level), 100.0)


def test_a_higher_level_than_configured_is_refused(engine: V3Engine) -> None:
    forged = msgspec.structs.replace(AUTH, priv="AES", priv_key="privpass67890")
    with pytest.raises(DroppedDatagram, match="unsupported_security_level"):
        engine.receive(message(forged), 100.0)


def test_an_integer_beyond_int32_keeps_its_trap(engine: V3Engine) -> None:
    pdu = encode.notification_pdu("trap", LINK_DOWN, 5, (VarBind("1.3.6.1.4.1.99.1", "INTEGER", 2**40),), 99)
    admitted = engine.receive(message(NOC, pdu=pdu), 100.0)
    assert admitted.notification.varbinds[0].value == 2**40
    assert "wide_integer" in admitted.notification.irregular


def test_the_digest_is_over_the_octets_received(engine: V3Engine) -> None:
    admitted = engine.receive(message(AUTH, pad_length=True), 100.0)
    assert admitted.notification.irregular == ("non_minimal_length",)


def test_trailing_octets_are_outside_the_digest(engine: V3Engine) -> None:
    admitted = engine.receive(message(AUTH) + b"\x00", 100.0)
    assert admitted.notification.irregular == ("trailing_octets",)


def test_a_replayed_trap_is_refused_once_it_is_late(engine: V3Engine) -> None:
    old = message(NOC, time=1000)
    assert engine.receive(old, 100.0)
    assert engine.receive(old, 200.0)
    with pytest.raises(DroppedDatagram, match="not_in_time_window"):
        engine.receive(old, 251.1)
    assert engine.receive(message(NOC, boots=8, time=5), 252.0)
    with pytest.raises(DroppedDatagram, match="not_in_time_window"):
        engine.receive(message(NOC, boots=7, time=2000), 253.0)


def test_an_unauthenticated_message_moves_no_clock(engine: V3Engine) -> None:
    assert engine.receive(message(NOC), 100.0)
    assert engine.receive(message(PLAIN, boots=99), 100.0)
    assert engine.receive(message(NOC), 100.0)


def test_an_inform_must_be_in_our_own_window_and_is_told_the_time(engine: V3Engine) -> None:
    unsynchronised = message(NOC, kind="inform", engine=OWN, boots=0, time=0, reportable=True)
    with pytest.raises(AnsweredByReport) as exchange:
        engine.receive(unsynchronised, 130.0)
    report = parse(exchange.value.report)
    assert (report.boots, report.time, report.level) == (3, 30, "authNoPriv")
    assert is_signed_by(report, usm_user(NOC))
    assert engine.receive(message(NOC, kind="inform", engine=OWN, boots=3, time=30), 130.0).answer
    with pytest.raises(DroppedDatagram, match="not_in_time_window"):
        engine.receive(message(NOC, kind="inform", engine=OWN, boots=2, time=30), 130.0)
    with pytest.raises(DroppedDatagram, match="not_in_time_window"):
        engine.receive(message(NOC, kind="inform", engine=OWN, boots=3, time=30), 300.0)


def test_an_inform_to_another_engine_is_not_ours_to_answer(engine: V3Engine) -> None:
    with pytest.raises(DroppedDatagram, match="unknown_engine"):
        engine.receive(message(NOC, kind="inform"), 100.0)


def test_a_user_without_engine_id_sends_informs_only_and_a_star_takes_any_engine() -> None:
    inform_only = msgspec.structs.replace(NOC, engine_id="")
    anywhere = msgspec.structs.replace(AUTH, engine_id="*")
    engine = V3Engine(OWN, 1, [inform_only, anywhere], 0.0)
    with pytest.raises(DroppedDatagram, match="unknown_engine"):
        engine.receive(message(NOC), 0.0)
    assert engine.receive(message(NOC, kind="inform", engine=OWN, boots=1, time=0), 0.0)
    assert engine.receive(message(AUTH), 0.0)
    assert engine.receive(message(AUTH, engine=b"\x80\x00\x00\x01\x05another"), 0.0)


def test_the_same_name_on_two_engines_has_its_own_keys() -> None:
    other = msgspec.structs.replace(NOC, engine_id="8000000005aabb", auth_key="anotherkey1")
    engine = V3Engine(OWN, 1, [NOC, other], 0.0)
    assert engine.receive(message(NOC), 0.0)
    assert engine.receive(message(other, engine=bytes.fromhex("8000000005aabb")), 0.0)
    with pytest.raises(DroppedDatagram, match="wrong_digest"):
        engine.receive(message(NOC, engine=bytes.fromhex("8000000005aabb")), 0.0)
    engine.replace_users([other])
    with pytest.raises(DroppedDatagram, match="unknown_engine"):
        engine.receive(message(NOC), 0.0)


CORPUS = [bytes.fromhex(r["hex"]) for r in records()] + [
    message(u, kind="inform", engine=OWN, boots=3) for u in (NOC, AUTH, PLAIN)
]
KNOWN = [user_of(r, engine_id=SENDER_ENGINE) for r in TRAPS if not r["name"].startswith("v3_context")] + [NOC, AUTH]
FUZZED = V3Engine(OWN, 3, KNOWN, 0.0)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(CORPUS), st.data())
def test_no_altered_message_raises_anything_but_a_typed_verdict(datagram: bytes, data: st.DataObject) -> None:
    octets = bytearray(datagram)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(octets) - 1))
        how = data.draw(st.sampled_from(["set", "cut", "insert"]))
        if how == "set":
            octets[at] = data.draw(st.integers(0, 255))
        elif how == "cut" and len(octets) > 1:
            del octets[at : at + data.draw(st.integers(1, 8))]
        else:
            octets[at:at] = data.draw(st.binary(max_size=8))
        if not octets:
            break
    assert verdict(bytes(octets)) in {*REPORTS, *REASONS, "unknown_community", "answered", "accepted"}


def verdict(datagram: bytes) -> str:
    try:
        admitted = Intake(["public"], FUZZED).judge(datagram, 0.0)
    except DroppedDatagram as refused:
        return refused.reason
    except AnsweredByReport as exchange:
        return "answered" if parse(exchange.report).engine_id == OWN else "answered by another engine"
    if admitted.answer is not None:
        parse(admitted.answer(0.0))
    return "accepted"


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([NOC, AUTH, PLAIN]))
def test_an_authentic_message_with_any_content_gives_a_typed_verdict(content: bytes, user: User) -> None:
    keys = usm_user(user)
    data, salt, engine = content, b"", bytes.fromhex(SENDER_ENGINE)
    if user.priv:
        data, salt = keys.encrypt(content, engine, 7, 1000, SALTS)
    else:
        data = ber.element(ber.SEQUENCE, content)
    octets = compose(
        msg_id=1,
        level=keys.level,
        engine_id=engine,
        boots=7,
        time=1000,
        user=keys.name,
        digest_length=keys.digest_length,
        salt=salt,
        data=data,
    )
    with pytest.raises((DroppedDatagram, SnmpRefusal)):
        V3_FOR_CONTENT.receive(keys.sign(octets, engine) if user.auth else octets, 0.0)


V3_FOR_CONTENT = V3Engine(OWN, 3, [NOC, AUTH, PLAIN], 0.0)


def test_engine_id_stays_and_boots_grow(tmp_path: Path) -> None:
    first, second = next_start(tmp_path), next_start(tmp_path)
    assert first.engine_id == second.engine_id
    assert (first.boots, second.boots) == (1, 2)
    assert 5 <= len(bytes.fromhex(first.engine_id)) <= 32
    assert V3Engine.open(tmp_path, [], 0.0).boots == 3
    assert [entry.name for entry in tmp_path.iterdir()] == [FILE]


@pytest.mark.parametrize(
    "content",
    ["", "{", '{"engine_id":"80","boots":1}', '{"engine_id":"zz","boots":1}', '{"engine_id":"8000000005aa","boots":-1}'],
)
def test_a_damaged_state_file_is_named_and_left_alone(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    with pytest.raises(EngineStateError, match=FILE):
        next_start(tmp_path)
    assert (tmp_path / FILE).read_text() == content


def test_boots_end_at_their_maximum(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(json.dumps({"engine_id": "8000000005aa", "boots": MAX_BOOTS}))
    assert next_start(tmp_path).boots == MAX_BOOTS


def test_a_state_directory_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineStateError, match="gone"):
        next_start(tmp_path / "gone")


def test_keys_come_from_files(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("authpass12345\n")
    from_file = msgspec.structs.replace(AUTH, auth_key="", auth_key_file=str(key))
    assert V3Engine.open(tmp_path, [from_file], 0.0).receive(message(AUTH), 0.0)
    key.write_text("short")
    with pytest.raises(CredentialError, match="'aut'"):
        V3Engine.open(tmp_path, [from_file], 0.0)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1000)), max_size=20))
def test_a_clock_never_goes_back(steps: list[tuple[int, int]]) -> None:
    clocks, best = EngineClocks(), (-1, -1)
    for boots, time in steps:
        accepted = clocks.accept(b"engine", boots, time, 0.0) == "timely"
        assert accepted == (boots > best[0] or (boots == best[0] and time >= best[1] - 150))
        if accepted:
            best = max(best, (boots, time))


CAPTURED = os.environ.get("FAULTD_CAPTURED", "")


@pytest.mark.skipif(not CAPTURED, reason="FAULTD_CAPTURED names no file of captured datagrams")
def test_captured_messages_with_known_keys() -> None:
    checked = 0
    for record in records(Path(CAPTURED)) if CAPTURED else []:
        if record.get("must_fail") or not record.get("user") or (record["level"] != "noAuthNoPriv" and not record.get("auth")):
            continue
        expected = record["expected"].get("decrypted", record["expected"])
        if expected.get("pdu") not in ("v2trap", "inform"):
            continue
        notification = decode_offline(bytes.fromhex(record["hex"]), [user_of(record)])
        assert notification.trap_oid == expected["trap_oid"]
        assert notification.request_id == expected["request_id"]
        checked += 1
    assert checked >= 5
