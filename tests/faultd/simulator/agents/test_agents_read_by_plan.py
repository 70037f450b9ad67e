"""The shipped plans read the simulated OLTs: the positions are the topology's, the states and powers those of the physics."""

from pathlib import Path

import pytest

from actors.correlator.profiles import load_profiles
from actors.poller.plan.table_reader import TableReader
from faultd.simulator.agents.plant_agents import PlantAgents
from faultd.simulator.fault import Fault
from faultd.simulator.plan import Options
from faultd.simulator.plant import MAKERS, PlantSpec, Vendor, build_plant, position
from faultd.simulator.scenarios import Scenario, Script
from protocols.poll.part_states import unpack_states
from protocols.poll.plan.compile_plan import compile_plans
from protocols.poll.plan.poll_plan import PollPlan
from protocols.poll.plan.table_plan import Rows, walked
from protocols.poll.section import ScheduleClass
from protocols.snmp.manager.community_session import CommunitySession
from protocols.snmp.manager.transaction import Transaction
from protocols.snmp.manager.walk import Walk

PLANS = compile_plans(
    load_profiles({path.name: path.read_text() for path in (Path(__file__).parents[4] / "config" / "profiles").glob("*.toml")})
)
PLAN: dict[Vendor, str] = {"huawei": "huawei", "zte": "zte/c3xx", "calix_e7": "calix_e7", "bdcom": "bdcom/gpon", "vsol": "vsol"}
WITHOUT_POWER = frozenset({"bdcom"})
WITHOUT_SERIAL = frozenset({"calix_e7", "vsol"})


class Poll:
    """One simulated OLT, read at one second."""

    def __init__(self, agents: PlantAgents, plan: PollPlan) -> None:
        self._agents = agents
        self.readers = [TableReader(table) for table in plan.tables]

    def rows(self, reader: TableReader, schedule: ScheduleClass, at: float) -> Rows:
        walk = Walk(walked(reader.plan, reader.plan.of(schedule)))
        transaction = Transaction(CommunitySession("2c", b"public", 1), walk)
        octets = transaction.start(0.0)
        while not transaction.done:
            assert octets is not None
            (reply,) = self._agents.answer(octets, self._agents.addresses[0], at)
            octets = transaction.receive(reply.octets, 0.0)
        assert transaction.error is None
        return walk.table.rows

    def of(self, kind: str) -> list[TableReader]:
        return [reader for reader in self.readers if reader.plan.kind == kind]


@pytest.mark.parametrize("vendor", MAKERS)
def test_a_plan_reads_what_the_physics_says(vendor: Vendor) -> None:
    plant = build_plant(PlantSpec(olts=1, cards_per_olt=2, pons_per_card=2, onts_per_pon=8, vendors=(vendor,)))
    pon = next(iter(plant.pons.values()))
    fault = Fault(id="f", kind="ont_power", target=pon.onts[3], start=10.0, end=60.0, depth=8.0)
    agents = PlantAgents(plant, Scenario("one", "", 90.0, lambda *_: Script((fault,))), Options())
    poll = Poll(agents, PLANS.by_name[PLAN[vendor]])
    serials: dict[str, str] = {}
    powers: dict[str, float] = {}
    states: dict[str, tuple[str, str]] = {}
    for reader in poll.of("ont"):
        if reader.plan.of("identity"):
            found = reader.take_identity(poll.rows(reader, "identity", 5.0))
            serials |= {each.position: each.serial for each in found.serials}
        if reader.plan.of("optics"):
            powers |= {
                each.position: each.dbm
                for each in reader.take_optics(poll.rows(reader, "optics", 5.0))
                if each.quantity == "ont_rx"
            }
        if reader.plan.of("state"):
            reader.take_states(poll.rows(reader, "state", 5.0))
    for reader in poll.of("ont"):
        if reader.plan.of("state"):
            rows = poll.rows(reader, "state", 30.0)
            news = reader.take_states(rows)
            assert reader.positions(news.down) == [position(pon.onts[3])]
            causes = (
                {index: row for index, row in poll.rows(reader, "down", 30.0).items() if index in news.down}
                if reader.plan.of("down")
                else {}
            )
            states |= {part.position: (part.state, part.cause) for part in unpack_states(reader.states(rows, causes))}
    heard = {position(ont) for ont in plant.onts}
    assert set(states) == heard
    lost = "" if vendor == "calix_e7" else "dying_gasp"
    assert {place: state for place, state in states.items() if state != ("up", "")} == {position(pon.onts[3]): ("down", lost)}
    if vendor not in WITHOUT_SERIAL:
        assert serials == {position(ont): node.serial for ont, node in plant.onts.items()}
    if vendor not in WITHOUT_POWER:
        assert set(powers) == heard
        simulation = agents.view("olt-001", 30.0).simulation
        for place, dbm in powers.items():
            assert dbm == pytest.approx(simulation.optics.level(f"olt-001/{place}"), abs=0.36)
    for reader in poll.of("pon"):
        found_pons = {part.position for part in unpack_states(reader.states(poll.rows(reader, "state", 30.0), {}))}
        assert found_pons == {position(each) for each in plant.pons}
    (interfaces,) = poll.of("interface")
    assert len(interfaces.take_identity(poll.rows(interfaces, "identity", 30.0)).names) >= 6
