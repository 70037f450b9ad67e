"""Agents that misbehave: each variant by what it sends, and a card that is read too often."""

import pytest

from faultd.simulator.agents.plant_agents import AgentReply, PlantAgents
from faultd.simulator.agents.variants import AgentVariant, BadVariant, read_variants
from faultd.simulator.fault import Fault
from faultd.simulator.plan import Options
from faultd.simulator.plant import PlantSpec, build_plant
from faultd.simulator.scenarios import Scenario, Script
from protocols.snmp.encode import get, get_bulk
from protocols.snmp.errors import SnmpRefusal
from protocols.snmp.response import Response, decode_response

PLANT = build_plant(PlantSpec(olts=2, cards_per_olt=2, pons_per_card=2, onts_per_pon=8, vendors=("huawei",)))
ADDRESS = PLANT.olts["olt-001"].address
SCENARIO = Scenario("one", "", 90.0, lambda *_: Script((Fault(id="f", kind="drop_cut", target="olt-001/0/1/0/0", start=10.0),)))
UPTIME = "1.3.6.1.2.1.1.3.0"
ONT_UP = "1.3.6.1.4.1.2011.6.128.1.1.2.46.1.15.4194312192.0"
ONT_RX = "1.3.6.1.4.1.2011.6.128.1.1.2.51.1.4"
CARD = "1.3.6.1.4.1.2011.6.3.3.2.1.8.0.1"
OCTETS = "1.3.6.1.2.1.31.1.1.1.6.234954752"


def agents_with(*variants: AgentVariant) -> PlantAgents:
    return PlantAgents(PLANT, SCENARIO, Options(), variants={"olt-001": frozenset(variants)})


def ask(agents: PlantAgents, *oids: str, at: float = 20.0, number: int = 7) -> list[AgentReply]:
    return agents.answer(get(community="public", oids=oids, request_id=number), ADDRESS, at)


def read(agents: PlantAgents, *oids: str, at: float = 20.0) -> list[object]:
    (reply,) = ask(agents, *oids, at=at)
    return [each.value for each in decode_response(reply.octets).varbinds]


def decoded(reply: AgentReply) -> Response | None:
    try:
        return decode_response(reply.octets)
    except SnmpRefusal:
        return None


def test_an_agent_without_a_variant_sends_one_right_answer_at_once() -> None:
    (reply,) = ask(agents_with(), ONT_UP)
    assert (reply.source, reply.delay) == (ADDRESS, 0.0)
    assert decode_response(reply.octets).varbinds[0].value == 2


def test_slow_and_duplicating() -> None:
    replies = ask(agents_with("slow", "duplicating"), UPTIME)
    assert [each.delay for each in replies] == [1.5] * 3
    assert len({each.octets for each in replies}) == 1


def test_crashed() -> None:
    agents = agents_with("crashed")
    assert ask(agents, UPTIME) == []
    assert (agents.counts.requests, agents.counts.silent) == (1, 1)


def test_lossy() -> None:
    agents = agents_with("lossy")
    answered = sum(bool(ask(agents, UPTIME)) for _ in range(200))
    assert 110 < answered < 170
    assert agents.counts.silent == 200 - answered


def test_other_id_truncated_and_other_address() -> None:
    other_id = [decoded(ask(agents, UPTIME)[0]) for agents in [agents_with("other-id")] for _ in range(6)]
    assert [each.request_id for each in other_id if each] == [7, 7, 6, 7, 7, 6]
    truncated = [decoded(ask(agents, UPTIME)[0]) for agents in [agents_with("truncated")] for _ in range(6)]
    assert [each is None for each in truncated] == [False, False, True] * 2
    elsewhere = [ask(agents, UPTIME)[0].source for agents in [agents_with("other-address")] for _ in range(4)]
    assert elsewhere == [ADDRESS, "127.10.0.250"] * 2


def test_looping() -> None:
    request = get_bulk(community="public", oids=[ONT_RX], request_id=1, max_repetitions=40)
    (reply,) = agents_with("looping").answer(request, ADDRESS, 5.0)
    names = [each.oid for each in decode_response(reply.octets).varbinds]
    assert len(names) == 40
    assert len(set(names)) == 32
    assert names[32:] == names[:8]


def test_counters_that_begin_anew_without_a_restart() -> None:
    agents = agents_with("counter-reset")
    before, after = (read(agents, OCTETS, "1.3.6.1.6.3.10.2.1.2.0", at=at) for at in (299.0, 301.0))
    assert int(str(before[0])) > int(str(after[0])) > 0
    assert before[1] == after[1]


def test_an_uptime_that_wraps_without_a_restart() -> None:
    agents = agents_with("uptime-wrap")
    assert read(agents, UPTIME, at=59.0) == [2**32 - 100]
    assert read(agents, UPTIME, at=61.0) == [100]


def test_states_that_contradict_the_traps() -> None:
    assert read(agents_with(), ONT_UP, at=20.0) == [2]
    assert read(agents_with("contradicting"), ONT_UP, at=20.0) == [1]


def test_a_card_crashes_when_its_optics_are_read_too_often() -> None:
    """A card of 16 ONTs with 6 columns of optics stands 192 varbinds an hour."""
    agents = agents_with("fragile-card")
    bulk = get_bulk(community="public", oids=[ONT_RX], request_id=1, max_repetitions=16)

    def read_card(at: float, times: int) -> None:
        for _ in range(times):
            assert agents.answer(bulk, ADDRESS, at)

    read_card(20.0, 12)
    assert read(agents, CARD) == [2]
    read_card(3_700.0, 12)
    assert read(agents, CARD, at=3_700.0) == [2]
    read_card(3_800.0, 1)
    assert read(agents, CARD, "1.3.6.1.4.1.2011.6.128.1.1.2.46.1.15.4194312192.3", at=3_800.0) == [7, 2]
    counts, first, second = agents.report()
    assert counts.startswith("agents: 28 requests, 28 answered")
    assert first == "olt-001/0/1: 400 optics varbinds, at most 208 in an hour: crashed at 3800 s"
    assert second == "olt-001/0/2: 0 optics varbinds, at most 0 in an hour: held"


def test_options() -> None:
    found = read_variants(PLANT, ["olt-2=slow", "olt-002=lossy+duplicating", "olt-1=crashed"])
    assert found == {"olt-002": {"slow", "lossy", "duplicating"}, "olt-001": {"crashed"}}


@pytest.mark.parametrize("given", ["olt-2", "olt-9=slow", "router=slow", "olt-2=", "olt-2=quick", "=slow"])
def test_an_option_that_cannot_be_followed_names_itself(given: str) -> None:
    with pytest.raises(BadVariant, match=r"^agent-variant = "):
        read_variants(PLANT, [given])


def test_another_community_and_garbage_get_no_answer() -> None:
    agents = agents_with()
    request = get(community="secret", oids=[UPTIME], request_id=1)
    assert agents.answer(request, ADDRESS, 1.0) == []
    assert agents.answer(b"\x30\x03garbage", ADDRESS, 1.0) == []
    assert agents.answer(request, "127.10.0.77", 1.0) == []
    assert (agents.counts.unanswered, agents.counts.silent) == (2, 1)
