"""Timeline: a simulated plant lives through its faults. Its traps become alarms where the truth says; repairs end them."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import trio
from acceptance.harness import PATIENCE, Daemon

from faultd.simulator.plan import Options, simulate
from faultd.simulator.plant import PlantSpec, build_plant
from faultd.simulator.runner import run_simulation, target
from faultd.simulator.scenarios import scenario
from faultd.simulator.topology import topology_csv

pytestmark = pytest.mark.acceptance


async def with_plant(daemon: Daemon, spec: PlantSpec) -> None:
    """Tell the daemon about the plant and start it."""
    topology = daemon.folder / "topology.csv"
    topology.write_text(topology_csv(build_plant(spec)))
    daemon.write_config(f'[traps]\n[topology]\nfile = "{topology}"\n')
    await daemon.start()


@pytest.mark.parametrize("impaired", [False, True], ids=["clean", "duplicated and reordered"])
async def test_a_feeder_cut_is_a_critical_alarm_on_its_pon_port_and_over_after_the_splice(
    place: Path, database_url: str, impaired: bool
) -> None:
    spec = PlantSpec(olts=2, vendors=("huawei", "zte"), onts_per_pon=16)
    options = Options(seed=7, duplicate=0.2, reorder=0.2) if impaired else Options(seed=7)
    plan = simulate(build_plant(spec), scenario("feeder-cut"), options)
    (truth,) = plan.faults
    daemon = Daemon(place, database_url, "[traps]")
    await with_plant(daemon, spec)
    seen: dict[str, str] = {}
    async with daemon.stream() as stream, trio.open_nursery() as nursery:
        nursery.start_soon(_play, plan, daemon)

        def over(alarms: list) -> bool:  # type: ignore[type-arg]
            seen.update({alarm.resource_id: alarm.severity for alarm in alarms if alarm.alarm_type == "pon.los"})
            done = [alarm for alarm in alarms if alarm.resource_id == truth.root and alarm.cleared_at is not None]
            return bool(done) and all(alarm.cleared_at is not None for alarm in alarms)

        alarms = await stream.until(over)
    assert seen == {truth.root: "critical"}
    (port,) = [alarm for alarm in alarms if alarm.resource_id == truth.root and alarm.alarm_type == "pon.los"]
    assert set(port.affected_customers) == set(truth.affected_customers)
    assert port.subscriber_count == len(truth.affected_customers)
    assert {alarm.resource_id for alarm in alarms if alarm.alarm_type == "ont.los"} <= set(truth.affected_onts)
    received = await daemon.metric("faultd_traps_received_total")
    copies = sum(datagram.copy and not datagram.inform for datagram in plan.datagrams)
    assert (copies > 0) is impaired
    assert received == len(plan.datagrams)
    assert await daemon.metric("faultd_traps_dropped_total", reason="duplicate") == copies
    assert await daemon.metric("faultd_traps_accepted_total") == received - copies
    assert await daemon.stop() == 0, daemon.last_words()


async def _play(plan, daemon: Daemon) -> None:  # type: ignore[no-untyped-def]
    await run_simulation(plan, target("127.0.0.1", daemon.trap_port), speed=20)


async def test_replay_comes_to_the_same_alarms(place: Path, database_url: str) -> None:
    spec = PlantSpec(olts=4, onts_per_pon=8)
    plan = simulate(build_plant(spec), scenario("demo"), Options(seed=3, duration=120))
    daemon = Daemon(place, database_url, "[traps]")
    await with_plant(daemon, spec)
    summary = await run_simulation(plan, target("127.0.0.1", daemon.trap_port), speed=0, rate=2000)
    with trio.fail_after(PATIENCE):
        while await daemon.metric("faultd_traps_accepted_total") != summary.sent:
            pass
    assert await daemon.stop() == 0, daemon.last_words()
    columns = "id, alarm_type, resource_id, severity, status, occurrence_count, revision"
    stored = {tuple(str(cell) for cell in row) for row in await daemon.sql(f"SELECT {columns} FROM alarms")}

    command = [sys.executable, "-m", "faultd", "replay", "--changes", "--config", str(daemon.file)]
    done = await trio.to_thread.run_sync(lambda: subprocess.run(command, capture_output=True, text=True, check=True))
    alarms: dict[str, dict[str, object]] = {}
    for line in done.stdout.splitlines():
        match json.loads(line):
            case ["alarm", _offset, alarm, _entries]:
                alarms[alarm["id"]] = alarm
            case ["repeat", _offset, alarm_id, _last, count, revision]:
                alarms[alarm_id].update(occurrence_count=count, revision=revision)
    assert {tuple(str(alarm[name]) for name in columns.split(", ")) for alarm in alarms.values()} == stored
    assert len(stored) > 50


async def test_the_demo_runs_from_nothing_to_live_alarms_and_stops_cleanly() -> None:
    command = [
        sys.executable,
        "-m",
        "faultd",
        "demo",
        "--plain",
        "--speed",
        "4",
        "--seconds",
        "20",
        "--scenario",
        "feeder-cut",
    ]
    done = await trio.run_process(command, capture_stdout=True, capture_stderr=True, check=False)
    told, shown = done.stderr.decode(), done.stdout.decode()
    assert done.returncode == 0, told
    assert "feeder fibre cut [fibre.cut, active, 32 customers" in shown
    assert "32 of 32 ONTs below" in shown
    assert "fibre.cut, cleared" in shown
    assert "pon.los, active" not in shown
    assert "--- plant:" in shown
    traps = re.search(r"^traps: ([\d,]+) sent, ([\d,]+) received, ([\d,]+) folded, 0 lost$", shown, re.MULTILINE)
    assert traps is not None, shown
    assert traps[1] == traps[2] == traps[3] != "0"
    assert re.search(r"^alarms: [1-9]\d* raised, \d+ of them cleared, [1-9] named as a cause of others$", shown, re.MULTILINE)
    for expected in (
        "starting the embedded PostgreSQL",
        "API docs: http://127.0.0.1:",
        "Metrics: ",
        "Stream: ws://",
        "stopped",
    ):
        assert expected in told
