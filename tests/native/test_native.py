"""The trap path, compiled: what may be, what is, and that it decides as the interpreted one does."""

import ast
import importlib
import os
import random
import subprocess
import sys
import tomllib
from pathlib import Path

import pathspec
import pytest
from fuzzing.corpus import datagrams
from fuzzing.mutator import mutate

from faultd.native import TRAP_PATH

ROOT = Path(__file__).parents[2]
compiled = pytest.mark.skipif(
    TRAP_PATH == "interpreted" and "REQUIRE_COMPILED" not in os.environ, reason="of the compiled trap path: make test-native"
)

DECODED = """
import sys
from pathlib import Path
from protocols.snmp.errors import SnmpRefusal
from protocols.snmp.message import decode
for line in Path(sys.argv[1]).read_text().splitlines():
    try:
        print(decode(bytes.fromhex(line)))
    except SnmpRefusal as refusal:
        print(type(refusal).__name__, refusal.reason, refusal)
"""

BOOKED = """
from datetime import timedelta
from bench.sla import SlaBench
from protocols.event import SlaWork, Tick
bench = SlaBench()
bench.define()
bench.load_plant(700)
bench.contract(700)
state = bench.stage.state
def pass_time(to):
    bench.at += timedelta(microseconds=to - bench.now)
    told(bench.fold(Tick()))
    while state.pending or state.deadlines.first <= bench.now:
        told(bench.fold(SlaWork()))
def told(changes):
    for each in changes:
        print(each)
bench.outage("agg-0")
pass_time(bench.now + 1_000_000)
for _ in range(2):
    pass_time(state.deadlines.first)
bench.outage("agg-0-olt-0", 2)
bench.outage("agg-0", cleared=True)
pass_time(state.deadlines.first)
bench.outage("agg-0-olt-0", 2, cleared=True)
for _ in range(3):
    pass_time(state.deadlines.at("period", "SD1"))
print(b"".join(bytes(piece) for piece in bench.stage.saving()).hex())
"""

STORIES = """
import sys
sys.path.append(sys.argv[1])
from simulation.world import run_seed
for seed in (390, 206, 155):
    report = run_seed(seed)
    print(report.story(len(report.timeline)))
"""


def modules() -> list[str]:
    """The sources that ``make native`` compiles, by the build's own configuration."""
    hook = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["mypyc"]
    sources = [str(file.relative_to(ROOT)) for part in ("protocols", "actors") for file in (ROOT / part).rglob("*.py")]
    spec = {name: pathspec.PathSpec.from_lines("gitignore", hook[name]) for name in ("include", "exclude")}
    for pattern in hook["exclude"]:
        left_out = pathspec.PathSpec.from_lines("gitignore", [pattern])
        assert any(left_out.match_file(source) for source in sources), f"{pattern} is no module"
    return sorted(each for each in sources if spec["include"].match_file(each) and not spec["exclude"].match_file(each))


def test_what_is_compiled_defines_nothing_that_msgspec_reads() -> None:
    assert {"actors/correlator/fold.py", "actors/correlator/pon/port.py", "protocols/snmp/pdu.py"} <= set(modules())
    for each in modules():
        classes = [node for node in ast.walk(ast.parse((ROOT / each).read_text())) if isinstance(node, ast.ClassDef)]
        structs = [node.name for node in classes if any("Struct" in ast.unparse(base) for base in node.bases)]
        assert not structs, f"{each}: compiled classes have no annotations, by which msgspec reads"


def is_number(value: ast.expr) -> bool:
    """A decimal number, or what is calculated of such by ``math``."""
    return any(
        (isinstance(part, ast.Constant) and isinstance(part.value, float)) or (isinstance(part, ast.Name) and part.id == "math")
        for part in ast.walk(value)
    )


def constants_that_mypyc_loses(source: str) -> list[str]:
    """Constants that are tuples of decimal numbers. Compiled by mypyc 1.x, each reading of one raises NameError."""
    return [
        ast.unparse(node.target)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.AnnAssign) and "Final" in ast.unparse(node.annotation)
        if isinstance(node.value, ast.Tuple) and node.value.elts and all(is_number(each) for each in node.value.elts)
    ]


def test_no_constant_is_a_tuple_of_decimal_numbers() -> None:
    lost_ones = (
        "A: Final = math.log(2), -1.5\nB: Final[tuple[float, float]] = (1.0, 2.0)\nC: Final = 1.0\nD: Final = (1.0, 'a')"
    )
    assert constants_that_mypyc_loses(lost_ones) == ["A", "B"]
    lost = {each: names for each in modules() if (names := constants_that_mypyc_loses((ROOT / each).read_text()))}
    assert not lost, "a NamedTuple is read as it should be"


@compiled
def test_all_of_it_is_compiled() -> None:
    for each in modules():
        module = importlib.import_module(each.removesuffix(".py").replace("/", "."))
        assert (module.__file__ or "").endswith(".so"), each


def in_each_form(*arguments: str) -> tuple[bytes, bytes]:
    """What ``python ARGUMENTS`` prints with the compiled trap path, and with the interpreted one."""
    printed: list[bytes] = []
    for path in (os.environ["PYTHONPATH"], str(ROOT)):
        environment = {**os.environ, "PYTHONPATH": path, "PYTHONSAFEPATH": "1"}
        command = [sys.executable, "-c", "import faultd.native as n; print(n.TRAP_PATH)"]
        form = subprocess.run(command, env=environment, capture_output=True, check=True, text=True).stdout.strip()
        assert form == ("interpreted" if printed else "compiled")
        found = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, check=True)
        printed.append(found.stdout)
    return printed[0], printed[1]


@compiled
def test_it_reads_datagrams_alike(tmp_path: Path) -> None:
    recorded, rng = datagrams(), random.Random(20260101)
    spoiled = [mutate(rng.choice(recorded), rng) for _ in range(3_000)]
    file = tmp_path / "datagrams"
    file.write_text("\n".join(each.hex() for each in [*recorded, *spoiled]))
    there, here = in_each_form("-c", DECODED, str(file))
    assert here.count(b"Notification(") > 500
    assert len({line.split()[0] for line in here.splitlines()}) > 5
    assert there == here


@compiled
@pytest.mark.parametrize("condition", ["loss-5", "everything"])
def test_it_concludes_alike(condition: str) -> None:
    there, here = in_each_form(
        *("-m", "faultd", "evaluate", "--plants", "1", "--seed", "9", "--jobs", "1"),
        *("--conditions", condition, "--json", "/dev/stdout"),
    )
    assert len(here) > 1_000
    assert there == here


@compiled
def test_it_books_alike() -> None:
    there, here = in_each_form("-c", BOOKED)
    assert here.count(b"SlaBreachChanged(") > 1_000
    assert here.count(b"SlaPeriodClosed(") > 1_000
    assert there == here


@compiled
def test_seeds_of_the_simulation_tell_the_same_story() -> None:
    """A constant that the simulation replaces must not be built into compiled code: 390 has a topology in many pieces."""
    there, here = in_each_form("-c", STORIES, str(ROOT / "tests"))
    assert here.count(b"committed Events") > 500
    assert there == here
