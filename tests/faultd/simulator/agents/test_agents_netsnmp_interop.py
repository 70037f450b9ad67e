"""net-snmp's own tools ask the simulated agents: every version, every algorithm, every kind of request and refusal."""

import itertools
import os
import subprocess
from collections.abc import Iterator
from typing import get_args

import pytest
from tools import tool
from vocabulary.plant_agents import ServedAgents, served

from faultd.simulator.agents.plant_agents import PlantAgents
from faultd.simulator.agents.users import AUTH_PASS_PHRASE, PRIV_PASS_PHRASE, STRANGER
from faultd.simulator.agents.variants import read_variants
from faultd.simulator.fault import Fault
from faultd.simulator.plan import Options
from faultd.simulator.plant import PlantSpec, build_plant
from faultd.simulator.scenarios import Scenario, Script
from protocols.snmp.usm.digests import AuthProtocol

pytestmark = pytest.mark.interop

PLANT = build_plant(PlantSpec(olts=4, cards_per_olt=1, pons_per_card=2, onts_per_pon=8, vendors=("huawei",)))
FIRST, LOOPING, CRASHED, LATE = (olt.address for olt in PLANT.olts.values())
CUT = "olt-001/0/1/1/5"
DROP_CUT = Scenario("cut", "", 60.0, lambda *_: Script((Fault(id="f", kind="drop_cut", target=CUT, start=10.0),)))
PRIVS = {"": "", "des": "DES", "aes": "AES", "aes192": "AES-192", "aes256": "AES-256", "aes192-reeder": "AES-192-C",
         "aes256-reeder": "AES-256-C"}  # fmt: skip
"""net-snmp's name of the privacy protocol, by the end of a user's name."""
SYS_NAME, SYS_UP_TIME = ".1.3.6.1.2.1.1.5.0", ".1.3.6.1.2.1.1.3.0"
RUN_STATE = ".1.3.6.1.4.1.2011.6.128.1.1.2.46.1.15"
FIRST_ONT = f"{RUN_STATE}.4194312192.0"


@pytest.fixture(scope="module")
def agents() -> Iterator[ServedAgents]:
    variants = read_variants(PLANT, ["olt-2=looping", "olt-3=crashed", "olt-4=other-address"])
    with served(PlantAgents(PLANT, DROP_CUT, Options(), variants=variants)) as agents:
        yield agents


def ask(
    agents: ServedAgents, command: str, *arguments: str, address: str = FIRST, version: str = "2c", community: str = "public"
) -> list[str]:
    """The lines of one of net-snmp's tools, of both its streams. Arguments are options, then ``--``, then the rest."""
    security = ["-v", version, "-t", "1", "-r", "0"] + (["-c", community] if version != "3" else [])
    options, rest = list(arguments[: arguments.index("--")]), arguments[arguments.index("--") + 1 :]
    ran = subprocess.run(
        [tool(command), *security, "-On", *options, f"{address}:{agents.port}", *rest],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "MIBS": "", "SNMPCONFPATH": "/nonexistent"},
    )
    return (ran.stdout + ran.stderr).splitlines()


def as_user(name: str, auth: str = "", priv: str = "", **phrases: str) -> list[str]:
    level = "authPriv" if priv else "authNoPriv" if auth else "noAuthNoPriv"
    found = ["-u", name, "-l", level]
    found += ["-a", auth, "-A", phrases.get("auth_phrase", AUTH_PASS_PHRASE)] if auth else []
    return found + (["-x", priv, "-X", phrases.get("priv_phrase", PRIV_PASS_PHRASE)] if priv else [])


@pytest.mark.parametrize(("auth", "priv"), [*itertools.product(get_args(AuthProtocol)[1:], PRIVS)])
def test_each_algorithm(agents: ServedAgents, auth: str, priv: str) -> None:
    name = "-".join(each for each in (auth.replace("-", "").lower(), priv) if each)
    found = ask(agents, "snmpget", *as_user(name, auth, PRIVS[priv]), "--", SYS_NAME, version="3")
    assert found == [f'{SYS_NAME} = STRING: "olt-001"']


def test_a_user_without_security(agents: ServedAgents) -> None:
    assert ask(agents, "snmpget", *as_user("noauth"), "--", SYS_NAME, version="3") == [f'{SYS_NAME} = STRING: "olt-001"']


@pytest.mark.parametrize(
    ("user", "words"),
    [
        (as_user("nobody"), "Unknown user name"),
        (as_user("noauth", "SHA"), "Unsupported security level"),
        (as_user("sha", "SHA", auth_phrase="something else"), "Authentication failure (incorrect password"),
        (as_user("sha-aes", "SHA", "AES", priv_phrase="something else"), "Decryption error"),
        (as_user(STRANGER), "authorizationError"),
        (as_user("sha-aes", "SHA"), "authorizationError"),
        ([*as_user("noauth"), "-n", "other"], "Bad context specified"),
    ],
)
def test_each_refusal_of_v3(agents: ServedAgents, user: list[str], words: str) -> None:
    assert words in " ".join(ask(agents, "snmpget", *user, "--", SYS_NAME, version="3"))


def test_every_way_of_walking_finds_the_same_objects(agents: ServedAgents) -> None:
    def names(command: str, *options: str, version: str = "2c") -> list[str]:
        lines = ask(agents, command, *options, "--", ".1", version=version)
        return [line.partition(" = ")[0] for line in lines if "No more variables" not in line and line != "End of MIB"]

    walked = names("snmpwalk")
    assert len(walked) == 296
    assert walked == sorted(walked, key=lambda name: [int(each) for each in name[1:].split(".")])
    assert names("snmpbulkwalk", "-Cr50") == names("snmpbulkwalk", "-Cr1") == walked
    assert names("snmpbulkwalk", *as_user("sha256-aes", "SHA-256", "AES"), version="3") == walked
    counters = (".1.3.6.1.2.1.31.1.1.1.6.", ".1.3.6.1.2.1.31.1.1.1.10.")
    assert names("snmpwalk", version="1") == [name for name in walked if not name.startswith(counters)]


def test_a_table_and_a_bulk_request_of_several_columns(agents: ServedAgents) -> None:
    found = ask(agents, "snmpbulkwalk", "--", RUN_STATE)
    assert len(found) == 16
    assert found[0] == f"{FIRST_ONT} = INTEGER: 1"
    bulk = ask(agents, "snmpbulkget", "-Cn1", "-Cr2", "--", SYS_UP_TIME, RUN_STATE, f"{RUN_STATE[:-2]}20")
    names = [line.partition(" = ")[0] for line in bulk]
    row = "4194312192.{}"
    assert names == [
        ".1.3.6.1.2.1.1.4.0",
        *(f"{RUN_STATE[:-2]}{column}.{row.format(number)}" for number in (0, 1) for column in (15, 20)),
    ]


def test_objects_that_are_not_there(agents: ServedAgents) -> None:
    assert ask(agents, "snmpget", "--", SYS_NAME, f"{SYS_NAME[:-1]}1", ".1.3.6.1.2.1.99.1.0") == [
        f'{SYS_NAME} = STRING: "olt-001"',
        f"{SYS_NAME[:-1]}1 = No Such Instance currently exists at this OID",
        ".1.3.6.1.2.1.99.1.0 = No Such Object available on this agent at this OID",
    ]
    assert "noSuchName" in " ".join(ask(agents, "snmpget", "--", ".1.3.6.1.2.1.99.1.0", version="1"))


@pytest.mark.parametrize(("version", "words"), [("2c", "noAccess"), ("1", "noSuchName")])
def test_nothing_can_be_written(agents: ServedAgents, version: str, words: str) -> None:
    assert words in " ".join(ask(agents, "snmpset", "--", SYS_NAME, "s", "mine", version=version))


def test_an_answer_that_does_not_fit(agents: ServedAgents) -> None:
    """80 texts of 7 octets and their names take more than 1,472 octets; net-snmp then asks for fewer."""
    many = [f".1.3.6.1.4.1.2011.6.128.1.1.2.43.1.9.4194312192.{number}" for number in range(8)] * 10
    assert any("tooBig" in line for line in ask(agents, "snmpget", "-Cf", "--", *many))


def test_silence(agents: ServedAgents) -> None:
    """A strange community, and an agent that crashed."""
    assert "Timeout" in " ".join(ask(agents, "snmpget", "-t", "0.2", "--", SYS_NAME, community="private"))
    assert "Timeout" in " ".join(ask(agents, "snmpget", "-t", "0.2", "--", SYS_NAME, address=CRASHED))


def test_net_snmp_sees_that_an_agent_loops(agents: ServedAgents) -> None:
    assert any("OID not increasing" in line for line in ask(agents, "snmpbulkwalk", "--", RUN_STATE, address=LOOPING))


def test_net_snmp_sees_what_the_physics_did_to_an_ont(agents: ServedAgents) -> None:
    """An ONT whose drop is cut is down with loss of signal and without light; the other ones are up."""
    agents.second = 15.0
    table = ".1.3.6.1.4.1.2011.6.128.1.1.2"
    cells = {"46.1.15": "INTEGER: 2", "46.1.24": "INTEGER: 1", "51.1.4": "INTEGER: 2147483647", "51.1.6": "INTEGER: 2147483647"}
    names = {f"{table}.{column}.4194312448.5": value for column, value in cells.items()}
    assert ask(agents, "snmpget", "--", *names) == [f"{name} = {value}" for name, value in names.items()]
    assert sum(line.endswith(": 2") for line in ask(agents, "snmpbulkwalk", "--", RUN_STATE)) == 1
