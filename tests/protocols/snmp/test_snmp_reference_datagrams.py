"""Every reference datagram decodes to what it is known to say; captures that may not be copied are read from a path.

``FAULTD_CAPTURED`` names a file of the same form with datagrams captured in the field.
"""

import contextlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from protocols.snmp.encode import decode_response
from protocols.snmp.errors import NotANotification, SnmpRefusal
from protocols.snmp.irregular import ENTERPRISE_ENDS_IN_ZERO, IRREGULARITIES, TRAILING_OCTETS
from protocols.snmp.message import decode, peek
from protocols.snmp.notification import Notification, VarBind
from protocols.snmp.pdu import SNMP_TRAP_OID, SYS_UP_TIME

REFERENCE = [json.loads(line) for line in (Path(__file__).parents[2] / "data" / "datagrams.jsonl").read_text().splitlines()]
CAPTURED_PATH = os.environ.get("FAULTD_CAPTURED", "")
CAPTURED = [json.loads(line) for line in Path(CAPTURED_PATH).read_text().splitlines()] if CAPTURED_PATH else []

Record = dict[str, Any]


def by_name(records: list[Record]) -> list[Any]:
    return [pytest.param(record, id=record["name"]) for record in records]


captured = pytest.mark.skipif(not CAPTURED, reason="FAULTD_CAPTURED names no file of captured datagrams")


def expected_varbind(expected: Record) -> VarBind:
    value = expected["value"]
    kind = expected["type"]
    if isinstance(value, dict):
        if "float" in value:
            kind, value = "Opaque Float", value["float"]
        elif "double" in value:
            kind, value = "Opaque Double", value["double"]
        else:
            value = bytes.fromhex(value["hex"])
    return VarBind(expected["oid"], kind, value)


def check_varbinds(found: tuple[VarBind, ...], expected: list[VarBind]) -> None:
    assert len(found) == len(expected)
    for binding, wanted in zip(found, expected, strict=True):
        if wanted.type.startswith("Opaque ") and isinstance(wanted.value, float):
            assert binding == VarBind(wanted.oid, wanted.type, pytest.approx(wanted.value, rel=1e-12))
        else:
            assert binding == wanted


def without_identity(expected: list[VarBind]) -> list[VarBind]:
    rest = list(expected)
    for oid in (SYS_UP_TIME, SNMP_TRAP_OID):
        first = next((place for place, binding in enumerate(rest) if binding.oid == oid), None)
        if first is not None:
            del rest[first]
    return rest


def check_v1(notification: Notification, expected: Record) -> None:
    assert notification.version == "1"
    assert notification.kind == "trap"
    assert notification.enterprise == expected["enterprise"]
    assert (notification.agent_address or "0.0.0.0") == expected["agent_addr"]
    assert (notification.generic, notification.specific) == (expected["generic"], expected["specific"])
    assert notification.uptime == expected["uptime"]
    wanted = expected["rfc3584_trap_oid"]
    if wanted is None:
        wanted = f"{expected['enterprise']}.0"
    elif ENTERPRISE_ENDS_IN_ZERO in notification.irregular:
        # The reference follows RFC 3584 to the letter (X.0.0.n); such equipment means X.0.n.
        wanted = f"{expected['enterprise']}.{expected['specific']}"
    assert notification.trap_oid == wanted
    check_varbinds(notification.varbinds, [expected_varbind(binding) for binding in expected["varbinds"]])


def check_v2(notification: Notification, expected: Record) -> None:
    assert notification.version == "2c"
    assert notification.kind == {"v2trap": "trap", "inform": "inform"}[expected["pdu"]]
    assert notification.request_id == expected["request_id"]
    assert notification.uptime == expected.get("uptime")
    assert notification.trap_oid == (expected.get("trap_oid") or "")
    check_varbinds(notification.varbinds, without_identity([expected_varbind(each) for each in expected["varbinds"]]))


def check_v3(datagram: bytes, expected: Record) -> None:
    header = peek(datagram)
    assert header.version == 3
    assert header.msg_id == expected["msg_id"]
    assert header.flags == expected["flags"]
    assert header.level == expected["level"]
    assert header.reportable == expected["reportable"]
    assert header.engine_id.hex() == expected["engine_id"]
    assert (header.boots, header.time) == (expected["boots"], expected["time"])
    assert header.user == expected["user"]
    with pytest.raises(SnmpRefusal, match="bad_version"):
        decode(datagram)


def check(record: Record) -> None:
    datagram = bytes.fromhex(record["hex"])
    expected = record["expected"]
    if "must_fail" in record and record["must_fail"] != "auth":
        check_malformed(datagram, record["must_fail"])
        return
    assert expected["decode"] == "ok"
    if expected["version"] == "3":
        check_v3(datagram, expected)
        return
    assert peek(datagram).community == expected["community"].encode("latin-1")
    if expected["pdu"] == "response":
        with pytest.raises(NotANotification, match="Response"):
            decode(datagram)
        answer = decode_response(datagram)
        assert answer.request_id == expected["request_id"]
        assert (answer.error_status, answer.error_index) == (expected["error_status"], expected["error_index"])
        check_varbinds(answer.varbinds, [expected_varbind(binding) for binding in expected["varbinds"]])
        return
    notification = decode(datagram)
    assert notification.security == expected["community"]
    assert set(notification.irregular) <= set(IRREGULARITIES)
    if expected.get("anomalies"):
        assert notification.irregular
    trailing = any("trailing bytes" in anomaly for anomaly in expected.get("anomalies", ()))
    assert (TRAILING_OCTETS in notification.irregular) == trailing
    if expected["version"] == "1":
        check_v1(notification, expected)
    else:
        check_v2(notification, expected)


def check_malformed(datagram: bytes, must_fail: str) -> None:
    if must_fail == "decode":
        with pytest.raises(SnmpRefusal):
            decode(datagram)
    else:
        with contextlib.suppress(SnmpRefusal):
            assert decode(datagram).irregular
    if b"\x02\x01\x03" in datagram[:8]:
        with pytest.raises(SnmpRefusal):
            peek(datagram)


@pytest.mark.parametrize("record", by_name(REFERENCE))
def test_reference_datagram_decodes_to_what_it_says(record: Record) -> None:
    check(record)


@captured
@pytest.mark.parametrize("record", by_name(CAPTURED))
def test_captured_datagram_decodes_to_what_it_says(record: Record) -> None:
    check(record)


def test_regular_reference_datagrams_are_not_called_irregular() -> None:
    for record in REFERENCE:
        if record["version"] != "3" and record["expected"]["pdu"] != "response":
            assert decode(bytes.fromhex(record["hex"])).irregular == (), record["name"]
