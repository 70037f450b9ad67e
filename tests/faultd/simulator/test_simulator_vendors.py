"""The vendors' words on the wire: what is sent decodes, and equals the recorded datagrams where there is one."""

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from faultd.simulator.emission import to_notification
from faultd.simulator.plan import Options, simulate
from faultd.simulator.plant import PlantSpec, build_plant
from faultd.simulator.report import DeviceTime, Observation
from faultd.simulator.scenarios import SCENARIOS
from faultd.simulator.vendors import DIALECTS
from faultd.simulator.wire import encode
from protocols.snmp.message import decode
from protocols.snmp.notification import Notification, VarBind

DATAGRAMS = {
    each["name"]: each
    for each in map(json.loads, (Path(__file__).parents[2] / "data" / "datagrams.jsonl").read_text().splitlines())
}
PLANT = build_plant(PlantSpec(olts=4, cards_per_olt=3, pons_per_card=8))
MOMENT = DeviceTime(datetime(2026, 2, 11, 17, 44, 22, tzinfo=UTC), 991)
OLT = {olt.vendor: olt for olt in PLANT.olts.values()}


def spoken(vendor: str, report: Observation) -> Notification:
    (draft,) = DIALECTS[vendor](PLANT, report, MOMENT)  # type: ignore[index]
    olt = OLT[vendor]  # type: ignore[index]
    return decode(encode(to_notification(olt, draft, community="public", uptime=1234567, request_id=7)))


@pytest.mark.parametrize(
    ("name", "report"),
    [
        ("huawei_ont_los_raise", Observation("ont_los", "olt-001/0/1/5/17")),
        ("huawei_ont_los_clear", Observation("ont_los", "olt-001/0/1/5/17", raised=False)),
        ("huawei_ont_dying_gasp_raise", Observation("ont_dying_gasp", "olt-001/0/1/5/17")),
        ("huawei_ont_port_status_down", Observation("uni", "olt-001/0/1/5/17")),
    ],
)
def test_huawei_says_what_the_recorded_datagram_says(name: str, report: Observation) -> None:
    recorded, said = decode(bytes.fromhex(DATAGRAMS[name]["hex"])), spoken("huawei", report)
    assert said.trap_oid == recorded.trap_oid
    model = ".45.1.4."
    assert [each for each in said.varbinds if model not in each.oid] == [
        each for each in recorded.varbinds if model not in each.oid
    ]
    assert [each.oid for each in said.varbinds] == [each.oid for each in recorded.varbinds]


def test_zte_says_what_the_recorded_datagram_says() -> None:
    recorded = decode(bytes.fromhex(DATAGRAMS["zte_ont_losi_community_decorated"]["hex"]))
    said = spoken("zte", Observation("ont_los", "olt-002/1/2/1/7"))
    assert [(each.oid, each.type) for each in said.varbinds] == [(each.oid, each.type) for each in recorded.varbinds]
    assert said.trap_oid == recorded.trap_oid
    assert said.security == "public@eventId=991@level=major@20260211174422"
    heartbeat = spoken("zte", Observation("heartbeat", "olt-002"))
    assert (heartbeat.trap_oid, heartbeat.varbinds) == ("1.3.6.1.4.1.3902.1015.190.6.2", ())


def test_calix_says_what_the_recorded_datagram_says() -> None:
    recorded = decode(bytes.fromhex(DATAGRAMS["calix_e7_alarm_on"]["hex"]))
    said = spoken("calix_e7", Observation("pon_los", "olt-003/1/2/3"))
    assert said.varbinds == recorded.varbinds


def test_vsol_says_what_the_recorded_datagram_says() -> None:
    recorded = decode(bytes.fromhex(DATAGRAMS["vsol_generic_trap_pon_los"]["hex"]))
    plant = build_plant(PlantSpec(olts=1, vendors=("vsol",)))
    (draft,) = DIALECTS["vsol"](plant, Observation("pon_los", "olt-001/3"), MOMENT)
    said = decode(encode(to_notification(plant.olts["olt-001"], draft, community="public", uptime=1234567, request_id=7)))
    level = ".37950.1.1.5.10.13.2.9.0"
    assert said.trap_oid == recorded.trap_oid
    assert [each for each in said.varbinds if not each.oid.endswith(level)] == [
        each for each in recorded.varbinds if not each.oid.endswith(level)
    ]


def test_bdcom_names_the_port_in_its_description() -> None:
    said = spoken("bdcom", Observation("ont_dying_gasp", "olt-004/0/3/12"))
    assert said.trap_oid == "1.3.6.1.4.1.3320.10.3.8.2"
    assert said.varbinds[1].value == b"GPON0/3:12"
    assert said.varbinds[-1] == VarBind("1.3.6.1.4.1.3320.10.3.8.1.0", "INTEGER", 1)


def test_every_datagram_of_every_scenario_decodes_to_what_was_meant() -> None:
    plant = build_plant(PlantSpec(olts=8, onts_per_pon=8, zte_v1=True, informs=True))
    versions = set()
    for scenario in SCENARIOS.values():
        for datagram in simulate(plant, scenario, Options(noise=3.0)).datagrams:
            said = decode(datagram.payload)
            assert said.irregular == ()
            if said.version == "1":
                assert said.agent_address == datagram.source
            assert (said.trap_oid, said.varbinds, said.security, said.uptime) == (
                datagram.notification.trap_oid,
                datagram.notification.varbinds,
                datagram.notification.security,
                datagram.notification.uptime,
            )
            versions.add((said.version, said.kind))
    assert versions == {("1", "trap"), ("2c", "trap"), ("2c", "inform")}


def test_v1_standard_traps_keep_their_generic_number() -> None:
    plant = build_plant(PlantSpec(olts=1, vendors=("zte",), zte_v1=True))
    sent = [decode(each.payload) for each in simulate(plant, SCENARIOS["olt-power"]).datagrams]
    cold = sent[0]
    assert (cold.trap_oid, cold.generic, cold.specific) == ("1.3.6.1.6.3.1.1.5.1", 0, 0)
    assert cold.enterprise == "1.3.6.1.4.1.3902"


StillOpen = Callable[[Iterable[tuple[str, Notification]]], set[tuple[object, ...]]]


def test_the_bookkeeping_does_see_open_alarms(still_open: StillOpen) -> None:
    plant = build_plant(PlantSpec(onts_per_pon=8, vendors=("huawei",)))
    plan = simulate(plant, SCENARIOS["feeder-cut"])
    middle = [(each.olt, each.notification) for each in plan.emissions if each.at < 30]
    assert len(still_open(middle)) == 8 + 8 + 1
